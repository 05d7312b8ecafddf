/** One line on a terminal that says how far long work has come; nothing where standard error is none. */
import { formatSize } from '../../shared/text/offset.ts';

/** Work that takes less long shows nothing. */
const PATIENCE_MS = 2000;
const INTERVAL_MS = 250;

/** The line; it goes when the work ends. */
export class ProgressLine {
  readonly #what: string;
  readonly #begun = performance.now();
  #shownAt = 0;
  #bytes = 0;

  /** `what` is done, such as `reading data`. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Shows the bytes that were done so far, and how many a second that is. */
  update(bytes: number): void {
    this.#bytes = bytes;
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#begun < PATIENCE_MS || now - this.#shownAt < INTERVAL_MS) return;
    this.#shownAt = now;
    const rate = this.#bytes / ((now - this.#begun) / 1000);
    process.stderr.write(
      `\r${this.#what}: ${formatSize(this.#bytes)}, ${formatSize(Math.round(rate))}/s\x1b[K`,
    );
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shownAt > 0) process.stderr.write('\r\x1b[K');
  }
}
