/** A bound on what a measurement reads: an image may name far more tables than its file holds. */
import type { ImageSource } from '../read/source.ts';

/** Read beyond what the file occupies on its disk: holes are read as zeros, and a compressing disk holds less. */
export const SLACK_BYTES = 2 ** 30;

/** Thrown where work would pass its bound. */
export class LimitPassed extends Error {}

/** Bytes that may still be read. */
export class ReadLimit {
  #left: number;

  /** As many bytes as the file occupies on its disk, and `slack` more. */
  constructor(source: ImageSource, slack: number) {
    const onDisk = source.bytesOnDisk();
    this.#left = (onDisk < 0 ? source.size : onDisk) + slack;
  }

  /** Counts bytes before they are read. Throws LimitPassed. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0)
      throw new LimitPassed('its tables take much more room than the file occupies on its disk');
  }
}
