/** Paints the whole disk as a thin strip: what the guest reads, and above it a tick for whatever must be seen. */

import { STATES } from '../../shared/extent/flags.ts';
import { PRESENT } from '../../shared/ipc/contract.ts';
import { MIXED, type Strip } from '../lod/strip.ts';
import { type Ink, mix, type Pixel } from './ink.ts';
import { fillRect, type Raster } from './raster.ts';

/** Marks that get a tick, weakest first: a stronger one is drawn over it. */
const TICKS = ['overrides', 'dirty', 'shadowed', 'holeOverrides', 'damaged'] as const;

/** Paints the guest's strip with ticks from all strips (the guest's first). `unit` is device pixels a CSS pixel. */
export function paintOverview(raster: Raster, strips: readonly Strip[], ink: Ink, unit: number): void {
  const { width, height } = raster;
  const top = 9 * unit;
  raster.pixels.fill(ink.lane);
  const guest = strips[0];
  if (guest === undefined) return;
  for (let c = 0; c < width; c++) {
    const state = guest.state[c] as number;
    if (state === MIXED) paintMixed(raster, guest, c, top, ink);
    else if (state < STATES.length) fillRect(raster, c, top, c + 1, height, colourOf(ink, state));
    let marks = 0;
    for (const strip of strips) marks |= strip.marks[c] as number;
    paintTick(raster, c, marks, top, ink, unit);
  }
}

/** States as in the lanes; what lies past a layer's end steps back. */
function colourOf(ink: Ink, state: number): Pixel {
  const colour = ink.states[state] ?? ink.lane;
  return STATES[state] === 'outOfRange' ? mix(colour, ink.lane, 0.55) : colour;
}

function paintMixed(raster: Raster, strip: Strip, c: number, top: number, ink: Ink): void {
  let y = raster.height;
  let sum = 0;
  for (let s = 0; s < STATES.length; s++) {
    const share = strip.shares[c * STATES.length + s] as number;
    if (share === 0) continue;
    sum += share;
    const above = Math.max(
      top,
      raster.height - Math.round((Math.min(sum, 255) / 255) * (raster.height - top)),
    );
    fillRect(raster, c, above, c + 1, y, colourOf(ink, s));
    y = above;
  }
}

/** Ticks differ by height as well as by colour: taller is worse. */
function paintTick(raster: Raster, c: number, marks: number, top: number, ink: Ink, unit: number): void {
  const colours = {
    overrides: ink.override,
    dirty: ink.dirty,
    shadowed: mix(ink.lane, ink.frame, 0.6),
    holeOverrides: ink.override,
    damaged: ink.corrupt,
  };
  const heights = { overrides: 3, dirty: 4, shadowed: 3, holeOverrides: 7, damaged: 8 };
  for (const mark of TICKS) {
    if ((marks & PRESENT[mark]) === 0) continue;
    fillRect(raster, c, top - (heights[mark] + 1) * unit, c + 1, top - unit, colours[mark]);
  }
}
