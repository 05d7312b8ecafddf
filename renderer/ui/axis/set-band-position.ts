import type { AxisId } from '../../axis/axis-id.ts';
import { pxOf } from '../../axis/scale.ts';
import { getAxis } from '../../state/store.ts';

/** How far a band may reach out of sight, so that its border is cut off there. */
const OVERHANG_PX = 4;
const MIN_WIDTH_PX = 2;

/** Puts a band over [start, end) of an axis, cut to what is on screen; hides it where there is nothing to show. */
export function setBandPosition(
  axis: AxisId,
  band: HTMLElement | null,
  range: { readonly start: number; readonly end: number } | undefined,
): void {
  if (band === null) return;
  const { viewport, width } = getAxis(axis);
  const isVisible = range !== undefined && range.end > viewport.start && range.start < viewport.end;
  if (band.hidden === isVisible) band.hidden = !isVisible;
  if (!isVisible) return;
  const left = Math.max(-OVERHANG_PX, Math.round(pxOf(viewport, range.start, width)));
  const right = Math.min(width + OVERHANG_PX, Math.round(pxOf(viewport, range.end, width)));
  band.style.left = `${left}px`;
  band.style.width = `${Math.max(MIN_WIDTH_PX, right - left)}px`;
}
