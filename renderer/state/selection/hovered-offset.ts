import { byteAt } from '../../axis/scale.ts';
import { getAxis, getState } from '../store.ts';

/**
 * The offset under the pointer, in the view as it is now: a still pointer has another one when the view moves. Undefined
 * where the pointer is over no axis, or beside its ends.
 */
export function hoveredOffset(): number | undefined {
  const { hover } = getState();
  if (hover === undefined) return undefined;
  const { viewport, width, size } = getAxis(hover.axis);
  const offset = byteAt(viewport, hover.px, width);
  return width > 0 && offset >= 0 && offset < size ? offset : undefined;
}
