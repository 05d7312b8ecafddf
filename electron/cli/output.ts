/** Writing to the terminal or a pipe: with back-pressure on standard output, one line per error on standard error. */
import { CowscopeError, type ErrorRecord } from '../../shared/error.ts';
import { errorLine, safeLine } from '../../shared/text/error-line.ts';

const DEFAULT_WIDTH_CHARACTERS = 80;
const NEWLINE = 10;

/** True while a line stands on the terminal that other output replaces. */
let isProgressShown = false;
/** True where output on the terminal itself stands in the middle of a line, which must stay. */
let isInLine = false;

/** Shows a line on a terminal's standard error that the next one replaces, and any output. */
export function showProgress(text: string): void {
  if (!process.stderr.isTTY || isInLine) return;
  isProgressShown = true;
  process.stderr.write(`\r\x1b[K${safeLine(text)}`);
}

/** Takes the line away, if there is one. */
export function clearProgress(): void {
  if (isProgressShown) process.stderr.write('\r\x1b[K');
  isProgressShown = false;
}

/** True for the name by which a person asks for standard output in place of a file. A file of that name is `./-`. */
export function isStandardOutput(name: string): boolean {
  return name === '-';
}

/** Writes to standard output and resolves when that is done and the memory of `text` free again. */
export function writeText(text: string | Uint8Array): Promise<void> {
  clearProgress();
  if (text.length > 0) isInLine = process.stdout.isTTY && !endsLine(text);
  return new Promise(resolve => {
    process.stdout.write(text, () => resolve()); // an error has its own event: see endQuietly
  });
}

function endsLine(text: string | Uint8Array): boolean {
  return typeof text === 'string' ? text.endsWith('\n') : text.at(-1) === NEWLINE;
}

/** Writes one line. */
export function writeLine(text = ''): Promise<void> {
  return writeText(`${text}\n`);
}

/** Characters gathered before they are written. */
const CHUNK_CHARACTERS = 65_536;

/** Writes the pieces of a text that may be longer than a string can be. */
export async function writePieces(pieces: Iterable<string>): Promise<void> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    await writeText(chunk);
    chunk = '';
  }
  await writeText(chunk);
}

/** Writes lines, one after the other. */
export function writeLines(lines: Iterable<string>): Promise<void> {
  return writePieces(endedLines(lines));
}

function* endedLines(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}

/** Columns of the terminal; elsewhere those that COLUMNS says, or 80. */
export function outputWidth(): number {
  return process.stdout.columns || Number.parseInt(process.env.COLUMNS ?? '', 10) || DEFAULT_WIDTH_CHARACTERS;
}

/** Prints an error to standard error. */
export function printErrorRecord(record: ErrorRecord): void {
  clearProgress();
  process.stderr.write(`${errorLine(record)}\n`);
}

/** Prints the stacks of an error and its causes to standard error. */
export function printErrorStack(error: unknown): void {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    for (const line of (cause.stack ?? cause.message).split('\n'))
      process.stderr.write(`${safeLine(line)}\n`);
}

/** Prints a note to standard error; JSON on standard output stays clean. */
export function printNote(text: string): void {
  clearProgress();
  process.stderr.write(`cowscope: note: ${safeLine(text)}\n`);
}

/** A closed pipe ends the program quietly, as other tools of this kind do. `fail` gets what was not caught, and must end it. */
export function endQuietly(fail: (error: unknown) => void): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    fail(
      new CowscopeError({
        code: 'OUTPUT_FAILED',
        what: `the output could not be written: ${error.message}`,
        subject: '',
        advice: 'look where it goes to',
      }),
    );
  });
  process.stderr.on('error', () => {}); // there is nowhere to report it
  process.on('uncaughtException', fail);
}
