/**
 * Answers "what is the status from here to there?" with one batch, whatever lists a server's reply holds.
 */
import type { StatusBatch, StatusList } from '../../../shared/extent/status-batch.ts';
import { StatusCursor, setFirstLength } from '../../../shared/extent/status-cursor.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import type { NbdConnection } from '../client/connection.ts';
import { BROKEN_SERVER_ADVICE, fatalError, type NbdError } from '../errors.ts';
import type { ValidatedExtents } from '../wire/status-reply.ts';

/** Where a walk gets its batches from. */
export interface StatusSource {
  /**
   * The status from `position` on, at most to `end`, in a batch of at least one block. `inFlight` as in
   * {@link BlockStatusOptions}. Rejects as NbdConnection.blockStatus does, and with NBD_NO_PROGRESS.
   */
  next(
    position: number,
    end: number,
    inFlight: number,
    signal: AbortSignal | undefined,
  ): Promise<StatusBatch>;
  /** Forgets what is kept: the next question is about another offset. */
  clear(): void;
}

/** The source for these contexts (indexes in the connection's) of a connection. */
export function createStatusSource(connection: NbdConnection, contexts: readonly number[]): StatusSource {
  return connection.statusFilter
    ? new FilteredSource(connection, contexts)
    : wholeReplies(connection, contexts);
}

/** Where all contexts must be asked for together: a batch ends with the shortest list, the surplus is dropped. */
function wholeReplies(connection: NbdConnection, contexts: readonly number[]): StatusSource {
  return {
    clear() {},
    async next(position, end, inFlight, signal) {
      const lists = await ask(connection, contexts, position, end, { inFlight, signal });
      const reached = lists.map(list => reachOf(list, position, connection));
      const covered = Math.min(end, ...reached) - position;
      return { offset: position, covered, lists: lists.map(rawExtents) };
    },
  };
}

/** Asks about whole blocks. */
function ask(
  connection: NbdConnection,
  contexts: readonly number[],
  position: number,
  end: number,
  how: { readonly inFlight: number; readonly signal: AbortSignal | undefined },
): Promise<readonly ValidatedExtents[]> {
  const { minimum } = connection.blockSize;
  const wholeBlocks = Math.min(connection.size, Math.ceil(end / minimum) * minimum);
  return connection.blockStatus(position, wholeBlocks - position, { contexts, ...how });
}

/** Offset in the export where what a list says can be taken up: the next request must begin at a block. */
function reachOf(
  list: ValidatedExtents,
  position: number,
  { blockSize, size, subject }: NbdConnection,
): number {
  let reached = position + list.covered;
  if (reached < size) reached -= reached % blockSize.minimum;
  if (reached <= position) throw noProgress(position, subject);
  return reached;
}

function noProgress(position: number, subject: string): NbdError {
  const what = `the server described less than one block at ${formatOffset(position)}`;
  return fatalError('NBD_NO_PROGRESS', what, subject, BROKEN_SERVER_ADVICE);
}

function rawExtents({ contextIndex, wide, payload }: ValidatedExtents): StatusList {
  return { contextIndex, wide, payload };
}

/** Where contexts can be asked for alone: the surplus of the longer lists is kept and only those that lag are asked. */
class FilteredSource implements StatusSource {
  readonly #connection: NbdConnection;
  readonly #contexts: readonly number[];
  readonly #readers: readonly ContextReader[];

  constructor(connection: NbdConnection, contexts: readonly number[]) {
    this.#connection = connection;
    this.#contexts = contexts;
    this.#readers = contexts.map(() => new ContextReader());
  }

  clear(): void {
    for (const reader of this.#readers) reader.clear();
  }

  async next(
    position: number,
    end: number,
    inFlight: number,
    signal: AbortSignal | undefined,
  ): Promise<StatusBatch> {
    const readers = this.#readers;
    const lagging = [...readers.keys()].filter(i => (readers[i] as ContextReader).end <= position);
    if (lagging.length > 0) {
      const indexes = lagging.map(i => this.#contexts[i] as number);
      const lists = await ask(this.#connection, indexes, position, end, { inFlight, signal });
      lagging.forEach((reader, i) => {
        const list = lists[i] as ValidatedExtents;
        (readers[reader] as ContextReader).begin(list, reachOf(list, position, this.#connection));
      });
    }
    const covered = Math.min(end, ...readers.map(reader => reader.end)) - position;
    return { offset: position, covered, lists: readers.map(reader => reader.take(position, covered)) };
  }
}

/** One context's list, and how much of it was delivered already. */
class ContextReader {
  /** Offset in the export where the list ends. */
  end = -1;
  #list: ValidatedExtents | undefined;
  /** Byte index of the entry at the walk's position, and how many bytes of that entry are behind it. */
  #at = 0;
  #used = 0;

  begin(list: ValidatedExtents, end: number): void {
    this.#list = list;
    this.end = end;
    this.#at = 0;
    this.#used = 0;
  }

  clear(): void {
    this.#list = undefined;
    this.end = -1;
  }

  /** The next `covered` bytes; what is left stays. Each entry is copied at most once. */
  take(position: number, covered: number): StatusList {
    const list = this.#list as ValidatedExtents;
    if (this.#at === 0 && this.#used === 0 && this.end <= position + covered) {
      this.#list = undefined;
      return rawExtents(list);
    }
    const { contextIndex, wide, payload } = list;
    const from = this.#at;
    const behind = this.#used;
    const cursor = new StatusCursor(list);
    cursor.at = from;
    const firstLength = cursor.length();
    let wanted = behind + covered;
    for (; cursor.length() < wanted; cursor.advance()) wanted -= cursor.length();
    const isFinished = cursor.length() === wanted;
    const last = cursor.at;
    cursor.advance();
    const slice = { contextIndex, wide, payload: payload.slice(from, cursor.at) };
    if (behind > 0) setFirstLength(slice, firstLength - behind);
    this.#at = isFinished ? cursor.at : last;
    this.#used = isFinished ? 0 : wanted;
    return slice;
  }
}
