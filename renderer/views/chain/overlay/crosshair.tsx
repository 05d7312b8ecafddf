import { useCallback, useEffect, useRef, useState } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import { requestDraw } from '../../../canvas/frame.ts';
import { dataOf } from '../../../state/axes/axis-data.ts';
import { hoveredOffset } from '../../../state/selection/hovered-offset.ts';
import { getAxis, getState, useStore } from '../../../state/store.ts';
import { useFollower } from '../../../ui/hooks/use-follower.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { type HoveredOffset, HoverTooltip } from './hover-tooltip.tsx';

/** A line through all lanes under the pointer, and what lies there: also when the view or the data changes under it. */
export function Crosshair({ chain }: { readonly chain: OpenedChain }) {
  const ref = useRef<HTMLDivElement>(null);
  /** What the lanes show since the last frame, and what the tooltip was made for. */
  const painted = useRef('');
  const looked = useRef('');
  const [shown, setShown] = useState<HoveredOffset>();
  const paint = useCallback(() => {
    const line = ref.current;
    const { hover } = getState();
    const { viewport, width } = getAxis('guest');
    painted.current = `${viewport.start} ${viewport.end} ${width} ${dataOf('guest').revision}`;
    if (line === null) return;
    line.hidden = hover === undefined;
    if (hover !== undefined) line.style.transform = `translateX(${Math.round(hover.px)}px)`;
  }, []);
  usePainter(paint);
  useEffect(
    () =>
      useStore.subscribe(({ hover }, before) => {
        if (hover === before.hover) return;
        requestDraw();
        if (hover !== undefined) return;
        looked.current = '';
        setShown(undefined);
      }),
    [],
  );
  const follow = useCallback(() => {
    const { hover } = getState();
    const offset = hoveredOffset();
    if (hover === undefined || offset === undefined) {
      setShown(undefined);
      return;
    }
    // The strips are those of the last frame: what has come since is looked at after the next one.
    const key = `${hover.track} ${hover.px} ${painted.current}`;
    if (looked.current === key) return;
    looked.current = key;
    setShown({ ...hover, offset });
  }, []);
  useFollower('delayed', follow);
  return (
    <div className="crosshair-layer" aria-hidden="true">
      <div className="crosshair" ref={ref} hidden />
      {shown !== undefined && <HoverTooltip chain={chain} hover={shown} />}
    </div>
  );
}
