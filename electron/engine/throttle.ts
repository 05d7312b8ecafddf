/** Runs an action at most once in an interval. */
import { runAfter } from '../../shared/scheduler.ts';

/**
 * The first request runs the action at once. Requests within the interval after that are gathered: the action runs once
 * for all of them when the interval is over, so the last request is never lost.
 */
export class Throttle {
  readonly #intervalMs: number;
  readonly #action: () => void;
  /** When the action ran last, by performance.now(). */
  #lastRun = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(intervalMs: number, action: () => void) {
    this.#intervalMs = intervalMs;
    this.#action = action;
  }

  /** Has the action run, now or when the interval is over. */
  request(): void {
    const wait = this.#lastRun + this.#intervalMs - performance.now();
    if (wait <= 0) this.flush();
    else this.#cancelTimer ??= runAfter(wait, () => this.flush());
  }

  /** Runs the action now, whether it was requested or not. */
  flush(): void {
    this.cancel();
    this.#lastRun = performance.now();
    this.#action();
  }

  /** Forgets the requests that wait. */
  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
