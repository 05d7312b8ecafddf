import { type PointerEvent, useRef } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { offsetAt } from '../../axis/viewport.ts';
import { selectRange } from '../../state/selection/selection.ts';
import { getState } from '../../state/store.ts';

/** Pixels the pointer must move before a press becomes a drag. */
const THRESHOLD = 3;

/** Pointer handlers that choose a range by dragging; its ends snap to clusters unless Alt is held. */
export function useAxisDrag(chain: OpenedChain) {
  const from = useRef<{ px: number; moved: boolean }>(undefined);
  const pxOfEvent = (event: PointerEvent) => event.clientX - event.currentTarget.getBoundingClientRect().left;

  return {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0 || (event.target as Element).closest('.range-chip') !== null) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = { px: pxOfEvent(event), moved: false };
    },
    onPointerMove(event: PointerEvent) {
      const begun = from.current;
      if (begun === undefined) return;
      const px = pxOfEvent(event);
      if (!begun.moved && Math.abs(px - begun.px) < THRESHOLD) return;
      begun.moved = true;
      const { viewport, width } = getState();
      const ends = [begun.px, px].map(at => offsetAt(viewport, at, width)).sort((a, b) => a - b);
      const { start, end } = snapped(ends[0] ?? 0, ends[1] ?? 0, chain, event.altKey);
      if (end > start) selectRange(start, end);
    },
    onPointerUp() {
      from.current = undefined;
    },
    onPointerCancel() {
      from.current = undefined;
    },
  };
}

/** The range on cluster borders of the top layer, or on whole bytes, within the axis. */
function snapped(start: number, end: number, { chain }: OpenedChain, free: boolean) {
  const unit = free ? 1 : Math.max(1, chain.layers.at(-1)?.clusterSize ?? 1);
  return {
    start: Math.max(0, Math.floor(start / unit) * unit),
    end: Math.min(chain.size, Math.ceil(end / unit) * unit),
  };
}
