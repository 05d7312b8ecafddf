/** `cowscope open`: starts the window with what was named and stays until it is closed. */
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CowscopeError } from '../../../shared/error.ts';
import { absolutePath } from '../../chain/absolute-path.ts';
import { isNbdUri } from '../../nbd/uri.ts';
import { signalChild } from '../../qemu/signal-child.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { undoOnSignal } from '../signals.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { windowLaunch } from '../window-launch.ts';

/** Options of `cowscope open`. */
export interface OpenOptions extends TargetOptions {
  /** Where to look first: an offset on the guest's disk and a length, in bytes, and the id of a view. */
  readonly at?: number;
  readonly len?: number;
  readonly view?: string;
}

/** Carries out `cowscope open`: resolves when the window has been closed. `named` is false for a plain TARGET. */
export async function openCommand(
  targetArgs: readonly string[],
  options: OpenOptions & { readonly named: boolean },
): Promise<ExitCode> {
  checkFiles(targetArgs, options);
  // The launcher of a checkout lies beside the folder of its bundles; an installed command line has none.
  const launcher = join(__dirname, '..', 'build', 'launch-electron.mjs');
  const launch = await windowLaunch(windowArgs(targetArgs, options), launcher, {
    platform: process.platform,
    env: process.env,
    isRoot: process.getuid?.() === 0,
  });
  if (launch.why !== undefined) throw noWindow(launch.why, launch.advice);
  const child = spawn(launch.command, [...launch.args], { stdio: 'inherit', env: launch.env });
  const forget = undoOnSignal(() => signalChild(child, 'SIGTERM')); // a signal to us is one to the window
  return new Promise<ExitCode>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', code => resolve(code === 0 ? EXIT.done : EXIT.failed));
  }).finally(forget);
}

/** What is not there is said here and at once, and not in a window. Throws USAGE for what was meant as a command. */
function checkFiles(targetArgs: readonly string[], options: OpenOptions & { readonly named: boolean }): void {
  if (targetArgs.length === 0) return;
  const target = targetOf(targetArgs, options);
  const missing = target.kind === 'files' ? target.files.findIndex(file => !existsSync(file)) : -1;
  if (target.kind !== 'files' || missing < 0) return;
  const arg = targetArgs[missing] as string;
  if (!options.named && missing === 0 && /^[a-z-]+$/.test(arg))
    throw usageError('there is no such command, and no such file', 'see cowscope --help', arg);
  throw new CowscopeError({
    code: 'CHAIN_FILE_MISSING',
    what: 'no such file',
    subject: target.files[missing] as string,
    advice: 'check the path, or where the file was moved to',
  });
}

/**
 * The arguments of the window: those of this command, with paths made absolute. Each value is joined to its
 * option, and targets come after `--`, so that none of them can be taken for an option (electron/shell/launch-target.ts).
 * Folders are shown as what rests on what; they do not go together with images.
 */
export function windowArgs(targetArgs: readonly string[], options: OpenOptions): string[] {
  const folders = targetArgs.filter(isFolder);
  if (folders.length > 0 && folders.length === targetArgs.length)
    return folders.map(folder => `--folder=${absolutePath(folder)}`);
  if (folders.length > 0)
    throw usageError('folders and images are opened apart', 'name folders alone', folders[0] as string);
  const { format, backingFormat, snapshot, forceShare, at, len, view } = options;
  const consent = consentOf(options);
  const target = targetArgs.length === 0 ? undefined : targetOf(targetArgs, options);
  return [
    ...(format === undefined ? [] : [`--format=${format}`]),
    ...(backingFormat === undefined ? [] : [`--backing-format=${backingFormat}`]),
    ...(target?.kind === 'files' ? (target.locate ?? []).map(path => `--locate=${path}`) : []),
    ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
    ...(target?.kind === 'files' && target.infer !== undefined ? [`--infer=${target.infer}`] : []),
    ...consent.allow.map(path => `--allow=${path}`),
    ...(consent.allowAll ? ['--allow-all'] : []),
    ...(forceShare === true ? ['--force-share'] : []),
    ...(at === undefined ? [] : [`--at=${at}`]),
    ...(len === undefined ? [] : [`--len=${len}`]),
    ...(view === undefined ? [] : [`--view=${view}`]),
    '--',
    ...(target === undefined ? [] : target.kind === 'nbd' ? [target.uri] : target.files),
  ];
}

function isFolder(arg: string): boolean {
  return !isNbdUri(arg) && statSync(arg, { throwIfNoEntry: false })?.isDirectory() === true;
}

function noWindow(why: string, advice: string): CowscopeError {
  return new CowscopeError({
    code: 'NO_WINDOW',
    what: `the window cannot be opened: ${why}`,
    subject: '',
    advice,
  });
}
