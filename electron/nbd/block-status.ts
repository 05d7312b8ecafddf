/**
 * Walks the status of a range of an export from start to end, one request in flight: several at once make qemu's
 * table cache thrash (4 s became 206 s on 1 TiB), and a qemu server is one thread anyway.
 */
import type { StatusBatch, StatusList } from '../../shared/extent/status-batch.ts';
import type { NbdConnection } from './connection.ts';
import { cancelled, finalError, NbdError, noStatus } from './errors.ts';
import { ERRNO } from './protocol.ts';
import type { CheckedList } from './status-reply.ts';

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
}

/** Receives a batch. What it returns is awaited before the batch after the next one is asked for. */
export type OnBatch = (batch: StatusBatch) => void | Promise<void>;

/** Largest compact request that is a multiple of every block size. */
const COMPACT_REQUEST = 2 ** 32 - 2 ** 16;
/** Largest extended request: a reply after at most this much keeps progress visible and bisecting cheap. */
const WIDE_REQUEST = 2 ** 36;
/** Bad pieces in a row before they double in size, so that a dead disk costs few requests: the clusters of an L2 table. */
const BAD_RUN = 8192;

/**
 * Delivers the status of the range in ascending order without gaps or overlaps; resolves when all was delivered.
 *
 * Contexts of unequal coverage: a batch ends where the shortest list ends. Where the server can be asked for some
 * contexts alone, the surplus of the others is kept and only those that lag are asked; elsewhere it is asked again.
 * EIO: the range is halved until a piece of `granularity` fails alone, which is delivered as unreadable (pieces grow
 * inside long runs of them). Rejects with
 * an NbdError for everything else (NBD_NO_PROGRESS, NBD_CANCELLED, what ended the connection) or with what `onBatch`
 * threw. While a batch is being taken, the next request is already in flight.
 */
export async function walkBlockStatus(
  connection: NbdConnection,
  range: WalkRange,
  onBatch: OnBatch,
  signal?: AbortSignal,
): Promise<void> {
  const { start = 0, end = connection.size, contexts = connection.contexts.map((_, i) => i) } = range;
  const limit = connection.extendedHeaders ? WIDE_REQUEST : COMPACT_REQUEST;
  if (contexts.length === 0) throw noStatus(connection.subject);
  const lanes = createLanes(connection, contexts);
  const pieces = [Math.min(end, connection.size)]; // ends of the ranges being bisected, the nearest last
  const finest = Math.max(range.granularity ?? 65_536, connection.blockSize.minimum);
  let granularity = finest;
  let badRun = 0;
  let position = start;
  let delivering: Promise<void> = Promise.resolve();

  while (pieces.length > 0) {
    const pieceEnd = pieces.at(-1) as number;
    if (position >= pieceEnd) {
      pieces.pop();
      continue;
    }
    if (signal?.aborted) throw cancelled(connection.subject);
    const requestEnd = Math.min(pieceEnd, position + limit);
    let batch: StatusBatch;
    try {
      batch = await lanes.next(position, requestEnd, signal);
      granularity = finest;
      badRun = 0;
    } catch (error) {
      if (signal?.aborted) throw cancelled(connection.subject);
      if (!(error instanceof NbdError) || error.errno !== ERRNO.EIO) {
        await delivering; // what has come before the failure counts as covered
        throw error;
      }
      lanes.clear();
      const middle = splitAt(position, requestEnd, granularity);
      if (middle !== undefined) {
        if (requestEnd < pieceEnd) pieces.push(requestEnd);
        pieces.push(middle);
        continue;
      }
      const { code, what, subject, advice } = error;
      batch = {
        offset: position,
        covered: requestEnd - position,
        lists: [],
        unreadable: { code, what, subject, advice },
      };
      if (++badRun % BAD_RUN === 0) granularity *= 2;
    }
    position += batch.covered;
    await delivering;
    delivering = deliver(onBatch, batch);
    delivering.catch(() => {}); // seen where it is awaited
  }
  await delivering;
}

async function deliver(onBatch: OnBatch, batch: StatusBatch): Promise<void> {
  await onBatch(batch);
}

