/** Marks: what lies on a state and must be seen at any zoom. */
import { PRESENT } from '../model/tile.ts';
import type { Pixel } from './color-set.ts';
import { MIXED, type Strip } from './column-strip.ts';
import type { Painting } from './painting.ts';
import { drawMask, fillHatch, fillRect, type Mask, strokeRect } from './raster.ts';
import { eachRun, type Run } from './runs.ts';

const ANY_OVERRIDE = PRESENT.overrides | PRESENT.holeOverrides;
/** CSS pixels from which an override has its triangle. */
const TRIANGLE_ROOM = 12;
/** CSS pixels from which damage is hatched. */
const HATCH_ROOM = 6;

let notch = new Uint32Array(0);
let deep = new Uint32Array(0);

/**
 * Fills the rows below the bodies: nothing, the notch of an override, or the deeper one of a hole that overrides and is
 * too narrow for its triangle. The gutter is the same all the way down but for its last part, where only holes reach.
 */
export function paintGutter(painting: Painting, strip: Strip): void {
  const { raster, layout, ink, options } = painting;
  const { width, pixels } = raster;
  const { bodyEnd, notchStart, notchEnd, holeEnd, height } = layout;
  pixels.fill(ink.lane, bodyEnd * width, height * width);
  if (options.captions !== undefined) return;
  if (notch.length !== width) {
    notch = new Uint32Array(width);
    deep = new Uint32Array(width);
  }
  notch.fill(ink.lane);
  deep.fill(ink.lane);
  eachRun(strip, run => {
    const marks = run.marks & options.marks;
    if ((marks & ANY_OVERRIDE) === 0) return;
    notch.fill(ink.override, run.from, run.to);
    if (marks & PRESENT.holeOverrides && !hasRoom(run, painting)) deep.fill(ink.override, run.from, run.to);
  });
  for (let y = notchStart; y < Math.min(notchEnd, height); y++) pixels.set(notch, y * width);
  for (let y = notchEnd; y < holeEnd; y++) pixels.set(deep, y * width);
}

/** True where a hole that overrides is wide enough, and the gutter high enough, for its triangle. */
function hasRoom({ from, to, state }: Run, { layout, glyphs }: Painting): boolean {
  const { width, height } = glyphs.zeroTriangle;
  const { unit, notchEnd } = layout;
  return state !== MIXED && to - from >= width + 2 * unit && layout.height - notchEnd >= height;
}

/** Draws the marks of a run, of which it has at least one, but for the notches. */
export function paintMarks(painting: Painting, run: Run): void {
  const { raster, layout, ink, glyphs, options } = painting;
  const { from, to, state } = run;
  const { unit, bodyEnd, dirtyEnd, notchEnd, height } = layout;
  const marks = run.marks & options.marks;
  if (marks & PRESENT.dirty) {
    fillRect(raster, from, 0, to, dirtyEnd, ink.dirty);
    fillRect(raster, from, dirtyEnd, to, dirtyEnd + unit, ink.lane);
  }
  if (options.captions === undefined && marks & PRESENT.holeOverrides) {
    if (hasRoom(run, painting)) {
      drawCentred(painting, run, glyphs.zeroTriangle, notchEnd, ink.override);
      drawCentred(painting, run, glyphs.zero, notchEnd, ink.lane);
    }
  } else if (options.captions === undefined && marks & PRESENT.overrides) {
    if (state !== MIXED && to - from >= TRIANGLE_ROOM * unit)
      drawCentred(painting, run, glyphs.triangle, notchEnd, ink.override);
  }
  if (marks & PRESENT.damaged) {
    if (to - from >= HATCH_ROOM * unit) {
      fillHatch(raster, from, 0, to, bodyEnd, 6 * unit, unit, 0, false, ink.corrupt);
      fillHatch(raster, from, 0, to, bodyEnd, 6 * unit, unit, 0, true, ink.corrupt);
    }
    strokeRect(raster, from, 0, to, height, 2 * unit, ink.corrupt);
  }
}

function drawCentred({ raster }: Painting, { from, to }: Run, mask: Mask, y: number, color: Pixel): void {
  drawMask(raster, mask, (from + to - mask.width) >> 1, y, color, from, to);
}
