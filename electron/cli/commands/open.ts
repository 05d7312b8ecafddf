/** `cowscope open`: starts the window with what was named and stays until it is closed. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CowscopeError } from '../../../shared/error.ts';
import { signalChild } from '../../qemu/signal-child.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { undoOnSignal } from '../signals.ts';
import { consentOf, type TargetOptions } from '../target.ts';
import { windowLaunch } from '../window-launch.ts';

/** Carries out `cowscope open`: resolves when the window has been closed. `named` is false for a plain TARGET. */
export async function openCommand(
  words: readonly string[],
  options: TargetOptions & { readonly named: boolean },
): Promise<ExitCode> {
  checkFiles(words, options);
  // The launcher of a checkout lies beside the folder of its bundles; an installed command line has none.
  const launcher = join(__dirname, '..', 'build', 'launch-electron.mjs');
  const launch = await windowLaunch(windowWords(words, options), launcher, {
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
function checkFiles(words: readonly string[], options: TargetOptions & { readonly named: boolean }): void {
  if (words.length === 0) return;
  const target = targetOf(words, options);
  const missing = target.kind === 'files' ? target.files.findIndex(file => !existsSync(file)) : -1;
  if (target.kind !== 'files' || missing < 0) return;
  const word = words[missing] as string;
  if (!options.named && missing === 0 && /^[a-z-]+$/.test(word))
    throw usageError('there is no such command, and no such file', 'see cowscope --help', word);
  throw new CowscopeError({
    code: 'CHAIN_FILE_MISSING',
    what: 'the file does not exist',
    subject: target.files[missing] as string,
    advice: 'look where it was moved to',
  });
}

/**
 * The words that the window reads: what this command was given, with paths made absolute. Each value is joined to its
 * option, and targets come after `--`, so that none of them can be taken for an option (electron/shell/launch-target.ts).
 */
export function windowWords(words: readonly string[], options: TargetOptions): string[] {
  const { format, backingFormat, snapshot, forceShare } = options;
  const consent = consentOf(options);
  const target = words.length === 0 ? undefined : targetOf(words, options);
  return [
    ...(format === undefined ? [] : [`--format=${format}`]),
    ...(backingFormat === undefined ? [] : [`--backing-format=${backingFormat}`]),
    ...(target?.kind === 'files' ? (target.locate ?? []).map(path => `--locate=${path}`) : []),
    ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
    ...consent.allow.map(path => `--allow=${path}`),
    ...(consent.allowAll ? ['--allow-all'] : []),
    ...(forceShare === true ? ['--force-share'] : []),
    '--',
    ...(target === undefined ? [] : target.kind === 'nbd' ? [target.uri] : target.files),
  ];
}

function noWindow(why: string, advice: string): CowscopeError {
  return new CowscopeError({
    code: 'NO_WINDOW',
    what: `the window cannot be opened: ${why}`,
    subject: '',
    advice,
  });
}