/** A multiple of `granularity` near the middle of [from, to), or undefined when there is none inside. */
function splitAt(from: number, to: number, granularity: number): number | undefined {
  const half = (from + to) / 2;
  let middle = half - (half % granularity);
  if (middle <= from) middle = from - (from % granularity) + granularity;
  return middle < to ? middle : undefined;
}

interface Lanes {
  /** The status from `position` on, at most to `end`. */
  next(position: number, end: number, signal: AbortSignal | undefined): Promise<StatusBatch>;
  /** Forgets what is kept. */
  clear(): void;
}

/** One context's list, and how much of it was delivered already. */
interface Lane {
  list: CheckedList | undefined;
  /** Offset in the export where the list ends. */
  end: number;
  /** Index of the byte where the entry at the walk's position begins, and how much of that entry is behind it. */
  at: number;
  used: number;
}

function createLanes(connection: NbdConnection, contexts: readonly number[]): Lanes {
  const { statusFilter, blockSize, size } = connection;
  const lanes: Lane[] = contexts.map(() => ({ list: undefined, end: -1, at: 0, used: 0 }));

  async function fill(position: number, end: number, signal: AbortSignal | undefined): Promise<void> {
    const lagging = [...lanes.keys()].filter(i => (lanes[i] as Lane).end <= position);
    if (lagging.length === 0) return;
    const asked = statusFilter ? lagging : [...lanes.keys()];
    const wholeBlocks = Math.min(size, Math.ceil(end / blockSize.minimum) * blockSize.minimum);
    const indexes = asked.map(i => contexts[i] as number);
    const reply = await connection.blockStatus(position, wholeBlocks - position, {
      contexts: indexes,
      signal,
    });
    asked.forEach((lane, i) => {
      const list = reply[i] as CheckedList;
      let reached = position + list.covered;
      if (reached < size) reached -= reached % blockSize.minimum; // the next request must begin at a block
      if (reached <= position) throw noProgress(position);
      lanes[lane] = { list, end: reached, at: 0, used: 0 };
    });
  }

  function noProgress(position: number): NbdError {
    const what = `the server described less than one block at ${position}`;
    const advice = 'the server broke the NBD protocol; try another server or a newer version of it';
    return finalError('NBD_NO_PROGRESS', what, connection.subject, advice);
  }

  function clear(): void {
    for (const lane of lanes) {
      lane.list = undefined;
      lane.end = -1;
    }
  }

  return {
    clear,
    async next(position, end, signal) {
      await fill(position, end, signal);
      const covered = Math.min(end, ...lanes.map(lane => lane.end)) - position;
      const lists = lanes.map(lane => (statusFilter ? take(lane, position, covered) : whole(lane)));
      if (!statusFilter) clear();
      return { offset: position, covered, lists };
    },
  };
}

/** The list of a lane as it came. */
function whole(lane: Lane): StatusList {
  const { contextIndex, wide, payload } = lane.list as CheckedList;
  return { contextIndex, wide, payload };
}

/** The next `covered` bytes of a lane; what is left stays in it. Each entry is copied at most once. */
function take(lane: Lane, position: number, covered: number): StatusList {
  const { contextIndex, wide, payload } = lane.list as CheckedList;
  if (lane.at === 0 && lane.used === 0 && lane.end <= position + covered) {
    lane.list = undefined;
    return { contextIndex, wide, payload };
  }
  const step = wide ? 16 : 8;
  const view = new DataView(payload.buffer);
  const lengthAt = (at: number) =>
    wide ? view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4) : view.getUint32(at);
  const from = lane.at;
  const before = lane.used;
  let wanted = before + covered;
  let at = from;
  while (lengthAt(at) < wanted) {
    wanted -= lengthAt(at);
    at += step;
  }
  const slice = payload.slice(from, at + step);
  if (before > 0) setLength(slice, wide, lengthAt(from) - before);
  const finished = lengthAt(at) === wanted;
  lane.at = finished ? at + step : at;
  lane.used = finished ? 0 : wanted;
  return { contextIndex, wide, payload: slice };
}

function setLength(entry: Uint8Array, wide: boolean, length: number): void {
  const view = new DataView(entry.buffer);
  if (wide) {
    view.setUint32(0, Math.floor(length / 2 ** 32));
    view.setUint32(4, length >>> 0);
  } else {
    view.setUint32(0, length);
  }
}
