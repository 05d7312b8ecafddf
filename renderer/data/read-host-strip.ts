/** What a file shows now, from the best of what is loaded of the host axis. */
import { type HostStrip, hostStripFromRuns, hostStripFromTiles } from '../../shared/draw/host/host-strip.ts';
import { levelFor } from '../../shared/model/tile.ts';
import type { Viewport } from '../axis/viewport.ts';
import type { LoaderOf } from './axis-content.ts';

/** Fills a strip for the viewport. Columns of which nothing is loaded stay empty. */
export function readHostStrip(strip: HostStrip, view: Viewport, loader: LoaderOf<'host'>): void {
  const exact = loader.exact.get();
  const runs = exact?.tracks[0];
  if (exact !== undefined && runs !== undefined && loader.exact.covers(view)) {
    hostStripFromRuns(strip, runs, exact.end, view);
    return;
  }
  const finest = levelFor((view.end - view.start) / strip.width);
  const levels = loader.tiles.levels().filter(level => level >= finest);
  hostStripFromTiles(strip, view, levels, (level, tile) => loader.tiles.get(level, tile)?.tracks[0]);
}
