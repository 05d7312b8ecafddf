/** Fills a strip from exact extents: borders fall on whole device pixels, extents below a pixel share the one they fall into. */
import { bisectRight } from 'd3-array';
import { presentBits } from '../../extent/columns.ts';
import { STATES, stateIndexOf } from '../../extent/flags.ts';
import type { TrackExtents } from '../../model/track.ts';
import type { Viewport } from '../ticks.ts';
import { type ColumnStrip, MARKS, MIXED, NOTHING } from './column-strip.ts';

/** Fills the columns that `extents` (up to offset `end`) cover, and returns them as [from, to). */
export function stripFromExtents(
  strip: ColumnStrip,
  extents: TrackExtents,
  end: number,
  view: Viewport,
): readonly [number, number] {
  const { starts, words, owners } = extents;
  const columnsPerByte = strip.width / (view.end - view.start);
  const columnOf = (offset: number) => (offset - view.start) * columnsPerByte;
  const first = starts[0];
  if (first === undefined) return [0, 0];
  const clip = (column: number) => Math.min(Math.max(column, 0), strip.width);
  const from = clip(Math.round(columnOf(first)));
  const to = clip(Math.round(columnOf(end)));
  let i = Math.max(0, bisectRight(starts, view.start) - 1);
  const begin = i;
  for (; i < starts.length && (starts[i] as number) < view.end; i++) {
    const flags = words[i] as number;
    const a = clip(Math.round(columnOf(starts[i] as number)));
    const b = clip(Math.round(columnOf(starts[i + 1] ?? end)));
    if (b <= a) continue;
    strip.state.fill(stateIndexOf(flags), a, b);
    strip.marks.fill(presentBits(flags) & MARKS, a, b);
    strip.runs.fill(1, a, b);
    strip.owners.fill(owners[i] ?? -1, a, b);
  }
  for (let s = begin; s < i; s++) {
    const x0 = columnOf(starts[s] as number);
    const x1 = columnOf(starts[s + 1] ?? end);
    if (clip(Math.round(x1)) > clip(Math.round(x0))) continue;
    const column = Math.floor((x0 + x1) / 2);
    if (column >= 0 && column < strip.width) addSubPixelExtent(strip, column, words[s] as number, x1 - x0);
  }
  return [from, to];
}

/** Adds an extent narrower than a pixel to the column it falls into. `width` is its share of the column. */
function addSubPixelExtent(strip: ColumnStrip, column: number, flags: number, width: number): void {
  const state = stateIndexOf(flags);
  const at = column * STATES.length;
  const present = strip.state[column] as number;
  if (present !== state) {
    if (present === NOTHING) {
      strip.state[column] = state;
    } else {
      if (present !== MIXED) {
        strip.shares.fill(0, at, at + STATES.length);
        strip.shares[at + present] = 255;
        strip.state[column] = MIXED;
      }
      moveShare(strip.shares, at, state, Math.max(1, Math.min(200, Math.round(width * 255))));
    }
  }
  strip.marks[column] = (strip.marks[column] as number) | (presentBits(flags) & MARKS);
  strip.runs[column] = (strip.runs[column] as number) + 1;
}

/** Moves `share` of a column to `state`, from the state that has most of it. */
function moveShare(shares: Uint8Array, at: number, state: number, share: number): void {
  let most = 0;
  for (let s = 1; s < STATES.length; s++) {
    if ((shares[at + s] as number) > (shares[at + most] as number)) most = s;
  }
  if (most === state) return;
  const taken = Math.min(share, (shares[at + most] as number) - 1);
  shares[at + most] = (shares[at + most] as number) - taken;
  shares[at + state] = (shares[at + state] as number) + taken;
}
