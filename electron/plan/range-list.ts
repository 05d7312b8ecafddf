/** The ranges of a target before and after, as a plan lists them. */
import { CowscopeError } from '../../shared/error.ts';
import { type ExtentState, stateOf } from '../../shared/extent/flags.ts';
import type { PlannedRange } from '../../shared/model/plan/plan.ts';
import { FLAGS_OF_KIND } from '../qcow2/format/entry.ts';
import type { RangeSink } from './target/target-model.ts';

/** Most ranges of a plan that are listed. */
const MAX_RANGES = 1_000_000;

/** Ranges as they come, neighbors of the same kind together. `add` throws PLAN_TOO_MANY_RANGES. */
export class RangeList {
  readonly #sizeBefore: number;
  readonly rows: (PlannedRange & { length: number })[] = [];

  /** What lies behind `sizeBefore` was no part of the target's disk before. */
  constructor(sizeBefore: number) {
    this.#sizeBefore = sizeBefore;
  }

  readonly add: RangeSink = (start, end, before, after, written) => {
    const oldEnd = Math.min(Math.max(start, this.#sizeBefore), end);
    if (start < oldEnd) this.#push(start, oldEnd, stateName(before), stateName(after), written);
    if (oldEnd < end) this.#push(oldEnd, end, 'outOfRange', stateName(after), written);
  };

  #push(start: number, end: number, before: ExtentState, after: ExtentState, written: boolean): void {
    const last = this.rows.at(-1);
    if (last !== undefined && last.before === before && last.after === after && last.written === written)
      last.length += end - start;
    else if (this.rows.length === MAX_RANGES)
      throw new CowscopeError({
        code: 'PLAN_TOO_MANY_RANGES',
        what: `the target has more than ${MAX_RANGES} ranges`,
        subject: '',
        advice: 'leave --ranges out: the sums count all of them',
      });
    else this.rows.push({ start, length: end - start, before, after, written });
  }
}

function stateName(kind: number): ExtentState {
  return stateOf(FLAGS_OF_KIND[kind] as number);
}
