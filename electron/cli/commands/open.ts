/** `cowscope open`: starts the window with what was named and stays until it is closed. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CowscopeError } from '../../../shared/error.ts';
import { signalChild } from '../../qemu/signal-child.ts';
import { targetOf, usageError } from '../../service/cli-target.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { undoOnSignal } from '../signals.ts';
import { consentOf, type TargetOptions } from '../target.ts';

/** How a checkout starts Electron: build/launch-electron.mjs. */
interface Launcher {
  electronCommand(options: {
    words: readonly string[];
  }): Promise<
    | { readonly why: string }
    | { readonly why?: undefined; command: string; args: readonly string[]; env: Record<string, string> }
  >;
}

/** Carries out `cowscope open`: resolves when the window has been closed. `named` is false for a plain TARGET. */
export async function openCommand(
  words: readonly string[],
  options: TargetOptions & { readonly named: boolean },
): Promise<ExitCode> {
  checkFiles(words, options);
  const launcher = await loadLauncher();
  const launch = await launcher.electronCommand({ words: windowWords(words, options) });
  if (launch.why !== undefined)
    throw noWindow(launch.why, 'cowscope map prints the same picture in the terminal');
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

/** The launcher lies in the checkout beside the bundle; an installed window is started by its own executable. */
async function loadLauncher(): Promise<Launcher> {
  const path = join(__dirname, '..', 'build', 'launch-electron.mjs');
  if (!existsSync(path))
    throw noWindow('this command line was installed without it', 'start the installed cowscope program');
  return (await import(pathToFileURL(path).href)) as Launcher;
}

function noWindow(why: string, advice: string): CowscopeError {
  return new CowscopeError({
    code: 'NO_WINDOW',
    what: `the window cannot be opened: ${why}`,
    subject: '',
    advice,
  });
}
