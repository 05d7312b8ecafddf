/**
 * Walks the status of a range of an export from start to end.
 */
import { errorRecord } from '../../../shared/error.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { entryCount } from '../../../shared/extent/status-cursor.ts';
import type { NbdConnection } from '../client/connection.ts';
import { cancelled, NbdError, noStatus } from '../errors.ts';
import { ERRNO } from '../wire/protocol.ts';
import { DamageSearch } from './damage-search.ts';
import { DetailLimit } from './detail-limit.ts';
import { PipelinedStatus } from './pipelined-status.ts';
import { createStatusSource } from './status-source.ts';

/** What to walk. Offsets in bytes. */
export interface WalkRange {
  /** Default 0. A multiple of the minimum block size. */
  readonly start?: number;
  /** Default: the size of the export. */
  readonly end?: number;
  /** Indexes in the connection's contexts; default all of them. */
  readonly contexts?: readonly number[];
  /** Smallest piece, in bytes, that is given up on: the cluster size, a power of two. Default 64 KiB; never below a block. */
  readonly granularity?: number;
  /**
   * Bytes asked about in one request at first, and for as long as replies are long, so that none keeps this thread.
   * Default: what the protocol allows.
   */
  readonly firstRequest?: number;
  /** Shared by several walks over one export. Default: limits for this walk, with its granularity. */
  readonly limits?: WalkLimits;
}

/** Receives a batch. What it returns is awaited before the batch after the next one is asked for. */
export type OnBatch = (batch: StatusBatch) => void | Promise<void>;

/** What a walk has spent on a server so far. */
export interface WalkLimits {
  readonly search: DamageSearch;
  readonly fineness: DetailLimit;
}

/** Limits for a walk over this connection that gives up no piece smaller than `granularity` or a block. */
export function createWalkLimits(
  connection: NbdConnection,
  granularity = DEFAULT_GRANULARITY_BYTES,
): WalkLimits {
  const finest = Math.max(granularity, connection.blockSize.minimum);
  return { search: new DamageSearch(finest), fineness: new DetailLimit() };
}

const DEFAULT_GRANULARITY_BYTES = 65_536;

/**
 * Delivers the status of the range in ascending order without gaps or overlaps; resolves when all was delivered.
 *
 * How many requests are in flight: see {@link RequestWindow}. Contexts of unequal coverage: see {@link createStatusSource}.
 * EIO: the range is halved until a piece of `granularity` fails alone, which is delivered as unreadable. The search for
 * bad pieces is bounded: see {@link DamageSearch}. Rejects with an NbdError for everything else (NBD_NO_PROGRESS,
 * TOO_MANY_EXTENTS, CANCELLED, what ended the connection) or with what `onBatch` threw. While a batch is being taken,
 * the next request is already in flight.
 */
export async function walkBlockStatus(
  connection: NbdConnection,
  range: WalkRange,
  onBatch: OnBatch,
  signal?: AbortSignal,
): Promise<void> {
  const { contexts = connection.contexts.map((_, i) => i), firstRequest = Number.POSITIVE_INFINITY } = range;
  const { subject } = connection;
  if (contexts.length === 0) throw noStatus(subject);
  const { search, fineness } = range.limits ?? createWalkLimits(connection, range.granularity);
  const bounds = {
    start: range.start ?? 0,
    end: Math.min(range.end ?? connection.size, connection.size),
    grain: search.finest,
    firstRequest,
  };
  const source = createStatusSource(connection, contexts);
  const requests = new PipelinedStatus(connection, source, bounds, signal);
  let delivering: Promise<void> = Promise.resolve();

  async function isReadable({
    start,
    end,
  }: {
    readonly start: number;
    readonly end: number;
  }): Promise<boolean> {
    const asked = performance.now();
    try {
      await source.next(start, end, 1, signal);
      return true;
    } catch (error) {
      if (!isReadError(error)) throw error;
      search.failed(performance.now() - asked);
      return false;
    } finally {
      source.clear();
    }
  }

  for (;;) {
    if (signal?.aborted) throw cancelled(subject);
    const front = requests.front();
    if (front === undefined) break;
    const asked = performance.now();
    let batch: StatusBatch;
    try {
      batch = await front.answer;
      search.succeeded();
      fineness.add(entriesOf(batch), batch.covered, subject);
    } catch (error) {
      if (signal?.aborted) throw cancelled(subject);
      if (!isReadError(error)) {
        await delivering; // what has come before the failure counts as covered
        throw error;
      }
      const milliseconds = performance.now() - asked;
      search.failed(milliseconds);
      if (!search.isOver) {
        if (requests.halve(search.piece)) continue;
        // A run of bad pieces ends inside this one if its end is readable: it is searched again as finely as may be.
        if (search.isCoarse(front.end - front.start) && (await isReadable(lastPiece(front, bounds.grain)))) {
          search.succeeded();
          if (requests.halve(search.piece)) continue;
        }
      }
      search.gaveUp(milliseconds);
      const { start, end } = requests.giveUp(search.piece, search.isOver);
      const unreadable = errorRecord(error);
      const isGivenUp = search.isCoarse(end - start);
      batch = { offset: start, covered: end - start, lists: [], unreadable, ...(isGivenUp && { isGivenUp }) };
    }
    requests.advance(batch);
    await delivering;
    delivering = deliver(onBatch, batch);
    delivering.catch(() => {}); // seen where it is awaited
  }
  await delivering;
}

function isReadError(error: unknown): boolean {
  return error instanceof NbdError && error.errno === ERRNO.EIO;
}

/** The last piece of `grain` bytes in a range, or what there is of it. */
function lastPiece({ start, end }: { readonly start: number; readonly end: number }, grain: number) {
  return { start: Math.max(start, end - 1 - ((end - 1) % grain)), end };
}

/** Entries of the context that has most of them. */
function entriesOf({ lists }: StatusBatch): number {
  return Math.max(0, ...lists.map(list => entryCount(list)));
}

async function deliver(onBatch: OnBatch, batch: StatusBatch): Promise<void> {
  await onBatch(batch);
}
