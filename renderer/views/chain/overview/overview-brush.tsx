import { type KeyboardEvent, type PointerEvent, useCallback, useRef } from 'react';
import { formatOffset } from '../../../../shared/text/offset.ts';
import type { Viewport } from '../../../axis/viewport.ts';
import { bounds, glideTo, panByShare, show, zoomBy } from '../../../state/navigation/navigation.ts';
import { getState } from '../../../state/store.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';

type Part = 'window' | 'start' | 'end';

/** CSS pixels of the window's smallest picture, so that it can be taken hold of at any zoom. */
const SMALLEST = 10;

/** The part of the disk in view, as a window over the overview: drag moves it, its edges resize it, a click centres it. */
export function Brush() {
  const area = useRef<HTMLDivElement>(null);
  const handle = useRef<HTMLDivElement>(null);
  const before = useRef<HTMLDivElement>(null);
  const after = useRef<HTMLDivElement>(null);
  const drag = useRef<{ part: Part; px: number; view: Viewport }>(undefined);
  const drawn = useRef('');

  const paint = useCallback(() => {
    const element = handle.current;
    // The width is not read from the element: in the middle of a frame that would lay out all that was written so far.
    const { viewport, width } = getState();
    const { size } = bounds();
    const key = `${viewport.start} ${viewport.end} ${size} ${width}`;
    if (element === null || width === 0 || drawn.current === key) return;
    drawn.current = key;
    const from = (viewport.start / size) * width;
    const to = (viewport.end / size) * width;
    const length = Math.max(to - from, SMALLEST);
    const left = Math.min(Math.max((from + to - length) / 2, 0), width - length);
    moveTo(element, left);
    element.style.width = `${length}px`;
    element.dataset.narrow = String(length < 28);
    element.setAttribute('aria-valuenow', String(Math.round((viewport.start / size) * 100)));
    element.setAttribute(
      'aria-valuetext',
      `${formatOffset(Math.floor(viewport.start))} to ${formatOffset(Math.ceil(viewport.end))}`,
    );
    moveTo(before.current, left - width);
    moveTo(after.current, left + length);
  }, []);
  usePainter(paint);

  const pxOfEvent = (event: PointerEvent) =>
    event.clientX - (area.current?.getBoundingClientRect().left ?? 0);
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    const part = (event.target as HTMLElement).dataset.part as Part | undefined;
    const px = pxOfEvent(event);
    event.currentTarget.setPointerCapture(event.pointerId);
    const { viewport, width } = getState();
    if (part === undefined) {
      const half = (viewport.end - viewport.start) / 2;
      const at = (px / Math.max(width, 1)) * bounds().size;
      glideTo({ start: at - half, end: at + half });
      return;
    }
    drag.current = { part, px, view: viewport };
  };
  const onPointerMove = (event: PointerEvent) => {
    const begun = drag.current;
    if (begun === undefined) return;
    const { size, width } = bounds();
    const moved = ((pxOfEvent(event) - begun.px) / width) * size;
    const { start, end } = begun.view;
    if (begun.part === 'window') show({ start: start + moved, end: end + moved });
    else if (begun.part === 'start') show({ start: Math.min(start + moved, end - 1), end });
    else show({ start, end: Math.max(end + moved, start + 1) });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = { ArrowLeft: () => panByShare(-0.25), ArrowRight: () => panByShare(0.25) }[event.key];
    const zoom = { ArrowUp: 0.6, ArrowDown: 1 / 0.6 }[event.key];
    if (act === undefined && zoom === undefined) return;
    event.preventDefault();
    act?.();
    if (zoom !== undefined) zoomBy(zoom, undefined, true);
  };

  return (
    <div
      className="brush-area"
      ref={area}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        drag.current = undefined;
      }}
      onPointerCancel={() => {
        drag.current = undefined;
      }}
    >
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
        aria-label="Part of the disk in view"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={0}
        onKeyDown={onKeyDown}
      >
        <span className="brush-edge" data-part="start" />
        <span className="brush-edge" data-part="end" />
      </div>
    </div>
  );
}

/** Moves an element to a CSS pixel without laying anything out. */
function moveTo(element: HTMLElement | null, px: number): void {
  if (element !== null) element.style.transform = `translateX(${px}px)`;
}
