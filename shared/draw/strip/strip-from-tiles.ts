/** Fills a strip from tiles: the finest that are loaded, coarser ones where the right level is still on its way. */
import { mayContinueRun } from '../../extent/columns.ts';
import { PART_BITS, PARTS } from '../../extent/parts.ts';
import { levelFor, TILE_COLUMNS, type TileColumns, tileBytes } from '../../model/tile.ts';
import type { Viewport } from '../ticks.ts';
import { type ColumnStrip, MIXED, NOTHING, solePart } from './column-strip.ts';

/** Tiles at hand. */
export interface TileSource {
  /** The columns of every track, by track id; undefined where they are not at hand. */
  get(level: number, tile: number): { readonly tracks: readonly (TileColumns | undefined)[] } | undefined;
  /** Levels of which there are any, finest first. */
  levels(): readonly number[];
}

/**
 * Fills the strip of one track from tiles of the level `finest` and coarser ones. Columns that no tile covers are left
 * as they are. Levels finer than `finest` are not used: they may be out of date.
 */
export function stripFromTiles(
  strip: ColumnStrip,
  track: number,
  view: Viewport,
  tiles: TileSource,
  finest = levelFor((view.end - view.start) / strip.width),
): void {
  const levels = [finest, ...tiles.levels().filter(level => level > finest)];
  fill(strip, track, view, tiles, levels, 0, strip.width);
}

function fill(
  strip: ColumnStrip,
  track: number,
  view: Viewport,
  tiles: TileSource,
  levels: readonly number[],
  from: number,
  to: number,
): void {
  const [level, ...coarser] = levels;
  if (level === undefined) return;
  const bytesPerColumn = (view.end - view.start) / strip.width;
  const bytes = tileBytes(level);
  let column = from;
  while (column < to) {
    const middle = view.start + (column + 0.5) * bytesPerColumn;
    const tile = Math.floor(middle / bytes);
    // The last device column whose middle lies in this tile.
    const until = Math.min(
      to,
      Math.max(column + 1, Math.ceil(((tile + 1) * bytes - view.start) / bytesPerColumn - 0.5)),
    );
    const columns = tiles.get(level, tile)?.tracks[track];
    if (columns === undefined) fill(strip, track, view, tiles, coarser, column, until);
    else copyTile(strip, columns, view, level, column, until);
    column = until;
  }
}

/**
 * Copies one tile's columns into device columns [from, to). A tile column belongs to the device column that holds its
 * middle, so that a mark stays one pixel wide; where tile columns are wider than pixels each pixel takes the one that
 * lies under its own middle.
 */
function copyTile(
  strip: ColumnStrip,
  tile: TileColumns,
  view: Viewport,
  level: number,
  from: number,
  to: number,
): void {
  const perColumn = (view.end - view.start) / strip.width / 2 ** level;
  const origin = view.start / 2 ** level - tile.tile * TILE_COLUMNS;
  for (let c = from; c < to; c++) {
    let first = Math.ceil(origin + c * perColumn - 0.5);
    let last = Math.ceil(origin + (c + 1) * perColumn - 0.5) - 1;
    if (last < first) {
      first = Math.floor(origin + (c + 0.5) * perColumn);
      last = first;
    }
    // A tile's border may cut a pixel: no column may be lost there, or a lone mark would vanish.
    if (perColumn >= 1 && c === from && first <= 2) first = 0;
    if (perColumn >= 1 && c === to - 1 && last >= TILE_COLUMNS - 3) last = TILE_COLUMNS - 1;
    mergeColumns(
      strip,
      tile,
      c,
      Math.min(Math.max(first, 0), TILE_COLUMNS - 1),
      Math.min(Math.max(last, 0), TILE_COLUMNS - 1),
    );
  }
}

function mergeColumns(
  strip: ColumnStrip,
  tile: TileColumns,
  column: number,
  first: number,
  last: number,
): void {
  let present = 0;
  let runs = 0;
  for (let i = first; i <= last; i++) {
    present |= tile.present[i] as number;
    const goesOn = i > first && mayContinueRun(tile.present[i - 1], tile.present[i]);
    runs += (tile.runs[i] as number) - (goesOn ? 1 : 0);
  }
  const part = solePart(present);
  strip.part[column] = part;
  strip.present[column] = present;
  strip.runs[column] = Math.max(1, runs);
  strip.owners[column] = tile.owners[first] ?? -1;
  if (part === NOTHING) strip.runs[column] = 0;
  if (part === MIXED) averageShares(strip, tile, column, first, last);
}

/** Averages the shares of the parts that are present in several tile columns, so that they still sum to 255. */
function averageShares(
  strip: ColumnStrip,
  { parts, shares }: TileColumns,
  column: number,
  first: number,
  last: number,
): void {
  const present = (strip.present[column] as number) & PART_BITS;
  const count = last - first + 1;
  const at = column * PARTS.length;
  let sum = 0;
  let given = 0;
  for (let k = 0; k < parts.length; k++) {
    const part = parts[k] as number;
    if ((present & (1 << part)) === 0) continue;
    for (let i = first; i <= last; i++) sum += shares[k * TILE_COLUMNS + i] as number;
    const share = Math.max(1, Math.round(sum / count) - given);
    strip.shares[at + part] = share;
    given += share;
  }
}
