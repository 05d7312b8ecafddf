import { expect, test, vi } from 'vitest';
import {
  colorSetOf,
  contrastRatio,
  mixPixels,
  ownerTone,
  pixelOf,
  readableOn,
} from '../../../../shared/draw/color-set.ts';
import { laneLayout } from '../../../../shared/draw/lane-layout.ts';
import { paintOverview } from '../../../../shared/draw/paint-overview.ts';
import { paintTrack } from '../../../../shared/draw/paint-track.ts';
import type { PaintOptions } from '../../../../shared/draw/painting.ts';
import { partColors } from '../../../../shared/draw/part-colors.ts';
import {
  type ColumnStrip,
  createColumnStrip,
  MARKS,
  MIXED,
  NOTHING,
} from '../../../../shared/draw/strip/column-strip.ts';
import { RasterSurface } from '../../../../shared/draw/surface/raster-surface.ts';
import { type AlphaMask, shapesOf } from '../../../../shared/draw/surface/shapes.ts';
import { STATES } from '../../../../shared/extent/flags.ts';
import { PARTS, type PartVariant, partOf } from '../../../../shared/extent/parts.ts';
import { PRESENT } from '../../../../shared/model/tile.ts';
import { DARK_PALETTE, LIGHT_PALETTE } from '../../../../shared/palette.ts';

const COLOR_SET = colorSetOf(LIGHT_PALETTE);
const LAYOUT = laneLayout(80, 1);
const solid = (width: number, height: number): AlphaMask => ({
  width,
  height,
  alpha: new Uint8Array(width * height).fill(255),
});
const texts = (text: string) => solid(text.length * 6, 12);
const surfaceOf = (width: number, height: number) => new RasterSurface({ width, height, unit: 1, texts });
const PLAIN = { labels: () => [], faded: [], marks: MARKS, phase: 0 };
const state = (name: (typeof STATES)[number]) => STATES.indexOf(name);

function paint(strip: ColumnStrip, options: Partial<PaintOptions> = {}): RasterSurface {
  const raster = surfaceOf(strip.width, LAYOUT.height);
  paintTrack(raster, strip, LAYOUT, COLOR_SET, { ...PLAIN, ...options });
  return raster;
}

/** What a run is by its marks. */
function variantOf(marks: number): PartVariant {
  if (marks === PRESENT.overridden) return 'overridden';
  if (marks === PRESENT.shadowed) return 'shadowed';
  return marks & PRESENT.holeOverrides ? 'hidesData' : 'plain';
}

/** Gives states shares of a column. */
function mixStates(
  made: ColumnStrip,
  column: number,
  shares: Partial<Record<(typeof STATES)[number], number>>,
): void {
  made.part[column] = MIXED;
  for (const [name, share] of Object.entries(shares)) {
    const part = partOf(STATES.indexOf(name as (typeof STATES)[number]));
    made.shares[column * PARTS.length + part] = share;
    made.present[column]! |= 1 << part;
  }
}

function strip(
  width: number,
  ...runs: readonly (readonly [from: number, state: number, marks?: number])[]
): ColumnStrip {
  const made = createColumnStrip(width);
  for (const [from, value, marks = 0] of runs) {
    const part = value < STATES.length ? partOf(value, variantOf(marks)) : value;
    made.part.fill(part, from);
    made.present.fill((marks & MARKS) | (part < PARTS.length ? 1 << part : 0), from);
  }
  return made;
}

const at = (raster: RasterSurface, x: number, y: number) => raster.pixels[y * raster.width + x];
const column = (raster: RasterSurface, x: number, y0: number, y1: number) =>
  Array.from({ length: y1 - y0 }, (_, i) => at(raster, x, y0 + i));

test('pixels are in the order of ImageData', () => {
  expect(pixelOf('#044A99')).toBe(0xff994a04);
  expect(mixPixels(pixelOf('#000000'), pixelOf('#ffffff'), 0.5)).toBe(0xff808080);
});

test('what is written on a state can be read, in both themes', () => {
  for (const palette of [LIGHT_PALETTE, DARK_PALETTE]) {
    for (const ground of colorSetOf(palette).states)
      expect(contrastRatio(readableOn(ground), ground)).toBeGreaterThanOrEqual(4.5);
  }
});

test('a plain state fills its body and leaves the gutter alone', () => {
  const raster = paint(strip(40, [0, state('data')]));
  expect(new Set(column(raster, 20, 0, LAYOUT.bodyEnd))).toEqual(new Set([COLOR_SET.states[0]]));
  expect(new Set(column(raster, 20, LAYOUT.bodyEnd, LAYOUT.height))).toEqual(new Set([COLOR_SET.lane]));
});

