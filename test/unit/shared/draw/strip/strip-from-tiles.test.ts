import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TileCache } from '../../../../../renderer/data/tile-cache.ts';
import { createColumnStrip, MIXED, NOTHING } from '../../../../../shared/draw/strip/column-strip.ts';
import { stripFromExtents } from '../../../../../shared/draw/strip/strip-from-extents.ts';
import { stripFromTiles } from '../../../../../shared/draw/strip/strip-from-tiles.ts';
import { addExtent, createColumns, toTile } from '../../../../../shared/extent/columns.ts';
import { ABSENT, HOLE, HOLE_OVERRIDES, LOCAL, OVERRIDES, ZERO } from '../../../../../shared/extent/flags.ts';
import type { TileColumns } from '../../../../../shared/model/tile.ts';
import { exact, marksOf, part, tiled } from '../../../../support/pictures/tiled-strips.ts';

const DATA = LOCAL;
const NONE = ABSENT | HOLE | ZERO;

test('one marked byte anywhere is seen in exactly one pixel, from tiles as from extents', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 20 - 1 }),
      fc.integer({ min: 200, max: 1200 }),
      fc.integer({ min: 0, max: 1000 }),
      (at, width, shift) => {
        const size = 2 ** 20;
        const view = { start: shift * 100, end: shift * 100 + size - 100_000 };
        fc.pre(at > view.start + 5000 && at < view.end - 5000);
        const word = DATA | OVERRIDES | HOLE_OVERRIDES;
        const level = Math.floor(Math.log2((view.end - view.start) / width));
        const cache = tiled(level, size, [
          [0, at, NONE],
          [at, at + 1, word],
          [at + 1, size, NONE],
        ]);
        const strip = createColumnStrip(width);
        stripFromTiles(strip, 0, view, cache);
        const seen = marksOf(strip).flatMap((marks, c) => (marks === 0 ? [] : [c]));
        expect(seen).toHaveLength(1);
        const there = ((at - view.start) / (view.end - view.start)) * width;
        expect(Math.abs((seen[0] ?? -9) + 0.5 - there)).toBeLessThanOrEqual(1.6);

        const same = createColumnStrip(width);
        stripFromExtents(same, exact([0, at, at + 1], [NONE, word, NONE]), size, view);
        expect(marksOf(same).filter(mark => mark !== 0)).toHaveLength(1);
      },
    ),
    { numRuns: 200 },
  );
});

test('a marked byte beside the border of two tiles is seen in exactly one pixel', () => {
  const size = 2 ** 20;
  const level = 9;
  const view = { start: 0, end: size - 100_000 };
  for (const at of [1, 2, 3, 4].flatMap(tile =>
    [-1, 0, 2 ** level].map(by => tile * 256 * 2 ** level + by),
  )) {
    const cache = tiled(level, size, [
      [0, at, NONE],
      [at, at + 1, DATA | OVERRIDES],
      [at + 1, size, NONE],
    ]);
    // A pixel is from just above one column of the tiles to just below two.
    for (let width = 930; width < 1800; width += 29) {
      const strip = createColumnStrip(width);
      stripFromTiles(strip, 0, view, cache);
      expect(
        marksOf(strip).filter(marks => marks !== 0),
        `byte ${at} in ${width} pixels`,
      ).toHaveLength(1);
    }
  }
});

test('a pixel of several tile columns counts what begins between them, and what runs on once', () => {
  const half = 2 ** 11;
  const view = { start: 0, end: 8 * half - 4 };
  // Columns of 2 KiB, two to a pixel: different, alike, and one of both beside one alike.
  const cache = tiled(11, 8 * half, [
    [0, half, DATA],
    [half, 5 * half + 512, NONE],
    [5 * half + 512, 8 * half, DATA],
  ]);
  const strip = createColumnStrip(4);
  stripFromTiles(strip, 0, view, cache);
  expect([...strip.runs]).toEqual([2, 1, 2, 1]);
  expect([...strip.part].map(found => found === MIXED)).toEqual([true, false, true, false]);
});

test('coarser tiles stand in for finer ones that are not there', () => {
  const cache = tiled(12, 2 ** 20, [
    [0, 2 ** 19, DATA],
    [2 ** 19, 2 ** 20, NONE],
  ]);
  const strip = createColumnStrip(1000);
  stripFromTiles(strip, 0, { start: 0, end: 2 ** 20 }, cache);
  expect(strip.part.includes(NOTHING)).toBe(false);
  expect(strip.part[10]).toBe(part('data'));
  expect(strip.part[990]).toBe(part('unallocated'));
});

test('finer tiles are taken where they are, coarser ones beside them', () => {
  const size = 2 ** 20;
  const cache = tiled(14, size, [[0, size, NONE]]);
  const columns = createColumns(256, 2 ** 10, false);
  addExtent(columns, 0, 0, 2 ** 18, DATA);
  cache.put({ level: 10, version: 1, tiles: [toTile(columns, 0, 0)] }, () => false);
  const strip = createColumnStrip(1000);
  stripFromTiles(strip, 0, { start: 0, end: size }, cache);
  expect(strip.part[100]).toBe(part('data'));
  expect(strip.part[249]).toBe(part('data'));
  expect(strip.part[251]).toBe(part('unallocated'));
  // The whole axis is drawn from the level that is kept up to date: a finer one may show what was long ago.
  const overview = createColumnStrip(1000);
  stripFromTiles(overview, 0, { start: 0, end: size }, cache, 14);
  expect(overview.part[100]).toBe(part('unallocated'));
});

test('without any tile nothing is known', () => {
  const strip = createColumnStrip(50);
  stripFromTiles(strip, 0, { start: 0, end: 1000 }, new TileCache<TileColumns>(() => 0));
  expect([...strip.part].every(value => value === NOTHING)).toBe(true);
});
