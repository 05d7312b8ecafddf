/** Where the tooltip lies beside the crosshair. */

/** Between the crosshair and the tooltip, so that it does not lie under the pointer. */
export const TOOLTIP_GAP_PX = 14;
/** Greatest width of the tooltip, as in plot.css. */
export const TOOLTIP_WIDTH_PX = 280;

/**
 * The left or the right edge of the tooltip, in CSS pixels from that edge of the lanes: right of the crosshair where it has
 * room there, else left of it. Where it has room on neither side, it lies over the crosshair, within the lanes.
 */
export function tooltipEdge(
  px: number,
  width: number,
): { readonly left: number } | { readonly right: number } {
  const needed = TOOLTIP_GAP_PX + TOOLTIP_WIDTH_PX;
  if (px + needed <= width) return { left: px + TOOLTIP_GAP_PX };
  if (px >= needed) return { right: width - px + TOOLTIP_GAP_PX };
  return { left: Math.max(0, Math.min(px + TOOLTIP_GAP_PX, width - TOOLTIP_WIDTH_PX)) };
}
