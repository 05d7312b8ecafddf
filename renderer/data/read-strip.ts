/** What a track shows now, from the best of what is loaded. */

import { clearStrip, type Strip } from '../../shared/draw/column-strip.ts';
import type { Viewport } from '../axis/viewport.ts';
import type { Loader } from './loader.ts';
import { stripFromExtents } from './strip-from-extents.ts';
import { stripFromTiles } from './strip-from-tiles.ts';

/** Exact extents are drawn unless they are but a small part of the view: there the tiles say the same for less. */
const EXACT_SHARE = 1 / 4;

/** Fills the strip of one track for the viewport. Columns of which nothing is loaded stay NOTHING. */
export function readStrip(strip: Strip, track: number, view: Viewport, loader: Loader): void {
  clearStrip(strip);
  const exact = loader.exact.get();
  const extents = exact?.tracks[track];
  if (exact === undefined || extents === undefined || !worthwhile(exact, view)) {
    stripFromTiles(strip, track, view, loader.tiles);
    return;
  }
  if (!loader.exact.covers(view)) {
    stripFromTiles(strip, track, view, loader.tiles);
    const perColumn = (view.end - view.start) / strip.width;
    const column = (offset: number) =>
      Math.min(Math.max(Math.round((offset - view.start) / perColumn), 0), strip.width);
    clearStrip(strip, column(exact.start), column(exact.end));
  }
  stripFromExtents(strip, extents, exact.end, view);
}

function worthwhile(exact: Viewport, view: Viewport): boolean {
  const shared = Math.min(exact.end, view.end) - Math.max(exact.start, view.start);
  return shared > 0 && exact.end - exact.start >= (view.end - view.start) * EXACT_SHARE;
}
