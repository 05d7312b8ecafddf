/** Work over long tables that can be interrupted: a worker runs it to its end, the main thread in slices. */
import { CowscopeError } from '../../../shared/error.ts';
import { nextTurn } from '../../../shared/scheduler.ts';

/** Work that may be interrupted wherever it yields, with its result. */
export type SlicedWork<T> = Generator<undefined, T, undefined>;

/** Longest slice in milliseconds: half of a frame's time at 120 frames a second. */
export const MAIN_SLICE_MS = 4;

/** Runs the work to its end and returns its result. Throws what it throws. */
export function runToEnd<T>(work: SlicedWork<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/**
 * Runs the work in slices of {@link MAIN_SLICE_MS}, between which the thread does other things, and resolves with its result.
 * Rejects with CANCELLED between two slices once `isCancelled` returns true.
 */
export async function runInSlices<T>(work: SlicedWork<T>, isCancelled?: () => boolean): Promise<T> {
  for (let end = performance.now() + MAIN_SLICE_MS; ; ) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() < end) continue;
    await nextTurn();
    if (isCancelled?.() === true)
      throw new CowscopeError({ code: 'CANCELLED', what: 'the work was cancelled', subject: '', advice: '' });
    end = performance.now() + MAIN_SLICE_MS;
  }
}

/** Items between two yields. */
const STRIDE = 64;

/** True when work that has done `count` items should yield before the next. */
export function shouldYield(count: number): boolean {
  return count % STRIDE === STRIDE - 1;
}

/** The results of `change` for each item, in order. */
export function* mapSliced<A, B>(items: readonly A[], change: (item: A) => B): SlicedWork<B[]> {
  const made: B[] = [];
  for (const item of items) {
    made.push(change(item));
    if (shouldYield(made.length)) yield;
  }
  return made;
}
