/** How the parts that share a column lie above each other. */
import { isContent, PART_BITS, PARTS, type PartIndex, STATE_OF_PART, topPart } from '../../extent/parts.ts';
import type { ColumnStrip } from './column-strip.ts';

/**
 * A narrow part of what is read has a halo: as far as this part of the body's height, within these CSS pixels, its
 * neighbor is tinted with its color. A tint is no share: it only shows where to look.
 */
const HALO = { share: 1 / 6, low: 3, high: 6 } as const;

/** By part: whether a layer holds it and it is read. */
const IS_READ = PARTS.map(
  ({ state, variant }) => (variant === 'plain' || variant === 'hidesData') && isContent(state),
);

/**
 * The parts of one column, top first: `parts[i]` begins at row `tops[i]` and ends where the next one begins. Where
 * `tints[i]` is not the part itself, these rows belong to it and are tinted with that one.
 */
export interface ColumnStack {
  readonly parts: Uint8Array;
  readonly tints: Uint8Array;
  readonly tops: Int32Array;
}

/** A stack with room for every part and its halo, to be filled again and again. */
export function createStack(): ColumnStack {
  const room = 2 * PARTS.length;
  return { parts: new Uint8Array(room), tints: new Uint8Array(room), tops: new Int32Array(room) };
}

const found = new Uint8Array(PARTS.length);
const heights = new Int32Array(PARTS.length);

/**
 * Lays the parts of a mixed column above each other in `rows` device pixels and returns how many entries the stack has;
 * `unit` is device pixels in a CSS pixel. Heights are the shares, rounded; but every state that is present has a device
 * pixel, which the highest part gives up, and what is read and lower than a halo has one.
 */
export function stackColumn(
  stack: ColumnStack,
  { shares, present }: ColumnStrip,
  column: number,
  rows: number,
  unit: number,
): number {
  const count = measureParts(shares, column * PARTS.length, (present[column] as number) & PART_BITS, rows);
  const { share, low, high } = HALO;
  const least = Math.min(Math.max(Math.round(rows * share), low * unit), high * unit);
  let size = 0;
  let top = 0;
  for (let i = 0; i < count && top < rows; i++) {
    const part = found[i] as number;
    const end = top + (heights[i] as number);
    let from = top;
    let to = end;
    if (hasRoom(i, least)) {
      if (i > 0 && !hasRoom(i - 2, least)) from += lackOf(i - 1, least);
      if (i + 1 < count) to -= lackOf(i + 1, least);
    }
    if (from > top) size = push(stack, size, part, found[i - 1] as number, top);
    size = push(stack, size, part, part, from);
    if (end > to) size = push(stack, size, part, found[i + 1] as number, to);
    top = end;
  }
  return size;
}

function push(
  { parts, tints, tops }: ColumnStack,
  at: number,
  part: PartIndex,
  tint: PartIndex,
  top: number,
): number {
  parts[at] = part;
  tints[at] = tint;
  tops[at] = top;
  return at + 1;
}

/** Rows that part `i` needs in addition to be noticed, if it is read. Its halo is above it, or below where there is no room above. */
function lackOf(i: number, least: number): number {
  return IS_READ[found[i] as number] === true ? Math.max(0, least - (heights[i] as number)) : 0;
}

/** True where part `i` is so high that the halos of its neighbors leave more than half of it. */
function hasRoom(i: number, least: number): boolean {
  return i >= 0 && (heights[i] as number) >= 4 * least;
}

/** Fills {@link found} and {@link heights} with the parts that have rows, and returns how many those are. */
function measureParts(shares: Uint8Array, at: number, bits: number, rows: number): number {
  let count = 0;
  let total = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) {
    const part = topPart(rest);
    const share = shares[at + part] as number;
    found[count] = part;
    heights[count++] = share;
    total += share;
  }
  const scale = rows / total;
  let sum = 0;
  let before = 0;
  let shown = 0;
  let isLacking = false;
  for (let i = 0; i < count; i++) {
    sum += heights[i] as number;
    const end = Math.round(sum * scale);
    heights[i] = end - before;
    if (end === before) isLacking = true;
    else shown |= 1 << (STATE_OF_PART[found[i] as number] as number);
    before = end;
  }
  return isLacking ? dropAndRaise(count, shown) : count;
}

/** Gives a row to each state that has none, of the states `shown`, and drops the other parts without rows. */
function dropAndRaise(count: number, shown: number): number {
  let kept = 0;
  let raised = 0;
  let states = shown;
  for (let i = 0; i < count; i++) {
    const part = found[i] as number;
    let height = heights[i] as number;
    if (height === 0) {
      const state = 1 << (STATE_OF_PART[part] as number);
      if (states & state) continue;
      states |= state;
      height = 1;
      raised++;
    }
    found[kept] = part;
    heights[kept++] = height;
  }
  while (raised > 0 && lowerHighest(kept)) raised--;
  return kept;
}

/** Takes a row from the highest part. False where none has more than one. */
function lowerHighest(count: number): boolean {
  let highest = 0;
  for (let i = 1; i < count; i++) if ((heights[i] as number) > (heights[highest] as number)) highest = i;
  if ((heights[highest] as number) <= 1) return false;
  heights[highest] = (heights[highest] as number) - 1;
  return true;
}
