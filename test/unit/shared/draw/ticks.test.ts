import { expect, test } from 'vitest';
import { tickLabels, tickOffsets, ticksOf } from '../../../../shared/draw/ticks.ts';

test('ticks are multiples of a power of two and far enough apart', () => {
  const view = { start: 12_345, end: 9_876_543 };
  const ticks = tickOffsets(view, 1000, 130);
  const step = ticks[1]! - ticks[0]!;
  expect(Number.isInteger(Math.log2(step))).toBe(true);
  expect(ticks.every(tick => tick % step === 0 && tick >= view.start && tick <= view.end)).toBe(true);
  expect((step / (view.end - view.start)) * 1000).toBeGreaterThanOrEqual(130);
});

test('a tick lies on the pixel of its offset', () => {
  const ticks = ticksOf({ start: 1 << 20, end: 9 << 20 }, 1000);
  expect(ticks).toEqual([2, 4, 6, 8].map(mib => ({ offset: mib << 20, px: (mib - 1) * 125 })));
});

test('a size stands beside an offset only where it says it exactly', () => {
  expect(tickLabels(2 ** 20)).toEqual(['0x0010_0000', '1 MiB']);
  expect(tickLabels(2 ** 20 + 4096)).toEqual(['0x0010_1000', '']);
});
