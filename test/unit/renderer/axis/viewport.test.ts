import fc from 'fast-check';
import { expect, test } from 'vitest';
import { offsetAt, pxOf } from '../../../../renderer/axis/scale.ts';
import {
  bytesInView,
  clampViewport,
  panBy,
  revealOffset,
  smallestSpan,
  wholeAxis,
  withMargin,
  zoomAt,
} from '../../../../renderer/axis/viewport.ts';

const BOUNDS = { size: 2 ** 20, width: 1000 };

test('of a disk of no bytes none are in view', () => {
  expect(bytesInView(wholeAxis({ size: 0, width: 1000 }), 0)).toBe(0);
  expect(bytesInView({ start: 512.5, end: 1024.5 }, BOUNDS.size)).toBe(512);
});

test('the whole axis is where fitting ends', () => {
  expect(wholeAxis(BOUNDS)).toEqual({ start: 0, end: 2 ** 20 });
  expect(clampViewport({ start: -5, end: 2 ** 21 }, BOUNDS)).toEqual({ start: 0, end: 2 ** 20 });
});

test('zooming keeps the offset under the pointer', () => {
  const before = { start: 0, end: 2 ** 20 };
  const at = 300_000;
  const after = zoomAt(before, 0.5, at, BOUNDS);
  expect(after.end - after.start).toBe(2 ** 19);
  expect(pxOf(after, at, BOUNDS.width)).toBeCloseTo(pxOf(before, at, BOUNDS.width), 6);
});

test('zooming in ends at one sector across the lanes', () => {
  const view = zoomAt({ start: 0, end: 1024 }, 0.001, 600, BOUNDS);
  expect(view.end - view.start).toBe(512);
  expect(smallestSpan({ size: 100, width: 1000 })).toBe(100);
});

test('on the longest axis a pan by one pixel still changes the offset', () => {
  const bounds = { size: 2 ** 53 - 1, width: 4000 };
  const span = smallestSpan(bounds);
  const view = clampViewport({ start: bounds.size - span, end: bounds.size }, bounds);
  expect(panBy(view, -span / bounds.width, bounds).start).toBeLessThan(view.start);
});

test('whatever is asked for, the viewport stays on the axis', () => {
  const number = fc.double({ min: -(2 ** 53), max: 2 ** 53, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), number, number, (size, a, b) => {
      const bounds = { size, width: 1600 };
      const { start, end } = clampViewport({ start: Math.min(a, b), end: Math.max(a, b) }, bounds);
      expect(start).toBeGreaterThanOrEqual(0);
      expect(end).toBeLessThanOrEqual(size * (1 + 2 ** -50));
      expect(end - start).toBeGreaterThanOrEqual(smallestSpan(bounds) * 0.99);
    }),
  );
});

test('revealing moves no further than needed', () => {
  const view = { start: 1000, end: 2000 };
  expect(revealOffset(view, 1500, BOUNDS)).toBe(view);
  const right = revealOffset(view, 3000, BOUNDS);
  expect(right.end).toBeGreaterThan(3000);
  expect(right.end - right.start).toBe(1000);
  expect(revealOffset(view, 100, BOUNDS).start).toBeLessThan(100);
});

test('a fitted range has air on both sides', () => {
  const view = withMargin(100_000, 200_000, BOUNDS);
  expect(view.start).toBe(90_000);
  expect(view.end).toBe(210_000);
  expect(offsetAt(view, 500, 1000)).toBe(150_000);
});
