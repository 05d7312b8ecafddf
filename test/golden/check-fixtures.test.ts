/** Each kind of damage is found under its code, and nothing else is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkTarget } from '../../electron/service/check-target.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { DAMAGED_IMAGES } from '../support/images/damaged/damaged-images.ts';
import { ODD_IMAGES } from '../support/images/odd.ts';
import { hashFile } from '../support/tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const IMAGES = [...DAMAGED_IMAGES, ...ODD_IMAGES];

/** The kinds that the lists of damage have: those that `qemu-img check` counts, and those that it passes over. */
const COUNTED = Array.from({ length: 37 }, (_, i) => `C-${String(i + 1).padStart(2, '0')}`);
const PASSED_OVER = Array.from({ length: 13 }, (_, i) => `B${i + 1}`);
/** The same damage as another kind. */
const SAME: Readonly<Record<string, string>> = { 'C-04': 'B2', B6: 'C-31', B7: 'C-31' };
/** Codes that a check of a file alone does not come to, and the test in which each is found. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  // A disk that fails.
  QCOW2_DATA_READ_FAILED: 'unit/qcow2/check/deep.test.ts',
  QCOW2_L1_READ_FAILED: 'unit/qcow2/read/map.test.ts',
  QCOW2_TABLE_READ_FAILED: 'unit/qcow2/read/map.test.ts',
  // More extents than there is memory for.
  QCOW2_TOO_MANY_EXTENTS: 'unit/qcow2/read/map.test.ts',
  // Several files, a lost layer that is looked for, a header that is inferred, a program that writes.
  CHAIN_ORDER_DIFFERS: 'integration/chain-discovery.test.ts',
  CHAIN_LOCATED: 'integration/chain-links.test.ts',
  QCOW2_INFERRED: 'integration/cli-infer.test.ts',
  CHAIN_IN_USE: 'unit/chain/writer-lock.test.ts',
};

/** The codes that docs/findings.md has. test/findings-doc.test.ts: those are all that the sources name. */
const CODES = [...readFileSync(join(root, 'docs/findings.md'), 'utf8').matchAll(/^### (\w+)$/gm)].map(
  match => match[1] as string,
);

/** The codes of findings in the order of their names, each with the code of what it follows from. */
function told(findings: readonly Finding[]): string[] {
  const codeOf = (finding: Finding): string => {
    const cause = findings.find(({ id, layer }) => id === finding.causedBy && layer === finding.layer);
    return cause === undefined ? finding.code : `${finding.code} < ${cause.code}`;
  };
  return [...new Set(findings.map(codeOf))].sort();
}

describe('the check', () => {
  it.each(IMAGES.map(image => [image.id, image.title, image] as const))(
    'finds %s: %s',
    async (_id, _title, { make, codes, verdict, deep = false }) => {
      const path = make();
      const before = await hashFile(path);
      const consent = { allow: [], allowAll: true };
      const { check } = await checkTarget({ kind: 'files', files: [path] }, consent, { deep });
      expect([told(check.findings), check.verdict]).toEqual([codes, verdict]);
      expect(await hashFile(path)).toBe(before);
    },
  );

  it('has an image for every kind of damage', () => {
    const kinds = new Set(IMAGES.map(({ id }) => id.split(' ')[0] as string));
    const missing = [...COUNTED, ...PASSED_OVER].filter(kind => !kinds.has(SAME[kind] ?? kind));
    expect(missing).toEqual([]);
  });

  it('has an image for every code about one image or its links, or a test elsewhere that finds it', () => {
    const fired = new Set(IMAGES.flatMap(image => image.codes.map(code => code.split(' ')[0])));
    const own = CODES.filter(code => /^(?:QCOW2|CHAIN)_/.test(code));
    expect(own.length).toBeGreaterThan(90);
    expect(own.filter(code => !fired.has(code)).sort()).toEqual(Object.keys(ELSEWHERE).sort());
    for (const [code, file] of Object.entries(ELSEWHERE))
      expect(readFileSync(join(root, 'test', file), 'utf8'), file).toContain(`'${code}'`);
  });

  it('has a test for every other code: of partitions, captures, plans, folders and witnesses', () => {
    const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts') || name.endsWith('.tsx'))
      .map(name => readFileSync(join(root, 'test', name), 'utf8'))
      .join('\n');
    const others = CODES.filter(code => !/^(?:QCOW2|CHAIN)_/.test(code));
    expect(others.length).toBeGreaterThan(40);
    expect(others.filter(code => !new RegExp(`\\b${code}\\b`).test(tests))).toEqual([]);
  });
});
