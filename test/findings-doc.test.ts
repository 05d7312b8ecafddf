/** docs/findings.md has an entry for every code of a finding, docs/errors.md a row for every other code, and no code is in both. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FINDING_SEVERITIES } from '../shared/model/finding.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Literals that look like a code and are none. */
const OTHERS = ['BLOCK_STATUS', 'CAP_DAC_READ_SEARCH'];
/** Codes of a single word, which look like much else. */
const SINGLE_WORDS = ['CANCELLED', 'INTERNAL', 'USAGE'];

const sources = ['electron', 'shared', 'renderer'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name))
    .map(name => readFileSync(join(root, folder, name), 'utf8')),
);

/** The text literals of all sources that read like a code. */
const literals = new Set(
  sources
    .flatMap(source =>
      [...source.matchAll(/(['"`])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)\1/g)].map(match => match[2]!),
    )
    .filter(
      text =>
        (text.includes('_') || SINGLE_WORDS.includes(text)) &&
        !OTHERS.includes(text) &&
        !text.startsWith('ERR_') && // those are Node's
        !text.startsWith('COWSCOPE_'), // and those the environment's
    ),
);

const errorCodes = [
  ...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| ([A-Z][A-Z0-9_]+) \|/gm),
].map(match => match[1]!);

/** Code and text of each entry. */
const entries = readFileSync(join(root, 'docs/findings.md'), 'utf8')
  .split(/^### /m)
  .slice(1)
  .map(entry => entry.split(/\n(?=## )/)[0]!)
  .map(entry => [entry.slice(0, entry.indexOf('\n')), entry] as const);
const findingCodes = entries.map(([code]) => code);

test('every code is documented once, as an error or as a finding, and every documented code exists', () => {
  expect(literals.size).toBeGreaterThan(100);
  expect([...errorCodes, ...findingCodes].sort()).toEqual([...literals].sort());
});

test.each(entries)('%s says severity, meaning, cause, risk, what qemu does and what to do', (_, entry) => {
  const [, severity, meaning] = /^\*(\w+)\.\* (\S.+)$/m.exec(entry) ?? [];
  expect(FINDING_SEVERITIES).toContain(severity);
  expect(meaning).toMatch(/\.$/);
  const fields = [...entry.matchAll(/^- \*\*(\w+)\*\*: \S.*\.$/gm)].map(match => match[1]);
  expect(fields).toEqual(['cause', 'risk', 'qemu', 'do']);
});

test('the severity of an entry is the one in the source, where it stands beside the code', () => {
  const stated = new Map(entries.map(([code, entry]) => [code, /^\*(\w+)\.\*/m.exec(entry)?.[1]]));
  const found = sources.flatMap(source => [...source.matchAll(/code: '([A-Z0-9_]+)',\s+severity: '(\w+)'/g)]);
  expect(found.length).toBeGreaterThan(20);
  for (const [, code, severity] of found) expect([code, stated.get(code!)]).toEqual([code, severity]);
});
