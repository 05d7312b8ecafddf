/**
 * A connection to one export of an NBD server, for reading only: READ, BLOCK_STATUS and the final DISC.
 */
import { assert } from '../../../shared/assert.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { cancelled, type NbdError, noStatus, protocolError, requestError } from '../errors.ts';
import {
  disconnectFrame,
  filteredStatusFrame,
  type ReplyHeader,
  ReplyParser,
  type Request,
  requestFrame,
} from '../wire/frames.ts';
import { CHUNK, COMMAND } from '../wire/protocol.ts';
import { ReadCollector } from '../wire/read-reply.ts';
import type { ReplyCollector } from '../wire/reply-collector.ts';
import { type AskedContexts, StatusCollector, type ValidatedExtents } from '../wire/status-reply.ts';
import type { BlockSize, NbdContext } from './handshake.ts';
import { type ReplyLimit, ReplyWatch } from './reply-watch.ts';
import { RequestQueue } from './request-queue.ts';
import type { Transport } from './transport.ts';

/** Lists of one reply, in the order of the contexts asked for. */
export type StatusReply = readonly ValidatedExtents[];

/** What the handshake has settled about an export. */
export interface OpenExport {
  readonly exportName: string;
  /** Bytes in the export. */
  readonly size: number;
  /** See EXPORT_FLAG. */
  readonly flags: number;
  readonly blockSize: BlockSize;
  /** What was granted, in the order wanted. */
  readonly contexts: readonly NbdContext[];
  /** Every context the server offers for this export; untrusted text. */
  readonly offeredContexts: readonly string[];
  readonly extendedHeaders: boolean;
  /** The server can be asked about some of the contexts alone. */
  readonly statusFilter: boolean;
  /** The server is or may be qemu, which several status requests at a time can leave slow for the rest of its life. */
  readonly serialStatusRequests: boolean;
  /** Milliseconds from a request to its reply at best, as the handshake has shown. */
  readonly roundTrip: number;
  readonly encrypted: boolean;
}

/** An open export and what can be asked of it. */
export interface NbdConnection extends OpenExport {
  /** The address as a URI, without secrets. */
  readonly subject: string;
  /** What is odd about the server without being an error, one sentence each. */
  readonly notes: readonly string[];
  /** Why the connection has ended; undefined while it stands. */
  readonly error: NbdError | undefined;
  /**
   * The status from `offset` on, as far as the server says in one reply (at least one extent for each context, clipped
   * to the export). One such request is in flight at a time unless `inFlight` says otherwise; others wait. When the
   * server refuses it, rejects with an error `ofRequest` (NBD_IO_ERROR, NBD_REQUEST_REFUSED) and the connection goes on.
   * With `signal` only the waiting ends.
   */
  blockStatus(offset: number, length: number, options?: BlockStatusOptions): Promise<StatusReply>;
  /**
   * The bytes of [offset, offset + length), in requests of at most 32 MiB that keep to the block size. The caller bounds
   * how much is held in memory.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Sends DISC and closes; what is still waiting rejects with NBD_CLOSED. May be called again. */
  close(): Promise<void>;
}

/** What to ask for. */
export interface BlockStatusOptions {
  /** Indexes in `contexts`; default all. Fewer than all need `statusFilter`, or are cut out of a full reply. */
  readonly contexts?: readonly number[];
  /** Status requests that may be in flight together with this one, itself counted. Default 1. */
  readonly inFlight?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A request that waits for its reply. */
interface PendingRequest {
  readonly offset: number;
  readonly collector: ReplyCollector<unknown>;
  readonly describe: () => string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: NbdError) => void;
  /** Chunks that a whole reply has at least: one for each context of a status request. */
  readonly chunks: number;
  received: number;
  errors: number;
}

/** A request that was sent. */
interface SentRequest<T> {
  readonly answered: Promise<T>;
  /** Resolves when the reply has come or never will, also where the caller has stopped waiting for it. */
  readonly finished: Promise<void>;
}

/** Error chunks that one reply may hold: a READ may fail in several places. */
const MAX_ERROR_CHUNKS = 1024;
/** Failed status requests remembered for what qemu sends after their end. */
const MAX_FAILED = 8;
/** High half of every cookie: a value that a server is unlikely to make up. */
const COOKIE_HIGH = 0x636f7773;

/**
 * The connection over a transport whose handshake is done. `limit`: see {@link ReplyWatch}. Deviations from the
 * protocol that are tolerated are appended to `notes`.
 */
export function createConnection(
  transport: Transport,
  limit: ReplyLimit,
  notes: string[],
  settled: OpenExport,
): NbdConnection {
  const requests = new Requests(transport, limit, notes, settled);
  return {
    ...settled,
    subject: transport.subject,
    notes,
    get error() {
      return transport.error;
    },
    blockStatus: (offset, length, options) => requests.blockStatus(offset, length, options),
    read: (offset, length, signal) => requests.read(offset, length, signal),
    close: () => requests.close(),
  };
}

