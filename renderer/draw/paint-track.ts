/**
 * Paints the strip of one track into a raster: states as bodies, marks over and below them.
 *
 *   |^^^^|                 dirty bar, on the top of the body
 *   |body|body|body|       state by colour and pattern; mixed columns are split by share
 *    ----  -V-  (0)        gutter: notch of an override, triangle where wide; hole that overrides is heavier, with a 0
 */

import { STATES } from '../../shared/extent/flags.ts';
import { PRESENT } from '../../shared/ipc/contract.ts';
import { MIXED, NOTHING, type Strip } from '../lod/strip.ts';
import { type Ink, mix, type Pixel, readable } from './ink.ts';
import type { LaneLayout } from './lane-layout.ts';
import { bodyColour, paintBodies } from './paint-bodies.ts';
import {
  drawMask,
  fillDots,
  fillHatch,
  fillLines,
  fillRect,
  type Mask,
  type Raster,
  strokeRect,
} from './raster.ts';
import { type Run, runsOf } from './runs.ts';

/** Shapes that are made once and drawn often. */
export interface Glyphs {
  /** A text in the lane's font. */
  text(text: string): Mask;
  readonly triangle: Mask;
  /** A larger triangle with a 0 cut out. */
  readonly zeroTriangle: Mask;
}

/** How a track is to look beyond its strip. */
export interface PaintOptions {
  /** Labels of a run, longest first; the first that fits is written. */
  readonly labels: (run: Run) => readonly string[];
  /** What is written below a run, in place of the override marks; empty for nothing. */
  readonly feet?: ((run: Run) => string) | undefined;
  /** Per state index: true where it is to step back because others are highlighted. */
  readonly faded: readonly boolean[];
  /** Marks of PRESENT that are drawn. */
  readonly marks: number;
  /** Columns that the content moved since offset 0, so that patterns move along with it. */
  readonly phase: number;
}

const UNALLOCATED = STATES.indexOf('unallocated');
const RESERVED = STATES.indexOf('reserved');
const OUT_OF_RANGE = STATES.indexOf('outOfRange');
const UNREAD = STATES.indexOf('unread');
const UNREADABLE = STATES.indexOf('unreadable');

/** Paints the whole raster. Its width is the strip's, its height the layout's. */
export function paintTrack(
  raster: Raster,
  strip: Strip,
  layout: LaneLayout,
  ink: Ink,
  glyphs: Glyphs,
  options: PaintOptions,
): void {
  const { faded, marks: shown } = options;
  paintBodies(raster, strip, layout.bodyEnd, ink, faded, shown);
  // The gutter is the same all the way down but for its last part, where only a hole that overrides reaches.
  const notch = new Uint32Array(raster.width).fill(ink.lane);
  const deep = notch.slice();
  for (const run of runsOf(strip)) markGutter(run, ink, glyphs, options, layout.unit, notch, deep);
  fillGutter(raster, layout, ink, notch, deep);
  for (const run of runsOf(strip)) {
    if (run.state === NOTHING) paintUnread(raster, run, layout, ink);
    else if (run.state !== MIXED) paintPattern(raster, run, layout, ink, options);
    paintMarks(raster, run, layout, ink, glyphs, options);
    if (options.feet !== undefined && run.state < STATES.length)
      paintFoot(raster, run, layout, ink, glyphs, options.feet);
    if (run.state < STATES.length) paintLabel(raster, run, layout, ink, glyphs, options);
  }
}

/** A dotted line along the middle: nothing is known here yet. */
function paintUnread(raster: Raster, { from, to }: Run, { bodyEnd, unit }: LaneLayout, ink: Ink): void {
  const y = bodyEnd >> 1;
  const period = 4 * unit;
  for (let x = from + period - 1 - ((from + period - 1) % period); x < to; x += period)
    fillRect(raster, x, y, Math.min(x + unit, to), y + unit, ink.frame);
}

function paintPattern(
  raster: Raster,
  run: Run,
  layout: LaneLayout,
  ink: Ink,
  { phase, faded, marks: shown }: PaintOptions,
): void {
  const { from, to, state } = run;
  const { bodyEnd, unit } = layout;
  const marks = run.marks & shown;
  if (state === UNREAD) {
    paintUnread(raster, run, layout, ink);
    return;
  }
  const fade = faded[state] === true ? 0.82 : marks & (PRESENT.shadowed | PRESENT.overridden) ? 0.42 : 0;
  const colour = mix(ink.pattern[state] as Pixel, ink.lane, fade);
  const roomy = to - from >= 6 * unit;
  const name = STATES[state];
  if (roomy && name === 'compressed') fillLines(raster, from, 0, to, bodyEnd, 3 * unit, unit, colour);
  if (roomy && name === 'zeroHole') fillDots(raster, from, 0, to, bodyEnd, 4 * unit, unit, phase, colour);
  if (roomy && name === 'zeroAllocated')
    strokeRect(raster, from + 2 * unit, 2 * unit, to - 2 * unit, bodyEnd - 2 * unit, unit, colour);
  if (roomy && state === RESERVED)
    strokeRect(raster, from + unit, unit, to - unit, bodyEnd - unit, unit, mix(colour, ink.lane, 0.4));
  if (state === OUT_OF_RANGE) fillHatch(raster, from, 0, to, bodyEnd, 6 * unit, unit, phase, false, colour);
  if (name === 'compressed' || name === 'zeroHole')
    fillRect(raster, from, bodyEnd - unit, to, bodyEnd, colour);
  if (state === UNREADABLE) {
    fillRect(raster, from, 0, to, bodyEnd, mix(ink.corrupt, ink.lane, 0.8));
    strokeRect(raster, from, 0, to, bodyEnd, 2 * unit, ink.corrupt);
  }
  if (marks & PRESENT.shadowed)
    fillHatch(raster, from, 0, to, bodyEnd, 8 * unit, 2 * unit, phase, true, mix(ink.lane, ink.frame, 0.55));
}

