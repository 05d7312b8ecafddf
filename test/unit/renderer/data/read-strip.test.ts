/** A view of which exact extents are loaded in part: they are drawn there, and tiles beside them. */
import { expect, test } from 'vitest';
import type { LoaderOf } from '../../../../renderer/data/axis-content.ts';
import { readStrip } from '../../../../renderer/data/read-strip.ts';
import { TileCache } from '../../../../renderer/data/tile-cache.ts';
import { createColumnStrip } from '../../../../shared/draw/strip/column-strip.ts';
import { addExtent, createColumns, toTile } from '../../../../shared/extent/columns.ts';
import { ABSENT_EVERYWHERE, LOCAL, STATES } from '../../../../shared/extent/flags.ts';
import { partOf } from '../../../../shared/extent/parts.ts';
import { levelFor, type TileColumns } from '../../../../shared/model/tile.ts';

const part = (state: (typeof STATES)[number]) => partOf(STATES.indexOf(state));

test('every pixel is drawn, from exact extents or from tiles, wherever the border between them falls in it', () => {
  const view = { start: 0, end: 10_000 };
  const width = 100;
  const level = levelFor(view.end / width);
  const columns = createColumns(256, 2 ** level, false);
  addExtent(columns, 0, 0, view.end, ABSENT_EVERYWHERE);
  const tiles = new TileCache<TileColumns>(() => level);
  tiles.put({ level, version: 1, tiles: [toTile(columns, 0, 0)] }, () => false);
  for (const start of [2000, 2030, 2050, 2070])
    for (const end of [7000, 7030, 7050, 7070]) {
      const extents = {
        track: 0,
        starts: Float64Array.of(start),
        words: Uint32Array.of(LOCAL),
        owners: new Int16Array(1),
      };
      const exact = { get: () => ({ start, end, tracks: [extents] }), covers: () => false };
      const strip = createColumnStrip(width);
      readStrip(strip, 0, view, { exact, tiles } as unknown as LoaderOf<'guest'>);
      const [from, to] = [Math.round(start / 100), Math.round(end / 100)];
      const expected = Array.from({ length: width }, (_, c) =>
        part(c >= from && c < to ? 'data' : 'unallocated'),
      );
      expect([...strip.part], `${start} to ${end}`).toEqual(expected);
    }
});
