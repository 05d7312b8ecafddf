/**
 * A strip: what one track shows in each device column of the lanes, whether it came from tiles or from exact extents.
 * Everything that is painted, spoken or pointed at on a track is read from here.
 */

import { STATES } from '../../extent/flags.ts';
import { PRESENT } from '../../model/tile.ts';

/** In place of a state index: several states share the column; nothing is known of it. */
export const MIXED = 255;
export const NOTHING = 254;

/** Marks of PRESENT, without the bits of the states. */
export const MARKS =
  PRESENT.overrides |
  PRESENT.holeOverrides |
  PRESENT.shadowed |
  PRESENT.dirty |
  PRESENT.damaged |
  PRESENT.overridden;

/** Arrays have one element a column (`shares` one a column and state, read only where a column is MIXED). */
export interface ColumnStrip {
  readonly width: number;
  readonly state: Uint8Array;
  readonly shares: Uint8Array;
  readonly marks: Uint16Array;
  readonly runs: Uint32Array;
  /** Layer index (or depth) that owns the column; -1 none or not known. */
  readonly owners: Int16Array;
}

/** A strip of which nothing is known. */
export function createColumnStrip(width: number): ColumnStrip {
  return {
    width,
    state: new Uint8Array(width).fill(NOTHING),
    shares: new Uint8Array(width * STATES.length),
    marks: new Uint16Array(width),
    runs: new Uint32Array(width),
    owners: new Int16Array(width).fill(-1),
  };
}

/** Forgets what columns [from, to) show. Shares stay: they count only where a column is MIXED, and are written then. */
export function clearColumnStrip(strip: ColumnStrip, from = 0, to = strip.width): void {
  strip.state.fill(NOTHING, from, to);
  strip.marks.fill(0, from, to);
  strip.runs.fill(0, from, to);
  strip.owners.fill(-1, from, to);
}

/** The only state in a mask of states, MIXED where there are several, NOTHING where there is none. */
export function soleState(present: number): number {
  const states = present & ((1 << STATES.length) - 1);
  if (states === 0) return NOTHING;
  return (states & (states - 1)) === 0 ? 31 - Math.clz32(states) : MIXED;
}

/** States and marks that occur in a strip, as bits of PRESENT. */
export function presentIn(strip: ColumnStrip): number {
  let present = 0;
  for (let c = 0; c < strip.width; c++) {
    const state = strip.state[c] as number;
    present |= strip.marks[c] as number;
    if (state < STATES.length) present |= 1 << state;
    else if (state === MIXED) {
      for (let s = 0; s < STATES.length; s++) if (strip.shares[c * STATES.length + s]) present |= 1 << s;
    }
  }
  return present;
}
