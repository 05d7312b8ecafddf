/** Each kind of damage is found under its code, and nothing else is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkTarget } from '../../electron/service/check-target.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { DAMAGED_IMAGES } from '../support/images/damaged.ts';
import { hashFile } from '../support/tools.ts';

const rules = fileURLToPath(new URL('../../electron/qcow2/check', import.meta.url));

/** The kinds that the lists of damage have: those that `qemu-img check` counts, and those that it passes over. */
const COUNTED = Array.from({ length: 37 }, (_, i) => `C-${String(i + 1).padStart(2, '0')}`);
const PASSED_OVER = Array.from({ length: 13 }, (_, i) => `B${i + 1}`);
/** The same damage as another kind. */
const SAME: Readonly<Record<string, string>> = { 'C-04': 'B2', B6: 'C-31', B7: 'C-31' };
/** Needs a disk that fails: test/unit/qcow2/check/deep.test.ts. */
const ELSEWHERE = ['QCOW2_DATA_READ_FAILED'];

/** The codes of findings in the order of their names, each with the code of what it follows from. */
function told(findings: readonly Finding[]): string[] {
  const codeOf = (finding: Finding): string => {
    const cause = findings.find(({ id, layer }) => id === finding.causedBy && layer === finding.layer);
    return cause === undefined ? finding.code : `${finding.code} < ${cause.code}`;
  };
  return [...new Set(findings.map(codeOf))].sort();
}

describe('the check', () => {
  it.each(DAMAGED_IMAGES.map(image => [image.id, image.title, image] as const))(
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
    const kinds = new Set(DAMAGED_IMAGES.map(({ id }) => id.split(' ')[0] as string));
    const missing = [...COUNTED, ...PASSED_OVER].filter(kind => !kinds.has(SAME[kind] ?? kind));
    expect(missing).toEqual([]);
  });

  it('has no rule that no image fires', () => {
    const sources = readdirSync(rules, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts') && name !== 'causes.ts')
      .map(name => readFileSync(join(rules, name), 'utf8'));
    const codes = sources.flatMap(source =>
      [...source.matchAll(/'(QCOW2_[A-Z0-9_]+)'/g)].map(match => match[1]),
    );
    expect(codes.length).toBeGreaterThan(25);
    const fired = new Set(DAMAGED_IMAGES.flatMap(image => image.codes.map(code => code.split(' ')[0])));
    expect([...new Set(codes)].filter(code => !fired.has(code))).toEqual(ELSEWHERE);
  });
});