/** The requests of one connection and the replies that they wait for. */
class Requests {
  readonly #transport: Transport;
  readonly #watch: ReplyWatch;
  readonly #notes: string[];
  readonly #settled: OpenExport;
  readonly #allContexts: AskedContexts;
  readonly #parser: ReplyParser;
  /** By cookie. */
  readonly #pending = new Map<number, PendingRequest>();
  /**
   * Chunks that may still come for failed status requests, by cookie. qemu (7.2 to 10.0 at least) ends the reply with
   * an error chunk for the first context that fails, and sends a chunk for each context left after it.
   */
  readonly #late = new Map<number, number>();
  readonly #statusTurns = new RequestQueue();
  #nextCookie = 1;

  constructor(transport: Transport, limit: ReplyLimit, notes: string[], settled: OpenExport) {
    this.#transport = transport;
    this.#watch = new ReplyWatch(limit, error => transport.fail(error));
    this.#notes = notes;
    this.#settled = settled;
    this.#allContexts = contextsOf(settled, settled.contexts.keys());
    this.#parser = new ReplyParser(settled.extendedHeaders, {
      bodyOf: header =>
        this.#pendingOf(header)?.collector.bodyOf(header) ?? new Uint8Array(header.bodyLength),
      reply: (header, body) => this.#take(header, body),
    });
    transport.attach({
      bytes: bytes => {
        this.#watch.received(bytes.length);
        this.#parser.push(bytes);
        if (this.#pending.size === 0 && this.#late.size === 0 && !this.#parser.isIdle)
          throw protocolError('NBD_UNEXPECTED_BYTES', 'the server went on speaking without being asked');
      },
      failed: error => this.#abandon(error),
    });
  }

  /** See {@link NbdConnection.blockStatus}. */
  async blockStatus(
    offset: number,
    length: number,
    { signal, inFlight = 1, contexts }: BlockStatusOptions = {},
  ): Promise<StatusReply> {
    const { extendedHeaders, statusFilter, size } = this.#settled;
    const all = this.#allContexts;
    this.#checkRange(offset, length);
    assert(extendedHeaders || length <= 0xffffffff, 'a request of 4 GiB or more needs extended headers');
    if (all.ids.length === 0) throw noStatus(this.#transport.subject);
    const chosen = contexts === undefined ? all : contextsOf(this.#settled, contexts);
    const isFiltered = statusFilter && chosen.ids.length < all.ids.length;
    await this.#statusTurns.acquire(inFlight, signal, () => cancelled(this.#transport.subject));
    let isSent = false;
    try {
      this.#checkUsable(signal);
      const asked = isFiltered ? chosen : all;
      const collector = new StatusCollector(asked, size - offset, text => this.#note(text));
      const request = { command: COMMAND.blockStatus, offset, length };
      const filter = isFiltered ? chosen.ids : undefined;
      const { answered, finished } = this.#send(request, collector, signal, asked.ids.length, filter);
      isSent = true;
      void finished.then(() => this.#statusTurns.release()); // a cancelled request occupies the server until its reply
      const lists = await answered;
      return isFiltered ? lists : chosen.indexes.map(index => lists[index] as ValidatedExtents);
    } finally {
      if (!isSent) this.#statusTurns.release();
    }
  }

  /** See {@link NbdConnection.read}. */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.#checkRange(offset, length);
    const { blockSize, size } = this.#settled;
    const { minimum, maximum } = blockSize;
    const step = maximum - (maximum % minimum);
    const end = Math.min(size, Math.ceil((offset + length) / minimum) * minimum);
    const bytes = new Uint8Array(length);
    for (let at = offset - (offset % minimum); at < offset + length; at += step) {
      this.#checkUsable(signal);
      const count = Math.min(step, end - at);
      const request = { command: COMMAND.read, offset: at, length: count };
      const part = await this.#send(request, new ReadCollector(at, count), signal).answered;
      const skip = Math.max(0, offset - at);
      bytes.set(part.subarray(skip, Math.min(count, offset + length - at)), at + skip - offset);
    }
    return bytes;
  }

  /** See {@link NbdConnection.close}. */
  async close(): Promise<void> {
    const ended = this.#transport.end(disconnectFrame(this.#settled.extendedHeaders));
    if (this.#transport.error !== undefined) this.#abandon(this.#transport.error);
    await ended;
  }

  /** Sends a request; `answered` resolves with what its collector made of the reply. */
  #send<T>(
    request: Omit<Request, 'cookieHigh' | 'cookieLow'>,
    collector: ReplyCollector<T>,
    signal: AbortSignal | undefined,
    chunks = 0,
    filter?: readonly number[],
  ): SentRequest<T> {
    const { offset, length, command } = request;
    const cookieLow = this.#takeCookie();
    const verb = command === COMMAND.read ? 'READ' : 'BLOCK_STATUS';
    let finish = () => {};
    const finished = new Promise<void>(resolve => {
      finish = resolve;
    });
    const answered = new Promise<T>((resolve, reject) => {
      const giveUp = () => reject(cancelled(this.#transport.subject));
      const settle = () => {
        signal?.removeEventListener('abort', giveUp);
        finish();
      };
      signal?.addEventListener('abort', giveUp);
      this.#pending.set(cookieLow, {
        offset,
        collector,
        chunks,
        received: 0,
        errors: 0,
        describe: () => `${verb} of ${length} bytes at ${formatOffset(offset)}`,
        resolve(value) {
          settle();
          resolve(value as T);
        },
        reject(error) {
          settle();
          reject(error);
        },
      });
    });
    if (this.#pending.size === 1) this.#watch.start();
    const whole = { ...request, cookieHigh: COOKIE_HIGH, cookieLow };
    const { extendedHeaders } = this.#settled;
    this.#transport.send(
      filter === undefined ? requestFrame(extendedHeaders, whole) : filteredStatusFrame(whole, filter),
    );
    return { answered, finished };
  }

  #takeCookie(): number {
    const cookie = this.#nextCookie;
    this.#nextCookie = cookie === 0xffffffff ? 1 : cookie + 1;
    assert(!this.#pending.has(cookie), 'a cookie is used twice');
    return cookie;
  }

  /** The request that a message answers; undefined for one that may still come after a failed request. */
  #pendingOf({ cookieHigh, cookieLow, requestOffset }: ReplyHeader): PendingRequest | undefined {
    const isOurs = cookieHigh === COOKIE_HIGH;
    const request = isOurs ? this.#pending.get(cookieLow) : undefined;
    if (request === undefined) {
      if (isOurs && this.#late.has(cookieLow)) return undefined;
      throw protocolError('NBD_BAD_COOKIE', 'the server answered a request that was not made');
    }
    if (requestOffset !== -1 && requestOffset !== request.offset)
      throw protocolError('NBD_BAD_REPLY', 'a reply echoes another offset than that of its request');
    return request;
  }

  /** Takes a complete message, and settles its request where it is the last one. */
  #take(header: ReplyHeader, body: Uint8Array): void {
    const cookie = header.cookieLow;
    const request = this.#pendingOf(header);
    if (request === undefined) {
      this.#expectLate(cookie, (this.#late.get(cookie) ?? 0) - 1);
      return;
    }
    request.received++;
    if ((header.type & CHUNK.errorBit) !== 0 && ++request.errors > MAX_ERROR_CHUNKS)
      throw protocolError('NBD_OVERSIZE', `a reply holds more than ${MAX_ERROR_CHUNKS} errors`);
    request.collector.take(header, body);
    if (header.done || header.contextId >= 0) this.#watch.gotOn();
    if (!header.done) return;
    const outcome = request.collector.result();
    this.#pending.delete(cookie);
    if (this.#pending.size === 0) this.#watch.stop();
    if ('value' in outcome) {
      request.resolve(outcome.value);
      return;
    }
    this.#expectLate(cookie, request.chunks - request.received);
    const error = requestError(outcome.errno, outcome.text, request.describe(), this.#transport.subject);
    request.reject(error);
    if (!error.ofRequest) throw error;
  }

  #expectLate(cookie: number, chunks: number): void {
    this.#late.delete(cookie);
    if (chunks > 0) this.#late.set(cookie, chunks);
    const [oldest] = this.#late.keys();
    if (this.#late.size > MAX_FAILED && oldest !== undefined) this.#late.delete(oldest);
  }

  #abandon(error: NbdError): void {
    this.#watch.stop();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of waiting) request.reject(error);
  }

  #checkUsable(signal: AbortSignal | undefined): void {
    if (this.#transport.error !== undefined) throw this.#transport.error;
    if (signal?.aborted) throw cancelled(this.#transport.subject);
  }

  #checkRange(offset: number, length: number): void {
    const { size } = this.#settled;
    const isInside =
      Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && offset + length <= size;
    assert(
      isInside && length > 0,
      `a request for ${length} bytes at ${formatOffset(offset)} is not inside the export of ${size}`,
    );
  }

  #note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text);
  }
}

function contextsOf({ contexts }: OpenExport, indexes: Iterable<number>): AskedContexts {
  const chosen = [...indexes];
  const ids = chosen.map(index => {
    const context = contexts[index];
    assert(context !== undefined, `there is no context ${index}`);
    return context.id;
  });
  return { ids, indexes: chosen };
}
