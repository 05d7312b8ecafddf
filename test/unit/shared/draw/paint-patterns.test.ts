import { expect, test } from 'vitest';
import { colorSetOf, contrastRatio, mixPixels, type Pixel } from '../../../../shared/draw/color-set.ts';
import { laneLayout } from '../../../../shared/draw/lane-layout.ts';
import { paintTrack } from '../../../../shared/draw/paint-track.ts';
import { partColors } from '../../../../shared/draw/part-colors.ts';
import { createColumnStrip, MARKS } from '../../../../shared/draw/strip/column-strip.ts';
import { RasterSurface } from '../../../../shared/draw/surface/raster-surface.ts';
import { type ExtentState, STATES } from '../../../../shared/extent/flags.ts';
import { type PartIndex, partOf } from '../../../../shared/extent/parts.ts';
import { PRESENT } from '../../../../shared/model/tile.ts';
import { DARK_PALETTE, LIGHT_PALETTE } from '../../../../shared/palette.ts';

const COLOR_SET = colorSetOf(LIGHT_PALETTE);
const WIDTH = 60;
/** Device pixel ratios and the whole pixels that stand for a CSS pixel there. */
const RATIOS = [
  [1, 1],
  [1.5, 2],
  [2, 2],
] as const;

function paint(state: ExtentState, ratio: number, marks = 0, phase = 0): RasterSurface {
  return paintPart(partOf(STATES.indexOf(state)), ratio, marks, phase);
}

function paintPart(part: PartIndex, ratio: number, marks = 0, phase = 0, colors = COLOR_SET): RasterSurface {
  const layout = laneLayout(Math.round(84 * ratio), ratio);
  const strip = createColumnStrip(WIDTH);
  strip.part.fill(part);
  strip.present.fill(marks);
  const texts = () => ({ width: 0, height: 0, alpha: new Uint8Array(0) });
  const raster = new RasterSurface({ width: WIDTH, height: layout.height, unit: layout.unit, texts });
  paintTrack(raster, strip, layout, colors, { labels: () => [], faded: [], marks: MARKS, phase });
  return raster;
}

const at = ({ pixels, width }: RasterSurface, x: number, y: number) => pixels[y * width + x];
const bodyEnd = (ratio: number) => laneLayout(Math.round(84 * ratio), ratio).bodyEnd;
/** Lengths of the stretches of one color along a row or a column of the body. */
function stretches(line: readonly (Pixel | undefined)[]): readonly (readonly [Pixel | undefined, number])[] {
  const found: [Pixel | undefined, number][] = [];
  for (const pixel of line) {
    const last = found.at(-1);
    if (last !== undefined && last[0] === pixel) last[1]++;
    else found.push([pixel, 1]);
  }
  return found;
}
const row = (raster: RasterSurface, y: number) => Array.from({ length: WIDTH }, (_, x) => at(raster, x, y));
const column = (raster: RasterSurface, x: number, to: number) =>
  Array.from({ length: to }, (_, y) => at(raster, x, y));
const body = (state: ExtentState) => partColors(COLOR_SET, []).bodies.plain[partOf(STATES.indexOf(state))];

test.each([
  ['light', LIGHT_PALETTE],
  ['dark', DARK_PALETTE],
] as const)('the hatch over what a shorter layer hides can be seen in the %s theme', (_, palette) => {
  const colors = colorSetOf(palette);
  const part = partOf(STATES.indexOf('data'), 'shadowed');
  const [ground = 0, hatch = 0, ...others] = new Set(row(paintPart(part, 1, 0, 0, colors), 20));
  expect(others).toEqual([]);
  expect(contrastRatio(ground, hatch)).toBeGreaterThanOrEqual(1.2);
});

test.each(RATIOS)(
  'at a ratio of %s nothing is blurred: a picture holds the colors of its color set alone',
  ratio => {
    for (const state of STATES) {
      const index = STATES.indexOf(state);
      const pattern = COLOR_SET.pattern[index] as Pixel;
      const allowed = new Set([
        COLOR_SET.states[index],
        pattern,
        COLOR_SET.lane,
        COLOR_SET.frame,
        COLOR_SET.corrupt,
        mixPixels(COLOR_SET.corrupt, COLOR_SET.lane, 0.8),
        mixPixels(pattern, COLOR_SET.lane, 0.4),
        mixPixels(COLOR_SET.states[index] as Pixel, COLOR_SET.lane, 0.75),
        body(state),
        COLOR_SET.override,
        COLOR_SET.dirty,
      ]);
      for (const marks of [0, PRESENT.overrides | PRESENT.holeOverrides, PRESENT.overrides | PRESENT.dirty]) {
        const found = new Set(paint(state, ratio, marks).pixels);
        expect(
          [...found].filter(pixel => !allowed.has(pixel)),
          `${state} ${marks}`,
        ).toEqual([]);
      }
    }
  },
);

