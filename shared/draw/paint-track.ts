/**
 * Paints the strip of one track into a raster: states as bodies, marks over and below them.
 *
 *   |^^^^|                 dirty bar, on the top of the body
 *   |body|body|body|       state by color and pattern; mixed columns are split by share
 *    ----  -V-  (0)        gutter: notch of an override, triangle where wide; hole that overrides is heavier, with a 0
 */

import { STATES } from '../extent/flags.ts';
import type { ColorSet } from './color-set.ts';
import { MIXED, NOTHING, type Strip } from './column-strip.ts';
import type { LaneLayout } from './lane-layout.ts';
import { paintBodies } from './paint-bodies.ts';
import { paintGutter, paintMarks } from './paint-marks.ts';
import { paintPattern, paintUnread } from './paint-patterns.ts';
import { paintCaption, paintLabel } from './paint-texts.ts';
import type { Glyphs, Painting, PaintOptions } from './painting.ts';
import type { Raster } from './raster.ts';
import { eachRun } from './runs.ts';
import { stateColors } from './state-colors.ts';

/** Paints the whole raster. Its width is the strip's, its height the layout's. */
export function paintTrack(
  raster: Raster,
  strip: Strip,
  layout: LaneLayout,
  ink: ColorSet,
  glyphs: Glyphs,
  options: PaintOptions,
): void {
  const colors = stateColors(ink, options.faded, options.marks);
  const painting: Painting = { raster, layout, ink, colors, glyphs, options };
  paintBodies(raster, strip, {
    top: 0,
    bottom: layout.bodyEnd,
    unit: layout.unit,
    bodies: colors.bodies,
    lane: ink.lane,
    corrupt: ink.corrupt,
  });
  paintGutter(painting, strip);
  eachRun(strip, run => {
    if (run.state === NOTHING) paintUnread(painting, run);
    else if (run.state !== MIXED) paintPattern(painting, run);
    if ((run.marks & options.marks) !== 0) paintMarks(painting, run);
    if (run.state >= STATES.length) return;
    if (options.captions !== undefined) paintCaption(painting, run, options.captions);
    paintLabel(painting, run);
  });
}
