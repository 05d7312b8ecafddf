/** The part of an axis on screen, as plain arithmetic. Offsets are bytes and may be fractions of one. */
import type { Viewport } from '../../shared/draw/ticks.ts';

export type { Viewport };

/** What a viewport lies in: the axis in bytes, and the width of what is drawn along it in CSS pixels. */
export interface AxisBounds {
  readonly size: number;
  readonly width: number;
}

/** The shortest span that is shown: one sector. */
const SMALLEST_SPAN_BYTES = 512;

/**
 * The smallest span, in bytes. Float64 keeps 53 bits: on a very long axis a pan by one pixel would no longer change
 * the offset, so there the limit is the span at which it still does.
 */
export function smallestSpan({ size, width }: AxisBounds): number {
  return Math.min(Math.max(size, 1), Math.max(SMALLEST_SPAN_BYTES, width * size * 2 ** -51));
}

/** The whole axis. */
export function wholeAxis({ size }: AxisBounds): Viewport {
  return { start: 0, end: Math.max(size, 1) };
}

/** Whole bytes of the axis in view. An axis of no bytes has a viewport of one, and none is in view. */
export function bytesInView({ start, end }: Viewport, size: number): number {
  return Math.min(size, Math.round(end - start));
}

/** The nearest viewport that lies within the axis and is neither too small nor too large. */
export function clampViewport({ start, end }: Viewport, bounds: AxisBounds): Viewport {
  const size = Math.max(bounds.size, 1);
  const span = Math.min(size, Math.max(end - start, smallestSpan(bounds)));
  const middle = (start + end) / 2;
  const from = span === end - start ? start : middle - span / 2;
  const kept = Math.min(Math.max(from, 0), size - span);
  return { start: kept, end: kept + span };
}

/** The viewport whose span is `factor` times as long, with the offset `at` staying where it is on screen. */
export function zoomAt(view: Viewport, factor: number, at: number, bounds: AxisBounds): Viewport {
  const span = view.end - view.start;
  const wanted = Math.min(Math.max(bounds.size, 1), Math.max(span * factor, smallestSpan(bounds)));
  const share = (at - view.start) / span;
  const start = at - share * wanted;
  return clampViewport({ start, end: start + wanted }, bounds);
}

/** The viewport moved by `bytes` (negative is left). */
export function panBy(view: Viewport, bytes: number, bounds: AxisBounds): Viewport {
  return clampViewport({ start: view.start + bytes, end: view.end + bytes }, bounds);
}

/** The viewport that shows [start, end) with a margin of a tenth on both sides. */
export function withMargin(start: number, end: number, bounds: AxisBounds): Viewport {
  const margin = (end - start) / 10;
  return clampViewport({ start: start - margin, end: end + margin }, bounds);
}

/** The viewport moved no further than needed so that `offset` is on screen, a twelfth away from the edge. */
export function revealOffset(view: Viewport, offset: number, bounds: AxisBounds): Viewport {
  const margin = (view.end - view.start) / 12;
  if (offset >= view.start && offset < view.end) return view;
  if (offset < view.start) return panBy(view, offset - margin - view.start, bounds);
  return panBy(view, offset + margin - view.end, bounds);
}
