/** Statistics of a range: bytes and runs per state, with shortest, longest and median run. */
import type { TrackStatistics } from '../model/statistics.ts';
import {
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE_OVERRIDES,
  OVERRIDDEN,
  OVERRIDES,
  SHADOWED,
  STATES,
  stateIndexOf,
} from './flags.ts';

/**
 * Different lengths counted one by one for an exact median; past that it is that of a log2 histogram. Runs are whole
 * clusters mostly: millions of them have a few thousand lengths.
 */
const MAX_LENGTHS = 1_000_000;
const HISTOGRAM_BINS = 54;

/** Collects the runs of one track in ascending order. */
export interface RunCounter {
  /** Adds an extent; it joins the previous one when state and place run on. */
  add(start: number, end: number, word: number): void;
  /** The sums. The counter must not be used afterwards. */
  finish(): TrackStatistics;
}

/** A counter for the track with this id. */
export function createRunCounter(track: number): RunCounter {
  const n = STATES.length;
  const bytes = new Array<number>(n).fill(0);
  const runs = new Array<number>(n).fill(0);
  const shortest = new Array<number>(n).fill(0);
  const longest = new Array<number>(n).fill(0);
  /** For each state how many runs have a length. */
  const lengths = Array.from({ length: n }, () => new Map<number, number>());
  const histograms = Array.from({ length: n }, () => new Float64Array(HISTOGRAM_BINS));
  let different = 0;
  let overrideBytes = 0;
  let holeOverrideBytes = 0;
  let shadowedBytes = 0;
  let overriddenBytes = 0;
  let dirtyBytes = 0;
  let dirtyUnknownBytes = 0;
  let state = -1;
  let runStart = 0;
  let runEnd = 0;

  function closeRun(): void {
    if (state < 0) return;
    const length = runEnd - runStart;
    shortest[state] = runs[state] === 0 ? length : Math.min(shortest[state] as number, length);
    longest[state] = Math.max(longest[state] as number, length);
    runs[state] = (runs[state] as number) + 1;
    const histogram = histograms[state] as Float64Array;
    const bin = Math.floor(Math.log2(length));
    histogram[bin] = (histogram[bin] as number) + 1;
    const counts = lengths[state] as Map<number, number>;
    const before = counts.get(length);
    if (before === undefined && different++ >= MAX_LENGTHS) return;
    counts.set(length, (before ?? 0) + 1);
  }

  return {
    add(start, end, word) {
      const length = end - start;
      const s = stateIndexOf(word);
      bytes[s] = (bytes[s] as number) + length;
      if (word & OVERRIDES) overrideBytes += length;
      if (word & HOLE_OVERRIDES) holeOverrideBytes += length;
      if (word & SHADOWED) shadowedBytes += length;
      if (word & OVERRIDDEN) overriddenBytes += length;
      if (word & DIRTY) dirtyBytes += length;
      if (word & DIRTY_UNKNOWN) dirtyUnknownBytes += length;
      if (s === state && start === runEnd) {
        runEnd = end;
        return;
      }
      closeRun();
      state = s;
      runStart = start;
      runEnd = end;
    },
    finish() {
      closeRun();
      const median = runs.map((count, s) =>
        medianOf(lengths[s] as Map<number, number>, histograms[s] as Float64Array, count),
      );
      return {
        track,
        bytes,
        runs,
        shortest,
        longest,
        median,
        overrideBytes,
        holeOverrideBytes,
        shadowedBytes,
        overriddenBytes,
        dirtyBytes,
        dirtyUnknownBytes,
      };
    },
  };
}

/** The lower median: exact where every length was counted, else the lower edge of its power-of-two bin. 0 for no runs. */
function medianOf(lengths: ReadonlyMap<number, number>, histogram: Float64Array, count: number): number {
  const rank = Math.floor((count - 1) / 2);
  const ascending = [...lengths].sort(([a], [b]) => a - b);
  if (ascending.reduce((sum, [, times]) => sum + times, 0) === count) return atRank(ascending, rank);
  return atRank(
    [...histogram].map((times, bin) => [2 ** bin, times] as const),
    rank,
  );
}

/** The value at a rank of a list of values and how often each occurs; 0 past its end. */
function atRank(list: readonly (readonly [value: number, times: number])[], rank: number): number {
  let seen = 0;
  for (const [value, times] of list) {
    seen += times;
    if (seen > rank) return value;
  }
  return 0;
}
