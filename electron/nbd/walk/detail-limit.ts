/**
 * Bounds how finely a server may describe an export. No image format has units below a sector of 512 bytes, but a server
 * may describe single bytes, in one reply or in one request each: a disk of 1 TiB would never end.
 */
import { BROKEN_SERVER_ADVICE, fatalError } from '../errors.ts';

/** Bytes that an extent has on average at least. Half a sector: lists of several contexts repeat what they overlap. */
const MIN_EXTENT_BYTES = 256;
/** Bytes that a reply covers on average at least. */
const MIN_REPLY_BYTES = 512;
/** Extents and replies that may be shorter: small exports are described to the byte. */
const FREE_EXTENTS = 2 ** 21;
const FREE_REPLIES = 4096;

/** What the replies of one walk described so far, also across its connections. */
export class DetailLimit {
  #extents = 0;
  #replies = 0;
  #bytes = 0;

  /**
   * Adds a reply. Throws TOO_MANY_EXTENTS or NBD_NO_PROGRESS, with the server as its subject, if the replies so far are
   * finer than any image can be.
   */
  add(extents: number, covered: number, subject: string): void {
    this.#extents += extents;
    this.#replies++;
    this.#bytes += covered;
    if (this.#extents > FREE_EXTENTS + this.#bytes / MIN_EXTENT_BYTES) {
      const what = `the server describes ${this.#extents} extents in ${this.#bytes} bytes, finer than any image is`;
      throw fatalError('TOO_MANY_EXTENTS', what, subject, 'serve the image with qemu-nbd or nbdkit');
    }
    if (this.#replies > FREE_REPLIES + this.#bytes / MIN_REPLY_BYTES) {
      const what = `the server described ${this.#bytes} bytes in ${this.#replies} replies`;
      throw fatalError('NBD_NO_PROGRESS', what, subject, BROKEN_SERVER_ADVICE);
    }
  }
}
