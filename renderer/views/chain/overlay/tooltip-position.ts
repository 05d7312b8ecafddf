/** Where the tooltip lies beside the crosshair. */

/** Between the crosshair and the tooltip, so that it does not lie under the pointer. */
export const TOOLTIP_GAP_PX = 14;

/**
 * The left edge of a tooltip that is `own` CSS pixels wide, from that of the lanes: right of the crosshair where it has
 * room there, else left of it. Where it has room on neither side, it lies over the crosshair, within the lanes.
 */
export function tooltipLeft(px: number, own: number, width: number): number {
  const [right, left] = [px + TOOLTIP_GAP_PX, px - TOOLTIP_GAP_PX - own];
  if (right + own <= width) return right;
  return left >= 0 ? left : Math.max(0, width - own);
}
