import { useCallback, useRef } from 'react';
import { ticksOf } from '../../../shared/draw/ticks.ts';
import type { AxisId } from '../../axis/axis-id.ts';
import { getAxis } from '../../state/store.ts';
import { usePainter } from '../hooks/use-painter.ts';

/** Where lines are moved that are not needed. The area cuts them off. */
const OUT_OF_SIGHT_PX = -10;

/**
 * Faint lines that carry the ticks of an axis down through the lanes. They are moved, which lays nothing out. A layer for
 * each would save painting them, but whatever lies over one would need a layer too, and a frame with many costs more.
 */
export function GridLines({ axis }: { readonly axis: AxisId }) {
  const ref = useRef<HTMLDivElement>(null);
  const drawn = useRef('');
  const paint = useCallback(() => {
    const lines = ref.current;
    const { viewport, width } = getAxis(axis);
    const key = `${viewport.start} ${viewport.end} ${width}`;
    if (lines === null || width === 0 || drawn.current === key) return;
    drawn.current = key;
    const ticks = ticksOf(viewport, width);
    while (lines.childElementCount < ticks.length) lines.append(document.createElement('div'));
    for (const [i, line] of [...lines.children].entries())
      (line as HTMLElement).style.transform = `translateX(${ticks[i]?.px ?? OUT_OF_SIGHT_PX}px)`;
  }, [axis]);
  usePainter(paint);
  return <div className="grid-lines" ref={ref} aria-hidden="true" />;
}
