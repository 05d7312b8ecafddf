import { expect, test } from 'vitest';
import { colorSetOf } from '../../../../../shared/draw/color-set.ts';
import { hostColors } from '../../../../../shared/draw/host/host-colors.ts';
import {
  createHostStrip,
  type HostStrip,
  hostStripFromRuns,
  hostStripFromTiles,
  kindOfColumn,
} from '../../../../../shared/draw/host/host-strip.ts';
import { paintHost } from '../../../../../shared/draw/host/paint-host.ts';
import { RasterSurface } from '../../../../../shared/draw/surface/raster-surface.ts';
import { HOST_KINDS, type HostKind, type HostTile } from '../../../../../shared/model/layout.ts';
import { DARK_PALETTE, LIGHT_PALETTE } from '../../../../../shared/palette.ts';

const KINDS = HOST_KINDS.length;
const index = (kind: HostKind): number => HOST_KINDS.indexOf(kind);

/** 0 to 100 data, 100 to 150 leaked, 150 to 400 free. */
const runs = {
  track: 0,
  starts: Float64Array.of(0, 100, 150),
  kinds: Uint8Array.of(index('data'), index('leaked'), index('free')),
} as const;

function shareOf({ shares }: HostStrip, column: number, kind: HostKind): number {
  return shares[column * KINDS + index(kind)] as number;
}

test('columns of runs have the share of each kind, and what lies past the end has none', () => {
  const strip = createHostStrip(10);
  hostStripFromRuns(strip, runs, 400, { start: 0, end: 500 });
  expect([0, 1, 2, 3].map(c => shareOf(strip, c, 'data'))).toEqual([1, 1, 0, 0]);
  expect(shareOf(strip, 2, 'leaked')).toBe(1);
  expect([0, 2, 3, 8, 9].map(c => kindOfColumn(strip, c))).toEqual([
    index('data'),
    index('leaked'),
    index('free'),
    -2,
    -2,
  ]);
  hostStripFromRuns(strip, runs, 400, { start: 60, end: 860 });
  expect(shareOf(strip, 0, 'data')).toBeCloseTo(0.5);
  expect(shareOf(strip, 0, 'leaked')).toBeCloseTo(0.5);
  expect(kindOfColumn(strip, 0)).toBe(-1);
});

test('columns of tiles have the same shares as those of runs, at any offset and width', () => {
  const level = 1;
  const tile: HostTile = {
    track: 0,
    tile: 0,
    runs: new Uint32Array(256),
    shares: new Float32Array(256 * KINDS),
  };
  const columns = createHostStrip(256);
  hostStripFromRuns(columns, runs, 400, { start: 0, end: 256 * 2 ** level });
  tile.shares.set(columns.shares);
  for (const view of [
    { start: 0, end: 400 },
    { start: 40, end: 360 },
    { start: 16, end: 160 },
  ]) {
    const [exact, tiled] = [createHostStrip(8), createHostStrip(8)];
    hostStripFromRuns(exact, runs, 400, view);
    hostStripFromTiles(tiled, view, [level], (of, number) =>
      of === level && number === 0 ? tile : undefined,
    );
    for (let c = 0; c < 8; c++)
      for (const kind of HOST_KINDS) expect(shareOf(tiled, c, kind)).toBeCloseTo(shareOf(exact, c, kind), 5);
  }
});

test('a column of which no tile is loaded at any level stays empty', () => {
  const strip = createHostStrip(4);
  hostStripFromTiles(strip, { start: 0, end: 64 }, [4], () => undefined);
  expect([0, 1, 2, 3].map(c => kindOfColumn(strip, c))).toEqual([-2, -2, -2, -2]);
});

test('a leak that is a thousandth of a column is seen, and the rest has its share', () => {
  const strip = createHostStrip(1);
  strip.shares[index('data')] = 0.999;
  strip.shares[index('leaked')] = 0.001;
  const surface = new RasterSurface({ width: 1, height: 60, unit: 1, texts: () => none });
  const colors = hostColors(colorSetOf(LIGHT_PALETTE));
  paintHost(surface, strip, { colors, lane: 0, unit: 1, lettered: false, phase: 0 });
  const data = [...surface.pixels].filter(pixel => pixel === colors[index('data')]?.fill).length;
  const leaked = [...surface.pixels].filter(pixel => pixel === colors[index('leaked')]?.patternColor).length;
  expect([data, leaked]).toEqual([56, 4]);
});

const none = { width: 0, height: 0, alpha: new Uint8Array(0) };

test.each([LIGHT_PALETTE, DARK_PALETTE])('every kind is drawn in another way', palette => {
  const drawn = HOST_KINDS.map(kind => {
    const strip = createHostStrip(24);
    hostStripFromRuns(strip, { track: 0, starts: Float64Array.of(0), kinds: Uint8Array.of(index(kind)) }, 1, {
      start: 0,
      end: 1,
    });
    const surface = new RasterSurface({ width: 24, height: 20, unit: 1, texts: () => none });
    paintHost(surface, strip, {
      colors: hostColors(colorSetOf(palette)),
      lane: 0,
      unit: 1,
      lettered: true,
      phase: 0,
    });
    return surface.pixels.join();
  });
  expect(new Set(drawn).size).toBe(HOST_KINDS.length);
});
