/** The built command line as a child process, and limits of time that such a process is to keep. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CommandResult, type RunOptions, run } from './tools.ts';

/** The built command line. */
export const CLI = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));

/** Of what is to be done within a limit of time. */
const ATTEMPTS = 3;

const { NO_COLOR, FORCE_COLOR, COLUMNS, ...plain } = process.env;

/** What `cowscope ...args` leaves behind, whatever its exit code. Without color and 80 columns wide, unless `env` says otherwise. */
export function cowscope(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  if (!existsSync(CLI)) throw new Error('dist/cli.cjs is missing: run npm run build');
  return run(process.execPath, [CLI, ...args], { env: plain, ...options });
}

/** The standard output of `cowscope ...args` as JSON. Fails where the exit code is not `code`. */
export async function cowscopeJson(
  args: readonly string[],
  code = 0,
  options: RunOptions = {},
  // biome-ignore lint/suspicious/noExplicitAny: a document of any shape, looked at by a test
): Promise<any> {
  const result = await cowscope(args, options);
  if (result.code !== code) throw new Error(`exit code ${result.code}, not ${code}\n${result.stderr}`);
  return JSON.parse(result.stdout);
}

/** The lines of standard error: each a complaint or a note, and nothing else. */
export function complaints({ stderr }: CommandResult): string[] {
  const lines = stderr.split('\n').filter(line => line !== '');
  const strange = lines.filter(line => !/^cowscope: (?:[A-Z][A-Z0-9_]+|note): \S/.test(line));
  if (strange.length > 0) throw new Error(`no complaint: ${strange.join('\n')}`);
  return lines.filter(line => !line.startsWith('cowscope: note: '));
}

/** The codes of the complaints. */
export function codesOf(result: CommandResult): string[] {
  return complaints(result).map(line => line.split(': ')[1] as string);
}

/**
 * The least of up to three times, in milliseconds; no further one once a time is below the limit. What else the machine
 * does can make one attempt late, but hardly three; a program that is too slow is late in each.
 */
export async function leastTime(limitMs: number, attempt: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < ATTEMPTS && least >= limitMs; count++) least = Math.min(least, await attempt());
  return least;
}
