/** The bundles depend on the sources and the lockfile alone, not on where or when they are built. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { bundle } from '../../build/bundle.mjs';
import { hashFile, runWell } from '../support/tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a build reads, beside node_modules. */
const SOURCES = [
  'build',
  'docs/findings.md',
  'electron',
  'renderer',
  'shared',
  'package.json',
  'docs/glossary.md',
  'package-lock.json',
  'tsconfig.base.json',
];

// On the file system of the checkout, so that packages can be hard links.
mkdirSync(join(root, 'out'), { recursive: true });
const folder = mkdtempSync(join(root, 'out', 'elsewhere-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function hashes(checkout: string): Promise<Record<string, string>> {
  const dist = join(checkout, 'dist');
  const names = readdirSync(dist, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter(name => statSync(join(dist, name)).isFile());
  return Object.fromEntries(
    await Promise.all(files.map(async name => [name, await hashFile(join(dist, name))] as const)),
  );
}

it('a second build in another folder gives the same bundles byte by byte', async () => {
  await bundle();
  const other = join(folder, 'a checkout elsewhere');
  for (const path of SOURCES) cpSync(join(root, path), join(other, path), { recursive: true });
  const packages = readdirSync(join(root, 'node_modules')).filter(name => name !== '.cache');
  mkdirSync(join(other, 'node_modules'));
  const linked = packages.map(name => join(root, 'node_modules', name));
  await runWell('cp', ['-al', ...linked, join(other, 'node_modules')]);
  await runWell(process.execPath, [join(other, 'build/bundle.mjs')], { cwd: other, timeout: 120_000 });

  const theirs = await hashes(other);
  const ours = await hashes(root);
  expect(Object.keys(theirs).length).toBeGreaterThan(6);
  for (const [name, hash] of Object.entries(theirs)) expect(`${name} ${ours[name]}`).toBe(`${name} ${hash}`);
}, 180_000);
