/** How far long work is: one line on a terminal's standard error, from two seconds on, gone when it is done. */
import { safeLine } from '../../shared/text/error-line.ts';

const FIRST_MS = 2000;
const INTERVAL_MS = 250;

/** A line that is written over. Does nothing where standard error is no terminal. */
export class ProgressLine {
  readonly #started = performance.now();
  #last = 0;
  #isShown = false;

  show(text: string): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#started < FIRST_MS || now - this.#last < INTERVAL_MS) return;
    this.#last = now;
    this.#isShown = true;
    process.stderr.write(`\r\x1b[K${safeLine(text)}`);
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
    this.#isShown = false;
  }
}
