/** The Electron runtime as Forge takes it: a zip in a folder. One variable names it to the other process. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readFuses } from './fuses.mjs';

const VARIABLE = 'COWSCOPE_PACKAGING_RUNTIME';

/** Parts of a runtime that are for starting a checkout only. */
const DEVELOPMENT = ['resources/default_app.asar', 'resources/loader.sha256'];

/**
 * Zips a runtime (see electron-runtime.mjs) into `folder`, which is emptied first, and gives the environment in which
 * {@link readRuntime} finds it. `icon` is the path of the icon's files without their ending. Throws where zip fails.
 */
export function zipRuntime({ folder: source, executable, origin }, folder, icon) {
  const version = readFileSync(join(source, 'version'), 'utf8').trim().replace(/^v/, '');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const zip = join(folder, `electron-v${version}-${process.platform}-${process.arch}.zip`);
  // Stored, not compressed: it is unpacked at once.
  const excluded = DEVELOPMENT.flatMap(path => ['-x', path]);
  const { status, stderr, error } = spawnSync('zip', ['-0', '-q', '-r', '-y', zip, '.', ...excluded], {
    cwd: source,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`zip: ${error ? error.message : stderr.trim()}`);
  const fuses = Object.keys(readFuses(executable));
  return { [VARIABLE]: JSON.stringify({ zipFolder: folder, icon, version, origin, fuses }) };
}

/** The runtime that the package is made with: `{ zipFolder, icon, version, origin, fuses }`. Throws where Forge was started by itself. */
export function readRuntime() {
  const told = process.env[VARIABLE];
  if (told === undefined) throw new Error('start Forge by npm run package or npm run make');
  return JSON.parse(told);
}
