/** What a rebase is planned from, and what is found on the way. */
import type { RangeSum } from '../cases.ts';
import type { CommitInput } from '../commit/commit-input.ts';

/** A rebase of layer `target` onto layer `base`. */
export interface RebaseInput extends Omit<CommitInput, 'top'> {
  readonly operation: 'rebase' | 'flatten' | 'drop';
  /** -1 for none. */
  readonly base: number;
  /** Only the link is changed, and nothing is copied. */
  readonly unsafe: boolean;
}

/** What is read in ranges that the target leaves to layers that it will no longer rest on. */
export interface RebaseFacts {
  /** Data of those layers. */
  readonly lost: RangeSum;
  /** Zeros of those layers over something that the new base holds. */
  readonly back: RangeSum;
  readonly damaged: RangeSum;
}
