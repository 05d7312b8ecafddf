/** Paints the whole disk as a thin strip: what the guest reads, and above it a tick for whatever must be seen. */

import { PRESENT } from '../model/tile.ts';
import { type ColorSet, mix } from './color-set.ts';
import type { Strip } from './column-strip.ts';
import { paintBodies } from './paint-bodies.ts';
import { fillRect, type Raster } from './raster.ts';
import { overviewColors } from './state-colors.ts';

/** Marks that get a tick, weakest first: a stronger one is drawn over it. */
const TICKS = ['overrides', 'dirty', 'shadowed', 'holeOverrides', 'damaged'] as const;
/** CSS pixels of a tick: taller is worse, so that ticks differ by height as well as by color. */
const HEIGHTS = { overrides: 3, dirty: 4, shadowed: 3, holeOverrides: 7, damaged: 8 } as const;
/** CSS pixels above the strip, in which the ticks are. */
const HEAD = 9;

/** Paints the guest's strip with ticks from all strips (the guest's first). `unit` is device pixels a CSS pixel. */
export function paintOverview(raster: Raster, strips: readonly Strip[], ink: ColorSet, unit: number): void {
  const { width, height, pixels } = raster;
  const guest = strips[0];
  if (guest === undefined) {
    pixels.fill(ink.lane);
    return;
  }
  const top = HEAD * unit;
  pixels.fill(ink.lane, 0, top * width);
  const { lane, corrupt } = ink;
  paintBodies(raster, guest, { top, bottom: height, unit, bodies: overviewColors(ink), lane, corrupt });
  const colors = {
    overrides: ink.override,
    dirty: ink.dirty,
    shadowed: mix(ink.lane, ink.frame, 0.6),
    holeOverrides: ink.override,
    damaged: ink.corrupt,
  };
  for (let c = 0; c < width; c++) {
    let marks = 0;
    for (const strip of strips) marks |= strip.marks[c] as number;
    for (const mark of TICKS) {
      if ((marks & PRESENT[mark]) === 0) continue;
      fillRect(raster, c, top - (HEIGHTS[mark] + 1) * unit, c + 1, top - unit, colors[mark]);
    }
  }
}