/** True where a hole that overrides is wide enough for its triangle. */
function hasRoom({ from, to, state }: Run, glyphs: Glyphs, unit: number): boolean {
  return state !== MIXED && to - from >= glyphs.zeroTriangle.width + 2 * unit;
}

/** Puts a run's notch into the rows of the gutter: `notch` for its upper part, `deep` for its lower one. */
function markGutter(
  run: Run,
  ink: Ink,
  glyphs: Glyphs,
  { feet, marks: shown }: PaintOptions,
  unit: number,
  notch: Uint32Array,
  deep: Uint32Array,
): void {
  const marks = run.marks & shown;
  if (feet !== undefined || (marks & (PRESENT.overrides | PRESENT.holeOverrides)) === 0) return;
  notch.fill(ink.override, run.from, run.to);
  if (marks & PRESENT.holeOverrides && !hasRoom(run, glyphs, unit)) deep.fill(ink.override, run.from, run.to);
}

function fillGutter(
  { width, pixels }: Raster,
  { bodyEnd, notchStart, notchEnd, holeEnd, height }: LaneLayout,
  ink: Ink,
  notch: Uint32Array,
  deep: Uint32Array,
): void {
  pixels.fill(ink.lane, bodyEnd * width, height * width);
  for (let y = notchStart; y < Math.min(notchEnd, height); y++) pixels.set(notch, y * width);
  for (let y = notchEnd; y < holeEnd; y++) pixels.set(deep, y * width);
}

function paintMarks(
  raster: Raster,
  run: Run,
  layout: LaneLayout,
  ink: Ink,
  glyphs: Glyphs,
  { marks: shown, feet }: PaintOptions,
): void {
  const { from, to, state } = run;
  const marks = run.marks & shown;
  if (marks === 0) return;
  const { unit, bodyEnd, dirtyEnd, notchStart, notchEnd, height } = layout;
  const centred = (glyph: Mask, y: number) =>
    drawMask(raster, glyph, (from + to - glyph.width) >> 1, y, ink.override, from, to);
  if (marks & PRESENT.dirty) {
    fillRect(raster, from, 0, to, dirtyEnd, ink.dirty);
    fillRect(raster, from, dirtyEnd, to, dirtyEnd + unit, ink.lane);
  }
  if (feet === undefined && marks & PRESENT.holeOverrides) {
    const glyph = glyphs.zeroTriangle;
    if (hasRoom(run, glyphs, unit)) centred(glyph, Math.min(notchStart, height - glyph.height));
  } else if (feet === undefined && marks & PRESENT.overrides) {
    if (state !== MIXED && to - from >= 12 * unit) centred(glyphs.triangle, notchEnd);
  }
  if (marks & PRESENT.damaged) {
    if (to - from >= 6 * unit) {
      fillHatch(raster, from, 0, to, bodyEnd, 6 * unit, unit, 0, false, ink.corrupt);
      fillHatch(raster, from, 0, to, bodyEnd, 6 * unit, unit, 0, true, ink.corrupt);
    }
    strokeRect(raster, from, 0, to, height, 2 * unit, ink.corrupt);
  }
}

/** A bracket below the run with a text under it: which layer is read. */
function paintFoot(
  raster: Raster,
  run: Run,
  { bodyEnd, height, unit }: LaneLayout,
  ink: Ink,
  glyphs: Glyphs,
  feet: (run: Run) => string,
): void {
  const text = feet(run);
  const { from, to } = run;
  if (text === '' || to - from < 4 * unit) return;
  const colour = mix(ink.lane, ink.frame, 0.9);
  const y = bodyEnd + 2 * unit;
  fillRect(raster, from + unit, y, to - unit, y + unit, colour);
  const glyph = glyphs.text(text);
  if (glyph.width + 2 * unit > to - from || glyph.height > height - y + unit) return;
  drawMask(raster, glyph, from + ((to - from - glyph.width) >> 1), y + unit, colour, from, to);
}

function paintLabel(
  raster: Raster,
  run: Run,
  { bodyEnd, unit }: LaneLayout,
  ink: Ink,
  glyphs: Glyphs,
  { labels, faded, marks }: PaintOptions,
): void {
  const { from, to, state } = run;
  if (to - from < 14 * unit || bodyEnd < 14 * unit || faded[state] === true) return;
  for (const label of labels(run)) {
    const glyph = glyphs.text(label);
    if (glyph.width + 8 * unit > to - from) continue;
    const x = from + ((to - from - glyph.width) >> 1);
    const y = (bodyEnd - glyph.height) >> 1;
    const ground = bodyColour(ink, state, run.marks & marks, faded);
    const patterned = state !== UNALLOCATED && state !== STATES.indexOf('data');
    const plate = state === UNREADABLE || state === UNREAD ? ink.lane : ground;
    if (patterned || run.marks & PRESENT.shadowed)
      fillRect(raster, x - 3 * unit, y - unit, x + glyph.width + 3 * unit, y + glyph.height + unit, plate);
    drawMask(raster, glyph, x, y, labelColour(state, plate), from, to);
    return;
  }
}

function labelColour(state: number, ground: Pixel): Pixel {
  const quiet = state === UNALLOCATED || state === RESERVED || state === OUT_OF_RANGE || state === UNREAD;
  const plain = readable(ground);
  return quiet ? mix(plain, ground, 0.28) : plain;
}
