/** What is written on runs and below them. */
import { STATES } from '../extent/flags.ts';
import { PRESENT } from '../model/tile.ts';
import { mix } from './color-set.ts';
import type { Painting, RunCaption } from './painting.ts';
import { drawMask, fillRect } from './raster.ts';
import type { Run } from './runs.ts';
import { colorOf } from './state-colors.ts';

const DATA = STATES.indexOf('data');
const UNALLOCATED = STATES.indexOf('unallocated');
const UNREAD = STATES.indexOf('unread');
const UNREADABLE = STATES.indexOf('unreadable');

/** CSS pixels from which a run, or a body in height, has a label. */
const LABEL_ROOM = 14;
/** CSS pixels from which a run has a bracket below it. */
const CAPTION_ROOM = 4;

/** A bracket below the run with a text under it: which layer is read. */
export function paintCaption(painting: Painting, run: Run, captionOf: RunCaption): void {
  const { raster, ink, glyphs, layout } = painting;
  const { bodyEnd, height, unit } = layout;
  const { from, to } = run;
  if (to - from < CAPTION_ROOM * unit) return;
  const text = captionOf(run);
  if (text === '') return;
  const color = mix(ink.lane, ink.frame, 0.9);
  const y = bodyEnd + 2 * unit;
  fillRect(raster, from + unit, y, to - unit, y + unit, color);
  const glyph = glyphs.text(text);
  if (glyph.width + 2 * unit > to - from || glyph.height > height - y + unit) return;
  drawMask(raster, glyph, from + ((to - from - glyph.width) >> 1), y + unit, color, from, to);
}

/** Writes the longest label that fits onto a run, on a plate where a pattern would blur it. */
export function paintLabel(painting: Painting, run: Run): void {
  const { raster, ink, glyphs, layout, colors, options } = painting;
  const { bodyEnd, unit } = layout;
  const { from, to, state } = run;
  const room = LABEL_ROOM * unit;
  if (to - from < room || bodyEnd < room || options.faded[state] === true) return;
  for (const label of options.labels(run)) {
    const glyph = glyphs.text(label);
    if (glyph.width + 8 * unit > to - from) continue;
    const x = from + ((to - from - glyph.width) >> 1);
    const y = (bodyEnd - glyph.height) >> 1;
    const patterned = state !== UNALLOCATED && state !== DATA;
    const plate =
      state === UNREADABLE || state === UNREAD ? ink.lane : colorOf(colors.bodies, state, run.marks);
    if (patterned || run.marks & PRESENT.shadowed)
      fillRect(raster, x - 3 * unit, y - unit, x + glyph.width + 3 * unit, y + glyph.height + unit, plate);
    drawMask(raster, glyph, x, y, colorOf(colors.texts, state, run.marks), from, to);
    return;
  }
}
