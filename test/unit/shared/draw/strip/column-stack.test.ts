import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coarsestLevel } from '../../../../../renderer/data/level.ts';
import { TileCache } from '../../../../../renderer/data/tile-cache.ts';
import { colorSetOf } from '../../../../../shared/draw/color-set.ts';
import { laneLayout } from '../../../../../shared/draw/lane-layout.ts';
import { paintOverview } from '../../../../../shared/draw/paint-overview.ts';
import { paintTrack } from '../../../../../shared/draw/paint-track.ts';
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
import { addExtent, createColumns, toTile } from '../../../../../shared/extent/columns.ts';
import {
  ABSENT_EVERYWHERE,
  COMPRESSED,
  HOLE,
  LOCAL,
  RESERVED,
  STATES,
  stateIndexOf,
  ZERO,
} from '../../../../../shared/extent/flags.ts';
import type { TileColumns } from '../../../../../shared/model/tile.ts';
import { tileBytes } from '../../../../../shared/model/tile.ts';
import { LIGHT_PALETTE } from '../../../../../shared/palette.ts';

const HELD = new Set(['data', 'compressed', 'zeroAllocated', 'zeroHole', 'holeUnknown']);
const INK = colorSetOf(LIGHT_PALETTE);
const NO_TEXTS = () => ({ width: 0, height: 0, alpha: new Uint8Array(0) });

function mixed(shares: readonly number[]): ColumnStrip {
  const strip = createColumnStrip(1);
  strip.state.fill(MIXED);
  strip.shares.set(shares);
  return strip;
}

/** Height of every state in a column, by state index. */
function heights(shares: readonly number[], rows: number, unit: number): readonly number[] {
  const stack = createStack();
  const count = stackColumn(stack, mixed(shares), 0, rows, unit);
  const found = new Array<number>(STATES.length).fill(0);
  for (let i = 0; i < count; i++) {
    const end = i + 1 < count ? stack.tops[i + 1]! : rows;
    found[stack.states[i]!] = end - stack.tops[i]!;
  }
  return found;
}

const someShares = fc
  .array(fc.oneof(fc.constant(0), fc.constant(1), fc.integer({ min: 0, max: 255 })), {
    minLength: STATES.length,
    maxLength: STATES.length,
  })
  .filter(shares => shares.filter(share => share > 0).length >= 2);

test('every state that is present gets its pixels, what is held enough to be noticed, and the sum stays', () => {
  fc.assert(
    fc.property(
      someShares,
      fc.integer({ min: 19, max: 220 }),
      fc.constantFrom(1, 2),
      (shares, rows, unit) => {
        const found = heights(shares, rows, unit);
        const count = shares.filter(share => share > 0).length;
        const least = Math.min(3 * unit, Math.floor(rows / count));
        expect(found.reduce((sum, height) => sum + height, 0)).toBe(rows);
        for (const [s, height] of found.entries()) {
          if (shares[s] === 0) expect(height).toBe(0);
          else expect(height).toBeGreaterThanOrEqual(HELD.has(STATES[s]!) ? least : 1);
        }
      },
    ),
  );
});

test('where every state has room enough heights follow the shares', () => {
  const ample = fc.array(fc.constantFrom<number>(0, 30, 60, 90), {
    minLength: STATES.length,
    maxLength: STATES.length,
  });
  fc.assert(
    fc.property(ample, fc.integer({ min: 100, max: 220 }), (shares, rows) => {
      const total = shares.reduce((sum, share) => sum + share, 0);
      const exact = shares.map(share => (share / Math.max(1, total)) * rows);
      fc.pre(
        shares.filter(share => share > 0).length >= 2 && exact.every(height => height === 0 || height >= 6),
      );
      for (const [s, height] of heights(shares, rows, 1).entries())
        expect(Math.abs(height - exact[s]!)).toBeLessThanOrEqual(1);
    }),
  );
});

test('what gives up room does so in proportion, and more never becomes less', () => {
  fc.assert(
    fc.property(someShares, fc.integer({ min: 19, max: 220 }), (shares, rows) => {
      const found = heights(shares, rows, 1);
      const present = shares.flatMap((share, s) => (share === 0 ? [] : [s]));
      for (const a of present)
        for (const b of present)
          if (HELD.has(STATES[a]!) === HELD.has(STATES[b]!) && shares[a]! > shares[b]!)
            expect(found[a]).toBeGreaterThanOrEqual(found[b]! - 1);
    }),
  );
});

/** Every state that a layer can hold, as a word. */
const HELD_WORDS = {
  data: LOCAL,
  compressed: LOCAL | COMPRESSED,
  zeroAllocated: LOCAL | HOLE | ZERO | RESERVED,
  zeroHole: LOCAL | HOLE | ZERO,
} as const;

test('a lone cluster on a disk of any size is seen in its lane and in the overview, in its own color', () => {
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
      const color = INK.states[stateIndexOf(HELD_WORDS[name])];
      for (const fill of [fromTiles, fromExtents]) {
        const strip = createColumnStrip(width);
        fill(strip, view, extents);
        const layout = laneLayout(laneHeight, 1);
        const lane = new RasterSurface({ width, height: laneHeight, unit: 1, texts: NO_TEXTS });
        paintTrack(lane, strip, layout, INK, { labels: () => [], faded: [], marks: MARKS, phase: 0 });
        const overview = new RasterSurface({ width, height: 44, unit: 1, texts: NO_TEXTS });
        paintOverview(overview, [strip], INK, 1);
        for (const { pixels } of [lane, overview]) {
          const seen = [...pixels.keys()].filter(i => pixels[i] === color).map(i => i % width);
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
  const level = coarsestLevel(view.end, strip.width);
  const cache = new TileCache<TileColumns>(() => level);
  const bytes = tileBytes(level);
  for (let tile = 0; tile * bytes < view.end; tile++) {
    const columns = createColumns(256, 2 ** level, false);
    for (const [from, to, word] of extents) {
      const start = Math.max(from, tile * bytes);
      const end = Math.min(to, (tile + 1) * bytes);
      if (end > start) addExtent(columns, tile * bytes, start, end, word);
    }
    cache.put({ level, version: 1, tiles: [toTile(columns, 0, tile)] }, () => false);
  }
  stripFromTiles(strip, 0, view, cache);
}

function fromExtents(strip: ColumnStrip, view: View, extents: Extents): void {
  const some = extents.filter(([from, to]) => to > from);
  const starts = Float64Array.from(some, ([from]) => from);
  const words = Uint32Array.from(some, ([, , word]) => word);
  stripFromExtents(strip, { track: 0, starts, words, owners: new Int16Array(0) }, view.end, view);
}
