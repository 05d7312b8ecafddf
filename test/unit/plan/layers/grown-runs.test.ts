/** A target that was made longer: the cluster that it ended in. */
import { describe, expect, it } from 'vitest';
import { GrownRuns } from '../../../../electron/plan/layers/grown-runs.ts';
import { FLAGS_OF_KIND } from '../../../../electron/qcow2/format/entry.ts';
import { stateOf } from '../../../../shared/extent/flags.ts';
import { CLUSTER, fakeRuns } from '../../../support/fake-runs.ts';

/** Subclusters of a cluster: each is a letter. */
const PARTS = 4;

/** Runs as start, end and state, in subclusters, of a target of `letters` that ended at `from` and ends at `to`. */
function runsOf(letters: string, from: number, to: number, isShared = false) {
  const grown = new GrownRuns(
    { ...fakeRuns(letters), size: from * CLUSTER },
    {
      from: from * CLUSTER,
      to: to * CLUSTER,
      fillsZeros: true,
      clusterSize: PARTS * CLUSTER,
      unit: CLUSTER,
      isShared: () => isShared,
    },
  );
  const runs: [number, number, string][] = [];
  for (let at = 0; at < grown.size; ) {
    const { end, kind } = grown.at(at);
    runs.push([at / CLUSTER, end / CLUSTER, stateOf(FLAGS_OF_KIND[kind] as number)]);
    at = end;
  }
  return { runs, head: grown.head };
}

describe('GrownRuns', () => {
  it('gives all of the last cluster host space where zeros are written to the unit of the old end', () => {
    expect(runsOf('zzzzzzzz', 6.5, 12)).toEqual({
      runs: [
        [0, 4, 'zeroHole'],
        [4, 6, 'zeroAllocated'],
        [6, 7, 'data'],
        [7, 8, 'zeroAllocated'],
        [8, 12, 'zeroHole'],
      ],
      head: 'new',
    });
  });

  it('marks what is behind an old end between units, and writes nothing', () => {
    expect(runsOf('zzzzzz..', 6, 12)).toEqual({ runs: [[0, 12, 'zeroHole']], head: undefined });
    expect(runsOf('ddddddd.', 7, 8).runs.at(-1)).toEqual([7, 8, 'zeroAllocated']);
  });

  it('writes over data of the last unit in place, and over compressed data to a new cluster', () => {
    expect(runsOf('dddddddd', 6.5, 8)).toEqual({
      runs: [
        [0, 7, 'data'],
        [7, 8, 'zeroAllocated'],
      ],
      head: 'in place',
    });
    expect(runsOf('cccccccc', 7.5, 8)).toEqual({
      runs: [
        [0, 4, 'compressed'],
        [4, 8, 'data'],
      ],
      head: 'decompressed',
    });
  });

  it('copies a last cluster that snapshots share', () => {
    expect(runsOf('d.d.', 2.5, 4, true).head).toBe('copied');
    expect(runsOf('d.d.', 0.5, 4, true).runs[0]).toEqual([0, 1, 'data']);
  });
});
