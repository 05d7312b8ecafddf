/** Ticks of the axis: powers of two, because clusters and tables are. */
import { scaleLinear } from 'd3-scale';
import { formatOffset, formatSize } from '../text/offset.ts';

/** CSS pixels between ticks: room for a label of 12 hexadecimal digits. */
const SPACING_PX = 132;

/** The part of an axis on screen: bytes [start, end), which may be fractions of one. */
export interface Viewport {
  readonly start: number;
  readonly end: number;
}

/** A tick: an offset of the guest and the whole CSS pixel of the lanes that it lies on. */
export interface Tick {
  readonly offset: number;
  readonly px: number;
}

/** The ticks of a viewport that is `width` CSS pixels wide, for the axis and for the lines below it. */
export function ticksOf(view: Viewport, width: number): readonly Tick[] {
  const scale = scaleLinear().domain([view.start, view.end]).rangeRound([0, width]);
  return tickOffsets(view, width, SPACING_PX).map(offset => ({ offset, px: scale(offset) }));
}

/** Offsets of the ticks in a viewport, at least `spacing` of its `width` pixels apart, all multiples of one power of two. */
export function tickOffsets(view: Viewport, width: number, spacing: number): readonly number[] {
  const least = ((view.end - view.start) * spacing) / Math.max(width, 1);
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(least)));
  const ticks: number[] = [];
  for (let at = Math.ceil(view.start / step) * step; at <= view.end; at += step) ticks.push(at);
  return ticks;
}

/** A tick's label: the offset, and beside it the size from the start where that is a short number. */
export function tickLabels(offset: number): readonly [string, string] {
  const size = formatSize(offset);
  return [formatOffset(offset), isExact(offset) ? size : ''];
}

/** True where a size with two decimals says the offset exactly. */
function isExact(offset: number): boolean {
  let value = offset;
  while (value >= 1024) value /= 1024;
  return Number(value.toFixed(2)) === value;
}
