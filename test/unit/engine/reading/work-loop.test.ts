import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WORKER_SLICE_MS, WorkLoop } from '../../../../electron/engine/reading/work-loop.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test('slices run in later turns until nothing is left, and again when woken', () => {
  let left = 3;
  const deadlines: number[] = [];
  const loop = new WorkLoop(deadline => {
    deadlines.push(deadline - performance.now());
    return --left > 0;
  });
  loop.wake();
  loop.wake();
  expect(deadlines).toEqual([]);
  vi.runAllTimers();
  expect(deadlines).toEqual([WORKER_SLICE_MS, WORKER_SLICE_MS, WORKER_SLICE_MS]);
  loop.wake();
  vi.runAllTimers();
  expect(deadlines).toHaveLength(4);
});

test('a pause holds slices back, and a newer one takes its place', () => {
  let slices = 0;
  const ended: string[] = [];
  const loop = new WorkLoop(() => {
    slices++;
    return false;
  });
  loop.pause(300, () => ended.push('first'));
  loop.wake();
  vi.advanceTimersByTime(100);
  loop.pause(50, () => ended.push('second'));
  vi.advanceTimersByTime(49);
  expect([slices, ended]).toEqual([0, []]);
  vi.advanceTimersByTime(1000);
  expect([slices, ended]).toEqual([1, ['second']]);
});
