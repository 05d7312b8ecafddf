import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Throttle } from '../../../electron/engine/throttle.ts';

const INTERVAL = 50;

beforeEach(() => void vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A throttle, and the times at which its action ran. */
function recorded(): { throttle: Throttle; times: number[] } {
  const times: number[] = [];
  return { throttle: new Throttle(INTERVAL, () => times.push(performance.now())), times };
}

test('the first request runs the action at once', () => {
  const { throttle, times } = recorded();
  throttle.request();
  expect(times).toEqual([0]);
});

test('requests within the interval run it once when that is over', () => {
  const { throttle, times } = recorded();
  throttle.request();
  for (let i = 0; i < 4; i++) {
    vi.advanceTimersByTime(10);
    throttle.request();
  }
  vi.advanceTimersByTime(1000);
  expect(times).toEqual([0, INTERVAL]);
});

test('a flush runs it now and stands for the requests that waited', () => {
  const { throttle, times } = recorded();
  throttle.request();
  vi.advanceTimersByTime(10);
  throttle.request();
  throttle.flush();
  vi.advanceTimersByTime(30);
  throttle.request();
  vi.advanceTimersByTime(1000);
  expect(times).toEqual([0, 10, 10 + INTERVAL]);
});

test('a cancelled request runs nothing', () => {
  const { throttle, times } = recorded();
  throttle.request();
  throttle.request();
  throttle.cancel();
  vi.advanceTimersByTime(1000);
  expect(times).toEqual([0]);
});

test('runs are an interval apart, and every request is followed by a run within one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 40 }), pauses => {
      const { throttle, times } = recorded();
      const requests = pauses.map(pause => {
        vi.advanceTimersByTime(pause);
        throttle.request();
        return performance.now();
      });
      vi.advanceTimersByTime(1000);
      times.slice(1).forEach((time, i) => {
        expect(time - times[i]!).toBeGreaterThanOrEqual(INTERVAL);
      });
      for (const request of requests)
        expect(times.some(time => time >= request && time <= request + INTERVAL)).toBe(true);
    }),
  );
});
