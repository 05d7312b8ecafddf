/** The ranges of a target before and after, as a plan lists them. */
import { CowscopeError } from '../../shared/error.ts';
import { stateOf } from '../../shared/extent/flags.ts';
import type { PlannedRange } from '../../shared/model/plan.ts';
import { FLAGS_OF_KIND } from '../qcow2/format/entry.ts';

/** Most ranges of a plan that are listed. */
const MAX_RANGES = 1_000_000;

/** Ranges as they come, neighbors of the same kind together. `add` throws PLAN_TOO_MANY_RANGES. */
export class RangeList {
  readonly rows: (PlannedRange & { length: number })[] = [];

  readonly add = (start: number, end: number, before: number, after: number): void => {
    const states = { before: stateName(before), after: stateName(after) };
    const last = this.rows.at(-1);
    if (last !== undefined && last.before === states.before && last.after === states.after)
      last.length += end - start;
    else if (this.rows.length === MAX_RANGES)
      throw new CowscopeError({
        code: 'PLAN_TOO_MANY_RANGES',
        what: `the target has more than ${MAX_RANGES} ranges`,
        subject: '',
        advice: 'leave --ranges out: the sums count all of them',
      });
    else this.rows.push({ start, length: end - start, ...states });
  };
}

function stateName(kind: number): string {
  return stateOf(FLAGS_OF_KIND[kind] as number);
}
