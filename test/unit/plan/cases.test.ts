/** The allocation cases of a commit, on layers whose clusters are d for data, z for zeros and . for nothing. */
import { describe, expect, it } from 'vitest';
import { casesOf, RangeSum, resurrectedRanges } from '../../../electron/plan/cases.ts';
import { runToEnd } from '../../../electron/qcow2/read/sliced-work.ts';
import { MAX_FINDING_PLACES } from '../../../shared/model/finding.ts';
import { CLUSTER, fakeRuns } from '../../support/fake-runs.ts';

/** The cases as [holders, owner, effect, clusters]. */
function cases(layers: readonly string[], target: number, top: number) {
  const found = runToEnd(casesOf({ runs: layers.map(kinds => fakeRuns(kinds)), target, top }));
  return found.map(({ holders, owner, effect, bytes }) => [holders, owner, effect, bytes / CLUSTER]);
}

/** The clusters whose old data would show, as [first, count]. */
function shown(layers: readonly string[], target: number, top: number) {
  const sum = runToEnd(resurrectedRanges({ runs: layers.map(kinds => fakeRuns(kinds)), target, top }));
  expect(sum.bytes).toBe(sum.ranges.reduce((bytes, [, length]) => bytes + length, 0));
  return sum.ranges.map(([start, length]) => [start / CLUSTER, length / CLUSTER]);
}

describe('the cases of a commit', () => {
  it('tell what is kept, written over, allocated and made zeros, most bytes first', () => {
    expect(cases(['dd..z..', '.dz.dd'], 0, 1)).toEqual([
      [[0, 1], 1, 'overwritten', 2],
      [[], null, 'kept', 2],
      [[0], null, 'kept', 1],
      [[1], 1, 'zeros', 1],
      [[1], 1, 'allocated', 1],
    ]);
  });

  it('are about the layers from the target to the committed one, of which the topmost decides', () => {
    expect(cases(['dddd', '....', 'dd..', '.z..', 'dddd'], 1, 3)).toEqual([
      [[], null, 'kept', 2],
      [[2], 2, 'allocated', 1],
      [[2, 3], 3, 'zeros', 1],
    ]);
  });

  it('keep what lies past the end of the committed layer, and take its end for zeros where a lower one ends before', () => {
    expect(cases(['....', 'd', 'd..'], 0, 2)).toEqual([
      [[], 1, 'zeros', 2],
      [[1, 2], 2, 'allocated', 1],
      [[], null, 'kept', 1],
    ]);
  });

  it('end where a layer does, also inside a cluster', () => {
    const runs = [fakeRuns('....'), { ...fakeRuns('dd'), size: 1.5 * CLUSTER }];
    expect(runToEnd(casesOf({ runs, target: 0, top: 1 }))).toEqual([
      { holders: [], owner: null, effect: 'kept', bytes: 2.5 * CLUSTER },
      { holders: [1], owner: 1, effect: 'allocated', bytes: 1.5 * CLUSTER },
    ]);
  });
});

describe('old data of the target', () => {
  it('shows past the end of a shorter top layer, where it is not zeros', () => {
    expect(shown(['dddd', 'dd'], 0, 1)).toEqual([[2, 2]]);
    expect(shown(['ddzd', 'dd'], 0, 1)).toEqual([[3, 1]]);
    expect(shown(['d...', 'ddzd', 'dd'], 1, 2)).toEqual([[3, 1]]);
    expect(shown(['dddd', 'dd..', 'dd'], 1, 2)).toEqual([[2, 2]]);
    expect(shown(['dd', 'dddd'], 0, 1)).toEqual([]);
  });

  it('shows up to the end of the chain alone, and not where a layer above holds something', () => {
    expect(shown(['dddddd', 'dd', '....'], 0, 1)).toEqual([[2, 2]]);
    expect(shown(['dddddd', 'dd', '..d.'], 0, 1)).toEqual([[3, 1]]);
    expect(shown(['dddddd', 'dd', '..z.', 'd...'], 0, 1)).toEqual([[3, 1]]);
    expect(shown(['ddd', 'dd', '....'], 0, 1)).toEqual([[2, 1]]);
  });
});

it('ranges that touch are one, and of many the first are kept and all are counted', () => {
  const sum = new RangeSum();
  sum.add(0, 10);
  sum.add(10, 5);
  for (let i = 1; i < 2 * MAX_FINDING_PLACES; i++) {
    sum.add(i * 100, 10);
    sum.add(i * 100 + 10, 10);
  }
  expect(sum.count).toBe(2 * MAX_FINDING_PLACES);
  expect(sum.bytes).toBe(15 + 20 * (2 * MAX_FINDING_PLACES - 1));
  expect(sum.ranges).toHaveLength(MAX_FINDING_PLACES);
  expect(sum.ranges.slice(0, 2)).toEqual([
    [0, 15],
    [100, 20],
  ]);
});
