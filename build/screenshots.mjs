/**
 * npm run screenshots [-- --electron=npm | --electron=official]
 *
 * Makes the pictures of the documentation, docs/images: the window with nothing open, with the golden chain, with damaged
 * ones, with the list of findings, with the layout of a file and with a plan; those of the README in both themes.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOrSay } from './bundle.mjs';
import { electronCommand, takeRequest } from './launch-electron.mjs';
import { setUp } from './setup.mjs';

const pictures = fileURLToPath(new URL('../docs/images', import.meta.url));

/** Outer size of the window in CSS pixels. */
const SIZE = '1280x800';

/** The pictures that the README shows in the theme of its reader. */
const IN_BOTH_THEMES = ['chain', 'findings', 'host', 'plan'];

const { request, rest } = takeRequest(process.argv.slice(2));
if (rest.length > 0) {
  console.error('usage: npm run screenshots [-- --electron=npm | --electron=official]');
  process.exit(64);
}
setUp();
if (!(await bundleOrSay())) process.exit(1);
const { damaged, golden, makeChain, sharedCluster, shortMiddle } = await import('../examples/recipes.mjs');

// The pictures show the path, so the folder has a fixed name that says nothing of the machine. No other folder is touched.
const folder = join(tmpdir(), 'demo');
mkdirSync(folder);
try {
  const topOf = async recipe => {
    const place = join(folder, recipe.name);
    mkdirSync(place);
    return (await makeChain(recipe, place)).slice(-1);
  };
  const shared = await topOf(sharedCluster);
  const shots = [
    { name: 'start', files: [] },
    { name: 'chain', files: await topOf(golden) },
    { name: 'damaged', files: await topOf(damaged) },
    { name: 'shared', files: shared },
    { name: 'findings', files: shared, options: ['--view=findings'] },
    { name: 'host', files: shared, options: ['--view=host'] },
    { name: 'plan', files: await topOf(shortMiddle), options: ['--view=plan'] },
  ];
  for (const { name, files, options = [] } of shots)
    for (const theme of IN_BOTH_THEMES.includes(name) ? ['light', 'dark'] : ['light'])
      await take(join(pictures, `${name}-${theme}.png`), theme, [...options, '--', ...files]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Takes one picture. Throws where there is no window, or it fails. */
async function take(file, theme, rest) {
  const programArgs = [
    `--screenshot=${file}`,
    '--force',
    `--theme=${theme}`,
    `--window-size=${SIZE}`,
    ...rest,
  ];
  const launch = await electronCommand({ programArgs, request, offscreen: true });
  if (launch.why) throw new Error(launch.why);
  const { status } = spawnSync(launch.command, launch.args, {
    env: launch.env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`no picture ${file}: exit code ${status}`);
  console.log(relative('', file));
}
