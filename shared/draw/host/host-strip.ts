/** What each column of a picture of a file holds. */
import { HOST_KINDS, type HostRuns, type HostTile } from '../../model/layout.ts';
import { TILE_COLUMNS } from '../../model/tile.ts';
import type { Viewport } from '../ticks.ts';

const KINDS = HOST_KINDS.length;

/** A share that is the whole column but for rounding. */
const WHOLE_SHARE = 1 - 1e-4;

/** Shares of the kinds in each column. Columns past the end of the file, and those of which nothing is known, have none. */
export interface HostStrip {
  readonly width: number;
  /** For each column the share of each kind of HOST_KINDS, 0 to 1. */
  readonly shares: Float32Array;
}

/** Gives the tile of a level and number, undefined where it is not loaded. */
export type TileOf = (level: number, tile: number) => HostTile | undefined;

/** An empty strip. */
export function createHostStrip(width: number): HostStrip {
  return { width, shares: new Float32Array(width * KINDS) };
}

/** Fills a strip from exact runs that end at `end`. */
export function hostStripFromRuns(strip: HostStrip, runs: HostRuns, end: number, view: Viewport): void {
  strip.shares.fill(0);
  const perColumn = (view.end - view.start) / strip.width;
  for (const [i, start] of runs.starts.entries()) {
    const from = Math.max((start - view.start) / perColumn, 0);
    const to = Math.min(((runs.starts[i + 1] ?? end) - view.start) / perColumn, strip.width);
    for (let c = Math.floor(from); c < to; c++)
      addShare(strip, c, runs.kinds[i] as number, Math.min(c + 1, to) - Math.max(c, from));
  }
}

/** Fills a strip from the finest of the loaded tiles whose columns are not narrower than `level` makes them. */
export function hostStripFromTiles(
  strip: HostStrip,
  view: Viewport,
  levels: readonly number[],
  tileOf: TileOf,
): void {
  strip.shares.fill(0);
  const perColumn = (view.end - view.start) / strip.width;
  for (let c = 0; c < strip.width; c++) {
    const start = view.start + c * perColumn;
    for (const level of levels) if (addColumn(strip, c, start, start + perColumn, level, tileOf)) break;
  }
}

/** Adds what a level says of bytes [start, end) to column `c`; false, and nothing added, where a tile is not loaded. */
function addColumn(
  strip: HostStrip,
  c: number,
  start: number,
  end: number,
  level: number,
  tileOf: TileOf,
): boolean {
  const span = 2 ** level;
  const last = Math.ceil(end / span);
  for (let at = Math.max(0, Math.floor(start / span)); at < last; at++) {
    const tile = tileOf(level, Math.floor(at / TILE_COLUMNS));
    if (tile === undefined) {
      strip.shares.fill(0, c * KINDS, (c + 1) * KINDS);
      return false;
    }
    const overlap = Math.min(end, (at + 1) * span) - Math.max(start, at * span);
    const from = (at % TILE_COLUMNS) * KINDS;
    for (let kind = 0; kind < KINDS; kind++)
      addShare(strip, c, kind, ((tile.shares[from + kind] as number) * overlap) / (end - start));
  }
  return true;
}

function addShare({ shares }: HostStrip, column: number, kind: number, share: number): void {
  shares[column * KINDS + kind] = (shares[column * KINDS + kind] as number) + share;
}

/** The index of the one kind that fills a column; -1 where several do, -2 where nothing is known of it. */
export function kindOfColumn({ shares }: HostStrip, column: number): number {
  let sum = 0;
  for (let kind = 0; kind < KINDS; kind++) {
    const share = shares[column * KINDS + kind] as number;
    if (share >= WHOLE_SHARE) return kind;
    sum += share;
  }
  return sum === 0 ? -2 : -1;
}
