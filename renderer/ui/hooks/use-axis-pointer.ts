import { type RefObject, useEffect } from 'react';
import type { AxisId } from '../../axis/axis-id.ts';
import { AxisPointer, type AxisPointerActions } from '../axis/axis-pointer.ts';

/** Moves an axis by the pointer on an element that is as wide as the axis; `actions` must be stable between renders. */
export function useAxisPointer(
  ref: RefObject<HTMLElement | null>,
  axis: AxisId,
  actions: AxisPointerActions,
): void {
  useEffect(() => {
    if (ref.current !== null) return new AxisPointer(ref.current, axis, actions).listen();
  }, [ref, axis, actions]);
}
