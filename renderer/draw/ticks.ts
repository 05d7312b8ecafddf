/** Ticks of the axis: powers of two, because clusters and tables are. */
import { formatOffset, formatSize } from '../../shared/offset.ts';
import type { Viewport } from '../state/viewport.ts';

/** Offsets of the ticks in a viewport, at least `spacing` of its `width` pixels apart, all multiples of one power of two. */
export function ticksOf(view: Viewport, width: number, spacing: number): readonly number[] {
  const least = ((view.end - view.start) * spacing) / Math.max(width, 1);
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(least)));
  const ticks: number[] = [];
  for (let at = Math.ceil(view.start / step) * step; at <= view.end; at += step) ticks.push(at);
  return ticks;
}

/** A tick's label: the offset, and below it the size from the start where that is a short number. */
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
