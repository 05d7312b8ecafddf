/** The patterns that tell states apart without their color. */
import { STATES } from '../extent/flags.ts';
import { PRESENT } from '../model/tile.ts';
import { mix } from './color-set.ts';
import type { Painting } from './painting.ts';
import { fillDots, fillHatch, fillLines, fillRect, strokeRect } from './raster.ts';
import type { Run } from './runs.ts';
import { colorOf } from './state-colors.ts';

const COMPRESSED = STATES.indexOf('compressed');
const ZERO_HOLE = STATES.indexOf('zeroHole');
const ZERO_ALLOCATED = STATES.indexOf('zeroAllocated');
const RESERVED = STATES.indexOf('reserved');
const OUT_OF_RANGE = STATES.indexOf('outOfRange');
const UNREAD = STATES.indexOf('unread');
const UNREADABLE = STATES.indexOf('unreadable');

/** CSS pixels from which a run has a pattern inside. */
const ROOMY = 6;

/** A dotted line along the middle: nothing is known here yet. */
export function paintUnread({ raster, layout, ink }: Painting, { from, to }: Run): void {
  const { bodyEnd, unit } = layout;
  const y = bodyEnd >> 1;
  const period = 4 * unit;
  for (let x = from + period - 1 - ((from + period - 1) % period); x < to; x += period)
    fillRect(raster, x, y, Math.min(x + unit, to), y + unit, ink.frame);
}

/** Lays the pattern of a run's state over its body. */
export function paintPattern(painting: Painting, run: Run): void {
  const { raster, layout, ink, colors, options } = painting;
  const { from, to, state } = run;
  const { bodyEnd, unit } = layout;
  const { phase } = options;
  const roomy = to - from >= ROOMY * unit;
  const color = colorOf(colors.patterns, state, run.marks);
  switch (state) {
    case UNREAD:
      paintUnread(painting, run);
      return;
    case COMPRESSED:
      if (roomy) fillLines(raster, from, 0, to, bodyEnd, 3 * unit, unit, color);
      fillRect(raster, from, bodyEnd - unit, to, bodyEnd, color);
      break;
    case ZERO_HOLE:
      if (roomy) fillDots(raster, from, 0, to, bodyEnd, 4 * unit, unit, phase, color);
      fillRect(raster, from, bodyEnd - unit, to, bodyEnd, color);
      break;
    case ZERO_ALLOCATED:
      if (roomy)
        strokeRect(raster, from + 2 * unit, 2 * unit, to - 2 * unit, bodyEnd - 2 * unit, unit, color);
      break;
    case RESERVED:
      if (roomy)
        strokeRect(raster, from + unit, unit, to - unit, bodyEnd - unit, unit, mix(color, ink.lane, 0.4));
      break;
    case OUT_OF_RANGE:
      fillHatch(raster, from, 0, to, bodyEnd, 6 * unit, unit, phase, false, color);
      break;
    case UNREADABLE:
      fillRect(raster, from, 0, to, bodyEnd, mix(ink.corrupt, ink.lane, 0.8));
      strokeRect(raster, from, 0, to, bodyEnd, 2 * unit, ink.corrupt);
  }
  if (run.marks & options.marks & PRESENT.shadowed)
    fillHatch(raster, from, 0, to, bodyEnd, 8 * unit, 2 * unit, phase, true, mix(ink.lane, ink.frame, 0.55));
}
