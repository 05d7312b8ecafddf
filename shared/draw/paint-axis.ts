/** Paints the axis of the lanes: a tick for each place, and its offset beside it. */
import type { Pixel } from './color-set.ts';
import { drawMask, fillRect, type Mask, type Raster } from './raster.ts';
import { tickLabels, ticksOf, type Viewport } from './ticks.ts';

/** How the axis looks. All masks of `text` are equally wide for a character. */
export interface AxisStyle {
  readonly ground: Pixel;
  readonly line: Pixel;
  readonly offset: Pixel;
  readonly size: Pixel;
  readonly text: (text: string) => Mask;
}

/** CSS pixels: length of a tick, from it to its label, and from the top to the label. */
const TICK = 6;
const INDENT = 6;
const TOP = 4;
/** Characters between offset and size, and at least between labels. */
const GAP = 1;
const AIR = 1;

/**
 * Paints the axis of a viewport that is `width` CSS pixels wide over the whole raster. Labels are set character by
 * character from masks: they change in every frame, and texts that nobody has seen yet are dear in a browser.
 */
export function paintAxis(raster: Raster, view: Viewport, width: number, style: AxisStyle): void {
  const ratio = raster.width / width;
  const unit = Math.max(1, Math.round(ratio));
  const character = style.text('0').width;
  raster.pixels.fill(style.ground);
  const write = (text: string, x: number, color: Pixel) => {
    for (let i = 0; i < text.length; i++)
      drawMask(raster, style.text(text[i] as string), x + i * character, TOP * unit, color);
  };
  const ticks = ticksOf(view, width).map(({ offset, px }) => ({
    x: Math.round(px * ratio),
    label: tickLabels(offset),
  }));
  const longest = (column: 0 | 1) => Math.max(...ticks.map(({ label }) => label[column].length));
  const room = (characters: number) => INDENT * unit + (characters + AIR) * character;
  const apart = (ticks[1]?.x ?? Number.POSITIVE_INFINITY) - (ticks[0]?.x ?? 0);
  const sized = longest(0) + GAP + longest(1);
  const hasSizes = apart >= room(sized);
  const needed = room(hasSizes ? sized : longest(0));
  for (const { x, label } of ticks) {
    const [offset, size] = label;
    fillRect(raster, x, 0, Math.min(x + unit, raster.width), TICK * unit, style.line);
    // At the right edge no label is begun that would be cut.
    if (raster.width - x < needed) continue;
    const start = x + INDENT * unit;
    write(offset, start, style.offset);
    if (hasSizes) write(size, start + (offset.length + GAP) * character, style.size);
  }
}
