import { expect, test } from 'vitest';
import { tickHeight } from '../../../../../renderer/ui/axis/finding-ticks.tsx';

test('ticks differ in height by severity in a high lane and in the lowest, where they leave its letters free', () => {
  const heights = (row: number) => [1, 2, 3].map(mark => tickHeight(mark, row));
  expect(heights(8)).toEqual([7, 5, 3]);
  expect(heights(16)).toEqual([14, 10, 6]);
  expect(heights(4)).toEqual([3, 2, 1]);
  expect(tickHeight(0, 8)).toBe(0);
});
