/**
 * Collects the chunks of one READ reply: data and holes in any order, each inside the request, none twice, and together
 * all of it.
 */
import { protocolError } from '../errors.ts';
import type { ReplyHeader } from './frames.ts';
import { CHUNK } from './protocol.ts';
import { errorBody, failureOf, type ReplyCollector, type RequestFailure } from './reply-collector.ts';

/** Separate pieces that are remembered: real servers send what they read in order, or nearly so. */
const MAX_PIECES = 4096;

/** The collector of a READ of `length` bytes from `offset`. */
export class ReadCollector implements ReplyCollector<Uint8Array> {
  readonly #offset: number;
  readonly #bytes: Uint8Array;
  /** What was delivered: start, end, start, end ... ascending, apart from each other. */
  readonly #pieces: number[] = [];
  #failure: RequestFailure | undefined;

  constructor(offset: number, length: number) {
    this.#offset = offset;
    this.#bytes = new Uint8Array(length);
  }

  bodyOf(header: ReplyHeader): Uint8Array {
    if (header.type !== CHUNK.offsetData) return errorBody(header);
    const start = this.#claim(header, header.bodyLength);
    return this.#bytes.subarray(start, start + header.bodyLength);
  }

  take(header: ReplyHeader, body: Uint8Array): void {
    if (header.type === CHUNK.offsetHole) this.#claim(header, header.holeLength);
    else if (header.type !== CHUNK.offsetData) this.#failure ??= failureOf(header, body);
  }

  result(): { readonly value: Uint8Array } | RequestFailure {
    if (this.#failure !== undefined) return this.#failure;
    const pieces = this.#pieces;
    if (pieces.length !== 2 || pieces[0] !== 0 || pieces[1] !== this.#bytes.length)
      throw protocolError('NBD_BAD_READ', 'a reply ended before all bytes had come');
    return { value: this.#bytes };
  }

  /** Marks `size` bytes at the header's offset as delivered; returns where they begin in the request. */
  #claim(header: ReplyHeader, size: number): number {
    const pieces = this.#pieces;
    const start = header.offset - this.#offset;
    const end = start + size;
    if (!(start >= 0 && size > 0 && end <= this.#bytes.length))
      throw protocolError('NBD_BAD_READ', 'the server sent data outside of what was asked for');
    const at = firstFrom(pieces, start);
    const before = at > 0 ? (pieces[at - 1] as number) : -1;
    const after = at < pieces.length ? (pieces[at] as number) : Number.POSITIVE_INFINITY;
    if (before > start || after < end)
      throw protocolError('NBD_BAD_READ', 'the server sent the same bytes twice');
    if (before === start && after === end) pieces.splice(at - 1, 2);
    else if (before === start) pieces[at - 1] = end;
    else if (after === end) pieces[at] = start;
    else pieces.splice(at, 0, start, end);
    if (pieces.length > 2 * MAX_PIECES)
      throw protocolError('NBD_OVERSIZE', 'the server cut a reply into too many pieces');
    return start;
  }
}

/** Index in `pieces` of the first one that begins at `start` or later. */
function firstFrom(pieces: readonly number[], start: number): number {
  let low = 0;
  let high = pieces.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pieces[2 * middle] as number) < start) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}
