/**
 * The requests of a walk: which ranges are asked for, in which pieces, and how many of them ahead of the walk's position.
 *
 *   position                                  frontier             end
 *   [asked, front][asked][  gap  ][asked][asked)....................)
 *
 * Segments follow each other without gaps. A reply that falls short leaves a segment to be asked again, and what lies
 * behind it waits. With a request window of one this is one request after another.
 */
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { entryCount } from '../../../shared/extent/status-cursor.ts';
import type { NbdConnection } from '../client/connection.ts';
import { FAR_ROUND_TRIP_MS, mostRequested, RequestWindow } from './request-window.ts';
import type { StatusSource } from './status-source.ts';

/** A range of the walk, in bytes, whose answer is on its way. */
export interface AskedRange {
  readonly start: number;
  readonly end: number;
  readonly answer: Promise<StatusBatch>;
}

/** What a walk asks about: [start, end), in requests cut at multiples of `grain`. */
export interface WalkBounds {
  readonly start: number;
  readonly end: number;
  /** The smallest piece that is given up. */
  readonly grain: number;
  /** Bytes asked about at first, and at most while replies are long. */
  readonly firstRequest: number;
}

interface Segment {
  readonly start: number;
  readonly end: number;
  /** A part of a range that failed. No request crosses its borders. */
  readonly isFailed: boolean;
  readonly answer?: Promise<StatusBatch>;
}

/** Largest compact request that is a multiple of every block size. */
const COMPACT_REQUEST_BYTES = 2 ** 32 - 2 ** 16;
/** Largest extended request: a reply after at most this much keeps progress visible and bisecting cheap. */
const WIDE_REQUEST_BYTES = 2 ** 36;

/**
 * What a server close by is asked about first, in bytes; each request after that may be four times as long. The first
 * replies are taken by code that is not compiled yet: it is while the server works on the next. Where a reply has few
 * entries there is nothing to compile for.
 */
const FIRST_NEAR_REQUEST_BYTES = 2 ** 26;
const NEAR_GROWTH = 4;
const FEW_ENTRIES = 256;

/** Entries of a context in a reply that is long, and in one so short that twice the range may be asked about. */
const LONG_REPLY_ENTRIES = 8192;
const SHORT_REPLY_ENTRIES = 2048;
/** Bytes of a reply that is so large that less is asked about: many contexts of many extents each. */
const LARGE_REPLY_BYTES = 2 ** 24;

/** The requests of one walk. */
export class PipelinedStatus {
  readonly #source: StatusSource;
  readonly #bounds: WalkBounds;
  readonly #signal: AbortSignal | undefined;
  readonly #window: RequestWindow;
  /** Largest request, and the largest one asked at present. */
  readonly #most: number;
  #limit: number;
  /** Largest request while a walk close by begins. */
  #opening: number;
  readonly #queue: Segment[] = [];
  #frontier: number;
  #inFlight = 0;
  /** Bytes that replies are expected to cover. */
  #reach: number;

  constructor(
    connection: NbdConnection,
    source: StatusSource,
    bounds: WalkBounds,
    signal: AbortSignal | undefined,
  ) {
    this.#source = source;
    this.#bounds = bounds;
    this.#signal = signal;
    this.#window = new RequestWindow(connection);
    this.#most = connection.extendedHeaders ? WIDE_REQUEST_BYTES : COMPACT_REQUEST_BYTES;
    this.#limit = Math.min(bounds.firstRequest, this.#most);
    this.#opening = connection.roundTrip < FAR_ROUND_TRIP_MS ? FIRST_NEAR_REQUEST_BYTES : this.#most;
    this.#reach = this.#limit;
    this.#frontier = bounds.start;
  }

