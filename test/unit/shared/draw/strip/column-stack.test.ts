import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coarsestLevel } from '../../../../../renderer/data/level.ts';
import { colorSetOf, mixPixels } from '../../../../../shared/draw/color-set.ts';
import { laneLayout } from '../../../../../shared/draw/lane-layout.ts';
import { paintOverview } from '../../../../../shared/draw/paint-overview.ts';
import { paintTrack } from '../../../../../shared/draw/paint-track.ts';
import { partColors } from '../../../../../shared/draw/part-colors.ts';
import { createStack, stackColumn } from '../../../../../shared/draw/strip/column-stack.ts';
import {
  type ColumnStrip,
  createColumnStrip,
  MARKS,
  MIXED,
} from '../../../../../shared/draw/strip/column-strip.ts';
import { stripFromExtents } from '../../../../../shared/draw/strip/strip-from-extents.ts';
import { stripFromTiles } from '../../../../../shared/draw/strip/strip-from-tiles.ts';
import { RasterSurface } from '../../../../../shared/draw/surface/raster-surface.ts';
import {
  ABSENT_EVERYWHERE,
  COMPRESSED,
  HOLE,
  LOCAL,
  RESERVED,
  STATES,
  ZERO,
} from '../../../../../shared/extent/flags.ts';
import { PARTS, partIndexOf, partOf } from '../../../../../shared/extent/parts.ts';
import { LIGHT_PALETTE } from '../../../../../shared/palette.ts';
import { exact, tiled } from '../../../../support/pictures/tiled-strips.ts';

const COLOR_SET = colorSetOf(LIGHT_PALETTE);
const NO_TEXTS = () => ({ width: 0, height: 0, alpha: new Uint8Array(0) });

function mixed(shares: readonly number[]): ColumnStrip {
  const strip = createColumnStrip(1);
  strip.part.fill(MIXED);
  strip.shares.set(shares);
  strip.present[0] = shares.reduce((bits, share, part) => (share > 0 ? bits | (1 << part) : bits), 0);
  return strip;
}

/** Rows of every part in a column, tinted or not, and those that are tinted. */
function heights(shares: readonly number[], rows: number, unit: number) {
  const stack = createStack();
  const count = stackColumn(stack, mixed(shares), 0, rows, unit);
  const drawn = new Array<number>(PARTS.length).fill(0);
  const tinted = new Array<number>(PARTS.length).fill(0);
  const tints = new Array<number>(PARTS.length).fill(0);
  for (let i = 0; i < count; i++) {
    const end = i + 1 < count ? stack.tops[i + 1]! : rows;
    const height = end - stack.tops[i]!;
    const part = stack.parts[i]!;
    expect(height).toBeGreaterThan(0);
    drawn[part]! += height;
    if (stack.tints[i] === part) continue;
    tinted[part]! += height;
    tints[stack.tints[i]!]! += height;
  }
  return { drawn, tinted, tints };
}

const share = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 255 }) },
);
const someShares = fc
  .array(share, { minLength: PARTS.length, maxLength: PARTS.length })
  .filter(shares => shares.filter(value => value > 0).length >= 2);
const givenColumn = fc.tuple(someShares, fc.integer({ min: 30, max: 220 }), fc.constantFrom(1, 2));
const statesIn = (parts: readonly number[]) =>
  new Set(parts.flatMap((value, part) => (value > 0 ? [PARTS[part]!.state] : [])));

test('heights are the shares within a pixel, and only the highest part gives one up for each state that lacks it', () => {
  fc.assert(
    fc.property(givenColumn, ([shares, rows, unit]) => {
      const { drawn } = heights(shares, rows, unit);
      const total = shares.reduce((sum, value) => sum + value, 0);
      const exact = shares.map(value => (value / total) * rows);
      const lacking = exact.filter(height => height > 0 && height < 1).length;
      const errors = exact.map((height, part) => Math.abs(drawn[part]! - height));
      expect(drawn.reduce((sum, height) => sum + height, 0)).toBe(rows);
      if (lacking === 0) expect(Math.max(...errors)).toBeLessThanOrEqual(1);
      expect(errors.reduce((sum, error) => sum + Math.max(0, error - 1), 0)).toBeLessThanOrEqual(lacking);
    }),
  );
});

