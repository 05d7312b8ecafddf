import { expect, test } from 'vitest';
import { createColumnStrip, MIXED } from '../../../../../shared/draw/strip/column-strip.ts';
import { stripFromExtents } from '../../../../../shared/draw/strip/strip-from-extents.ts';
import { ABSENT, HOLE, LOCAL, OVERRIDES, ZERO } from '../../../../../shared/extent/flags.ts';
import { PARTS } from '../../../../../shared/extent/parts.ts';
import { PRESENT } from '../../../../../shared/model/tile.ts';
import { exact, marksOf, part } from '../../../../support/pictures/tiled-strips.ts';

const DATA = LOCAL;
const NONE = ABSENT | HOLE | ZERO;

test.each([
  [304, 600, 30, 59],
  [306, 594, 31, 58],
])('wide extents begin and end on the nearest whole pixels: %i to %i', (start, end, first, last) => {
  const strip = createColumnStrip(100);
  stripFromExtents(strip, exact([0, start, end], [DATA, NONE, DATA]), 1000, { start: 0, end: 1000 });
  expect(strip.part.indexOf(part('unallocated'))).toBe(first);
  expect(strip.part.lastIndexOf(part('unallocated'))).toBe(last);
  expect(strip.part.includes(MIXED)).toBe(false);
});

test('an extent narrower than a pixel that lies in two has its share in both and its mark in one', () => {
  const strip = createColumnStrip(100);
  const words = [NONE, DATA | OVERRIDES, NONE];
  stripFromExtents(strip, exact([0, 498, 506], words), 1000, { start: 0, end: 1000 });
  expect([strip.part[49], strip.part[50]]).toEqual([MIXED, MIXED]);
  expect(marksOf(strip).flatMap((marks, c) => (marks === 0 ? [] : [c]))).toEqual([50]);
});

test('a sliver shares its pixel and keeps its mark there', () => {
  const strip = createColumnStrip(100);
  const words = [NONE, DATA | OVERRIDES, NONE];
  stripFromExtents(strip, exact([0, 503, 504], words), 1000, { start: 0, end: 1000 });
  expect(strip.part[50]).toBe(MIXED);
  expect(marksOf(strip)[50]).toBe(PRESENT.overrides);
  expect(strip.runs[50]).toBe(3);
  expect(marksOf(strip).filter(mark => mark !== 0)).toHaveLength(1);
});

test('many narrow extents share their column by their lengths, and the longest names its owner', () => {
  const strip = createColumnStrip(10);
  // Column 3 is bytes 300 to 400: 20 of zeros, 50 of data of layer 1, 30 of data of layer 2.
  const starts = [0, 300, 310, 360, 370, 400];
  const words = [NONE, HOLE | LOCAL | ZERO, DATA, HOLE | LOCAL | ZERO, DATA | OVERRIDES, NONE];
  const extents = { ...exact(starts, words), owners: Int16Array.of(-1, 0, 1, 0, 2, -1) };
  stripFromExtents(strip, extents, 1000, { start: 0, end: 1000 });
  const sharesOf = (state: 'zeroHole' | 'data') => strip.shares[3 * PARTS.length + part(state)];
  expect(strip.part[3]).toBe(MIXED);
  expect([sharesOf('zeroHole'), sharesOf('data')]).toEqual([51, 204]);
  expect(strip.runs[3]).toBe(4);
  expect(strip.owners[3]).toBe(1);
  expect(marksOf(strip)[3]).toBe(PRESENT.overrides);
  expect([strip.part[2], strip.part[4]]).toEqual([part('unallocated'), part('unallocated')]);
});