test('an override is a notch, a hole that overrides a deeper one, one pixel wide or more', () => {
  const raster = paint(
    strip(
      30,
      [0, state('data')],
      [10, state('data'), PRESENT.overrides],
      [11, state('data')],
      [20, state('zeroHole'), PRESENT.overrides | PRESENT.holeOverrides],
      [21, state('data')],
    ),
  );
  const notch = (x: number) =>
    column(raster, x, LAYOUT.notchStart, LAYOUT.height).filter(p => p === COLOR_SET.override).length;
  expect(notch(10)).toBe(3);
  expect(notch(20)).toBe(8);
  expect(notch(9) + notch(11) + notch(19) + notch(21)).toBe(0);
});

/** Rows [y0, y1) of columns [x0, x1) as text: `#` for the color, `.` for anything else. */
const drawing = (raster: RasterSurface, color: number, x0: number, x1: number, y0: number, y1: number) =>
  Array.from({ length: y1 - y0 }, (_, row) =>
    Array.from({ length: x1 - x0 }, (_, c) => (at(raster, x0 + c, y0 + row) === color ? '#' : '.')).join(''),
  );

test('with room a triangle is drawn, and for a hole a larger one with a zero on it', () => {
  const wide = strip(
    76,
    [0, state('data'), PRESENT.overrides],
    [15, state('data')],
    [26, state('zeroHole'), PRESENT.overrides | PRESENT.holeOverrides],
    [51, state('data')],
  );
  const raster = paint(wide);
  expect(drawing(raster, COLOR_SET.override, 0, 17, LAYOUT.bodyEnd, LAYOUT.bodyEnd + 10)).toEqual([
    '.................',
    '###############..',
    '###############..',
    '###############..',
    '...#########.....',
    '....#######......',
    '.....#####.......',
    '......###........',
    '.......#.........',
    '.................',
  ]);
  expect(drawing(raster, COLOR_SET.override, 26, 51, LAYOUT.bodyEnd, LAYOUT.height)).toEqual([
    '.........................',
    '#########################',
    '#########################',
    '#########################',
    '..#########...#########..',
    '...#######.###.#######...',
    '....######.###.######....',
    '.....#####.###.#####.....',
    '......####.###.####......',
    '.......####...####.......',
    '........#########........',
    '.........#######.........',
    '..........#####..........',
    '...........###...........',
    '............#............',
    '.........................',
  ]);
});

test('in a low lane a hole that overrides has its deeper notch alone, however wide it is', () => {
  const low = laneLayout(28, 1);
  const made = strip(60, [0, state('zeroHole'), PRESENT.overrides | PRESENT.holeOverrides]);
  const raster = surfaceOf(60, 28);
  paintTrack(raster, made, low, COLOR_SET, PLAIN);
  expect(new Set(column(raster, 30, low.notchStart, 28))).toEqual(new Set([COLOR_SET.override]));
  expect(column(raster, 30, 0, low.bodyEnd)).not.toContain(COLOR_SET.override);
});

test('at twice the pixels shapes are twice as large, edge for edge', () => {
  const { triangle, zeroTriangle, zero } = shapesOf(2);
  const single = shapesOf(1);
  for (const [double, one] of [
    [triangle, single.triangle],
    [zeroTriangle, single.zeroTriangle],
    [zero, single.zero],
  ] as const) {
    expect([double.width, double.height]).toEqual([one.width * 2, one.height * 2]);
    expect(new Set(double.alpha)).toEqual(new Set([0, 255]));
    for (let y = 0; y < double.height; y++) {
      const row = double.alpha.subarray(y * double.width, (y + 1) * double.width);
      expect([...row].reverse()).toEqual([...row]);
    }
  }
});

test('patterns need six pixels', () => {
  const colors = (width: number) =>
    new Set(column(paint(strip(width, [0, state('compressed')])), 0, 0, LAYOUT.bodyEnd - 1));
  expect(colors(5).size).toBe(1);
  expect(colors(6).size).toBe(2);
});

test('each state can be recognized without its color', () => {
  const shape = (name: (typeof STATES)[number]) => {
    const { pixels } = paint(strip(24, [0, state(name)]));
    const order = new Map<number, number>();
    return [...pixels.subarray(0, 24 * (LAYOUT.bodyEnd - 1))]
      .map(value => {
        if (!order.has(value)) order.set(value, order.size);
        return order.get(value);
      })
      .join('');
  };
  const patterned = [
    'data',
    'compressed',
    'zeroAllocated',
    'zeroHole',
    'outOfRange',
    'reserved',
    'unread',
    'unreadable',
  ] as const;
  expect(new Set(patterned.map(shape)).size).toBe(patterned.length);
});

