/** Tiles and exact extents of one track, made of a list of extents, for tests of the strips that are drawn from them. */
import { TileCache } from '../../../renderer/data/tile-cache.ts';
import { type ColumnStrip, MARKS } from '../../../shared/draw/strip/column-strip.ts';
import { addExtent, createColumns, toTile } from '../../../shared/extent/columns.ts';
import { STATES } from '../../../shared/extent/flags.ts';
import { partOf } from '../../../shared/extent/parts.ts';
import type { TileColumns } from '../../../shared/model/tile.ts';

/** A cache with one level of tiles over the extents of one track. */
export function tiled(level: number, size: number, extents: readonly (readonly [number, number, number])[]) {
  const cache = new TileCache<TileColumns>(() => level);
  const bytes = 256 * 2 ** level;
  for (let tile = 0; tile * bytes < size; tile++) {
    const columns = createColumns(256, 2 ** level, false);
    for (const [from, to, word] of extents) {
      const start = Math.max(from, tile * bytes);
      const end = Math.min(to, (tile + 1) * bytes);
      if (end > start) addExtent(columns, tile * bytes, start, end, word);
    }
    cache.put({ level, version: 1, tiles: [toTile(columns, 0, tile)] }, () => false);
  }
  return cache;
}

/** The exact extents of one track. */
export const exact = (starts: number[], words: number[]) => ({
  track: 0,
  starts: Float64Array.from(starts),
  words: Uint32Array.from(words),
  owners: new Int16Array(0),
});

/** The part of a state. */
export const part = (name: (typeof STATES)[number]) => partOf(STATES.indexOf(name));

/** The marks of each column of a strip. */
export const marksOf = ({ present }: ColumnStrip) => [...present].map(bits => bits & MARKS);
