/** What a rebase is planned from, and what is found on the way. */
import type { RangeSum } from '../cases.ts';
import type { CommitInput } from '../commit/commit-input.ts';
import type { Written } from '../target/target-room.ts';

/** A rebase of layer `target` onto layer `base`. Without content the most that may be copied is planned. */
export interface RebaseInput extends Omit<CommitInput, 'top'> {
  readonly operation: 'rebase' | 'flatten' | 'drop';
  /** -1 for none. */
  readonly base: number;
  /** Only the link is changed, and nothing is copied. */
  readonly unsafe: boolean;
}

/** What is read in ranges that the target leaves to layers that it will no longer rest on. */
export interface RebaseOutcome {
  /** Data of those layers. */
  readonly lost: RangeSum;
  /** Zeros of those layers over something that the new base holds. */
  readonly back: RangeSum;
  readonly damaged: RangeSum;
  /** The most that is written. */
  readonly written: Written;
  /** Guest offset at which qemu-img aborts, because a range is larger than its buffer. */
  readonly overflowsAt: number | undefined;
  /** The target reads past the end of its old backing file. */
  readonly passesOldEnd: boolean;
}
