/** Which tiles a viewport needs: columns of 2**level bytes, 256 to a tile. */
import { tileBytes } from '../../shared/model/tile.ts';
import type { Viewport } from '../axis/viewport.ts';

/** A row of tiles of one level. */
export interface TileSpan {
  readonly level: number;
  readonly first: number;
  readonly count: number;
}

/** The tiles of `level` that touch the viewport. */
export function tilesIn(view: Viewport, level: number): TileSpan {
  const bytes = tileBytes(level);
  const first = Math.max(0, Math.floor(view.start / bytes));
  return { level, first, count: Math.max(1, Math.ceil(view.end / bytes) - first) };
}

/** The viewport widened to three times its span, clipped to the axis: what is loaded around what is on screen. */
export function withBuffer(view: Viewport, size: number): Viewport {
  const span = view.end - view.start;
  return { start: Math.max(0, view.start - span), end: Math.min(size, view.end + span) };
}

/** The level at which the whole axis takes at most `columns` columns: the coarsest that is ever drawn. */
export function coarsestLevel(size: number, columns: number): number {
  return Math.max(0, Math.ceil(Math.log2(Math.max(size, 1) / Math.max(columns, 1))));
}
