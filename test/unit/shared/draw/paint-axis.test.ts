import { expect, test } from 'vitest';
import { pixelOf } from '../../../../shared/draw/color-set.ts';
import { paintAxis } from '../../../../shared/draw/paint-axis.ts';
import { RasterSurface, type TextMasks } from '../../../../shared/draw/surface/raster-surface.ts';

const MIB = 2 ** 20;
const COLORS = {
  ground: pixelOf('#ffffff'),
  line: pixelOf('#111111'),
  offset: pixelOf('#222222'),
  size: pixelOf('#333333'),
};
/** Every character but a space is a bar of 6 by 9 pixels; which ones were asked for is kept. */
function textsOf(character = 7, asked: string[] = []): TextMasks {
  return letter => {
    asked.push(letter);
    const alpha = new Uint8Array(character * 9);
    for (let i = 0; i < alpha.length; i++) alpha[i] = i % character < character - 1 ? 255 : 0;
    return { width: character, height: 9, alpha };
  };
}

function paint(end: number, texts: TextMasks, width = 1000, ratio = 1): RasterSurface {
  const size = { width: width * ratio, height: 28 * ratio };
  const raster = new RasterSurface({ ...size, unit: ratio, texts, byCharacter: true });
  raster.pixels.fill(pixelOf('#ff00ff'));
  paintAxis(raster, { start: 0, end }, width, COLORS);
  return raster;
}

/** Columns that hold a color in a row. */
function columnsOf({ width, pixels }: RasterSurface, color: number, row: number): number[] {
  return [...pixels.subarray(row * width, (row + 1) * width).entries()]
    .filter(([, at]) => at === color)
    .map(([column]) => column);
}

test('a tick stands on every step, one device pixel unit wide, and nothing of the picture before is left', () => {
  const raster = paint(8 * MIB, textsOf());
  expect(columnsOf(raster, COLORS.line, 0)).toEqual([0, 250, 500, 750]);
  expect(columnsOf(raster, COLORS.line, 6)).toEqual([]);
  expect(raster.pixels.includes(pixelOf('#ff00ff'))).toBe(false);
  expect(columnsOf(paint(8 * MIB, textsOf(14), 1000, 2), COLORS.line, 0).slice(0, 4)).toEqual([
    0, 1, 500, 501,
  ]);
});

test('offsets stand beside their ticks, and sizes beside them where all have room', () => {
  const asked: string[] = [];
  const raster = paint(8 * MIB, textsOf(7, asked));
  const offsets = columnsOf(raster, COLORS.offset, 8);
  const sizes = columnsOf(raster, COLORS.size, 8);
  expect(offsets[0]).toBe(6);
  expect(offsets.filter(column => column >= 250)[0]).toBe(256);
  // "0x0020_0000" and a space
  expect(sizes.filter(column => column >= 250)[0]).toBe(256 + 12 * 7);
  expect(asked.join('')).toContain('0x0020_0000');
  const crowded = paint(8 * MIB, textsOf(13));
  expect(columnsOf(crowded, COLORS.size, 8)).toEqual([]);
  expect(columnsOf(crowded, COLORS.offset, 8)[0]).toBe(6);
});

test('at the right edge no label is begun that would be cut', () => {
  const end = 8 * MIB * 1.02; // the tick of 8 MiB lies 20 pixels before the edge
  const raster = paint(end, textsOf());
  const last = Math.round((8 * MIB * 1000) / end);
  expect(columnsOf(raster, COLORS.line, 0).at(-1)).toBe(last);
  expect(columnsOf(raster, COLORS.offset, 8).filter(column => column > last)).toEqual([]);
  expect(columnsOf(raster, COLORS.size, 8).filter(column => column > last)).toEqual([]);
});
