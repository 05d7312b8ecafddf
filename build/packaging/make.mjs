/** Runs Electron Forge on this checkout, with the tools, the Node and the runtime that it needs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOrSay } from '../bundle.mjs';
import { isOnPath } from '../launch-electron.mjs';
import { zipRuntime } from './electron-zip.mjs';
import { writeIconFiles } from './icons.mjs';
import { installTools, nodeForTools, toolScript } from './tools.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs `package` or `make` with a runtime of build/electron-runtime.mjs. Resolves with undefined, or with why it failed:
 * one phrase, with what is missing where something is.
 */
export async function runForge(command, runtime, say = console.error) {
  const missing = missingPrograms(command);
  if (missing.length > 0) return `${missing.join(' and ')} must be installed first`;
  try {
    installTools(say);
  } catch (error) {
    return `the packaging tools could not be installed: ${error.message}`;
  }
  const node = nodeForTools();
  if (node === undefined)
    return `Electron Forge needs Node 22.13 or newer and this is ${process.versions.node}`;
  if (!(await bundleOrSay())) return 'the build failed';

  const work = mkdtempSync(join(tmpdir(), 'cowscope-package-'));
  try {
    await writeIconFiles(join(work, 'icons'));
    const told = zipRuntime(runtime, join(work, 'electron'), join(work, 'icons', 'icon'));
    const forge = toolScript('@electron-forge/cli/dist/electron-forge.js');
    const { status } = spawnSync(node, [forge, command], {
      cwd: root,
      env: { ...process.env, ...told, TMPDIR: work, FORCE_COLOR: '0' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return status === 0 ? undefined : 'Electron Forge failed, see above';
  } catch (error) {
    return error.message;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function missingPrograms(command) {
  const wanted = ['zip', ...(command === 'make' && process.platform === 'linux' ? ['dpkg-deb'] : [])];
  return wanted.filter(name => !isOnPath(name));
}
