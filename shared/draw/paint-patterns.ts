/** The patterns that tell states apart without their color. */
import { STATES } from '../extent/flags.ts';
import { PRESENT } from '../model/tile.ts';
import { mix } from './color-set.ts';
import type { Painting } from './painting.ts';
import { colorOf } from './state-colors.ts';
import type { Run } from './strip/runs.ts';
import { strokeRect } from './surface/surface.ts';

const COMPRESSED = STATES.indexOf('compressed');
const ZERO_HOLE = STATES.indexOf('zeroHole');
const ZERO_ALLOCATED = STATES.indexOf('zeroAllocated');
const RESERVED = STATES.indexOf('reserved');
const OUT_OF_RANGE = STATES.indexOf('outOfRange');
const UNREAD = STATES.indexOf('unread');
const UNREADABLE = STATES.indexOf('unreadable');

/** CSS pixels from which a run has a pattern inside. */
const PATTERN_ROOM_PX = 6;

/** A dotted line along the middle: nothing is known here yet. */
export function paintUnread({ surface, layout, colors }: Painting, { from, to }: Run): void {
  const { bodyEnd, unit } = layout;
  const y = bodyEnd >> 1;
  const period = 4 * unit;
  for (let x = from + period - 1 - ((from + period - 1) % period); x < to; x += period)
    surface.fillRect(x, y, Math.min(x + unit, to), y + unit, colors.frame);
}

/** Lays the pattern of a run's state over its body. */
export function paintPattern(painting: Painting, run: Run): void {
  const { surface, layout, colors, stateColors, options } = painting;
  const { from, to, state } = run;
  const { bodyEnd, unit } = layout;
  const { phase } = options;
  const hasRoom = to - from >= PATTERN_ROOM_PX * unit;
  const color = colorOf(stateColors.patterns, state, run.marks);
  switch (state) {
    case UNREAD:
      paintUnread(painting, run);
      return;
    case COMPRESSED:
      if (hasRoom) surface.fillLines(from, 0, to, bodyEnd, 3 * unit, unit, color);
      surface.fillRect(from, bodyEnd - unit, to, bodyEnd, color);
      break;
    case ZERO_HOLE:
      if (hasRoom) surface.fillDots(from, 0, to, bodyEnd, 4 * unit, unit, phase, color);
      surface.fillRect(from, bodyEnd - unit, to, bodyEnd, color);
      break;
    case ZERO_ALLOCATED:
      if (hasRoom)
        strokeRect(surface, from + 2 * unit, 2 * unit, to - 2 * unit, bodyEnd - 2 * unit, unit, color);
      break;
    case RESERVED:
      if (hasRoom)
        strokeRect(surface, from + unit, unit, to - unit, bodyEnd - unit, unit, mix(color, colors.lane, 0.4));
      break;
    case OUT_OF_RANGE:
      surface.fillHatch(from, 0, to, bodyEnd, 6 * unit, unit, phase, false, color);
      break;
    case UNREADABLE:
      surface.fillRect(from, 0, to, bodyEnd, mix(colors.corrupt, colors.lane, 0.8));
      strokeRect(surface, from, 0, to, bodyEnd, 2 * unit, colors.corrupt);
  }
  if (run.marks & options.marks & PRESENT.shadowed) {
    const hidden = mix(colors.lane, colors.frame, 0.55);
    surface.fillHatch(from, 0, to, bodyEnd, 8 * unit, 2 * unit, phase, true, hidden);
  }
}
