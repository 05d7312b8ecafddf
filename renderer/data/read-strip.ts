/** What a track of the guest axis shows now, from the best of what is loaded. */

import { type ColumnStrip, clearColumnStrip } from '../../shared/draw/strip/column-strip.ts';
import { stripFromExtents } from '../../shared/draw/strip/strip-from-extents.ts';
import { stripFromTiles } from '../../shared/draw/strip/strip-from-tiles.ts';
import type { Viewport } from '../axis/viewport.ts';
import type { LoaderOf } from './axis-content.ts';

/** Exact extents are drawn if they span at least this share of the view; below it the tiles show the same at less cost. */
const MIN_EXACT_SHARE = 1 / 4;

/** Fills the strip of one track for the viewport. Columns of which nothing is loaded stay NOTHING. */
export function readStrip(
  strip: ColumnStrip,
  track: number,
  view: Viewport,
  loader: LoaderOf<'guest'>,
): void {
  clearColumnStrip(strip);
  const exact = loader.exact.get();
  const extents = exact?.tracks[track];
  if (exact === undefined || extents === undefined || !isWorthDrawing(exact, view)) {
    stripFromTiles(strip, track, view, loader.tiles);
    return;
  }
  if (!loader.exact.covers(view)) {
    stripFromTiles(strip, track, view, loader.tiles);
    const perColumn = (view.end - view.start) / strip.width;
    const column = (offset: number) =>
      Math.min(Math.max(Math.round((offset - view.start) / perColumn), 0), strip.width);
    clearColumnStrip(strip, column(exact.start), column(exact.end));
  }
  stripFromExtents(strip, extents, exact.end, view);
}

function isWorthDrawing(exact: Viewport, view: Viewport): boolean {
  const shared = Math.min(exact.end, view.end) - Math.max(exact.start, view.start);
  return shared > 0 && exact.end - exact.start >= (view.end - view.start) * MIN_EXACT_SHARE;
}
