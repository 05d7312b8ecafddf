/** A set of numbers kept as sorted ranges that neither touch nor overlap: offsets that are damaged, pages that were read. */
import type { Range } from './model/finding.ts';

const ROOM = 8;

/** Ranges of whole numbers from 0 to 2^53 - 1. Adding in ascending order takes constant time. */
export class RangeSet {
  readonly #limit: number;
  #starts = new Float64Array(ROOM);
  #ends = new Float64Array(ROOM);
  #count = 0;
  #grain = 1;

  /**
   * A set of more than `limit` ranges becomes coarse: bounds move outward to multiples of a power of two, the smallest
   * one that leaves at most half of the limit.
   */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Number of ranges. */
  get count(): number {
    return this.#count;
  }

  /** False once the set holds more than was added, because it has too many ranges. */
  get isExact(): boolean {
    return this.#grain === 1;
  }

  /** Adds [start, start + length); nothing where the length is 0. */
  add(start: number, length: number): void {
    if (length <= 0 || this.#extendsLast(start, start + length)) return;
    this.#insert(
      Math.floor(start / this.#grain) * this.#grain,
      Math.ceil((start + length) / this.#grain) * this.#grain,
    );
    while (this.#count > this.#limit) this.#coarsen();
  }

  /** True if `value` is in the set. */
  has(value: number): boolean {
    return this.touches(value, value + 1);
  }

  /** True if any number of [start, end) is in the set. */
  touches(start: number, end: number): boolean {
    const at = this.#firstEndingAfter(start);
    return at < this.#count && (this.#starts[at] as number) < end && start < end;
  }

  /** True if every number of [start, end) is in the set. */
  covers(start: number, end: number): boolean {
    const at = this.#firstEndingAfter(start);
    return at < this.#count && (this.#starts[at] as number) <= start && (this.#ends[at] as number) >= end;
  }

  /** The end of the range that `value` is in; `value` where it is in none. */
  endFrom(value: number): number {
    const at = this.#firstEndingAfter(value);
    return at < this.#count && (this.#starts[at] as number) <= value ? (this.#ends[at] as number) : value;
  }

  /** The lowest start of a range above `from`, or the highest below it where `backwards`; -1 where there is none. */
  nextStart(from: number, backwards: boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((this.#starts[mid] as number) > from || (backwards && this.#starts[mid] === from)) high = mid;
      else low = mid + 1;
    }
    const at = backwards ? low - 1 : low;
    return at < 0 || at >= this.#count ? -1 : (this.#starts[at] as number);
  }

  /** The first `most` ranges, ascending. */
  ranges(most = Number.POSITIVE_INFINITY): Range[] {
    return Array.from({ length: Math.min(most, this.#count) }, (_, i) => {
      const start = this.#starts[i] as number;
      return [start, (this.#ends[i] as number) - start];
    });
  }

  /** Keeps the first `most` ranges. */
  truncate(most: number): void {
    this.#count = Math.min(most, this.#count);
  }

  /** Index of the first range that ends after `value`. */
  #firstEndingAfter(value: number): number {
    let low = 0;
    let high = this.#count;
    if (high > 0 && (this.#ends[high - 1] as number) <= value) return high;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((this.#ends[mid] as number) > value) high = mid;
      else low = mid + 1;
    }
    return low;
  }

  /** Adds what begins within the last range or where it ends, as nearly all that is added does; false for the rest. */
  #extendsLast(start: number, end: number): boolean {
    const last = this.#count - 1;
    if (last < 0 || this.#grain > 1) return false;
    const lastEnd = this.#ends[last] as number;
    if (start > lastEnd || start < (this.#starts[last] as number)) return false;
    if (end > lastEnd) this.#ends[last] = end;
    return true;
  }

  #insert(start: number, end: number): void {
    const first = this.#firstEndingAfter(start - 1); // a range that ends where this one starts joins it
    let last = first;
    while (last < this.#count && (this.#starts[last] as number) <= end) last++;
    if (last > first) {
      this.#starts[first] = Math.min(start, this.#starts[first] as number);
      this.#ends[first] = Math.max(end, this.#ends[last - 1] as number);
      this.#move(last, first + 1);
      return;
    }
    if (this.#count === this.#starts.length) this.#grow();
    this.#move(first, first + 1);
    this.#starts[first] = start;
    this.#ends[first] = end;
  }

  /** Moves the ranges from index `from` on to index `to`, and changes the count by as many. */
  #move(from: number, to: number): void {
    if (from === to) return;
    this.#starts.copyWithin(to, from, this.#count);
    this.#ends.copyWithin(to, from, this.#count);
    this.#count += to - from;
  }

  #grow(): void {
    const size = this.#starts.length * 2;
    const starts = new Float64Array(size);
    const ends = new Float64Array(size);
    starts.set(this.#starts);
    ends.set(this.#ends);
    this.#starts = starts;
    this.#ends = ends;
  }

  /** Doubles the grain until at most half of the limit is left. */
  #coarsen(): void {
    do {
      this.#grain *= 2;
      let kept = 0;
      for (let i = 0; i < this.#count; i++) {
        const start = Math.floor((this.#starts[i] as number) / this.#grain) * this.#grain;
        const end = Math.ceil((this.#ends[i] as number) / this.#grain) * this.#grain;
        if (kept > 0 && start <= (this.#ends[kept - 1] as number)) this.#ends[kept - 1] = end;
        else {
          this.#starts[kept] = start;
          this.#ends[kept] = end;
          kept++;
        }
      }
      this.#count = kept;
    } while (this.#count > this.#limit / 2);
  }
}
