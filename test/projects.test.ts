/** The TypeScript projects know only what their side has: a wrong global or module does not compile. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { run } from './support/tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the tree, so that the packages are found as they are for the real sources.
const cache = join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'projects-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What tsc says to one file in the project of a folder. */
async function compile(project: string, source: string): Promise<string> {
  const place = mkdtempSync(join(folder, 'file-'));
  writeFileSync(join(place, 'file.ts'), source);
  const config = {
    extends: relative(place, join(root, project, 'tsconfig.json')),
    compilerOptions: { composite: false, emitDeclarationOnly: false, noEmit: true, tsBuildInfoFile: null },
    references: [],
    include: ['file.ts'],
  };
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = await run(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    place,
  ]);
  return stdout;
}

it.each([
  ['shared', 'export const a = window;', 'window'],
  ['shared', "import { join } from 'node:path'; export const a = join;", 'node:path'],
  ['shared', 'export const a = process.pid;', 'process'],
  ['electron', 'export const a = window;', 'window'],
  ['electron', 'export const a = document.title;', 'document'],
  ['renderer', "import { connect } from 'node:net'; export const a = connect;", 'node:net'],
  ['renderer', 'export const a = process.pid;', 'process'],
])('%s: %j does not compile', async (project, source, culprit) => {
  const output = await compile(project, source);
  expect(output).toMatch(/error TS\d+/);
  expect(output).toContain(culprit);
});

it.each([
  ['shared', 'export const a = Math.floor(1.5);'],
  ['electron', "import { connect } from 'node:net'; export const a = connect;"],
  ['renderer', 'export const a = document.title;'],
])('%s: %j compiles', async (project, source) => {
  expect(await compile(project, source)).toBe('');
});