test.each(RATIOS)('at a ratio of %s compressed has lines every 3 CSS pixels', (ratio, unit) => {
  const raster = paint('compressed', ratio);
  const end = bodyEnd(ratio) - 3 * unit;
  const found = stretches(column(raster, 20, end - (end % (3 * unit))));
  expect(found.map(([, length]) => length)).toEqual(
    Array.from({ length: found.length }, (_, i) => (i % 2 === 0 ? 2 * unit : unit)),
  );
  expect(new Set(row(raster, 3 * unit - 1))).toEqual(
    new Set([COLOR_SET.pattern[STATES.indexOf('compressed')]]),
  );
});

test.each(RATIOS)('at a ratio of %s a zero has square dots, staggered every 4 CSS pixels', (ratio, unit) => {
  const raster = paint('zeroHole', ratio);
  const dots = (y: number) => row(raster, y).flatMap((pixel, x) => (pixel === body('zeroHole') ? [] : [x]));
  const first = dots(4 * unit - 1);
  const second = dots(8 * unit - 1);
  for (const line of [first, second]) {
    const starts = line.filter((x, i) => line[i - 1] !== x - 1);
    expect(line).toHaveLength(starts.length * unit);
    for (const [i, x] of starts.entries()) if (i > 0) expect(x - (starts[i - 1] as number)).toBe(4 * unit);
  }
  expect(Math.abs((first[0] as number) - (second[0] as number)) % (4 * unit)).toBe(2 * unit);
  expect(dots(4 * unit)).toEqual([]);
});

test.each(RATIOS)('at a ratio of %s allocated zeros have an outline 2 CSS pixels inside', (ratio, unit) => {
  const raster = paint('zeroAllocated', ratio);
  expect(stretches(row(raster, bodyEnd(ratio) >> 1)).map(([, length]) => length)).toEqual([
    2 * unit,
    unit,
    WIDTH - 6 * unit,
    unit,
    2 * unit,
  ]);
});

test.each(RATIOS)('at a ratio of %s the hatch past the end goes up by a pixel a column', (ratio, unit) => {
  const raster = paint('outOfRange', ratio);
  const hatched = (x: number, y: number) =>
    at(raster, x, y) === COLOR_SET.pattern[STATES.indexOf('outOfRange')];
  for (let y = 1; y < bodyEnd(ratio); y++)
    for (let x = 0; x < WIDTH - 1; x++) expect(hatched(x, y)).toBe(hatched(x + 1, y - 1));
  const line = row(raster, 7);
  const found = stretches(line).slice(1, -1);
  for (const [pixel, length] of found)
    expect(length).toBe(pixel === COLOR_SET.pattern[STATES.indexOf('outOfRange')] ? unit : 5 * unit);
});

test('patterns move with what they lie on', () => {
  for (const state of ['zeroHole', 'outOfRange'] as const) {
    const before = paint(state, 1);
    const after = paint(state, 1, 0, 7);
    for (let y = 0; y < bodyEnd(1); y++)
      for (let x = 8; x < WIDTH - 8; x++) expect(at(after, x, y)).toBe(at(before, x + 7, y));
  }
});

test.each(RATIOS)('at a ratio of %s bars and notches are as high as they should be', (ratio, unit) => {
  const { bodyEnd: end, height } = laneLayout(Math.round(84 * ratio), ratio);
  const dirty = paint('data', ratio, PRESENT.dirty);
  expect(stretches(column(dirty, 3, end)).slice(0, 2)).toEqual([
    [COLOR_SET.dirty, 4 * unit],
    [COLOR_SET.lane, unit],
  ]);
  const override = paint('data', ratio, PRESENT.overrides);
  expect(stretches(column(override, 3, height)).slice(1, 3)).toEqual([
    [COLOR_SET.lane, unit],
    [COLOR_SET.override, 3 * unit],
  ]);
});
