import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  TOOLTIP_GAP_PX,
  TOOLTIP_WIDTH_PX,
  tooltipEdge,
} from '../../../../../../renderer/views/chain/overlay/tooltip-position.ts';

/** Both edges of a tooltip of full width, from the left edge of the lanes. */
function edges(px: number, width: number): { readonly from: number; readonly to: number } {
  const edge = tooltipEdge(px, width);
  const from = 'left' in edge ? edge.left : width - edge.right - TOOLTIP_WIDTH_PX;
  return { from, to: from + TOOLTIP_WIDTH_PX };
}

test('the tooltip lies within the lanes wherever the pointer is, and beside the pointer where there is room', () => {
  const lanes = fc.integer({ min: TOOLTIP_WIDTH_PX, max: 4000 });
  fc.assert(
    fc.property(lanes, fc.double({ min: 0, max: 1, noNaN: true }), (width, share) => {
      const px = Math.floor(share * width);
      const { from, to } = edges(px, width);
      expect(from).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThanOrEqual(width);
      const hasRoom = Math.max(px, width - px) >= TOOLTIP_WIDTH_PX + TOOLTIP_GAP_PX;
      if (hasRoom) expect(from > px || to < px).toBe(true);
    }),
  );
});

test('lanes narrower than the tooltip have it from their left edge on', () => {
  expect(tooltipEdge(50, 200)).toEqual({ left: 0 });
});
