/** The scale of an axis: offsets in bytes to CSS pixels from the left edge of what is drawn, and back. */
import { type ScaleLinear, scaleLinear, scaleLog } from 'd3-scale';
import type { Viewport } from './viewport.ts';

let newest: { readonly view: Viewport; readonly width: number; readonly scale: ScaleLinear<number, number> };

/**
 * The scale of a viewport that is `width` CSS pixels wide. The newest one is kept, because everything that is drawn in
 * one frame asks for the same and making a scale costs a hundred times as much as using it.
 */
export function axisScale(view: Viewport, width: number): ScaleLinear<number, number> {
  if (newest?.view !== view || newest.width !== width)
    newest = { view, width, scale: scaleLinear([view.start, view.end], [0, Math.max(width, 1)]) };
  return newest.scale;
}

/** Bytes in one CSS pixel. */
export function bytesPerPx(view: Viewport, width: number): number {
  return (view.end - view.start) / Math.max(width, 1);
}

/** The offset under the CSS pixel `px`. It may be a fraction of a byte. */
export function offsetAt(view: Viewport, px: number, width: number): number {
  return axisScale(view, width).invert(px);
}

/** The first byte that begins under a CSS pixel; where a byte is wider than a pixel, the byte there. */
export function byteAt(view: Viewport, px: number, width: number): number {
  const offset = offsetAt(view, px, width);
  return bytesPerPx(view, width) > 1 ? Math.ceil(offset) : Math.floor(offset);
}

/** The CSS pixel of an offset. */
export function pxOf(view: Viewport, offset: number, width: number): number {
  return axisScale(view, width)(offset);
}

/** Spans that differ by less than this share are taken as equal: float64 could not tell the steps between them apart. */
const SAME_SPAN_SHARE = 1e-9;

/**
 * The viewports on the way from one to another, by the share of the way, 0 to 1. The span changes by equal factors, so
 * a long zoom looks even; the start follows the span, so what both ends show stays in place.
 */
export function interpolateViewport(from: Viewport, to: Viewport): (share: number) => Viewport {
  const first = from.end - from.start;
  const last = to.end - to.start;
  if (Math.abs(last - first) < first * SAME_SPAN_SHARE) {
    const starts = scaleLinear([0, 1], [from.start, to.start]);
    return share => ({ start: starts(share), end: starts(share) + first });
  }
  const spans = scaleLog([first, last], [0, 1]);
  const starts = scaleLinear([first, last], [from.start, to.start]);
  return share => {
    const span = spans.invert(share);
    const start = starts(span);
    return { start, end: start + span };
  };
}
