/**
 * Answers "what is the status from here to there?" with one batch, whatever lists a server's reply holds.
 */
import type { StatusBatch, StatusList } from '../../../shared/extent/status-batch.ts';
import { StatusCursor, setFirstLength } from '../../../shared/extent/status-cursor.ts';
import type { NbdConnection } from '../client/connection.ts';
import { fatalError, type NbdError } from '../errors.ts';
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
  /** Forgets what is kept: the next question is about another place. */
  clear(): void;
}

/** The source for these contexts (indexes in the connection's) of a connection. */
export function createStatusSource(connection: NbdConnection, contexts: readonly number[]): StatusSource {
  return connection.statusFilter ? lanesOf(connection, contexts) : wholeReplies(connection, contexts);
}

/** Where nothing less than everything can be asked for: a batch ends with the shortest list, the surplus is dropped. */
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
  const what = `the server described less than one block at ${position}`;
  const advice = 'the server broke the NBD protocol; try another server or a newer version of it';
  return fatalError('NBD_NO_PROGRESS', what, subject, advice);
}

function rawExtents({ contextIndex, wide, payload }: ValidatedExtents): StatusList {
  return { contextIndex, wide, payload };
}

/** One context's list, and how much of it was delivered already. */
interface Lane {
  list: ValidatedExtents | undefined;
  /** Offset in the export where the list ends. */
  end: number;
  /** Index of the byte where the entry at the walk's position begins, and how much of that entry is behind it. */
  at: number;
  used: number;
}

/** Where contexts can be asked for alone: the surplus of the longer lists is kept and only those that lag are asked. */
function lanesOf(connection: NbdConnection, contexts: readonly number[]): StatusSource {
  const lanes: Lane[] = contexts.map(() => ({ list: undefined, end: -1, at: 0, used: 0 }));

  return {
    clear() {
      for (const lane of lanes) {
        lane.list = undefined;
        lane.end = -1;
      }
    },
    async next(position, end, inFlight, signal) {
      const lagging = [...lanes.keys()].filter(i => (lanes[i] as Lane).end <= position);
      if (lagging.length > 0) {
        const indexes = lagging.map(i => contexts[i] as number);
        const lists = await ask(connection, indexes, position, end, { inFlight, signal });
        lagging.forEach((lane, i) => {
          const list = lists[i] as ValidatedExtents;
          lanes[lane] = { list, end: reachOf(list, position, connection), at: 0, used: 0 };
        });
      }
      const covered = Math.min(end, ...lanes.map(lane => lane.end)) - position;
      return { offset: position, covered, lists: lanes.map(lane => take(lane, position, covered)) };
    },
  };
}

/** The next `covered` bytes of a lane; what is left stays in it. Each entry is copied at most once. */
function take(lane: Lane, position: number, covered: number): StatusList {
  const list = lane.list as ValidatedExtents;
  if (lane.at === 0 && lane.used === 0 && lane.end <= position + covered) {
    lane.list = undefined;
    return rawExtents(list);
  }
  const { contextIndex, wide, payload } = list;
  const cursor = new StatusCursor(list);
  cursor.at = lane.at;
  const from = lane.at;
  const before = lane.used;
  const first = cursor.length();
  let wanted = before + covered;
  for (; cursor.length() < wanted; cursor.advance()) wanted -= cursor.length();
  const isFinished = cursor.length() === wanted;
  const last = cursor.at;
  cursor.advance();
  const slice = { contextIndex, wide, payload: payload.slice(from, cursor.at) };
  if (before > 0) setFirstLength(slice, first - before);
  lane.at = isFinished ? cursor.at : last;
  lane.used = isFinished ? 0 : wanted;
  return slice;
}
