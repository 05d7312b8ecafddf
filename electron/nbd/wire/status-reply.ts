/**
 * Collects the chunks of one BLOCK_STATUS reply and checks them. Legal replies for two contexts and a request of
 * length L, as a server may send them (in either order, between chunks of other replies):
 *
 *   |------------L-----------|
 *   [==== a ====][== b ==][=]    exactly L
 *   [=== a ===]                  short: at least one extent, the rest is to be asked again
 *   [==== a ====][===== b =======...   the last extent may run past L, never past the export
 *   [a][a][a][b]                 neighbors may be equal
 *
 * Every context has a list, and no list needs to cover as much as another.
 */
import type { StatusList } from '../../../shared/extent/status-batch.ts';
import { StatusCursor } from '../../../shared/extent/status-cursor.ts';
import { protocolError } from '../errors.ts';
import type { ReplyHeader } from './frames.ts';
import { CHUNK } from './protocol.ts';
import { errorBody, failureOf, type ReplyCollector, type RequestFailure } from './reply-collector.ts';

/** The list of one context, with how far it reaches. */
export interface ValidatedExtents extends StatusList {
  /** Bytes from the request's offset on, at least 1 and at most to the end of the export. */
  readonly covered: number;
}

/** Bytes of status that one reply may hold in all: enough for 64 contexts of 131,072 wide extents each. */
export const MAX_STATUS_BYTES = 2 ** 27;

/** The contexts that a status request asks about. */
export interface AskedContexts {
  /** Their ids on the wire. */
  readonly ids: readonly number[];
  /** Their indexes among the connection's contexts, in the same order. */
  readonly indexes: readonly number[];
}

/** The collector of a status reply. Its result holds a list for each context, in the order asked. */
export class StatusCollector implements ReplyCollector<ValidatedExtents[]> {
  readonly #contexts: AskedContexts;
  readonly #bytesToEnd: number;
  readonly #warn: (text: string) => void;
  readonly #lists: (ValidatedExtents | undefined)[];
  #failure: RequestFailure | undefined;
  #total = 0;

  /** `bytesToEnd`: bytes from the request's offset to the end of the export. `warn` is called for tolerated deviations. */
  constructor(contexts: AskedContexts, bytesToEnd: number, warn: (text: string) => void) {
    this.#contexts = contexts;
    this.#bytesToEnd = bytesToEnd;
    this.#warn = warn;
    this.#lists = new Array<ValidatedExtents | undefined>(contexts.ids.length).fill(undefined);
  }

  bodyOf(header: ReplyHeader): Uint8Array {
    if (!isStatus(header.type)) return errorBody(header);
    this.#indexOf(header);
    this.#total += header.bodyLength;
    if (this.#total > MAX_STATUS_BYTES)
      throw protocolError('NBD_OVERSIZE', 'a status reply holds more than 128 MiB');
    return new Uint8Array(header.bodyLength);
  }

  take(header: ReplyHeader, body: Uint8Array): void {
    if (!isStatus(header.type)) {
      this.#failure ??= failureOf(header, body);
      return;
    }
    const index = this.#indexOf(header);
    const wide = header.type === CHUNK.blockStatusExtended;
    const payload = body as Uint8Array<ArrayBuffer>;
    const sum = sumOfLengths(payload, wide);
    if (sum > this.#bytesToEnd)
      this.#warn('the server described more than the export holds; the surplus was ignored');
    this.#lists[index] = {
      contextIndex: this.#contexts.indexes[index] as number,
      wide,
      payload,
      covered: Math.min(sum, this.#bytesToEnd),
    };
  }

  result(): { readonly value: ValidatedExtents[] } | RequestFailure {
    if (this.#failure !== undefined) return this.#failure;
    const missing = this.#lists.indexOf(undefined);
    if (missing >= 0) {
      const id = this.#contexts.ids[missing];
      throw protocolError('NBD_BAD_STATUS', `a reply ended without the status of context ${id}`);
    }
    return { value: this.#lists as ValidatedExtents[] };
  }

  #indexOf({ contextId }: ReplyHeader): number {
    const index = this.#contexts.ids.indexOf(contextId);
    if (index < 0)
      throw protocolError('NBD_BAD_STATUS', `status came for context ${contextId}, which was not asked for`);
    if (this.#lists[index] !== undefined)
      throw protocolError('NBD_BAD_STATUS', `status for context ${contextId} came twice in one reply`);
    return index;
  }
}

function isStatus(type: number): boolean {
  return type === CHUNK.blockStatus || type === CHUNK.blockStatusExtended;
}

/**
 * The sum of the lengths in a status list. Throws NBD_BAD_STATUS on a length of zero. Exact up to 2^53; sums beyond
 * that are not exact but stay beyond.
 */
export function sumOfLengths(payload: Uint8Array, wide: boolean): number {
  let sum = 0;
  for (const cursor = new StatusCursor({ payload, wide }); !cursor.atEnd; cursor.advance()) {
    const length = cursor.length();
    if (length === 0) throw protocolError('NBD_BAD_STATUS', 'the server described an extent of length zero');
    sum += length;
  }
  return sum;
}
