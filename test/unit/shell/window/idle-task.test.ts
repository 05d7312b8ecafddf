import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { IdleTask } from '../../../../electron/shell/window/idle-task.ts';

const IDLE_MS = 1000;
let lastActivity = 0;
let runs = 0;
let task: IdleTask;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  lastActivity = 0;
  runs = 0;
  task = new IdleTask(
    IDLE_MS,
    () => Date.now() - lastActivity,
    () => runs++,
  );
});
afterEach(() => vi.useRealTimers());

test('runs once for several requests, when the window was left alone for the time', () => {
  task.request();
  task.request();
  vi.advanceTimersByTime(IDLE_MS - 1);
  expect(runs).toBe(0);
  vi.advanceTimersByTime(1);
  expect(runs).toBe(1);
  vi.advanceTimersByTime(10 * IDLE_MS);
  expect(runs).toBe(1);
});

test('does not run while the window is used, and runs as soon as that has ended', () => {
  task.request();
  for (let used = 0; used < 50; used++) {
    vi.advanceTimersByTime(200);
    lastActivity = Date.now();
  }
  expect(runs).toBe(0);
  vi.advanceTimersByTime(IDLE_MS - 1);
  expect(runs).toBe(0);
  vi.advanceTimersByTime(1);
  expect(runs).toBe(1);
});

test('runs again for a request that comes after a run', () => {
  task.request();
  vi.advanceTimersByTime(IDLE_MS);
  task.request();
  vi.advanceTimersByTime(IDLE_MS);
  expect(runs).toBe(2);
});

test('what it runs may request it again', () => {
  const again = new IdleTask(
    IDLE_MS,
    () => Date.now(),
    () => ++runs < 3 && again.request(),
  );
  again.request();
  vi.advanceTimersByTime(10 * IDLE_MS);
  expect(runs).toBe(3);
});
