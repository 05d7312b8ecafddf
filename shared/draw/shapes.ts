/** The shapes of override marks, drawn in whole device pixels so that no edge is blurred. */
import type { Mask } from './raster.ts';

/** The triangle of an override, and that of a hole that overrides with the 0 that is written on it. */
export interface Shapes {
  readonly triangle: Mask;
  readonly zeroTriangle: Mask;
  readonly zero: Mask;
}

/** Heights in CSS pixels. */
const TRIANGLE = 5;
const ZERO_TRIANGLE = 11;

const ZERO = ['.###.', '#...#', '#...#', '#...#', '#...#', '.###.'] as const;

/** The shapes at `unit` device pixels in a CSS pixel. */
export function shapesOf(unit: number): Shapes {
  return {
    triangle: pointingDown(TRIANGLE * unit, unit),
    zeroTriangle: pointingDown(ZERO_TRIANGLE * unit, unit),
    zero: enlarged(ZERO, unit),
  };
}

/** A triangle whose point, a CSS pixel wide, is down, towards the layers it hides. Its sides go a pixel a row. */
function pointingDown(height: number, unit: number): Mask {
  const width = 2 * height - unit;
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const inset = Math.min(y, height - unit);
    alpha.fill(255, y * width + inset, (y + 1) * width - inset);
  }
  return { width, height, alpha };
}

/** A drawing of `#` on anything else, each character as `unit` by `unit` pixels. */
function enlarged(rows: readonly string[], unit: number): Mask {
  const width = (rows[0] ?? '').length * unit;
  const height = rows.length * unit;
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = rows[Math.floor(y / unit)] ?? '';
    for (let x = 0; x < width; x++) if (row[Math.floor(x / unit)] === '#') alpha[y * width + x] = 255;
  }
  return { width, height, alpha };
}
