/** Paints the axis of the lanes: a tick for each offset that is a round number, and the offset beside it. */
import type { Pixel } from './color-set.ts';
import type { Surface } from './surface/surface.ts';
import { tickLabels, ticksOf, type Viewport } from './ticks.ts';

/** The colors of the axis. */
export interface AxisColors {
  readonly ground: Pixel;
  readonly line: Pixel;
  readonly offset: Pixel;
  readonly size: Pixel;
}

/** CSS pixels: length of a tick, from it to its label, and from the top to the label. */
const TICK_PX = 6;
const INDENT_PX = 6;
const TOP_PX = 4;
/** Characters between offset and size, and at least between labels. */
const GAP_CHARACTERS = 1;
const AIR_CHARACTERS = 1;

/**
 * Paints the axis of a viewport that is `width` CSS pixels wide over the whole surface, whose font has one width for
 * every character.
 */
export function paintAxis(surface: Surface, view: Viewport, width: number, colors: AxisColors): void {
  const ratio = surface.width / width;
  const unit = Math.max(1, Math.round(ratio));
  const character = surface.textSize('0').width;
  surface.fillRect(0, 0, surface.width, surface.height, colors.ground);
  const ticks = ticksOf(view, width).map(({ offset, px }) => ({
    x: Math.round(px * ratio),
    label: tickLabels(offset),
  }));
  const longest = (column: 0 | 1) => Math.max(...ticks.map(({ label }) => label[column].length));
  const room = (characters: number) => INDENT_PX * unit + (characters + AIR_CHARACTERS) * character;
  const apart = (ticks[1]?.x ?? Number.POSITIVE_INFINITY) - (ticks[0]?.x ?? 0);
  const sized = longest(0) + GAP_CHARACTERS + longest(1);
  const hasSizes = apart >= room(sized);
  const needed = room(hasSizes ? sized : longest(0));
  for (const { x, label } of ticks) {
    const [offset, size] = label;
    surface.fillRect(x, 0, Math.min(x + unit, surface.width), TICK_PX * unit, colors.line);
    // At the right edge no label is begun that would be cut.
    if (surface.width - x < needed) continue;
    const start = x + INDENT_PX * unit;
    const write = (text: string, column: number, color: Pixel) => {
      surface.drawText(text, start + column * character, TOP_PX * unit, color);
    };
    write(offset, 0, colors.offset);
    if (hasSizes && size !== '') write(size, offset.length + GAP_CHARACTERS, colors.size);
  }
}
