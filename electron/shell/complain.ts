/** Errors on standard error: one line each. */
import { describeError, errorRecord } from '../../shared/errors.ts';
import { escapeUntrusted } from '../../shared/untrusted-text.ts';

const MAX_LINE = 1000;

/** The line for anything thrown, `cowscope: CODE: …`, without its line end. Nothing in it can steer a terminal. */
export function complaint(thrown: unknown): string {
  const text = describeError(errorRecord(thrown)).replace(/\s*\n\s*/g, ' ');
  return `cowscope: ${escapeUntrusted(text, MAX_LINE)}`;
}

/** Writes the line of anything thrown to standard error. */
export function complain(thrown: unknown): void {
  process.stderr.write(`${complaint(thrown)}\n`);
}
