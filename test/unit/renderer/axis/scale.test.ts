import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  axisScale,
  byteAt,
  bytesPerPx,
  interpolateViewport,
  offsetAt,
  pxOf,
} from '../../../../renderer/axis/scale.ts';

test('pixels and offsets lead to each other', () => {
  const view = { start: 90_000, end: 210_000 };
  expect(offsetAt(view, 500, 1000)).toBe(150_000);
  expect(pxOf(view, 150_000, 1000)).toBe(500);
  expect(bytesPerPx(view, 1000)).toBe(120);
});

test('the byte at a pixel is one that begins under it, where a pixel is wider than a byte', () => {
  const view = { start: 0, end: 100 * 2 ** 30 };
  const width = 679;
  for (const px of [1, 2, 389, 500, 678]) {
    const offset = byteAt(view, px, width);
    expect(Math.floor(offset / bytesPerPx(view, width)), `pixel ${px}`).toBe(px);
    expect((offset - 1) / bytesPerPx(view, width), `pixel ${px}`).toBeLessThan(px);
  }
  expect(byteAt({ start: 10, end: 20 }, 55, 100)).toBe(15);
});

test('an area that is not laid out yet has one pixel', () => {
  expect(pxOf({ start: 0, end: 100 }, 50, 0)).toBe(0.5);
  expect(bytesPerPx({ start: 0, end: 100 }, 0)).toBe(100);
});

test('one frame has one scale', () => {
  const view = { start: 0, end: 100 };
  expect(axisScale(view, 10)).toBe(axisScale(view, 10));
  expect(axisScale(view, 20)(50)).toBe(10);
  expect(axisScale({ start: 50, end: 100 }, 20)(50)).toBe(0);
});

test('halfway through a zoom the span is the geometric mean of both', () => {
  const zoom = interpolateViewport({ start: 0, end: 2 ** 40 }, { start: 0, end: 2 ** 20 });
  expect(zoom(0.5).end).toBeCloseTo(2 ** 30, -3);
});

test('what both ends of a zoom show at the same pixel stays there', () => {
  const at = 300_000;
  const from = { start: 0, end: 2 ** 20 };
  const to = { start: at - (at - from.start) / 4, end: at + (from.end - at) / 4 };
  const zoom = interpolateViewport(from, to);
  for (const share of [0.2, 0.5, 0.9])
    expect(pxOf(zoom(share), at, 1000)).toBeCloseTo(pxOf(from, at, 1000), 6);
});

test('a pan between viewports whose spans differ by a rounding error is even', () => {
  const pan = interpolateViewport({ start: 0.1, end: 1000.1 }, { start: 2000.3, end: 3000.3000000000002 });
  expect(pan(0.5).start).toBeCloseTo(1000.2, 6);
  expect(pan(0.5).end - pan(0.5).start).toBeCloseTo(1000, 6);
});

test('between any two viewports every step is a viewport between them', () => {
  const offset = fc.double({ min: 0, max: 2 ** 50, noNaN: true });
  const span = fc.double({ min: 512, max: 2 ** 50, noNaN: true });
  fc.assert(
    fc.property(
      offset,
      span,
      offset,
      span,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (a, m, b, n, share) => {
        const { start, end } = interpolateViewport({ start: a, end: a + m }, { start: b, end: b + n })(share);
        const slack = 2 ** 50 * 1e-9;
        expect(start).toBeGreaterThanOrEqual(Math.min(a, b) - slack);
        expect(end).toBeLessThanOrEqual(Math.max(a + m, b + n) + slack);
        expect(end - start).toBeGreaterThan(0);
      },
    ),
  );
});
