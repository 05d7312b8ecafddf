import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coarsestLevel, tilesIn, withBuffer } from '../../../../renderer/data/level.ts';
import { levelFor, tileBytes } from '../../../../shared/model/tile.ts';

test('a column is never wider than a pixel, and never half as wide', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 2 ** 45, noNaN: true }), bytesPerColumn => {
      const column = 2 ** levelFor(bytesPerColumn);
      expect(column).toBeLessThanOrEqual(bytesPerColumn * (1 + 1e-12));
      expect(column * 2).toBeGreaterThan(bytesPerColumn * (1 - 1e-12));
    }),
  );
  expect(levelFor(0.25)).toBe(0);
});

test('tiles cover the viewport', () => {
  const view = { start: 1000.5, end: 90_000.25 };
  const { first, count } = tilesIn(view, 3);
  expect(first * tileBytes(3)).toBeLessThanOrEqual(view.start);
  expect((first + count) * tileBytes(3)).toBeGreaterThanOrEqual(view.end);
  expect((first + count - 1) * tileBytes(3)).toBeLessThan(view.end);
});

test('the buffer is three screens, cut to the axis', () => {
  expect(withBuffer({ start: 100, end: 200 }, 1000)).toEqual({ start: 0, end: 300 });
  expect(withBuffer({ start: 500, end: 600 }, 650)).toEqual({ start: 400, end: 650 });
});

test('the coarsest level shows the whole axis in at most the columns there are', () => {
  for (const size of [1, 512, 2 ** 40, 2 ** 40 + 1, 10 * 2 ** 40]) {
    const level = coarsestLevel(size, 700);
    expect(Math.ceil(size / 2 ** level)).toBeLessThanOrEqual(700);
  }
});
