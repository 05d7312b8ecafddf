import { type KeyboardEvent, type PointerEvent, useCallback, useRef } from 'react';
import { formatOffset } from '../../../shared/text/offset.ts';
import type { AxisId } from '../../axis/axis-id.ts';
import type { Viewport } from '../../axis/viewport.ts';
import { KEY_PAN_SHARE, KEY_ZOOM_FACTOR, navigationOf } from '../../state/axes/axis-navigation.ts';
import { zoomAroundSelection } from '../../state/selection/selection.ts';
import { getAxis } from '../../state/store.ts';
import { usePainter } from '../hooks/use-painter.ts';
import { DRAG_THRESHOLD_PX } from './axis-pointer.ts';

/** What a drag moves: the window, one of its edges, or the far edge of a new window. */
type Part = 'window' | 'start' | 'end' | 'new';

/** Width of the smallest window, so that it can be grabbed at any zoom. */
const MIN_WIDTH_PX = 10;
/** Width below which the grips of the edges are not drawn. */
const MIN_GRIPS_WIDTH_PX = 28;

/**
 * The viewport as a window over the overview of an axis: a drag moves it, its edges resize it, a click centers it. A drag
 * beside it, or anywhere while all of the disk is in view, draws a new window.
 */
export function OverviewBrush({ axis }: { readonly axis: AxisId }) {
  const handle = useRef<HTMLDivElement>(null);
  const before = useRef<HTMLDivElement>(null);
  const after = useRef<HTMLDivElement>(null);
  const drawn = useRef('');

  const paint = useCallback(() => {
    const element = handle.current;
    // The width is not read from the element: in the middle of a frame that would lay out all that was written so far.
    const { viewport, size, width } = getAxis(axis);
    const key = `${viewport.start} ${viewport.end} ${size} ${width}`;
    if (element === null || width === 0 || drawn.current === key) return;
    drawn.current = key;
    const { left, length } = windowOf(viewport, size, width);
    moveTo(element, left);
    element.style.width = `${length}px`;
    element.dataset.narrow = String(length < MIN_GRIPS_WIDTH_PX);
    element.setAttribute('aria-valuenow', String(Math.round((viewport.start / size) * 100)));
    element.setAttribute(
      'aria-valuetext',
      `${formatOffset(Math.floor(viewport.start))} to ${formatOffset(Math.ceil(viewport.end))}`,
    );
    moveTo(before.current, left - width);
    moveTo(after.current, left + length);
  }, [axis]);
  usePainter(paint);

  return (
    <div className="brush-area" {...useBrushDrag(axis)}>
      <div className="brush-shades">
        <div ref={before} />
        <div ref={after} />
      </div>
      <div
        ref={handle}
        className="brush"
        data-part="window"
        role="slider"
        tabIndex={0}
        aria-label={`Part of the ${axis === 'host' ? 'file' : 'disk'} in view`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={0}
        onKeyDown={event => onBrushKey(axis, event)}
      >
        <span className="brush-edge" data-part="start" />
        <span className="brush-edge" data-part="end" />
      </div>
    </div>
  );
}

/** Pointer handlers of the area around the window. */
function useBrushDrag(axis: AxisId) {
  const drag = useRef<{ part: Part; px: number; view: Viewport; isClick: boolean }>(undefined);
  const pxOfEvent = (event: PointerEvent) => event.clientX - event.currentTarget.getBoundingClientRect().left;
  const end = () => {
    drag.current = undefined;
  };
  return {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      const part = (event.target as HTMLElement).dataset.part as Part | undefined;
      const px = pxOfEvent(event);
      event.currentTarget.setPointerCapture(event.pointerId);
      const view = navigationOf(axis).viewport;
      const isWhole = view.start <= 0 && view.end >= navigationOf(axis).bounds.size;
      const moves = part === undefined || (part === 'window' && isWhole) ? 'new' : part;
      drag.current = { part: moves, px, view, isClick: moves === 'new' };
    },
    onPointerMove(event: PointerEvent) {
      if (drag.current === undefined) return;
      const { part, px, view } = drag.current;
      if (drag.current.isClick && Math.abs(pxOfEvent(event) - px) < DRAG_THRESHOLD_PX) return;
      drag.current.isClick = false;
      const navigation = navigationOf(axis);
      const { size, width } = navigation.bounds;
      const moved = ((pxOfEvent(event) - px) / width) * size;
      const { start, end } = view;
      const from = (px / width) * size;
      if (part === 'new') {
        const [first = 0, last = 0] = [from, from + moved].sort((a, b) => a - b);
        if (last > first) navigation.setViewport({ start: first, end: Math.max(last, first + 1) });
      } else if (part === 'window') navigation.setViewport({ start: start + moved, end: end + moved });
      else if (part === 'start') navigation.setViewport({ start: Math.min(start + moved, end - 1), end });
      else navigation.setViewport({ start, end: Math.max(end + moved, start + 1) });
    },
    onPointerUp() {
      const { bounds } = navigationOf(axis);
      const press = drag.current;
      if (press?.isClick === true) navigationOf(axis).centerOn((press.px / bounds.width) * bounds.size);
      end();
    },
    onPointerCancel: end,
  };
}

function onBrushKey(axis: AxisId, event: KeyboardEvent): void {
  const pan = { ArrowLeft: -KEY_PAN_SHARE, ArrowRight: KEY_PAN_SHARE }[event.key];
  const zoom = { ArrowUp: KEY_ZOOM_FACTOR, ArrowDown: 1 / KEY_ZOOM_FACTOR }[event.key];
  if (pan === undefined && zoom === undefined) return;
  event.preventDefault();
  if (pan !== undefined) navigationOf(axis).panByShare(pan);
  if (zoom !== undefined) zoomAroundSelection(axis, zoom);
}

/** Left edge and length of the window in CSS pixels. */
function windowOf(viewport: Viewport, size: number, width: number): { left: number; length: number } {
  const from = (viewport.start / size) * width;
  const to = (viewport.end / size) * width;
  const length = Math.max(to - from, MIN_WIDTH_PX);
  return { left: Math.min(Math.max((from + to - length) / 2, 0), width - length), length };
}

/** Moves an element to a CSS pixel without laying anything out. */
function moveTo(element: HTMLElement | null, px: number): void {
  if (element !== null) element.style.transform = `translateX(${px}px)`;
}
