/** Layers for the planner's tests, written as text: one letter for a cluster. */
import type { LayerRun, LayerRuns } from '../../electron/plan/layers/layer-runs.ts';
import {
  BAD,
  COMPRESSED_DATA,
  DATA,
  UNALLOCATED,
  ZERO_ALLOCATED,
  ZERO_HOLE,
} from '../../electron/qcow2/format/entry.ts';

/** Kinds by letter: data, zeros, allocated zeros, compressed data, an entry that cannot be read, and a dot for nothing. */
const KINDS: Readonly<Record<string, number>> = {
  d: DATA,
  z: ZERO_HOLE,
  a: ZERO_ALLOCATED,
  c: COMPRESSED_DATA,
  x: BAD,
  '.': UNALLOCATED,
};

/** Bytes of a letter. */
export const CLUSTER = 65_536;

/** A layer of whole clusters. Equal neighbors are one run, except allocated zeros, whose host offsets never run on. */
export function fakeRuns(letters: string, clusterSize = CLUSTER): LayerRuns {
  const size = letters.length * clusterSize;
  return {
    size,
    sliceSpan: 8192 * clusterSize,
    clusterSize,
    at(offset: number): LayerRun {
      const index = Math.floor(offset / clusterSize);
      const letter = letters[index] ?? '.';
      let first = index;
      let end = index + 1;
      while (letter !== 'a' && first > 0 && letters[first - 1] === letter) first--;
      while (letter !== 'a' && letters[end] === letter) end++;
      return { start: first * clusterSize, end: end * clusterSize, kind: KINDS[letter] ?? UNALLOCATED };
    },
  };
}
