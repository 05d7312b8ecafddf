/**
 * A strip: what one track shows in each device column of the lanes, whether it came from tiles or from exact extents.
 * Everything that is painted, spoken or pointed at on a track is read from here.
 */

import { PART_BITS, PARTS, topPart } from '../../extent/parts.ts';
import { PRESENT } from '../../model/tile.ts';

/** In place of a part index: several parts share the column; nothing is known of it. */
export const MIXED = 255;
export const NOTHING = 254;

/** Marks of PRESENT that lie on a column whatever part of it has them. */
export const MARKS =
  PRESENT.overrides | PRESENT.holeOverrides | PRESENT.dirty | PRESENT.dirtyUnknown | PRESENT.damaged;

/** Arrays have one element a column (`shares` one a column and part, read only where a column is MIXED). */
export interface ColumnStrip {
  readonly width: number;
  /** The index in PARTS of the part that fills the column, else MIXED or NOTHING. */
  readonly part: Uint8Array;
  /** Out of 255, never 0 for a part in `present`. */
  readonly shares: Uint8Array;
  /** Parts and marks, as bits of PRESENT. */
  readonly present: Uint32Array;
  readonly runs: Uint32Array;
  /** Layer index (or depth) that owns the column; -1 none or not known. */
  readonly owners: Int16Array;
}

/** A strip of which nothing is known. */
export function createColumnStrip(width: number): ColumnStrip {
  return {
    width,
    part: new Uint8Array(width).fill(NOTHING),
    shares: new Uint8Array(width * PARTS.length),
    present: new Uint32Array(width),
    runs: new Uint32Array(width),
    owners: new Int16Array(width).fill(-1),
  };
}

/** Forgets what columns [from, to) show. Shares stay: they count only where a column is MIXED, and are written then. */
export function clearColumnStrip(strip: ColumnStrip, from = 0, to = strip.width): void {
  strip.part.fill(NOTHING, from, to);
  strip.present.fill(0, from, to);
  strip.runs.fill(0, from, to);
  strip.owners.fill(-1, from, to);
}

/** The only part in a mask, MIXED where there are several, NOTHING where there is none. */
export function solePart(present: number): number {
  const parts = present & PART_BITS;
  if (parts === 0) return NOTHING;
  return (parts & (parts - 1)) === 0 ? topPart(parts) : MIXED;
}

/** Parts and marks that occur in a strip, as bits of PRESENT. */
export function presentIn(strip: ColumnStrip): number {
  let present = 0;
  for (const bits of strip.present) present |= bits;
  return present;
}
