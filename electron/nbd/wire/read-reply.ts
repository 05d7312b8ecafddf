/**
 * Collects the chunks of one READ reply: data and holes in any order, each inside the request, none twice, and
 * together all of it.
 */
import { violation } from '../errors.ts';
import type { ReplyHead } from './frames.ts';
import { CHUNK } from './protocol.ts';
import { errorBody, failureOf, type ReplyCollector, type RequestFailure } from './status-reply.ts';

/** Pieces apart from each other that are remembered: real servers send what they read in order, or nearly so. */
const MAX_PIECES = 4096;

/** A collector for a READ of `length` bytes from `offset`. */
export function createReadCollector(offset: number, length: number): ReplyCollector<Uint8Array> {
  const bytes = new Uint8Array(length);
  const pieces: number[] = []; // start, end, start, end ... ascending, apart from each other
  let failure: RequestFailure | undefined;

  /** Marks [start, end) as delivered. */
  function claim(head: ReplyHead, size: number): number {
    const start = head.offset - offset;
    const end = start + size;
    if (!(start >= 0 && size > 0 && end <= length)) {
      throw violation('NBD_BAD_READ', 'the server sent data outside of what was asked for');
    }
    const at = firstFrom(pieces, start);
    const before = at > 0 ? (pieces[at - 1] as number) : -1;
    const after = at < pieces.length ? (pieces[at] as number) : Number.POSITIVE_INFINITY;
    if (before > start || after < end)
      throw violation('NBD_BAD_READ', 'the server sent the same bytes twice');
    if (before === start && after === end) pieces.splice(at - 1, 2);
    else if (before === start) pieces[at - 1] = end;
    else if (after === end) pieces[at] = start;
    else pieces.splice(at, 0, start, end);
    if (pieces.length > 2 * MAX_PIECES)
      throw violation('NBD_OVERSIZE', 'the server cut a reply into too many pieces');
    return start;
  }

  return {
    bodyOf(head) {
      if (head.type !== CHUNK.offsetData) return errorBody(head);
      const start = claim(head, head.bodyLength);
      return bytes.subarray(start, start + head.bodyLength);
    },
    chunk(head, body) {
      if (head.type === CHUNK.offsetHole) claim(head, head.holeLength);
      else if (head.type !== CHUNK.offsetData) failure ??= failureOf(head, body);
    },
    result() {
      if (failure !== undefined) return failure;
      if (pieces.length !== 2 || pieces[0] !== 0 || pieces[1] !== length) {
        throw violation('NBD_BAD_READ', 'a reply ended before all bytes had come');
      }
      return { value: bytes };
    },
  };
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