test('a mixed column is split by share', () => {
  const made = createColumnStrip(3);
  mixStates(made, 1, { data: 128, unallocated: 127 });
  const raster = paint(made);
  const body = column(raster, 1, 0, LAYOUT.bodyEnd);
  expect(body[0]).toBe(COLOR_SET.states[state('unallocated')]);
  expect(body.at(-1)).toBe(COLOR_SET.states[state('data')]);
  expect(body.filter(p => p === COLOR_SET.states[0]).length).toBeCloseTo(LAYOUT.bodyEnd / 2, -1);
});

test('what could not be read is seen in a mixed column, however small', () => {
  const made = createColumnStrip(1);
  mixStates(made, 0, { data: 254, unreadable: 1 });
  expect(new Set(column(paint(made), 0, 0, LAYOUT.bodyEnd))).toEqual(new Set([COLOR_SET.corrupt]));
});

test('dirty lies on top, damage frames the lane', () => {
  const dirty = paint(strip(10, [0, state('data'), PRESENT.dirty]));
  expect(column(dirty, 5, 0, 4)).toEqual(Array(4).fill(COLOR_SET.dirty));
  expect(at(dirty, 5, 4)).toBe(COLOR_SET.lane);
  const damaged = paint(
    strip(
      10,
      [0, state('unallocated')],
      [5, state('unallocated'), PRESENT.damaged],
      [6, state('unallocated')],
    ),
  );
  expect(new Set(column(damaged, 5, 0, LAYOUT.height))).toEqual(new Set([COLOR_SET.corrupt]));
});

test('a bitmap that tells nothing is a dotted bar, and what is known dirty beside it a whole one', () => {
  const row = (marks: number) => {
    const raster = paint(strip(24, [0, state('data'), marks]));
    return Array.from({ length: 24 }, (_, x) => at(raster, x, 1) === COLOR_SET.dirty);
  };
  const dotted = row(PRESENT.dirtyUnknown);
  expect(dotted.filter(Boolean)).toHaveLength(8);
  expect(row(PRESENT.dirty | PRESENT.dirtyUnknown).every(Boolean)).toBe(true);
  expect(row(0).some(Boolean)).toBe(false);
});

test('what is hidden is gray, stands out from its lane by 3 to 1, and differs from what is read', () => {
  for (const palette of [LIGHT_PALETTE, DARK_PALETTE]) {
    const colorSet = colorSetOf(palette);
    const { plain } = partColors(colorSet, []).bodies;
    PARTS.forEach(({ state: name, variant }, part) => {
      if (variant !== 'overridden' && variant !== 'shadowed') return;
      expect(contrastRatio(plain[part]!, colorSet.lane)).toBeGreaterThanOrEqual(3);
      if (name !== 'unreadable') expect(plain[part]).not.toBe(plain[partOf(state(name))]);
    });
  }
  const shadowed = paint(strip(10, [0, state('data'), PRESENT.shadowed]));
  expect(new Set(column(shadowed, 5, 0, LAYOUT.bodyEnd)).size).toBeGreaterThan(1);
});

test('zeros that hide data are in full color, and zeros over nothing are paler', () => {
  const loud = paint(strip(10, [0, state('zeroHole'), PRESENT.overrides | PRESENT.holeOverrides]));
  const quiet = paint(strip(10, [0, state('zeroHole')]));
  const colorSet = COLOR_SET.states[state('zeroHole')]!;
  expect(column(loud, 5, 0, LAYOUT.bodyEnd)).toContain(colorSet);
  expect(column(quiet, 5, 0, LAYOUT.bodyEnd)).not.toContain(colorSet);
  expect(column(quiet, 5, 0, LAYOUT.bodyEnd)).toContain(mixPixels(colorSet, COLOR_SET.lane, 0.55));
});

test('nothing known is a dotted line on the lane, not a state', () => {
  const raster = paint(strip(20, [0, NOTHING]));
  const colors = new Set(raster.pixels);
  expect(colors).toEqual(new Set([COLOR_SET.lane, COLOR_SET.frame]));
});

test('highlighting fades the others and hides marks that are not asked for', () => {
  const made = strip(20, [0, state('data'), PRESENT.overrides], [10, state('zeroHole')]);
  const faded = PARTS.map(({ state: name }) => name !== 'zeroHole');
  const raster = paint(made, { faded, marks: 0 });
  expect(at(raster, 5, 5)).not.toBe(COLOR_SET.states[0]);
  expect([...raster.pixels].includes(COLOR_SET.override)).toBe(false);
  expect(column(raster, 15, 0, LAYOUT.bodyEnd)).toContain(
    mixPixels(COLOR_SET.states[state('zeroHole')]!, COLOR_SET.lane, 0.55),
  );
});

