/**
 * Collects the chunks of one BLOCK_STATUS reply and checks them. Legal replies for two contexts and a request of
 * length L, as a server may send them (in either order, between chunks of other replies):
 *
 *   |------------L-----------|
 *   [==== a ====][== b ==][=]    exactly L
 *   [=== a ===]                  short: at least one extent, the rest is to be asked again
 *   [==== a ====][===== b =======...   the last extent may run past L, never past the export
 *   [a][a][a][b]                 neighbours may be equal
 *
 * Every context has one list of its own, and no list needs to cover as much as another.
 */
import type { StatusList } from '../../../shared/extent/status-batch.ts';
import { StatusCursor } from '../../../shared/extent/status-cursor.ts';
import { serverText, violation } from '../errors.ts';
import { parseErrorBody, type ReplyHead } from './frames.ts';
import { CHUNK } from './protocol.ts';

/** The list of one context, with how far it reaches. */
export interface ValidatedExtents extends StatusList {
  /** Bytes from the request's offset on, at least 1 and at most to the end of the export. */
  readonly covered: number;
}

/** A failed request: the server's error number and its text, safe to print. */
export interface RequestFailure {
  readonly errno: number;
  readonly text: string;
}

/** A reply being collected. `bodyOf` and `chunk` throw NbdError on what the protocol forbids. */
export interface ReplyCollector<T> {
  bodyOf(head: ReplyHead): Uint8Array;
  /** Takes a complete message. */
  chunk(head: ReplyHead, body: Uint8Array): void;
  /** What came of it, asked once after the last message. */
  result(): { readonly value: T } | RequestFailure;
}

/** Bytes of status that one reply may hold in all: enough for 64 contexts of 131,072 wide extents each. */
export const MAX_STATUS_BYTES = 2 ** 27;

/** A collector for the contexts with these ids; list i of the result is that of `ids[i]` and `indexes[i]`. */
export function createStatusCollector(
  ids: readonly number[],
  indexes: readonly number[],
  bytesToEnd: number,
  note: (text: string) => void,
): ReplyCollector<ValidatedExtents[]> {
  const lists = new Array<ValidatedExtents | undefined>(ids.length).fill(undefined);
  let failure: RequestFailure | undefined;
  let total = 0;

  function place(head: ReplyHead): number {
    const at = ids.indexOf(head.contextId);
    if (at < 0)
      throw violation('NBD_BAD_STATUS', `status came for context ${head.contextId}, which was not asked for`);
    if (lists[at] !== undefined) {
      throw violation('NBD_BAD_STATUS', `status for context ${head.contextId} came twice in one reply`);
    }
    return at;
  }

  return {
    bodyOf(head) {
      if (!isStatus(head.type)) return errorBody(head);
      place(head);
      total += head.bodyLength;
      if (total > MAX_STATUS_BYTES) throw violation('NBD_OVERSIZE', 'a status reply holds more than 128 MiB');
      return new Uint8Array(head.bodyLength);
    },
    chunk(head, body) {
      if (isStatus(head.type)) {
        const at = place(head);
        const wide = head.type === CHUNK.blockStatusExtended;
        const payload = body as Uint8Array<ArrayBuffer>;
        const sum = sumOfLengths(payload, wide);
        if (sum > bytesToEnd)
          note('the server described more than the export holds; the surplus was ignored');
        lists[at] = {
          contextIndex: indexes[at] as number,
          wide,
          payload,
          covered: Math.min(sum, bytesToEnd),
        };
      } else {
        failure ??= failureOf(head, body);
      }
    },
    result() {
      if (failure !== undefined) return failure;
      const missing = lists.indexOf(undefined);
      if (missing >= 0) {
        throw violation('NBD_BAD_STATUS', `a reply ended without the status of context ${ids[missing]}`);
      }
      return { value: lists as ValidatedExtents[] };
    },
  };
}

function isStatus(type: number): boolean {
  return type === CHUNK.blockStatus || type === CHUNK.blockStatusExtended;
}

/** Where the body of an error chunk goes. Throws for chunks that do not belong to the kind of request. */
export function errorBody(head: ReplyHead): Uint8Array {
  if ((head.type & CHUNK.errorBit) === 0) throw misplaced(head);
  return new Uint8Array(head.bodyLength);
}

/** The failure that a simple reply or an error chunk reports; undefined for an empty last chunk. */
export function failureOf(head: ReplyHead, body: Uint8Array): RequestFailure | undefined {
  if (head.simple) {
    if (head.error === 0)
      throw violation('NBD_BAD_REPLY', 'a simple reply claims success where chunks were agreed on');
    return { errno: head.error, text: '' };
  }
  if (head.type === CHUNK.none) return undefined;
  if ((head.type & CHUNK.errorBit) === 0) throw misplaced(head);
  const { errno, text } = parseErrorBody(body);
  if (errno === 0) throw violation('NBD_BAD_REPLY', 'an error chunk carries error number 0');
  return { errno, text: serverText(text) };
}

function misplaced(head: ReplyHead): Error {
  return violation('NBD_BAD_REPLY', `a chunk of type ${head.type} does not belong to this kind of request`);
}

/**
 * The sum of the lengths in a status list. Throws NBD_BAD_STATUS on a length of zero. Exact up to 2^53; sums beyond
 * that are not exact but stay beyond.
 */
export function sumOfLengths(payload: Uint8Array, wide: boolean): number {
  let sum = 0;
  for (const cursor = new StatusCursor({ payload, wide }); !cursor.atEnd; cursor.advance()) {
    const length = cursor.length();
    if (length === 0) throw zeroLength();
    sum += length;
  }
  return sum;
}

function zeroLength(): Error {
  return violation('NBD_BAD_STATUS', 'the server described an extent of length zero');
}
