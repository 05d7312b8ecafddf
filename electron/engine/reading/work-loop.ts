/** Work in slices of a few milliseconds, one in each turn of the thread, so that messages are taken in between. */
import { runAfter, runInNextTurn } from '../../../shared/scheduler.ts';

/** Longest stretch of work in one turn, in milliseconds. */
export const WORKER_SLICE_MS = 6;

/** The time, by performance.now(), at which a slice that begins now ends. */
export function sliceEnd(): number {
  return performance.now() + WORKER_SLICE_MS;
}

/** Calls a slice of work again and again until it says that nothing is left. */
export class WorkLoop {
  readonly #slice: (deadline: number) => boolean;
  #isScheduled = false;
  #endPause: (() => void) | undefined;

  /** `slice` works until the deadline (performance.now()) and returns true if there is more to do. */
  constructor(slice: (deadline: number) => boolean) {
    this.#slice = slice;
  }

  /** Says that there is work. Without effect while the loop runs or is paused. */
  wake(): void {
    if (this.#isScheduled || this.#endPause !== undefined) return;
    this.#isScheduled = true;
    runInNextTurn(() => {
      this.#isScheduled = false;
      if (this.#slice(sliceEnd())) this.wake();
    });
  }

  /** Begins no slice for `ms` milliseconds from now, then calls `onEnd` and goes on. Replaces a pause that runs. */
  pause(ms: number, onEnd: () => void): void {
    this.#endPause?.();
    this.#endPause = runAfter(ms, () => {
      this.#endPause = undefined;
      onEnd();
      this.wake();
    });
  }
}
