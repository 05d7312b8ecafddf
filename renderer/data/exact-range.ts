/** The one range of an axis of which exact entries are loaded. */
import type { Viewport } from '../axis/viewport.ts';
import type { AxisEntries, EntriesAnswer } from './axis-source.ts';

/** Exact entries of [start, end) of every track. */
export interface ExactEntries<E extends AxisEntries> {
  readonly start: number;
  readonly end: number;
  /** By track id. */
  readonly tracks: readonly (E | undefined)[];
}

/** Refused ranges kept; the oldest is forgotten first. */
const MAX_REFUSALS = 32;

/** The range that is loaded, and the ranges that hold too many entries to request. */
export class ExactRange<E extends AxisEntries> {
  #entries: ExactEntries<E> | undefined;
  #isStale = false;
  #refusals: readonly Viewport[] = [];

  /** What is loaded, fresh or stale. */
  get(): ExactEntries<E> | undefined {
    return this.#entries;
  }

  /** Replaces what is loaded. `stale` if it was outdated when it arrived. */
  put(start: number, answer: Extract<EntriesAnswer<E>, { tooMany: false }>, stale: boolean): void {
    const tracks: E[] = [];
    for (const track of answer.tracks) tracks[track.track] = track;
    this.#entries = { start, end: answer.end, tracks };
    this.#isStale = stale;
  }

  /** True if every byte of the viewport is loaded. */
  covers(view: Viewport): boolean {
    const entries = this.#entries;
    return (
      entries !== undefined && entries.start <= Math.max(0, view.start) && entries.end >= Math.floor(view.end)
    );
  }

  /** True if something in the loaded range was read again since. */
  stale(): boolean {
    return this.#isStale;
  }

  /** Marks the loaded range as stale if it touches [start, end), and forgets the refusals that do. */
  invalidate(start: number, end: number): void {
    if (this.#entries !== undefined && this.#entries.start < end && this.#entries.end > start)
      this.#isStale = true;
    this.#refusals = this.#refusals.filter(refusal => refusal.end <= start || refusal.start >= end);
  }

  /** Drops the loaded range if it is stale. Returns whether it did. */
  dropStale(): boolean {
    if (!this.#isStale || this.#entries === undefined) return false;
    this.#entries = undefined;
    return true;
  }

  /** Remembers that a range holds too many entries. */
  refuse(view: Viewport): void {
    this.#refusals = [...this.#refusals, view].slice(-MAX_REFUSALS);
  }

  /** True if a range contains one that holds too many entries. */
  isRefused({ start, end }: Viewport): boolean {
    return this.#refusals.some(
      refusal => refusal.start >= Math.floor(start) && refusal.end <= Math.ceil(end),
    );
  }
}
