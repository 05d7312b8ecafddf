/** The part of the guest's axis on screen, as plain arithmetic. Offsets are bytes and may be fractions of one. */
import type { Viewport } from '../../shared/draw/ticks.ts';

export type { Viewport };

/** What a viewport lies in: the axis in bytes, and the lanes' width in CSS pixels. */
export interface Bounds {
  readonly size: number;
  readonly width: number;
}

/** The smallest stretch worth a whole lane: one sector. */
const SMALLEST_SPAN = 512;

/**
 * The smallest span, in bytes. Float64 keeps 53 bits, so that on a very long axis a pan by one pixel would no longer
 * change the offset: there the limit is what still resolves.
 */
export function smallestSpan({ size, width }: Bounds): number {
  return Math.min(Math.max(size, 1), Math.max(SMALLEST_SPAN, width * size * 2 ** -51));
}

/** The whole axis. */
export function wholeAxis({ size }: Bounds): Viewport {
  return { start: 0, end: Math.max(size, 1) };
}

/** The nearest viewport that lies within the axis and is neither too small nor too large. */
export function clampViewport({ start, end }: Viewport, bounds: Bounds): Viewport {
  const size = Math.max(bounds.size, 1);
  const span = Math.min(size, Math.max(end - start, smallestSpan(bounds)));
  const middle = (start + end) / 2;
  const from = span === end - start ? start : middle - span / 2;
  const kept = Math.min(Math.max(from, 0), size - span);
  return { start: kept, end: kept + span };
}

/** The viewport whose span is `factor` times as long, with the offset `at` staying where it is on screen. */
export function zoomAt(view: Viewport, factor: number, at: number, bounds: Bounds): Viewport {
  const span = view.end - view.start;
  const wanted = Math.min(Math.max(bounds.size, 1), Math.max(span * factor, smallestSpan(bounds)));
  const share = (at - view.start) / span;
  const start = at - share * wanted;
  return clampViewport({ start, end: start + wanted }, bounds);
}

/** The viewport moved by `bytes` (negative is left). */
export function panBy(view: Viewport, bytes: number, bounds: Bounds): Viewport {
  return clampViewport({ start: view.start + bytes, end: view.end + bytes }, bounds);
}

/** The viewport that shows [start, end) with a margin of a tenth on both sides. */
export function around(start: number, end: number, bounds: Bounds): Viewport {
  const margin = (end - start) / 10;
  return clampViewport({ start: start - margin, end: end + margin }, bounds);
}

/** The viewport moved no further than needed so that `offset` is on screen, a twelfth away from the edge. */
export function reveal(view: Viewport, offset: number, bounds: Bounds): Viewport {
  const margin = (view.end - view.start) / 12;
  if (offset >= view.start && offset < view.end) return view;
  if (offset < view.start) return panBy(view, offset - margin - view.start, bounds);
  return panBy(view, offset + margin - view.end, bounds);
}

/** Bytes in one CSS pixel. */
export function bytesPerPx(view: Viewport, width: number): number {
  return (view.end - view.start) / Math.max(width, 1);
}

/** The offset under the CSS pixel `px` from the lanes' left edge. */
export function offsetAt(view: Viewport, px: number, width: number): number {
  return view.start + px * bytesPerPx(view, width);
}

/** The CSS pixel of an offset, from the lanes' left edge. */
export function pxOf(view: Viewport, offset: number, width: number): number {
  return (offset - view.start) / bytesPerPx(view, width);
}
