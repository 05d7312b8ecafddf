import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { addFollower, type FollowPace } from '../../../../renderer/canvas/followers.ts';
import { requestDraw } from '../../../../renderer/canvas/frame.ts';

const FRAME_MS = 16;
const stops: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'requestAnimationFrame'] });
  // Faked after the module was loaded, so the frames come from here.
  vi.stubGlobal('requestAnimationFrame', (draw: (now: number) => void) =>
    setTimeout(() => draw(performance.now()), FRAME_MS),
  );
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.runAllTimers();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** The times, in milliseconds from now, at which a follower runs. */
function follow(pace: FollowPace): readonly number[] {
  const begun = performance.now();
  const runs: number[] = [];
  stops.push(addFollower(pace, () => runs.push(Math.round(performance.now() - begun))));
  return runs;
}

/** Draws frame after frame for a while. */
function drawFor(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; vi.advanceTimersByTime(FRAME_MS))
    requestDraw();
}

test('a paced follower runs in the first frame, then not again within 150 ms, and once after the last frame', () => {
  const runs = follow('paced');
  drawFor(320);
  expect(runs).toHaveLength(3);
  expect(runs[0]).toBe(FRAME_MS);
  for (const i of [1, 2]) expect(runs[i]! - runs[i - 1]!).toBeGreaterThanOrEqual(150);
  const before = runs.length;
  drawFor(FRAME_MS);
  vi.advanceTimersByTime(1000);
  expect(runs).toHaveLength(before + 1);
});

test('a settled follower runs once, when no frame was drawn for 300 ms', () => {
  const runs = follow('settled');
  drawFor(1000);
  expect(runs).toEqual([]);
  const last = 1008; // 63 frames
  vi.advanceTimersByTime(2000);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toBeGreaterThanOrEqual(last + 300 - FRAME_MS);
  expect(runs[0]).toBeLessThanOrEqual(last + 300 + FRAME_MS);
});

test('a delayed follower runs 80 ms after the first frame, however many follow', () => {
  const runs = follow('delayed');
  drawFor(200);
  expect(runs[0]).toBeGreaterThanOrEqual(FRAME_MS + 80);
  expect(runs[0]).toBeLessThan(FRAME_MS + 80 + 2 * FRAME_MS);
});

test('a follower that was removed is not run any more, the others are', () => {
  const removed = follow('settled');
  const kept = follow('settled');
  drawFor(50);
  stops.shift()?.();
  vi.advanceTimersByTime(1000);
  expect(removed).toEqual([]);
  expect(kept).toHaveLength(1);
});

test('a follower that is added to others gets a frame too', () => {
  follow('settled');
  vi.advanceTimersByTime(1000);
  const runs = follow('paced');
  vi.advanceTimersByTime(1000);
  expect(runs).toEqual([FRAME_MS]);
});

test('without a frame nothing is followed', () => {
  const runs = follow('paced');
  vi.advanceTimersByTime(FRAME_MS * 2);
  const drawn = runs.length; // adding a follower draws a frame
  vi.advanceTimersByTime(5000);
  expect(runs).toHaveLength(drawn);
});
