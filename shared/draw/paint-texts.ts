/** What is written on runs and below them. */
import { PARTS, type Part } from '../extent/parts.ts';
import { mixPixels, type Pixel } from './color-set.ts';
import type { Painting, RunCaption } from './painting.ts';
import type { StripRun } from './strip/runs.ts';

/** CSS pixels from which a run, or a body in height, has a label. */
const LABEL_ROOM_PX = 14;
/** CSS pixels from which a run has a bracket below it. */
const CAPTION_ROOM_PX = 4;

/** A text below the run, under a bracket unless a stripe is there: which layer is read. */
export function paintCaption(painting: Painting, run: StripRun, captionOf: RunCaption): void {
  const { surface, colors, layout, options } = painting;
  const { bodyEnd, height, unit } = layout;
  const { from, to } = run;
  if (to - from < CAPTION_ROOM_PX * unit) return;
  const text = captionOf(run);
  if (text === '') return;
  const color = mixPixels(colors.lane, colors.frame, 0.9);
  const y = bodyEnd + 2 * unit;
  if (options.ownerCount === undefined) surface.fillRect(from + unit, y, to - unit, y + unit, color);
  const size = surface.textSize(text);
  if (size.width + 2 * unit > to - from || size.height > height - y + unit) return;
  surface.drawText(text, from + ((to - from - size.width) >> 1), y + unit, color);
}

/** Writes the longest label that fits onto a run, on a plate where a pattern would blur it. */
export function paintLabel(painting: Painting, run: StripRun): void {
  const { surface, colors, layout, partColors, options } = painting;
  const { bodyEnd, unit } = layout;
  const { from, to, part } = run;
  const { state, variant } = PARTS[part] as Part;
  const room = LABEL_ROOM_PX * unit;
  if (to - from < room || bodyEnd < room || options.faded[part] === true) return;
  for (const label of options.labels(run)) {
    const { width, height } = surface.textSize(label);
    if (width + 8 * unit > to - from) continue;
    const x = from + ((to - from - width) >> 1);
    const y = (bodyEnd - height) >> 1;
    const patterned = state !== 'unallocated' && state !== 'data';
    const plate =
      state === 'unreadable' || state === 'unread' ? colors.lane : (partColors.bodies.plain[part] as Pixel);
    if (patterned || variant === 'shadowed')
      surface.fillRect(x - 3 * unit, y - unit, x + width + 3 * unit, y + height + unit, plate);
    surface.drawText(label, x, y, partColors.texts[part] as Pixel);
    return;
  }
}