  /** The range at the walk's position. It is asked for, and so are as many behind it as may be; undefined at the end. */
  front(): AskedRange | undefined {
    const queue = this.#queue;
    const abreast = this.#window.inFlight;
    const length = abreast === 1 ? Math.min(this.#limit, this.#opening) : this.#reach;
    let open = queue.filter(segment => segment.answer !== undefined).length;
    // The front is asked whatever waits behind it: the window may have become smaller.
    for (let at = 0; at === 0 || (this.#inFlight < abreast && open < mostRequested(abreast)); at++) {
      if (!this.#present(at, length)) break;
      const segment = queue[at] as Segment;
      if (segment.answer !== undefined) continue;
      queue[at] = this.#ask(segment);
      open++;
    }
    return queue[0] as AskedRange | undefined;
  }

  /** The front has been dealt with: a batch of its first bytes came. */
  advance({ covered, lists }: StatusBatch): void {
    const entries = Math.max(0, ...lists.map(list => entryCount(list)));
    const bytes = lists.reduce((sum, { payload }) => sum + payload.byteLength, 0);
    this.#opening = entries < FEW_ENTRIES ? this.#most : Math.min(this.#most, this.#opening * NEAR_GROWTH);
    if (bytes > LARGE_REPLY_BYTES) this.#limit = Math.max(this.#bounds.grain, this.#limit / 2);
    else if (entries > LONG_REPLY_ENTRIES)
      this.#limit = Math.min(this.#limit, Math.max(this.#bounds.firstRequest, this.#limit / 2));
    else if (entries < SHORT_REPLY_ENTRIES) this.#limit = Math.min(this.#most, 2 * this.#limit);
    const { start, end, isFailed } = this.#queue.shift() as Segment;
    const reached = start + covered;
    this.#reach = reached < end ? covered : Math.min(this.#limit, Math.max(this.#reach, 2 * covered));
    if (reached >= end) return;
    if (this.#queue.length === 0 && !isFailed) this.#frontier = reached;
    else this.#queue.unshift({ start: reached, end, isFailed });
  }

  /** Cuts the front in two at a multiple of `granularity`, to be asked again; false where there is none inside. */
  halve(granularity: number): boolean {
    const { start, end } = this.#queue[0] as Segment;
    this.#source.clear();
    const middle = splitAt(start, end, granularity);
    if (middle === undefined) return false;
    this.#queue.splice(0, 1, { start, end: middle, isFailed: true }, { start: middle, end, isFailed: true });
    return true;
  }

  /**
   * The range to give up, now that the front has failed: the front, or all of a piece that is larger than any request, or
   * everything that is left. It becomes the front; what else it covers is not asked.
   */
  giveUp(piece: number, isEverything: boolean): { readonly start: number; readonly end: number } {
    const queue = this.#queue;
    const front = queue.shift() as Segment;
    const { start } = front;
    let { end } = front;
    if (isEverything) end = this.#bounds.end;
    else if (piece > this.#most) end = Math.min(this.#bounds.end, start - (start % piece) + piece);
    while ((queue[0]?.end ?? Number.POSITIVE_INFINITY) <= end) queue.shift();
    const next = queue[0];
    if (next !== undefined && next.start < end)
      queue[0] = { start: end, end: next.end, isFailed: next.isFailed };
    this.#frontier = Math.max(this.#frontier, end);
    queue.unshift({ start, end, isFailed: true });
    return { start, end };
  }

  #ask({ start, end, isFailed }: Segment): Segment & AskedRange {
    const sent = performance.now();
    const answer = this.#source.next(start, end, this.#window.inFlight, this.#signal);
    const settled = () => {
      this.#inFlight--;
      this.#window.answered(sent, performance.now());
    };
    this.#inFlight++;
    answer.then(settled, settled);
    return { start, end, isFailed, answer };
  }

  /** Ensures that the queue has a segment of about `length` bytes at index `at`; false at the end of the walk. */
  #present(at: number, length: number): boolean {
    const segment = this.#queue[at];
    if (segment === undefined) {
      if (this.#frontier >= this.#bounds.end) return false;
      const next = Math.min(this.#bounds.end, this.#borderAfter(this.#frontier, length));
      this.#queue.push({ start: this.#frontier, end: next, isFailed: false });
      this.#frontier = next;
    } else if (segment.answer === undefined) {
      const border = this.#borderAfter(segment.start, length);
      if (border < segment.end)
        this.#queue.splice(at, 1, { ...segment, end: border }, { ...segment, start: border });
    }
    return true;
  }

  #borderAfter(start: number, length: number): number {
    const { grain } = this.#bounds;
    const border = start + Math.max(length, grain);
    return border - (border % grain);
  }
}

/** A multiple of `granularity` near the middle of [from, to), or undefined when there is none inside. */
function splitAt(from: number, to: number, granularity: number): number | undefined {
  const half = (from + to) / 2;
  let middle = half - (half % granularity);
  if (middle <= from) middle = from - (from % granularity) + granularity;
  return middle < to ? middle : undefined;
}
