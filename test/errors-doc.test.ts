/** docs/errors.md has a row for every code, and no row for a code that does not exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Literals that look like a code and are none. */
const OTHERS = ['BLOCK_STATUS'];
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
        !text.startsWith('ERR_'), // those are Node's
    ),
);
const rows = [
  ...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| ([A-Z][A-Z0-9_]+) \|/gm),
].map(match => match[1]!);

it('has a row for every code, and a code for every row', () => {
  expect(literals.size).toBeGreaterThan(100);
  expect([...rows].sort()).toEqual([...literals].sort());
});
