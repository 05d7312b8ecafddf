/**
 * Walks the status of a range of an export from start to end.
 */
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { entryCount } from '../../../shared/extent/status-cursor.ts';
import type { NbdConnection } from '../client/connection.ts';
import { cancelled, NbdError, noStatus } from '../errors.ts';
import { ERRNO } from '../wire/protocol.ts';
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
}

/** Receives a batch. What it returns is awaited before the batch after the next one is asked for. */
export type OnBatch = (batch: StatusBatch) => void | Promise<void>;

/** Bad pieces in a row before they double in size, so that a dead disk costs few requests: the clusters of an L2 table. */
const BAD_RUN = 8192;

/**
 * Delivers the status of the range in ascending order without gaps or overlaps; resolves when all was delivered.
 *
 * How many requests are in flight: see {@link RequestWindow}. Contexts of unequal coverage: see {@link createStatusSource}.
 * EIO: the range is halved until a piece of `granularity` fails alone, which is delivered as unreadable (pieces grow
 * inside long runs of them). Rejects with an NbdError for everything else (NBD_NO_PROGRESS, CANCELLED, what ended the
 * connection) or with what `onBatch` threw. While a batch is being taken, the next request is already in flight.
 */
export async function walkBlockStatus(
  connection: NbdConnection,
  range: WalkRange,
  onBatch: OnBatch,
  signal?: AbortSignal,
): Promise<void> {
  const { start = 0, end = connection.size, contexts = connection.contexts.map((_, i) => i) } = range;
  if (contexts.length === 0) throw noStatus(connection.subject);
  const source = createStatusSource(connection, contexts);
  const finest = Math.max(range.granularity ?? 65_536, connection.blockSize.minimum);
  const firstRequest = range.firstRequest ?? Number.POSITIVE_INFINITY;
  const bounds = { start, end: Math.min(end, connection.size), grain: finest, firstRequest };
  const requests = new PipelinedStatus(connection, source, bounds, signal);
  let granularity = finest;
  let badRun = 0;
  let delivering: Promise<void> = Promise.resolve();

  for (;;) {
    if (signal?.aborted) throw cancelled(connection.subject);
    const front = requests.front();
    if (front === undefined) break;
    let batch: StatusBatch;
    try {
      batch = await front.answer;
      granularity = finest;
      badRun = 0;
    } catch (error) {
      if (signal?.aborted) throw cancelled(connection.subject);
      if (!(error instanceof NbdError) || error.errno !== ERRNO.EIO) {
        await delivering; // what has come before the failure counts as covered
        throw error;
      }
      if (requests.halve(granularity)) continue;
      const { code, what, subject, advice } = error;
      const covered = front.end - front.start;
      batch = { offset: front.start, covered, lists: [], unreadable: { code, what, subject, advice } };
      if (++badRun % BAD_RUN === 0) granularity *= 2;
    }
    requests.advance(batch.covered, entriesOf(batch));
    await delivering;
    delivering = deliver(onBatch, batch);
    delivering.catch(() => {}); // seen where it is awaited
  }
  await delivering;
}

/** Entries of the context that has most of them. */
function entriesOf({ lists }: StatusBatch): number {
  return Math.max(0, ...lists.map(list => entryCount(list)));
}

async function deliver(onBatch: OnBatch, batch: StatusBatch): Promise<void> {
  await onBatch(batch);
}
