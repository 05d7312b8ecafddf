import { expect, test } from 'vitest';
import { LOCAL, STATES } from '../../../../shared/extent/flags.ts';
import { createRunCounter } from '../../../../shared/extent/statistics.ts';

const DATA = STATES.indexOf('data');

test('extents of one state are one run where one begins at the end of the other', () => {
  const counter = createRunCounter(3);
  for (const [start, end] of [
    [0, 10],
    [10, 30],
    [40, 45],
  ] as const)
    counter.add(start, end, LOCAL);
  const { track, bytes, runs, shortest, longest, median } = counter.finish();
  expect(track).toBe(3);
  expect([bytes, runs, shortest, longest, median].map(of => of[DATA])).toEqual([35, 2, 5, 30, 5]);
});
