import { useCallback, useEffect, useRef, useState } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import { requestDraw } from '../../../canvas/frame.ts';
import { getState, type Hover, useStore } from '../../../state/store.ts';
import { useFollower } from '../../../ui/hooks/use-follower.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { HoverTooltip } from './hover-tooltip.tsx';

/** A line through all lanes under the pointer, and what lies there. */
export function Crosshair({ chain }: { readonly chain: OpenedChain }) {
  const ref = useRef<HTMLDivElement>(null);
  const isMoved = useRef(false);
  const [shown, setShown] = useState<Hover>();
  const paint = useCallback(() => {
    const line = ref.current;
    const { hover } = getState();
    if (line === null) return;
    line.hidden = hover === undefined;
    if (hover !== undefined) line.style.transform = `translateX(${Math.round(hover.px)}px)`;
  }, []);
  usePainter(paint);
  useEffect(
    () =>
      useStore.subscribe(({ hover, axes }, before) => {
        const hasMoved = hover !== undefined && axes.guest.viewport !== before.axes.guest.viewport;
        if (hover === before.hover && !hasMoved) return;
        requestDraw();
        isMoved.current = hover !== undefined;
        if (hover === undefined) setShown(undefined);
      }),
    [],
  );
  const follow = useCallback(() => {
    const { hover } = getState();
    if (!isMoved.current) return;
    isMoved.current = false;
    // A new object each time, so that what moved under a still pointer is looked up again.
    setShown(hover === undefined ? undefined : { ...hover });
  }, []);
  useFollower('delayed', follow);
  return (
    <div className="crosshair-layer" aria-hidden="true">
      <div className="crosshair" ref={ref} hidden />
      {shown !== undefined && <HoverTooltip chain={chain} hover={shown} />}
    </div>
  );
}
