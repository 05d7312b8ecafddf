/**
 * Paints the strip of one track: parts as bodies, marks over and below them.
 *
 *   |^^^^|                 dirty bar, on the top of the body
 *   |body|body|body|       part by color and pattern; mixed columns are split by share
 *    ----  -V-  (0)        gutter: notch of an override, triangle where wide; zeros that hide data are heavier, with a 0
 */

import { STATES } from '../extent/flags.ts';
import { PARTS, partOf } from '../extent/parts.ts';
import type { ColorSet } from './color-set.ts';
import type { LaneLayout } from './lane-layout.ts';
import { paintBodies } from './paint-bodies.ts';
import { paintGutter, paintMarks, zeroTriangleRoom } from './paint-marks.ts';
import { paintPattern, paintUnread } from './paint-patterns.ts';
import { paintCaption, paintLabel } from './paint-texts.ts';
import type { Painting, PaintOptions } from './painting.ts';
import { partColors } from './part-colors.ts';
import { type ColumnStrip, MIXED, NOTHING } from './strip/column-strip.ts';
import { eachRun } from './strip/runs.ts';
import type { Surface } from './surface/surface.ts';

/** What falls through to the layer below: the ground of a track, which is not named in each of its gaps. */
const FALL_THROUGH = partOf(STATES.indexOf('unallocated'));
/** Share of a track from which a gap is named; where none is as wide, the widest is. */
const NAMED_SHARE = 0.25;

/** Paints the whole surface. Its width is the strip's, its height the layout's. */
export function paintTrack(
  surface: Surface,
  strip: ColumnStrip,
  layout: LaneLayout,
  colors: ColorSet,
  options: PaintOptions,
): void {
  const painting: Painting = {
    surface,
    layout,
    colors,
    partColors: partColors(colors, options.faded),
    zeroTriangleRoom: zeroTriangleRoom(surface, layout),
    options,
  };
  paintBodies(surface, strip, {
    top: 0,
    bottom: layout.bodyEnd,
    unit: layout.unit,
    bodies: painting.partColors.bodies,
    lane: colors.lane,
    corrupt: colors.corrupt,
  });
  paintGutter(painting, strip);
  const widest = { from: 0, to: 0, part: 0, marks: 0, owner: -1 };
  let isFallThroughNamed = false;
  eachRun(strip, run => {
    if (run.part === NOTHING) paintUnread(painting, run);
    else if (run.part !== MIXED) paintPattern(painting, run);
    if ((run.marks & options.marks) !== 0) paintMarks(painting, run);
    if (run.part >= PARTS.length) return;
    if (options.captions !== undefined) paintCaption(painting, run, options.captions);
    if (run.part !== FALL_THROUGH) paintLabel(painting, run);
    else if (run.to - run.from >= strip.width * NAMED_SHARE) {
      paintLabel(painting, run);
      isFallThroughNamed = true;
    } else if (run.to - run.from > widest.to - widest.from) Object.assign(widest, run);
  });
  if (!isFallThroughNamed && widest.to > 0) paintLabel(painting, widest);
}
