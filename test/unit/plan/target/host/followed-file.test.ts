/** When a target's file has one end, and when the layers' files are looked at for holes. */
import { describe, expect, it } from 'vitest';
import type { FindHoles } from '../../../../../electron/plan/layers/host-holes.ts';
import {
  type FileEnds,
  FollowedFile,
  type RequestOrder,
} from '../../../../../electron/plan/target/host/followed-file.ts';
import { TargetFile } from '../../../../../electron/plan/target/host/target-file.ts';
import { runToEnd, type SlicedWork } from '../../../../../electron/qcow2/read/sliced-work.ts';
import { hostClusters, storedTarget } from '../../../../support/plan/target-files.ts';

const C = 65_536;

/** What a job comes to that writes guest clusters [start, end), each a request for layer 1, and how often holes were looked for. */
function followed(
  counts: readonly number[],
  writes: readonly (readonly [start: number, end: number])[],
  {
    order = 'parallel',
    holes = [],
    starts = [0],
  }: { order?: RequestOrder; holes?: number[]; starts?: number[] } = {},
) {
  const clusters = hostClusters(C, counts);
  const stored = storedTarget(C, counts.length);
  const files = starts.map(start => {
    const started = new TargetFile(stored, clusters.clone());
    started.clusters.searchFrom(start);
    return started;
  });
  const file = new FollowedFile(files, { order, clusterSize: C, granularity: C, usesThreads: true });
  for (const [start, end] of writes) {
    file.add({ kind: 'write', start: start * C, end: end * C });
    file.endRequest({ start: start * C, end: end * C, zero: false, readsZero: false, owner: 1 });
  }
  let looks = 0;
  function* lookForHoles(): SlicedWork<FindHoles> {
    yield;
    looks++;
    return (layer, start, end) => (holes.includes(layer) ? [[start, end]] : []);
  }
  const ends = runToEnd(file.ends(lookForHoles));
  return { imageEnd: rangeOf(ends), looks };
}

/** The least and the most clusters that a file may end at. */
function rangeOf(found: FileEnds | undefined) {
  const clusters = found?.ends.map(({ imageEnd }) => imageEnd / C);
  return clusters === undefined ? undefined : [Math.min(...clusters), Math.max(...clusters)];
}

function* noHoles(): SlicedWork<FindHoles> {
  return () => [];
}

describe('FollowedFile', () => {
  it('has zeros come first that are sent together with data, but where reads may end meanwhile', () => {
    const clusters = hostClusters(C, [1, 1, 1, 1]);
    const clusterAt = (cluster: number) => ({ host: cluster === 1 ? 3 : -1 });
    const stored = storedTarget(C, 4, { clusterAt });
    const endOf = (usesThreads: boolean, zero = false) => {
      const ways = { order: 'parallel', clusterSize: C, granularity: C, usesThreads } as const;
      const file = new FollowedFile([new TargetFile(stored, clusters.clone())], ways);
      file.add({ kind: 'write', start: 0, end: C });
      file.endRequest({ start: 0, end: C, zero, isFirst: true, isKnown: true });
      file.add({ kind: 'zero', start: C, end: 2 * C });
      file.endRequest({ start: C, end: 2 * C, zero: true, readsZero: true, isFirst: false, isKnown: true });
      return rangeOf(runToEnd(file.ends(noHoles)));
    };
    expect(endOf(true)).toEqual([4, 4]);
    expect(endOf(false)).toEqual([4, 5]);
    // Zeros that become data are read from no file, and may be written before the next request is sent.
    expect(endOf(true, true)).toEqual([4, 5]);
  });

  it('has one end where one request after the other gives compressed clusters back, if threads write', () => {
    const clusters = hostClusters(C, [1, 1, 1, 1]);
    const cluster = (index: number) =>
      index === 0 ? { host: -1, compressed: { first: 3, count: 1 } } : { host: index === 1 ? 2 : -1 };
    const stored = storedTarget(C, 4, { clusterAt: cluster });
    const endOf = (usesThreads: boolean) => {
      const ways = { order: 'sequential', clusterSize: C, granularity: C, usesThreads } as const;
      const file = new FollowedFile([new TargetFile(stored, clusters.clone())], ways);
      file.add({ kind: 'write', start: 0, end: 3 * C });
      file.endRequest({ start: 0, end: 3 * C });
      return rangeOf(runToEnd(file.ends(noHoles)));
    };
    expect(endOf(true)).toEqual([6, 6]);
    expect(endOf(false)).toEqual([5, 6]);
  });

  it('has one end where all that is new lies behind the old one', () => {
    expect(
      followed(
        [1, 1, 1],
        [
          [0, 3],
          [8, 9],
        ],
      ),
    ).toEqual({ imageEnd: [7, 7], looks: 0 });
  });

  it('has one end where clusters are taken one at a time, whatever is free', () => {
    expect(
      followed(
        [1, 0, 1, 0, 1],
        [
          [0, 1],
          [4, 5],
          [8, 9],
        ],
      ),
    ).toEqual({ imageEnd: [6, 6], looks: 0 });
  });

  it('has one end where requests come one after the other', () => {
    const writes = [
      [0, 1],
      [4, 6],
    ] as const;
    expect(followed([1, 0, 1], writes, { order: 'sequential' })).toEqual({ imageEnd: [5, 5], looks: 0 });
  });

  it('joins the ends of all states of a file in which a running qemu may look on', () => {
    const job = { order: 'sequential', starts: [1, 3] } as const;
    const used = (writes: readonly (readonly [number, number])[]) =>
      followed([1, 0, 1], writes, { ...job, starts: [...job.starts] }).imageEnd;
    expect(used([[0, 1]])).toEqual([3, 4]);
    expect(used([[0, 2]])).toEqual([5, 5]);
    expect(used([])).toEqual([3, 3]);
    const orders = followed(
      [1, 0, 1],
      [
        [0, 1],
        [4, 6],
      ],
      { starts: [1, 3] },
    );
    expect(orders).toEqual({ imageEnd: [5, 6], looks: 1 });
  });

  it('looks at every order where a group may pass over a free cluster', () => {
    expect(
      followed(
        [1, 0, 1],
        [
          [0, 1],
          [4, 6],
        ],
      ),
    ).toEqual({ imageEnd: [5, 6], looks: 1 });
  });

  it('cuts requests in every way where qemu may find holes in the file of their layer', () => {
    expect(followed([1, 0, 1], [[0, 2]])).toEqual({ imageEnd: [5, 5], looks: 1 });
    expect(followed([1, 0, 1], [[0, 2]], { holes: [1] })).toEqual({ imageEnd: [4, 5], looks: 1 });
  });

  it('gives up on jobs that write very many clusters', () => {
    expect(followed([1, 1, 1], [[0, 2 ** 18 + 1]])).toEqual({ imageEnd: undefined, looks: 0 });
  });
});
