/**
 * What follows the drawing at a slower pace than frames: tables, summaries for screen readers, the tooltip. One timer
 * serves all followers. A follower runs only after a frame that it has not followed yet.
 */
import { addPainter, requestDraw } from './frame.ts';

/**
 * When a follower runs. `paced`: in a frame, but not again within 150 ms. `delayed`: 80 ms after the first frame that
 * it has not followed. `settled`: when no frame was drawn for 300 ms.
 */
export type FollowPace = keyof typeof WAIT_MS;

const WAIT_MS = { paced: 150, delayed: 80, settled: 300 } as const;

interface Follower {
  readonly pace: FollowPace;
  readonly run: () => void;
  lastRun: number;
  /** Time of the first and last frame since the last run; undefined where there was none. */
  firstFrame: number | undefined;
  lastFrame: number;
}

const followers = new Set<Follower>();
let stopPainter: (() => void) | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Calls `run` after frames, at a pace, until the returned function is called. A frame is drawn for it at once. */
export function addFollower(pace: FollowPace, run: () => void): () => void {
  const follower: Follower = {
    pace,
    run,
    lastRun: Number.NEGATIVE_INFINITY,
    firstFrame: undefined,
    lastFrame: 0,
  };
  followers.add(follower);
  stopPainter ??= addPainter(onFrame);
  requestDraw();
  return () => {
    followers.delete(follower);
    if (followers.size > 0) return;
    stopPainter?.();
    stopPainter = undefined;
    clearTimeout(timer);
    timer = undefined;
  };
}

function onFrame(): void {
  const now = performance.now();
  for (const follower of followers) {
    follower.firstFrame ??= now;
    follower.lastFrame = now;
  }
  runDue(now);
}

/** Runs the followers that are due, and sets the timer for the next one. */
function runDue(now: number): void {
  for (const follower of [...followers]) {
    if (dueAt(follower) > now) continue;
    follower.firstFrame = undefined;
    follower.lastRun = now;
    follower.run();
  }
  const next = Math.min(...[...followers].map(dueAt));
  if (next === Number.POSITIVE_INFINITY || timer !== undefined) return;
  timer = setTimeout(
    () => {
      timer = undefined;
      runDue(performance.now());
    },
    Math.max(0, Math.ceil(next - now)),
  );
}

function dueAt({ pace, lastRun, firstFrame, lastFrame }: Follower): number {
  if (firstFrame === undefined) return Number.POSITIVE_INFINITY;
  if (pace === 'paced') return Math.max(firstFrame, lastRun + WAIT_MS.paced);
  return (pace === 'delayed' ? firstFrame : lastFrame) + WAIT_MS[pace];
}
