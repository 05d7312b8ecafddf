/** The patterns that tell states apart without their color. */
import { PARTS, type Part } from '../extent/parts.ts';
import { type ColorSet, contrastRatio, mixPixels, type Pixel } from './color-set.ts';
import type { Painting } from './painting.ts';
import type { StripRun } from './strip/runs.ts';
import { strokeRect } from './surface/surface.ts';

/** CSS pixels from which a run has a pattern inside. */
const PATTERN_ROOM_PX = 6;

/** A dotted line along the middle: nothing is known here yet. */
export function paintUnread({ surface, layout, colors }: Painting, { from, to }: StripRun): void {
  const { bodyEnd, unit } = layout;
  const y = bodyEnd >> 1;
  const period = 4 * unit;
  for (let x = from + period - 1 - ((from + period - 1) % period); x < to; x += period)
    surface.fillRect(x, y, Math.min(x + unit, to), y + unit, colors.frame);
}

/** Shares of the frame in the hatch of what a shorter layer hides: the first that can be distinguished from what it lies on. */
const HATCH_SHARES = [0.55, 0.15] as const;
/** Least contrast of that hatch with what it lies on. */
const HATCH_CONTRAST = 1.2;

function hatchOn(ground: Pixel, { lane, frame }: ColorSet): Pixel {
  const hatches = HATCH_SHARES.map(share => mixPixels(lane, frame, share));
  return hatches.find(color => contrastRatio(color, ground) >= HATCH_CONTRAST) ?? lane;
}

/** Lays the pattern of a run's state over its body. */
export function paintPattern(painting: Painting, run: StripRun): void {
  const { surface, layout, colors, partColors, options } = painting;
  const { from, to, part } = run;
  const { state, variant } = PARTS[part] as Part;
  const { bodyEnd, unit } = layout;
  const { phase } = options;
  const hasRoom = to - from >= PATTERN_ROOM_PX * unit;
  const color = partColors.patterns[part] as Pixel;
  switch (state) {
    case 'unread':
      paintUnread(painting, run);
      return;
    case 'compressed':
      if (hasRoom) surface.fillLines(from, 0, to, bodyEnd, { period: 3 * unit, line: unit, color });
      surface.fillRect(from, bodyEnd - unit, to, bodyEnd, color);
      break;
    case 'zeroHole':
      if (hasRoom) surface.fillDots(from, 0, to, bodyEnd, { period: 4 * unit, dot: unit, phase, color });
      surface.fillRect(from, bodyEnd - unit, to, bodyEnd, color);
      break;
    case 'zeroAllocated':
      if (hasRoom)
        strokeRect(surface, from + 2 * unit, 2 * unit, to - 2 * unit, bodyEnd - 2 * unit, unit, color);
      break;
    case 'reserved':
      if (hasRoom)
        strokeRect(
          surface,
          from + unit,
          unit,
          to - unit,
          bodyEnd - unit,
          unit,
          mixPixels(color, colors.lane, 0.4),
        );
      break;
    case 'outOfRange':
      surface.fillHatch(from, 0, to, bodyEnd, { period: 6 * unit, line: unit, phase, falling: false, color });
      break;
    case 'unreadable':
      surface.fillRect(from, 0, to, bodyEnd, mixPixels(colors.corrupt, colors.lane, 0.8));
      strokeRect(surface, from, 0, to, bodyEnd, 2 * unit, colors.corrupt);
  }
  if (variant === 'hidesData' && hasRoom)
    surface.fillHatch(from, 0, to, bodyEnd, { period: 8 * unit, line: unit, phase, falling: false, color });
  if (variant === 'shadowed') {
    const hatch = { period: 8 * unit, line: 2 * unit, phase, falling: true };
    const ground = partColors.bodies.plain[part] as Pixel;
    surface.fillHatch(from, 0, to, bodyEnd, { ...hatch, color: hatchOn(ground, colors) });
  }
}