test('no state that is present vanishes', () => {
  fc.assert(
    fc.property(givenColumn, ([shares, rows, unit]) => {
      expect(statesIn(heights(shares, rows, unit).drawn)).toEqual(statesIn(shares));
    }),
  );
});

test('what is read and too low to be noticed tints its neighbor, which keeps its rows', () => {
  const unallocated = partOf(STATES.indexOf('unallocated'));
  const data = partOf(STATES.indexOf('data'));
  const shares = PARTS.map((_, part) => (part === unallocated ? 254 : part === data ? 1 : 0));
  const { drawn, tinted, tints } = heights(shares, 60, 1);
  expect([drawn[unallocated], drawn[data]]).toEqual([59, 1]);
  expect([tinted[unallocated], tints[data]]).toEqual([5, 5]);
  const hidden = partOf(STATES.indexOf('data'), 'overridden');
  const other = PARTS.map((_, part) => (part === data ? 254 : part === hidden ? 1 : 0));
  expect(heights(other, 60, 1).tints).toEqual(PARTS.map(() => 0));
});

/** Every state that a layer can hold, as a word. */
const HELD_WORDS = {
  data: LOCAL,
  compressed: LOCAL | COMPRESSED,
  zeroAllocated: LOCAL | HOLE | ZERO | RESERVED,
  zeroHole: LOCAL | HOLE | ZERO,
} as const;

test('a lone cluster on a disk of any size is seen in its lane and in the overview, in its own color and a tint of it', () => {
  const given = fc.tuple(
    fc.constantFrom(...(Object.keys(HELD_WORDS) as (keyof typeof HELD_WORDS)[])),
    fc.integer({ min: 36, max: 50 }),
    fc.integer({ min: 300, max: 1900 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(28, 41, 84),
  );
  fc.assert(
    fc.property(given, ([name, bits, width, share, laneHeight]) => {
      const size = 2 ** bits;
      const view = { start: 0, end: size };
      const from = Math.min(Math.floor((size / 65_536) * share) * 65_536, size - 65_536);
      const extents = [
        [0, from, ABSENT_EVERYWHERE],
        [from, from + 65_536, HELD_WORDS[name]],
        [from + 65_536, size, ABSENT_EVERYWHERE],
      ] as const;
      const { plain } = partColors(COLOR_SET, []).bodies;
      const color = plain[partIndexOf(HELD_WORDS[name])]!;
      const tinted = mixPixels(plain[partIndexOf(ABSENT_EVERYWHERE)]!, color, 0.45);
      for (const fill of [fromTiles, fromExtents]) {
        const strip = createColumnStrip(width);
        fill(strip, view, extents);
        const layout = laneLayout(laneHeight, 1);
        const lane = new RasterSurface({ width, height: laneHeight, unit: 1, texts: NO_TEXTS });
        paintTrack(lane, strip, layout, COLOR_SET, { labels: () => [], faded: [], marks: MARKS, phase: 0 });
        const overview = new RasterSurface({ width, height: 44, unit: 1, texts: NO_TEXTS });
        paintOverview(overview, [strip], COLOR_SET, 1);
        for (const { pixels } of [lane, overview]) {
          const seen = [...pixels.keys()]
            .filter(i => pixels[i] === color || pixels[i] === tinted)
            .map(i => i % width);
          const columns = [...new Set(seen)];
          expect(columns.length).toBeGreaterThanOrEqual(1);
          expect(columns.length).toBeLessThanOrEqual(2);
          expect(seen.length).toBeGreaterThanOrEqual(3);
          for (const column of columns)
            expect(Math.abs(column + 0.5 - ((from + 32_768) / size) * width)).toBeLessThan(2);
        }
      }
    }),
    { numRuns: 60 },
  );
});

type Extents = readonly (readonly [from: number, to: number, word: number])[];
type View = { readonly start: number; readonly end: number };

function fromTiles(strip: ColumnStrip, view: View, extents: Extents): void {
  const cache = tiled(coarsestLevel(view.end, strip.width), view.end, extents);
  stripFromTiles(strip, 0, view, cache);
}

function fromExtents(strip: ColumnStrip, view: View, extents: Extents): void {
  const some = extents.filter(([from, to]) => to > from);
  const tracks = exact(
    some.map(([from]) => from),
    some.map(([, , word]) => word),
  );
  stripFromExtents(strip, tracks, view.end, view);
}
