/**
 * Fills a strip from exact extents. Borders between wide extents fall on whole device pixels; a pixel that a narrow extent
 * touches is shared by exactly what lies in it.
 */
import { bisectRight } from 'd3-array';
import { presentBits } from '../../extent/columns.ts';
import { PART_BITS, PARTS, topPart } from '../../extent/parts.ts';
import type { TrackExtents } from '../../model/track.ts';
import type { Viewport } from '../ticks.ts';
import { type ColumnStrip, MARKS, MIXED, solePart } from './column-strip.ts';

/** Device pixels from which an extent is wide: its border to another wide one is moved to the nearest pixel. */
const WIDE_PX = 2;
/** The smallest share of a pixel that is not rounded to nothing. */
const MIN_SHARE = 1 / 255;

/** Fills the columns that `extents` (up to offset `end`) cover, and returns them as [from, to). */
export function stripFromExtents(
  strip: ColumnStrip,
  { starts, words, owners }: TrackExtents,
  end: number,
  view: Viewport,
): readonly [number, number] {
  const first = starts[0];
  if (first === undefined) return [0, 0];
  const columnsPerByte = strip.width / (view.end - view.start);
  const columnOf = (offset: number) => (offset - view.start) * columnsPerByte;
  const borderOf = (i: number) => columnOf(starts[i] ?? end);
  const begin = Math.max(0, bisectRight(starts, view.start) - 1);
  const shared = new SharedColumn(strip);
  let from = borderOf(begin);
  let to = borderOf(begin + 1);
  let isWideBefore = true;
  let isWide = to - from >= WIDE_PX;
  for (let i = begin; i < starts.length && (starts[i] as number) < view.end; i++) {
    const next = borderOf(i + 2);
    const isWideAfter = i + 1 === starts.length || next - to >= WIDE_PX;
    const present = presentBits(words[i] as number);
    const owner = owners[i] ?? -1;
    const column = Math.floor(from);
    // Most extents are narrow where there are many of them, and most of those lie in one column.
    if (!isWide && from < to && from >= 0 && to <= column + 1 && column < strip.width)
      shared.addWithin(column, to - from, present, owner);
    else shared.add({ from, to, present, owner }, isWide && isWideBefore, isWide && isWideAfter);
    from = to;
    to = next;
    isWideBefore = isWide;
    isWide = isWideAfter;
  }
  shared.finish();
  const clip = (column: number) => Math.min(Math.max(Math.round(column), 0), strip.width);
  return [clip(columnOf(first)), clip(columnOf(end))];
}

/** An extent in device columns, which are fractions at its borders. */
interface ExtentColumns {
  readonly from: number;
  readonly to: number;
  readonly present: number;
  readonly owner: number;
}

/** Writes extents in ascending order into a strip, and collects what shares the column under way. */
class SharedColumn {
  readonly #strip: ColumnStrip;
  /** By part, of the column under way; 0 of every part that it has not. */
  readonly #widths = new Float64Array(PARTS.length);
  #column = -1;
  #present = 0;
  #runs = 0;
  #widest = 0;
  #owner = -1;

  constructor(strip: ColumnStrip) {
    this.#strip = strip;
  }

  /** Adds an extent whose borders to its neighbors are crisp, on whole pixels, or not. */
  add({ from, to, present, owner }: ExtentColumns, isCrispStart: boolean, isCrispEnd: boolean): void {
    const { width, part, runs, owners } = this.#strip;
    const whole = Math.max(0, isCrispStart ? Math.round(from) : Math.ceil(from));
    const rest = Math.min(width, isCrispEnd ? Math.round(to) : Math.floor(to));
    const middle = Math.floor((from + to) / 2);
    if (!isCrispStart && from < whole)
      this.#share(whole - 1, Math.min(to, whole) - from, middle, present, owner);
    if (whole < rest) {
      part.fill(solePart(present), whole, rest);
      this.#strip.present.fill(present, whole, rest);
      runs.fill(1, whole, rest);
      owners.fill(owner, whole, rest);
    }
    if (!isCrispEnd && rest < to && rest >= whole) this.#share(rest, to - rest, middle, present, owner);
  }

  /** Adds what shares `column` by `width` of it, all its marks with it. */
  addWithin(column: number, width: number, present: number, owner: number): void {
    if (column !== this.#column) this.#begin(column);
    const part = topPart(present & PART_BITS);
    this.#widths[part] = (this.#widths[part] as number) + width;
    this.#present |= present;
    this.#runs++;
    if (width <= this.#widest) return;
    this.#widest = width;
    this.#owner = owner;
  }

  /** Writes the last column that is shared. */
  finish(): void {
    const column = this.#column;
    if (column < 0 || column >= this.#strip.width || this.#runs === 0) return;
    const { part, present, runs, owners } = this.#strip;
    const sole = solePart(this.#present);
    part[column] = sole;
    present[column] = this.#present;
    runs[column] = this.#runs;
    owners[column] = this.#owner;
    if (sole === MIXED) this.#writeShares(column * PARTS.length);
  }

  /**
   * Adds a part of a column. What is narrower than a pixel has its marks in the column of its middle alone, and less of it
   * than that smallest share in another one is left out: a lone mark is one pixel wide.
   */
  #share(column: number, width: number, middle: number, present: number, owner: number): void {
    if (column === middle) this.addWithin(column, width, present, owner);
    else if (width >= MIN_SHARE) this.addWithin(column, width, present & ~MARKS, owner);
  }

  /** Writes the column under way and begins another one. */
  #begin(column: number): void {
    this.finish();
    for (let bits = this.#present & PART_BITS; bits !== 0; bits &= bits - 1) this.#widths[topPart(bits)] = 0;
    this.#column = column;
    this.#present = 0;
    this.#runs = 0;
    this.#widest = 0;
  }

  #writeShares(at: number): void {
    const { shares } = this.#strip;
    const parts = this.#present & PART_BITS;
    let total = 0;
    for (let bits = parts; bits !== 0; bits &= bits - 1) total += this.#widths[topPart(bits)] as number;
    let sum = 0;
    let given = 0;
    for (let bits = parts; bits !== 0; bits &= bits - 1) {
      const part = topPart(bits);
      sum += this.#widths[part] as number;
      const share = Math.max(1, Math.round((sum / total) * 255) - given);
      shares[at + part] = share;
      given += share;
    }
  }
}
