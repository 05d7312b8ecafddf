/** What the program says on standard error: one line each, of bounded length, that cannot steer a terminal. */
import { describeError, type ErrorRecord } from '../error.ts';
import { escapeUntrusted } from './untrusted-text.ts';

const MAX_LINE_CHARACTERS = 1000;

/** The line for an error on standard error, without its line end: `cowscope: CODE: what, which file, what to do`. */
export function errorLine(record: ErrorRecord): string {
  return `cowscope: ${safeLine(describeError(record))}`;
}

/** Text that may hold anything as a line of at most 1,000 characters. */
export function safeLine(text: string): string {
  return escapeUntrusted(text, MAX_LINE_CHARACTERS);
}
