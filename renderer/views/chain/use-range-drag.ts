import { type PointerEvent, useRef } from 'react';
import type { GuestRange } from '../../../shared/ipc/questions.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { bytesPerPx, offsetAt } from '../../axis/scale.ts';
import { selectRange } from '../../state/selection/selection.ts';
import { getAxis } from '../../state/store.ts';
import { DRAG_THRESHOLD_PX } from '../../ui/axis/axis-pointer.ts';

/** CSS pixels within which an end of the range snaps to the end of the disk. */
const SNAP_PX = 8;

/** Pointer handlers of the ruler: a drag selects a range, whose ends snap to clusters and to the disk's unless Alt is held. */
export function useRangeDrag(chain: OpenedChain) {
  const press = useRef<{ px: number; hasMoved: boolean }>(undefined);
  const pxOfEvent = (event: PointerEvent) => event.clientX - event.currentTarget.getBoundingClientRect().left;
  const end = () => {
    press.current = undefined;
  };

  return {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      press.current = { px: pxOfEvent(event), hasMoved: false };
    },
    onPointerMove(event: PointerEvent) {
      const begun = press.current;
      if (begun === undefined) return;
      const px = pxOfEvent(event);
      if (!begun.hasMoved && Math.abs(px - begun.px) < DRAG_THRESHOLD_PX) return;
      begun.hasMoved = true;
      const { viewport, width } = getAxis('guest');
      const [from = 0, to = 0] = [begun.px, px]
        .map(at => offsetAt(viewport, at, width))
        .sort((a, b) => a - b);
      const reach = event.altKey ? 0 : SNAP_PX * bytesPerPx(viewport, width);
      const { start, end } = snapped(from, to, chain, event.altKey ? 1 : clusterSizeOf(chain), reach);
      if (end > start) selectRange(start, end);
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}

/**
 * The smallest range on multiples of `unit` bytes around [start, end), cut to the disk. What is within `reach` bytes of an
 * end of the disk is taken for that end.
 */
function snapped(
  start: number,
  end: number,
  { chain }: OpenedChain,
  unit: number,
  reach: number,
): GuestRange {
  return {
    start: start <= reach ? 0 : Math.floor(start / unit) * unit,
    end: end >= chain.size - reach ? chain.size : Math.min(chain.size, Math.ceil(end / unit) * unit),
  };
}

function clusterSizeOf({ chain }: OpenedChain): number {
  return Math.max(1, chain.layers.at(-1)?.clusterSize ?? 1);
}