test('the longest label that fits is written', () => {
  const raster = surfaceOf(60, LAYOUT.height);
  const written: string[] = [];
  raster.drawText = (text, x, y, color) => {
    written.push(text);
    RasterSurface.prototype.drawText.call(raster, text, x, y, color);
  };
  const made = strip(60, [0, state('data')]);
  paintTrack(raster, made, LAYOUT, COLOR_SET, { ...PLAIN, labels: () => ['far too long', 'data', 'D'] });
  expect(written).toEqual(['data']);
  expect(at(raster, 30, LAYOUT.bodyEnd >> 1)).toBe(readableOn(COLOR_SET.states[0]!));
});

test('on the guest the layer that is read is written below, in place of notches', () => {
  const raster = paint(strip(60, [0, state('data'), PRESENT.overrides]), { captions: () => '2' });
  expect([...raster.pixels].includes(COLOR_SET.override)).toBe(false);
  expect(column(raster, 30, LAYOUT.bodyEnd + 2, LAYOUT.height).some(p => p !== COLOR_SET.lane)).toBe(true);
});

test('a stripe under the guest shows at every zoom which layer is read, and none where nothing is stored', () => {
  const made = strip(60, [0, state('data')], [20, state('unallocated')], [40, state('zeroHole')]);
  made.owners.fill(1, 0, 20);
  made.owners.fill(0, 40, 60);
  mixStates(made, 45, { data: 128, unallocated: 127 });
  const raster = paint(made, { captions: () => '', ownerCount: 2 });
  const stripe = (x: number) => column(raster, x, LAYOUT.bodyEnd + 1, LAYOUT.bodyEnd + 3);
  expect(stripe(10)).toEqual(Array(2).fill(ownerTone(COLOR_SET, 1, 2)));
  expect(stripe(30)).toEqual(Array(2).fill(COLOR_SET.lane));
  expect(stripe(45)).toEqual(Array(2).fill(ownerTone(COLOR_SET, 0, 2)));
  expect(ownerTone(COLOR_SET, 0, 2)).not.toBe(ownerTone(COLOR_SET, 1, 2));
});

test('the overview follows the legend: what is not highlighted steps back, and has no ticks', () => {
  const guest = strip(20, [0, state('data')], [10, state('zeroHole')]);
  const layer = strip(20, [0, state('data')], [7, state('data'), PRESENT.damaged], [8, state('data')]);
  const [plain, filtered] = [surfaceOf(20, 40), surfaceOf(20, 40)];
  paintOverview(plain, [guest, layer], COLOR_SET, 1);
  const faded = PARTS.map(({ state: name }) => name !== 'zeroHole');
  paintOverview(filtered, [guest, layer], COLOR_SET, 1, { faded, marks: PRESENT.dirty });
  expect(column(filtered, 7, 0, 9)).toEqual(Array(9).fill(COLOR_SET.lane));
  expect(at(filtered, 3, 20)).not.toBe(at(plain, 3, 20));
  expect(at(filtered, 15, 20)).toBe(at(plain, 15, 20));
});

test('the overview ticks whatever any layer marks', () => {
  const guest = strip(20, [0, state('data')]);
  const layer = strip(20, [0, state('data')], [7, state('data'), PRESENT.damaged], [8, state('data')]);
  const raster = surfaceOf(20, 40);
  paintOverview(raster, [guest, layer], COLOR_SET, 1);
  expect(column(raster, 7, 0, 9)).toContain(COLOR_SET.corrupt);
  expect(column(raster, 6, 0, 9)).toEqual(Array(9).fill(COLOR_SET.lane));
  expect(at(raster, 7, 20)).toBe(COLOR_SET.states[0]);
});

test('what falls through is named in the widest gap of a track and in gaps that are wide themselves, not in every one', () => {
  const [absent, data] = [partOf(state('unallocated')), partOf(state('data'))];
  const namesIn = (...gaps: readonly number[]) => {
    const strip = createColumnStrip(gaps.reduce((sum, gap) => sum + gap + 10, 0));
    let at = 0;
    for (const gap of gaps) {
      strip.part.fill(absent, at, at + gap);
      strip.part.fill(data, at + gap, at + gap + 10);
      at += gap + 10;
    }
    const raster = surfaceOf(strip.width, LAYOUT.height);
    const drawText = vi.spyOn(raster, 'drawText');
    const labels: PaintOptions['labels'] = ({ part }) => (part === absent ? ['unallocated'] : []);
    paintTrack(raster, strip, LAYOUT, COLOR_SET, { ...PLAIN, labels });
    return drawText.mock.calls.map(([text, x]) => [text, gaps.length === 0 ? 0 : x]);
  };
  const widths = [100, 100, 130, 100, 100, 100, 100, 100, 100, 100];
  expect(namesIn(...widths)).toEqual([['unallocated', 220 + ((130 - 66) >> 1)]]);
  expect(namesIn(300, 80, 300)).toHaveLength(2);
});
