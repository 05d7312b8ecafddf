/** The npm package: small, whole, and enough for npx on a machine that reaches no registry. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { bundledFiles } from '../../build/bundle.mjs';
import { golden, makeChain } from '../../examples/recipes.mjs';
import packageJson from '../../package.json' with { type: 'json' };
import { CLI } from '../support/cli.ts';
import { run, runWell, temporaryFolder } from '../support/tools.ts';
import { ROOT, SLOW_LIMIT_MS } from './installed.ts';

let tarball: string;
beforeAll(async () => {
  const folder = temporaryFolder();
  const printed = await runWell('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder], {
    cwd: ROOT,
    timeout: SLOW_LIMIT_MS,
  });
  expect(printed).toContain(`cowscope-${packageJson.version}.tgz`);
  tarball = join(folder, `cowscope-${packageJson.version}.tgz`);
}, SLOW_LIMIT_MS);

/** npx with this package, in an empty folder, with an empty cache and no network. */
async function npx(...words: readonly string[]) {
  const folder = temporaryFolder();
  const [cwd, cache] = [join(folder, 'empty'), join(folder, 'cache')];
  for (const made of [cwd, cache]) mkdirSync(made);
  const args = ['--yes', '--offline', `--cache=${cache}`, `--package=${tarball}`, '--', 'cowscope', ...words];
  const { npm_config_local_prefix, ...env } = process.env;
  return run('npx', args, {
    cwd,
    env: { ...env, PATH: env.PATH?.replaceAll(/[^:]*node_modules\/\.bin:/g, '') },
  });
}

it('holds the command line, its manual page and what npm always adds', async () => {
  const files = (await runWell('tar', ['-tzf', tarball])).trim().split('\n').sort();
  expect(files).toEqual(
    [
      'package/LICENSE',
      'package/README.md',
      'package/package.json',
      'package/dist/cowscope.1',
      'package/dist/main.cjs', // "main", which npm never leaves out
      ...bundledFiles(['cli', 'engine-worker']).map(name => `package/dist/${name}`),
    ].sort(),
  );
});

it('runs by npx in an empty folder without a network, and prints what the checkout prints', async () => {
  const [, , top] = await makeChain(golden, temporaryFolder());
  const map = await npx('map', '--output', 'json', top as string);
  expect(map).toMatchObject({ code: 0, stderr: '' });
  expect(map.stdout).toBe(await runWell(process.execPath, [CLI, 'map', '--output', 'json', top as string]));
});
