/** Pieces of an export that its server could not read, as errors that say where they are. */
import type { ErrorRecord } from '../../shared/error.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import { formatOffset, formatSize } from '../../shared/text/offset.ts';

/** What one walk could not read. */
export interface UnreadableLog {
  /** Takes every batch of the walk, in its order. */
  add(batch: StatusBatch): void;
  /** One error for each run of neighboring pieces, at most MAX_RUNS of them; the last one counts the rest. */
  list(): ErrorRecord[];
}

const MAX_RUNS = 20;

/** Neighboring pieces that could not be read. */
interface UnreadableRun {
  readonly start: number;
  end: number;
  /** Bytes of it that were not searched for what can be read. */
  givenUp: number;
  readonly error: ErrorRecord;
}

/** An empty log. */
export function createUnreadableLog(): UnreadableLog {
  const runs: UnreadableRun[] = [];
  let more = 0;
  let moreBytes = 0;
  let moreGivenUp = 0;
  let end = -1;
  return {
    add({ offset, covered, unreadable, isGivenUp = false }) {
      if (unreadable === undefined) return;
      const last = runs.at(-1);
      const goesOn = end === offset;
      const givenUp = isGivenUp ? covered : 0;
      end = offset + covered;
      if (goesOn && more === 0 && last !== undefined) {
        last.end = end;
        last.givenUp += givenUp;
      } else if (runs.length < MAX_RUNS) {
        runs.push({ start: offset, end, givenUp, error: unreadable });
      } else {
        if (!goesOn) more++;
        moreBytes += covered;
        moreGivenUp += givenUp;
      }
    },
    list() {
      const last = runs.at(-1);
      const errors = runs.map(({ start, end: runEnd, givenUp, error }) => ({
        ...error,
        what: `${formatSize(runEnd - start)} from ${formatOffset(start)} on could not be read${givenUpText(givenUp)}: ${error.what}`,
      }));
      if (more > 0 && last !== undefined)
        errors.push({
          ...last.error,
          what: `${more} more places, ${formatSize(moreBytes)} in all, could not be read${givenUpText(moreGivenUp)}`,
        });
      return errors;
    },
  };
}

function givenUpText(bytes: number): string {
  return bytes === 0 ? '' : ` (${formatSize(bytes)} of it given up: parts may be readable)`;
}
