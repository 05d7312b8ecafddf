import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  TOOLTIP_GAP_PX,
  tooltipLeft,
} from '../../../../../../renderer/views/chain/overlay/tooltip-position.ts';

test('the tooltip lies within the lanes wherever the pointer is, and beside the pointer where there is room', () => {
  const width = fc.integer({ min: 100, max: 4000 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(width, share, share, (lanes, ofPointer, ofTooltip) => {
      const px = Math.floor(ofPointer * lanes);
      const own = Math.floor(ofTooltip * lanes);
      const left = tooltipLeft(px, own, lanes);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(left + own).toBeLessThanOrEqual(lanes);
      const hasRoom = Math.max(px, lanes - px) >= own + TOOLTIP_GAP_PX;
      if (hasRoom) expect(left > px || left + own < px).toBe(true);
    }),
  );
});

test('a tooltip wider than the lanes begins at their left edge', () => {
  expect(tooltipLeft(50, 280, 200)).toBe(0);
});
