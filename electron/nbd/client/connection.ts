/**
 * A connection to one export of an NBD server, for reading only: READ, BLOCK_STATUS and the final DISC.
 */
import { assert } from '../../../shared/assert.ts';
import { cancelled, type NbdError, noStatus, requestError, violation } from '../errors.ts';
import {
  createReplyParser,
  disconnectFrame,
  filteredStatusFrame,
  type ReplyHead,
  type Request,
  requestFrame,
} from '../wire/frames.ts';
import { CHUNK, COMMAND } from '../wire/protocol.ts';
import { createReadCollector } from '../wire/read-reply.ts';
import { createStatusCollector, type ReplyCollector, type ValidatedExtents } from '../wire/status-reply.ts';
import type { BlockSize, NbdContext } from './handshake.ts';
import type { Link } from './transport.ts';

/** Lists of one reply, in the order of the contexts asked for. */
export type StatusReply = readonly ValidatedExtents[];

/** An open export. */
export interface NbdConnection {
  /** The address as a URI, without secrets. */
  readonly subject: string;
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
  /** What is odd about the server without being an error, one sentence each. */
  readonly notes: readonly string[];
  /** Why the connection has ended; undefined while it stands. */
  readonly error: NbdError | undefined;
  /**
   * The status from `offset` on, as far as the server says in one reply (at least one extent for each context, clipped
   * to the export). One such request is in flight at a time unless `inFlight` says otherwise; others wait. Rejects with
   * consequence `request` (NBD_IO_ERROR, NBD_REQUEST_REFUSED) when the connection goes on. With `signal` only the
   * waiting ends.
   */
  blockStatus(offset: number, length: number, options?: BlockStatusOptions): Promise<StatusReply>;
  /**
   * The bytes of [offset, offset + length), in requests of at most 32 MiB that keep to the block size. How much is held
   * in memory is the caller's to bound.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Says goodbye and closes; what is still waiting rejects with NBD_CLOSED. May be called again. */
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

/** What the handshake has settled. */
export type ExportTerms = Omit<
  NbdConnection,
  'subject' | 'notes' | 'error' | 'blockStatus' | 'read' | 'close'
>;

/** A request that waits for its reply. */
interface Pending {
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

/** Error chunks that one reply may hold: a READ may fail in several places. */
const MAX_ERROR_CHUNKS = 1024;
/** Failed status requests remembered for what qemu sends after their end. */
const MAX_FAILED = 8;
/** High half of every cookie: a value no server invents by chance. */
const COOKIE_HIGH = 0x636f7773;

/** The connection over a link whose handshake is done. `silence` is in milliseconds; `notes` grows as the server earns it. */
export function createConnection(
  link: Link,
  silence: number,
  notes: string[],
  facts: ExportTerms,
): NbdConnection {
  const { extendedHeaders: extended, contexts, size, blockSize } = facts;
  const { subject } = link;
  const pending = new Map<number, Pending>();
  let nextCookie = 1;
  let statusInFlight = 0;
  const turns: { readonly most: number; readonly begin: () => void }[] = [];
  const ids = contexts.map(context => context.id);

  /**
   * Chunks that may still come for failed status requests, by cookie. qemu (7.2 to 10.0 at least) ends the reply with
   * an error chunk for the first context that fails, and then sends a chunk for each context left all the same.
   */
  const late = new Map<number, number>();

  function pendingOf(head: ReplyHead): Pending | undefined {
    const known = head.cookieHigh === COOKIE_HIGH;
    const request = known ? pending.get(head.cookieLow) : undefined;
    if (request === undefined) {
      if (known && late.has(head.cookieLow)) return undefined;
      throw violation('NBD_BAD_COOKIE', 'the server answered a request that was not made');
    }
    if (head.requestOffset !== -1 && head.requestOffset !== request.offset) {
      throw violation('NBD_BAD_REPLY', 'a reply echoes another offset than that of its request');
    }
    return request;
  }

  const parser = createReplyParser(extended, {
    bodyOf: head => pendingOf(head)?.collector.bodyOf(head) ?? new Uint8Array(head.bodyLength),
    reply(head, body) {
      const request = pendingOf(head);
      if (request === undefined) {
        expectLate(head.cookieLow, (late.get(head.cookieLow) ?? 0) - 1);
        return;
      }
      request.received++;
      if ((head.type & CHUNK.errorBit) !== 0 && ++request.errors > MAX_ERROR_CHUNKS) {
        throw violation('NBD_OVERSIZE', 'a reply holds more errors than can be meant');
      }
      request.collector.chunk(head, body);
      if (!head.done) return;
      const outcome = request.collector.result();
      pending.delete(head.cookieLow);
      if (pending.size === 0) link.startIdleTimer(0);
      if ('value' in outcome) {
        request.resolve(outcome.value);
        return;
      }
      expectLate(head.cookieLow, request.chunks - request.received);
      const error = requestError(outcome.errno, outcome.text, request.describe(), subject);
      request.reject(error);
      if (error.consequence !== 'request') throw error;
    },
  });

  function expectLate(cookie: number, chunks: number): void {
    late.delete(cookie);
    if (chunks > 0) late.set(cookie, chunks);
    const [oldest] = late.keys();
    if (late.size > MAX_FAILED && oldest !== undefined) late.delete(oldest);
  }

  function abandon(error: NbdError): void {
    const waiting = [...pending.values()];
    pending.clear();
    for (const request of waiting) request.reject(error);
  }

  link.attach({
    bytes(bytes) {
      parser.push(bytes);
      if (pending.size === 0 && late.size === 0 && !parser.idle) {
        throw violation('NBD_UNEXPECTED_BYTES', 'the server went on speaking without being asked');
      }
    },
    failed: abandon,
  });

  /** Sends a request; resolves with what its collector made of the reply. */
  function exchange<T>(
    request: Omit<Request, 'cookieHigh' | 'cookieLow'>,
    collector: ReplyCollector<T>,
    signal: AbortSignal | undefined,
    chunks = 0,
    filter?: readonly number[],
  ): { answered: Promise<T>; finished: Promise<void> } {
    const { offset, length, command } = request;
    const cookieLow = nextCookie;
    nextCookie = nextCookie === 0xffffffff ? 1 : nextCookie + 1;
    assert(!pending.has(cookieLow), 'a cookie is used twice');
    const verb = command === COMMAND.read ? 'READ' : 'BLOCK_STATUS';
    let finish = () => {};
    const finished = new Promise<void>(resolve => {
      finish = resolve;
    });
    const answered = new Promise<T>((resolve, reject) => {
      const giveUp = () => reject(cancelled(subject));
      const settle = () => {
        signal?.removeEventListener('abort', giveUp);
        finish();
      };
      signal?.addEventListener('abort', giveUp);
      pending.set(cookieLow, {
        offset,
        collector,
        chunks,
        received: 0,
        errors: 0,
        describe: () => `${verb} of ${length} bytes at ${offset}`,
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
    if (pending.size === 1) link.startIdleTimer(silence);
    const whole = { ...request, cookieHigh: COOKIE_HIGH, cookieLow };
    link.send(filter === undefined ? requestFrame(extended, whole) : filteredStatusFrame(whole, filter));
    return { answered, finished };
  }

  function checkUsable(signal: AbortSignal | undefined): void {
    if (link.error !== undefined) throw link.error;
    if (signal?.aborted) throw cancelled(subject);
  }

  function checkRange(offset: number, length: number): void {
    const inside =
      Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && offset + length <= size;
    assert(
      inside && length > 0,
      `a request for ${length} bytes at ${offset} is not inside the export of ${size}`,
    );
  }

  async function blockStatus(
    offset: number,
    length: number,
    options: BlockStatusOptions = {},
  ): Promise<StatusReply> {
    const { signal, inFlight = 1, contexts: indexes = contexts.map((_, i) => i) } = options;
    checkRange(offset, length);
    assert(extended || length <= 0xffffffff, 'a request of 4 GiB or more needs extended headers');
    if (contexts.length === 0) throw noStatus(subject);
    const chosen = indexes.map(index => {
      const context = contexts[index];
      assert(context !== undefined, `there is no context ${index}`);
      return context.id;
    });
    const filter = facts.statusFilter && indexes.length < contexts.length ? chosen : undefined;
    await statusTurn(inFlight, signal);
    let sent = false;
    try {
      checkUsable(signal);
      const collector =
        filter === undefined
          ? createStatusCollector(
              ids,
              ids.map((_, i) => i),
              size - offset,
              addNote,
            )
          : createStatusCollector(filter, indexes, size - offset, addNote);
      const request = { command: COMMAND.blockStatus, offset, length };
      const { answered, finished } = exchange(request, collector, signal, (filter ?? ids).length, filter);
      sent = true;
      void finished.then(endTurn); // a cancelled request still occupies the server until its reply has come
      const lists = await answered;
      return filter === undefined ? indexes.map(index => lists[index] as ValidatedExtents) : lists;
    } finally {
      if (!sent) endTurn();
    }
  }

  /** Waits, in the order of asking, until fewer than `most` status requests are in flight. */
  function statusTurn(most: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        turns.splice(turns.indexOf(turn), 1);
        reject(cancelled(subject));
        beginTurns();
      };
      const turn = {
        most,
        begin() {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      turns.push(turn);
      beginTurns();
    });
  }

  function beginTurns(): void {
    for (let [first] = turns; first !== undefined && statusInFlight < first.most; [first] = turns) {
      turns.shift();
      statusInFlight++;
      first.begin();
    }
  }

  function endTurn(): void {
    statusInFlight--;
    beginTurns();
  }

  async function read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    checkRange(offset, length);
    const { minimum, maximum } = blockSize;
    const step = maximum - (maximum % minimum);
    const end = Math.min(size, Math.ceil((offset + length) / minimum) * minimum);
    const bytes = new Uint8Array(length);
    for (let at = offset - (offset % minimum); at < offset + length; at += step) {
      checkUsable(signal);
      const count = Math.min(step, end - at);
      const request = { command: COMMAND.read, offset: at, length: count };
      const part = await exchange(request, createReadCollector(at, count), signal).answered;
      const skip = Math.max(0, offset - at);
      bytes.set(part.subarray(skip, Math.min(count, offset + length - at)), at + skip - offset);
    }
    return bytes;
  }

  function addNote(text: string): void {
    if (!notes.includes(text)) notes.push(text);
  }

  return {
    ...facts,
    subject,
    notes,
    get error() {
      return link.error;
    },
    blockStatus,
    read,
    async close() {
      const ended = link.end(disconnectFrame(extended));
      if (link.error !== undefined) abandon(link.error);
      await ended;
    },
  };
}
