/** A picture as rows of pixels, and the few shapes that are drawn into it. Coordinates are device pixels. */
import { mix, type Pixel } from './color-set.ts';

/** A picture; `pixels` has width * height elements. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** A shape as coverage from 0 to 255, drawn in any color. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly alpha: Uint8Array;
}

/** Fills columns [x0, x1) of rows [y0, y1). */
export function fillRect(raster: Raster, x0: number, y0: number, x1: number, y1: number, color: Pixel): void {
  const { width, pixels } = raster;
  for (let y = y0; y < y1; y++) fillRow(pixels, color, y * width + x0, y * width + x1);
}

/** Pixels below which a loop is done before the call of a fill has begun. */
const SHORT = 24;

function fillRow(pixels: Uint32Array, color: Pixel, from: number, to: number): void {
  if (to - from >= SHORT) pixels.fill(color, from, to);
  else for (let i = from; i < to; i++) pixels[i] = color;
}

/** Draws a frame `line` wide along the inside of the rectangle. */
export function strokeRect(
  raster: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  line: number,
  color: Pixel,
): void {
  const side = Math.min(line, x1 - x0);
  fillRect(raster, x0, y0, x1, y0 + line, color);
  fillRect(raster, x0, y1 - line, x1, y1, color);
  fillRect(raster, x0, y0, x0 + side, y1, color);
  fillRect(raster, x1 - side, y0, x1, y1, color);
}

/** Draws horizontal lines, `line` high, one every `period` rows. */
export function fillLines(
  raster: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  period: number,
  line: number,
  color: Pixel,
): void {
  for (let y = y0 + period - line; y + line <= y1; y += period) fillRect(raster, x0, y, x1, y + line, color);
}

/** Draws square dots, `dot` wide, on a staggered grid of `period`; `phase` shifts it so that it moves with its content. */
export function fillDots(
  raster: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  period: number,
  dot: number,
  phase: number,
  color: Pixel,
): void {
  let odd = false;
  for (let y = y0 + period - dot; y + dot <= y1; y += period) {
    const shift = odd ? period >> 1 : 0;
    let x = x0 + period - 1 - ((x0 + phase + shift) % period);
    for (; x + dot <= x1; x += period) fillRect(raster, x, y, x + dot, y + dot, color);
    odd = !odd;
  }
}

/** Draws lines at 45 degrees, rising to the right or (`falling`) to the left. */
export function fillHatch(
  raster: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  period: number,
  line: number,
  phase: number,
  falling: boolean,
  color: Pixel,
): void {
  const { width, pixels } = raster;
  for (let y = y0; y < y1; y++) {
    const shift = (falling ? period - (y % period) : y % period) + phase;
    const row = y * width;
    // The first x at or after x0 where a line begins, stepping back one line so that none is cut.
    let x = x0 + period - ((x0 + shift) % period) - period;
    for (; x < x1; x += period) {
      const from = Math.max(x, x0);
      const to = Math.min(x + line, x1);
      fillRow(pixels, color, row + from, row + to);
    }
  }
}

/** Lays a mask over the picture in a color; what falls outside [clip0, clip1) columns is left out. */
export function drawMask(
  raster: Raster,
  mask: Mask,
  x: number,
  y: number,
  color: Pixel,
  clip0 = 0,
  clip1 = raster.width,
): void {
  for (let my = 0; my < mask.height; my++) {
    const py = y + my;
    if (py < 0 || py >= raster.height) continue;
    for (let mx = 0; mx < mask.width; mx++) {
      const px = x + mx;
      const alpha = mask.alpha[my * mask.width + mx] as number;
      if (alpha === 0 || px < clip0 || px >= clip1) continue;
      const at = py * raster.width + px;
      raster.pixels[at] = alpha === 255 ? color : mix(raster.pixels[at] as Pixel, color, alpha / 255);
    }
  }
}
