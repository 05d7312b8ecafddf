import { useCallback, useEffect, useRef, useState } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import { requestDraw } from '../../../canvas/frame.ts';
import { getState, type Hover, useStore } from '../../../state/store.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { HoverTooltip } from './hover-tooltip.tsx';

/** Milliseconds before the tooltip follows the pointer. */
const DELAY = 80;

/** A line through all lanes under the pointer, and what lies there. */
export function Crosshair({ chain }: { readonly chain: OpenedChain }) {
  const ref = useRef<HTMLDivElement>(null);
  const [resting, setResting] = useState<Hover>();
  const paint = useCallback(() => {
    const line = ref.current;
    const { hover } = getState();
    if (line === null) return;
    line.hidden = hover === undefined;
    if (hover !== undefined) line.style.transform = `translateX(${Math.round(hover.px)}px)`;
  }, []);
  usePainter(paint);
  useEffect(() => {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const stop = useStore.subscribe(({ hover, viewport }, before) => {
      if (hover === before.hover && (hover === undefined || viewport === before.viewport)) return;
      requestDraw();
      if (hover === undefined) {
        clearTimeout(waiting);
        waiting = undefined;
        setResting(undefined);
        return;
      }
      waiting ??= setTimeout(() => {
        waiting = undefined;
        const { hover: latest } = useStore.getState();
        // A new object each time, so that what moved under a still pointer is looked at again.
        setResting(latest === undefined ? undefined : { ...latest });
      }, DELAY);
    });
    return () => {
      stop();
      clearTimeout(waiting);
    };
  }, []);
  return (
    <div className="crosshair-layer" aria-hidden="true">
      <div className="crosshair" ref={ref} hidden />
      {resting !== undefined && <HoverTooltip chain={chain} hover={resting} />}
    </div>
  );
}
