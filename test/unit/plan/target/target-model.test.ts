/** What requests make of a target's clusters. */
import { describe, expect, it } from 'vitest';
import { type TargetFormat, TargetModel } from '../../../../electron/plan/target/target-model.ts';
import { FLAGS_OF_KIND, UNALLOCATED } from '../../../../electron/qcow2/format/entry.ts';
import { stateOf } from '../../../../shared/extent/flags.ts';
import { CLUSTER, fakeRuns } from '../../../support/fake-runs.ts';

const FORMAT: TargetFormat = {
  version: 3,
  hasBacking: true,
  unmaps: true,
  clusterSize: CLUSTER,
  subclusters: 1,
  l1Coverage: 8192 * CLUSTER,
  hasTable: () => true,
  tablesIn: (first, end) => end - first,
};

/** States of a target of `letters` after requests, given as start and end in clusters and c or z. */
function resultOf(
  letters: string,
  requests: [number, number, 'c' | 'z'][],
  format: Partial<TargetFormat> = {},
  below = false,
  passesFrom?: number,
) {
  const states: string[] = [];
  const sink = (start: number, end: number, _: number, kind: number) => {
    for (let at = start; at < end; at += CLUSTER) states.push(stateOf(FLAGS_OF_KIND[kind]!));
  };
  const model = new TargetModel(fakeRuns(letters), { ...FORMAT, ...format }, () => below, sink);
  for (const [start, end, how] of requests)
    model.apply({
      start: start * CLUSTER,
      end: end * CLUSTER,
      zero: how === 'z',
      readsZero: how === 'z',
      passesFrom: passesFrom === undefined ? undefined : passesFrom * CLUSTER,
    });
  model.finish();
  return { states, changes: model.changes };
}

