/**
 * The requests of a walk: which ranges are asked for, in which pieces, and how many of them ahead of the walk's position.
 *
 *   position                                  frontier             end
 *   [asked, front][asked][  gap  ][asked][asked)....................)
 *
 * Segments follow each other without gaps in what they cover; a reply that falls short leaves a segment to be asked
 * again, and what lies behind it waits. At a pace of one this is one request after another.
 */
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import type { NbdConnection } from '../client/connection.ts';
import { createPace, mostRequested } from './request-window.ts';
import type { StatusSource } from './status-source.ts';

/** A range of the walk, in bytes, whose answer is on its way. */
export interface AskedRange {
  readonly start: number;
  readonly end: number;
  readonly answer: Promise<StatusBatch>;
}

/** The requests of one walk. */
export interface LookAhead {
  /** The range at the walk's position, asked for, and others behind it as the pace allows; undefined at the end. */
  front(): AskedRange | undefined;
  /** The front has been dealt with for this many bytes, in a reply with so many entries for a context. */
  advance(covered: number, entries: number): void;
  /** Cuts the front in two at a multiple of `granularity`, to be asked again; false where there is none inside. */
  halve(granularity: number): boolean;
}

interface Segment {
  readonly start: number;
  readonly end: number;
  /** A part of a range that failed: its borders tell where not to ask across. */
  readonly failed: boolean;
  readonly answer?: Promise<StatusBatch>;
}

/** Largest compact request that is a multiple of every block size. */
const COMPACT_REQUEST = 2 ** 32 - 2 ** 16;
/** Largest extended request: a reply after at most this much keeps progress visible and bisecting cheap. */
const WIDE_REQUEST = 2 ** 36;

/** Entries for a context in a reply that is long, and in one so short that twice the range may be asked about. */
const LONG_REPLY = 8192;
const SHORT_REPLY = 2048;

/** What a walk asks about: [start, end), in requests cut at multiples of `grain`. */
interface Bounds {
  readonly start: number;
  readonly end: number;
  /** The smallest piece given up on. */
  readonly grain: number;
  /** Bytes asked about at first, and at most while replies are long. */
  readonly firstRequest: number;
}

/** The requests for a part of an export. */
export function createLookAhead(
  connection: NbdConnection,
  source: StatusSource,
  { start, end, grain, firstRequest }: Bounds,
  signal: AbortSignal | undefined,
): LookAhead {
  const most = connection.extendedHeaders ? WIDE_REQUEST : COMPACT_REQUEST;
  let limit = Math.min(firstRequest, most);
  const pace = createPace(connection);
  const queue: Segment[] = [];
  let frontier = start;
  let inFlight = 0;
  /** Length that replies are expected to cover. */
  let reach = limit;

  function asked({ start: from, end: to, failed }: Segment): Segment & AskedRange {
    const sent = performance.now();
    const answer = source.next(from, to, pace.inFlight, signal);
    const settled = () => {
      inFlight--;
      pace.answered(sent, performance.now());
    };
    inFlight++;
    answer.then(settled, settled);
    return { start: from, end: to, failed, answer };
  }

  /** Sees that the queue has a segment of about `length` bytes at `at`; false at the end of the walk. */
  function present(at: number, length: number): boolean {
    const segment = queue[at];
    if (segment === undefined) {
      if (frontier >= end) return false;
      const next = Math.min(end, borderIn(frontier, length));
      queue.push({ start: frontier, end: next, failed: false });
      frontier = next;
    } else if (segment.answer === undefined) {
      const border = borderIn(segment.start, length);
      if (border < segment.end)
        queue.splice(at, 1, { ...segment, end: border }, { ...segment, start: border });
    }
    return true;
  }

  function borderIn(from: number, length: number): number {
    const border = from + Math.max(length, grain);
    return border - (border % grain);
  }

  return {
    front() {
      const abreast = pace.inFlight;
      const length = abreast === 1 ? limit : reach;
      let open = queue.filter(segment => segment.answer !== undefined).length;
      // The front is asked whatever waits behind it: the pace may have slowed down.
      for (let at = 0; at === 0 || (inFlight < abreast && open < mostRequested(abreast)); at++) {
        if (!present(at, length)) break;
        const segment = queue[at] as Segment;
        if (segment.answer !== undefined) continue;
        queue[at] = asked(segment);
        open++;
      }
      return queue[0] as AskedRange | undefined;
    },

    advance(covered, entries) {
      if (entries > LONG_REPLY) limit = Math.min(limit, Math.max(firstRequest, limit / 2));
      else if (entries < SHORT_REPLY) limit = Math.min(most, 2 * limit);
      const { start: from, end: to, failed } = queue.shift() as Segment;
      const reached = from + covered;
      reach = reached < to ? covered : Math.min(limit, Math.max(reach, 2 * covered));
      if (reached >= to) return;
      if (queue.length === 0 && !failed) frontier = reached;
      else queue.unshift({ start: reached, end: to, failed });
    },

    halve(granularity) {
      const { start: from, end: to } = queue[0] as Segment;
      source.clear();
      const middle = splitAt(from, to, granularity);
      if (middle === undefined) return false;
      const halves = [
        { start: from, end: middle, failed: true },
        { start: middle, end: to, failed: true },
      ];
      queue.splice(0, 1, ...halves);
      return true;
    },
  };
}

/** A multiple of `granularity` near the middle of [from, to), or undefined when there is none inside. */
function splitAt(from: number, to: number, granularity: number): number | undefined {
  const half = (from + to) / 2;
  let middle = half - (half % granularity);
  if (middle <= from) middle = from - (from % granularity) + granularity;
  return middle < to ? middle : undefined;
}
