/** The packages of this checkout, made and unpacked as a system has them once they are installed. */
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { electronRuntime } from '../../build/electron-runtime.mjs';
import { isRoot, virtualDisplay } from '../../build/launch-electron.mjs';
import { outputFolder } from '../../build/packaging/output.mjs';
import { type CommandResult, run, runWell, temporaryFolder } from '../support/tools.ts';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Milliseconds for what takes a minute: making the packages, most of it compression, and lintian. */
export const SLOW_LIMIT_MS = 300_000;

/** The id of `nobody` and of its group, everywhere. */
const NOBODY = 65_534;

/** What was made, and where it is unpacked. */
export interface Installed {
  /** Packages by name. */
  readonly debs: { readonly window: string; readonly commandLine: string };
  readonly zip: string;
  /** The folder that stands for the root of a system. */
  readonly system: string;
  /** Path of a file of that system. */
  path(file: string): string;
}

/** Makes the packages and unpacks both of Debian's into one empty root. */
export async function installPackages(): Promise<Installed> {
  const runtime = await electronRuntime({ say: () => {} });
  if (runtime.why !== undefined) throw new Error(runtime.why);
  await runWell(process.execPath, [join(ROOT, 'build/packaging/forge.mjs'), 'make'], {
    cwd: ROOT,
    timeout: SLOW_LIMIT_MS,
  });
  const made = join(ROOT, outputFolder(runtime.origin), 'make');
  const [commandLine, window] = readdirSync(join(made, 'deb'))
    .filter(name => name.endsWith('.deb'))
    .sort()
    .map(name => join(made, 'deb', name));
  const zipFolder = join(made, 'zip', process.platform, process.arch);
  const [zip] = readdirSync(zipFolder).filter(name => name.endsWith('.zip'));
  if (commandLine === undefined || window === undefined || zip === undefined)
    throw new Error(`packages are missing in ${made}`);
  const above = temporaryFolder();
  chmodSync(above, 0o755); // any user may start what is installed
  const system = join(above, 'system');
  mkdirSync(system);
  for (const deb of [commandLine, window]) await runWell('dpkg-deb', ['-x', deb, system]);
  return {
    debs: { window, commandLine },
    zip: join(zipFolder, zip),
    system,
    path: file => join(system, file),
  };
}

/** A folder that an ordinary user may enter and write to, below folders that anyone may pass. */
export function userFolder(): string {
  const above = temporaryFolder();
  const folder = join(above, 'home');
  mkdirSync(folder);
  if (isRoot()) {
    chmodSync(above, 0o755);
    chownSync(folder, NOBODY, NOBODY);
  }
  return folder;
}

/**
 * Runs a command as an ordinary user on a separate display: as this user, or as `nobody` where this is the superuser,
 * for whom Chromium's sandbox cannot start.
 */
export function runAsUser(
  command: string,
  args: readonly string[],
  home: string,
  env: NodeJS.ProcessEnv,
): Promise<CommandResult> {
  const display = virtualDisplay();
  if (display.why !== undefined) throw new Error(display.why);
  const asUser = isRoot()
    ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs']
    : [];
  const words = [...display.args, command, ...args];
  const [first = '', ...rest] = [...asUser, display.command, ...words];
  return run(first, rest, {
    cwd: home,
    timeout: 60_000,
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, XDG_RUNTIME_DIR: home, LANG: 'C.UTF-8', ...env },
  });
}
