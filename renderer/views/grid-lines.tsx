import { useCallback, useRef } from 'react';
import { ticksOf } from '../draw/ticks.ts';
import { now } from '../state/store.ts';
import { pxOf } from '../state/viewport.ts';
import { TICK_SPACING } from './axis.tsx';
import { usePainter } from './use-painter.ts';

/** Faint lines that carry the axis' ticks down through the lanes. */
export function GridLines() {
  const ref = useRef<SVGPathElement>(null);
  const drawn = useRef('');
  const paint = useCallback(() => {
    const { viewport, width } = now();
    const key = `${viewport.start} ${viewport.end} ${width}`;
    if (drawn.current === key) return;
    drawn.current = key;
    const lines = ticksOf(viewport, width, TICK_SPACING).map(
      offset => `M${Math.round(pxOf(viewport, offset, width)) + 0.5} 0V4000`,
    );
    ref.current?.setAttribute('d', lines.join(''));
  }, []);
  usePainter(paint);
  return (
    <svg className="grid-lines" aria-hidden="true">
      <path ref={ref} />
    </svg>
  );
}
