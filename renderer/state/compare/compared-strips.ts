/** The strips that the tracks of a comparison are drawn from. */
import {
  type ColumnStrip,
  clearColumnStrip,
  createColumnStrip,
} from '../../../shared/draw/strip/column-strip.ts';
import { stripFromTiles } from '../../../shared/draw/strip/strip-from-tiles.ts';
import { COMPARED_TRACKS } from '../../../shared/model/comparison.ts';
import type { Viewport } from '../../axis/viewport.ts';
import { readStrip } from '../../data/read-strip.ts';
import { dataOf } from '../axes/axis-data.ts';

/** By track. */
const strips = new Map<number, ColumnStrip>();

/** Drops the strips. */
export function forgetComparedStrips(): void {
  strips.clear();
}

/** The strip of a track as it is on screen. Valid until the next call for that track. */
export function comparedStrip(track: number, view: Viewport, columns: number): ColumnStrip {
  const known = strips.get(track);
  const strip = known?.width === columns ? known : createColumnStrip(columns);
  strips.set(track, strip);
  const { loader } = dataOf('compare');
  if (loader !== undefined) readStrip(strip, track, view, loader);
  return strip;
}

/** The strip of a track that was drawn last, if any. */
export function drawnComparedStrip(track: number): ColumnStrip | undefined {
  return strips.get(track);
}

/** The differences over the whole axis of `size` bytes. */
export function differenceOverview(size: number, columns: number): ColumnStrip {
  const strip = createColumnStrip(columns);
  const { loader } = dataOf('compare');
  const axis = { start: 0, end: size };
  clearColumnStrip(strip);
  if (loader === undefined) return strip;
  if (loader.exact.covers(axis)) readStrip(strip, COMPARED_TRACKS.difference, axis, loader);
  else stripFromTiles(strip, COMPARED_TRACKS.difference, axis, loader.tiles, loader.overviewLevel());
  return strip;
}
