/** Pieces of an export that its server could not read, as errors that say where they are. */
import type { ErrorRecord } from '../../shared/error.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import { formatOffset, formatSize } from '../../shared/text/offset.ts';

/** What one walk could not read. */
export interface UnreadableLog {
  /** Takes every batch of the walk, in its order. */
  add(batch: StatusBatch): void;
  /** One error for each run of neighbouring pieces, at most MAX_RUNS of them; the last one counts the rest. */
  list(): ErrorRecord[];
}

const MAX_RUNS = 20;

/** An empty log. */
export function createUnreadableLog(): UnreadableLog {
  const runs: { start: number; end: number; error: ErrorRecord }[] = [];
  let more = 0;
  let moreBytes = 0;
  let end = -1;
  return {
    add({ offset, covered, unreadable }) {
      if (unreadable === undefined) return;
      const last = runs.at(-1);
      const goesOn = end === offset;
      end = offset + covered;
      if (goesOn && more === 0 && last !== undefined) {
        last.end = end;
      } else if (runs.length < MAX_RUNS) {
        runs.push({ start: offset, end, error: unreadable });
      } else {
        if (!goesOn) more++;
        moreBytes += covered;
      }
    },
    list() {
      const last = runs.at(-1);
      const errors = runs.map(run => ({
        ...run.error,
        what: `${formatSize(run.end - run.start)} from ${formatOffset(run.start)} on could not be read: ${run.error.what}`,
      }));
      if (more > 0 && last !== undefined)
        errors.push({
          ...last.error,
          what: `${more} more places, ${formatSize(moreBytes)} in all, could not be read`,
        });
      return errors;
    },
  };
}