describe('TargetModel', () => {
  it('overwrites data in place, and takes clusters for what was not there', () => {
    const { states, changes } = resultOf('d.za', [[0, 4, 'c']]);
    expect(states).toEqual(['data', 'data', 'data', 'data']);
    expect(changes).toMatchObject({ newClusters: 2, rewrittenClusters: 2, freedClusters: 0, newTables: 0 });
  });

  it('takes new clusters for data that snapshots share, and gives none of those back', () => {
    const isShared = (offset: number) => offset !== 2 * CLUSTER;
    const { changes } = resultOf('ddd', [[0, 3, 'c']], { isShared });
    expect(changes).toMatchObject({ newClusters: 2, rewrittenClusters: 1 });
    const zeroed = resultOf('ddd', [[0, 3, 'z']], { isShared });
    expect(zeroed.states).toEqual(['zeroHole', 'zeroHole', 'zeroHole']);
    expect(zeroed.changes.freedClusters).toBe(1);
  });

  it('tells what is written in place into a raw target', () => {
    const written: [number, number, boolean][] = [];
    const sink = (start: number, end: number, _before: number, _after: number, isWritten: boolean) =>
      written.push([start / CLUSTER, end / CLUSTER, isWritten]);
    const raw = { ...FORMAT, version: 0, hasBacking: false };
    const model = new TargetModel(fakeRuns('dddddd'), raw, () => false, sink);
    const request = { owner: 1, damaged: false, zero: false, readsZero: false };
    model.apply({ ...request, start: CLUSTER, end: 2 * CLUSTER });
    model.apply({ ...request, start: 4 * CLUSTER, end: 6 * CLUSTER, zero: true });
    model.finish();
    expect(written).toEqual([
      [0, 1, false],
      [1, 2, true],
      [2, 4, false],
      [4, 6, true],
    ]);
  });

  it('gives the space of zeros back with unmap, and keeps it without', () => {
    const unmapped = resultOf('dc.', [[0, 3, 'z']]);
    expect(unmapped.states).toEqual(['zeroHole', 'zeroHole', 'zeroHole']);
    expect(unmapped.changes).toMatchObject({ freedClusters: 1, freedCompressed: 1 });
    const kept = resultOf('dc.', [[0, 3, 'z']], { unmaps: false });
    expect(kept.states).toEqual(['zeroAllocated', 'zeroHole', 'zeroHole']);
    expect(kept.changes).toMatchObject({ freedClusters: 0, freedCompressed: 1 });
  });

  it('writes zeros as data into version 2 over another image, and frees clusters without one', () => {
    const over = resultOf('d.', [[0, 2, 'z']], { version: 2 });
    expect(over.states).toEqual(['data', 'data']);
    expect(over.changes).toMatchObject({ zerosAsData: 2 * CLUSTER, bytesZeroed: 0 });
    const alone = resultOf('d.', [[0, 2, 'z']], { version: 2, hasBacking: false });
    expect(alone.states).toEqual(['unallocated', 'unallocated']);
    expect(alone.changes).toMatchObject({ freedClusters: 1, bytesZeroed: 2 * CLUSTER });
  });

  it('writes zeros as data into version 2 in three writes: parts of the outer clusters, and the clusters between', () => {
    const model = new TargetModel(fakeRuns('d...'), { ...FORMAT, version: 2 }, () => false);
    const events: [string, number, number][] = [];
    model.hostSink = ({ kind, start, end }) => events.push([kind, start / CLUSTER, end / CLUSTER]);
    model.apply({ start: CLUSTER / 2, end: 3.5 * CLUSTER, zero: true, readsZero: true });
    expect(events).toEqual([
      ['write', 0.5, 1],
      ['write', 1, 3],
      ['write', 3, 3.5],
    ]);
  });

  it('marks a cluster as zeros for a part of it only where the rest reads as zeros', () => {
    expect(resultOf('.', [[0, 0.5, 'z']], {}, true).states).toEqual(['zeroHole']);
    expect(resultOf('.', [[0, 0.5, 'z']], {}, false).states).toEqual(['data']);
    expect(resultOf('d', [[0, 0.5, 'z']], {}, true).states).toEqual(['data']);
  });

  it('counts an L2 table once, however many requests need it', () => {
    const { changes } = resultOf(
      '........',
      [
        [0, 1, 'c'],
        [2, 3, 'c'],
        [6, 7, 'c'],
      ],
      {
        l1Coverage: 4 * CLUSTER,
        hasTable: () => false,
        tablesIn: () => 0,
      },
    );
    expect(changes).toMatchObject({ newTables: 2, newClusters: 3 });
  });

  it('counts the tables of a disk of petabytes at once, and each of them once', () => {
    const size = 2 ** 53 - CLUSTER;
    const runs = { ...fakeRuns('.'), size, at: () => ({ start: 0, end: size, kind: UNALLOCATED }) };
    const tablesIn = (first: number, end: number) => Math.max(0, Math.min(end, 10) - first);
    const model = new TargetModel(runs, { ...FORMAT, l1Coverage: 8 * CLUSTER, tablesIn }, () => false);
    const request = { zero: false, readsZero: false, owner: 1, damaged: true };
    model.apply({ ...request, start: 0, end: CLUSTER });
    model.apply({ ...request, start: CLUSTER, end: size });
    expect(model.changes).toMatchObject({ rewrittenTables: 10, newTables: 2 ** 34 - 10 });
  });

  it('writes zeros as data where they pass data that is to be written over the same compressed cluster', () => {
    const parts = { clusterSize: 4 * CLUSTER, subclusters: 4 };
    const requests: [number, number, 'c' | 'z'][] = [
      [0, 2, 'c'],
      [2, 8, 'z'],
    ];
    const inOrder = resultOf('cccc....', requests, parts);
    const zeros = ['zeroAllocated', 'zeroAllocated', 'zeroHole', 'zeroHole', 'zeroHole', 'zeroHole'];
    expect(inOrder.states).toEqual(['data', 'data', ...zeros]);
    expect(inOrder.changes).toMatchObject({ newClusters: 1, freedCompressed: 1, zerosAsData: 0 });
    const passing = resultOf('cccc....', requests, parts, false, 0);
    expect(passing.states).toEqual(Array(8).fill('data'));
    expect(passing.changes).toMatchObject({ newClusters: 2, freedCompressed: 1, zerosAsData: 6 * CLUSTER });
    expect(passing.changes).toMatchObject({ mayStayZeros: false, isOrderUnsure: false });
    const either = resultOf('cccc....', requests, parts, false, 1);
    expect([either.states, either.changes.mayStayZeros]).toEqual([passing.states, true]);
  });

  it('copies zeros with the data around them where they pass data over a cluster that snapshots share', () => {
    const parts = { clusterSize: 4 * CLUSTER, subclusters: 4, isShared: () => true };
    const requests: [number, number, 'c' | 'z'][] = [
      [0, 1, 'c'],
      [1, 2, 'z'],
    ];
    expect(resultOf('d.d.', requests, parts).states).toEqual([
      'data',
      'zeroAllocated',
      'data',
      'unallocated',
    ]);
    const passing = resultOf('d.d.', requests, parts, false, 0);
    expect([passing.states[1], passing.changes.mayStayZeros]).toEqual(['data', false]);
    expect(resultOf('d.d.', requests, parts, false, 1).changes.mayStayZeros).toBe(true);
    // Behind the last data nothing is copied, in either order.
    const behind = resultOf('d...', requests, parts, false, 1);
    expect([behind.states[1], behind.changes.mayStayZeros]).toEqual(['zeroAllocated', false]);
  });

  it('leaves what no request touches', () => {
    expect(resultOf('dz.a', [[2, 3, 'c']]).states).toEqual(['data', 'zeroHole', 'data', 'zeroAllocated']);
  });
});
