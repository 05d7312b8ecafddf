/** Statistics of a range: bytes and runs per state, with shortest, longest and median run. */
import type { TrackStatistics } from '../ipc/contract.ts';
import { DIRTY, HOLE_OVERRIDES, OVERRIDES, SHADOWED, STATES, stateIndexOf } from './flags.ts';

/** Runs kept one by one for an exact median; above that the median is that of a log2 histogram. */
const MAX_EXACT_RUNS = 1_000_000;
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
  const lengths: number[][] = Array.from({ length: n }, () => []);
  const histograms = Array.from({ length: n }, () => new Float64Array(HISTOGRAM_BINS));
  let kept = 0;
  let overrideBytes = 0;
  let holeOverrideBytes = 0;
  let shadowedBytes = 0;
  let dirtyBytes = 0;
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
    if (kept < MAX_EXACT_RUNS) {
      (lengths[state] as number[]).push(length);
      kept++;
    }
  }

  return {
    add(start, end, word) {
      const length = end - start;
      const s = stateIndexOf(word);
      bytes[s] = (bytes[s] as number) + length;
      if (word & OVERRIDES) overrideBytes += length;
      if (word & HOLE_OVERRIDES) holeOverrideBytes += length;
      if (word & SHADOWED) shadowedBytes += length;
      if (word & DIRTY) dirtyBytes += length;
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
        medianOf(lengths[s] as number[], histograms[s] as Float64Array, count),
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
        dirtyBytes,
      };
    },
  };
}

/** The lower median: exact where every length was kept, else the lower edge of its power-of-two bin. 0 for no runs. */
function medianOf(lengths: number[], histogram: Float64Array, count: number): number {
  if (count === 0) return 0;
  const rank = Math.floor((count - 1) / 2);
  if (lengths.length === count) return lengths.sort((a, b) => a - b)[rank] as number;
  let seen = 0;
  for (let bin = 0; bin < HISTOGRAM_BINS; bin++) {
    seen += histogram[bin] as number;
    if (seen > rank) return 2 ** bin;
  }
  return 0;
}
