/** Ends of a file over all orders in which requests may be done. */
import { describe, expect, it } from 'vitest';
import { HostClusters } from '../../../../../electron/plan/target/host/host-clusters.ts';
import type { HostEvent } from '../../../../../electron/plan/target/host/host-events.ts';
import { type StoredCluster, TargetFile } from '../../../../../electron/plan/target/host/target-file.ts';
import { possibleEnds, withAllCuts } from '../../../../../electron/plan/target/host/write-orders.ts';
import { finish } from '../../../../../electron/qcow2/read/sliced-work.ts';

const C = 4096;

/** A file whose refcounts are `counts`, and in which guest clusters are stored as given. */
function fileOf(counts: readonly number[], stored: Readonly<Record<number, StoredCluster>> = {}): TargetFile {
  const clusters = new HostClusters({
    clusterSize: C,
    refcountBits: 16,
    counts: Uint16Array.from(counts),
    tableStart: 1,
    tableClusters: 1,
    hasBlock: index => index === 0,
  });
  return new TargetFile(
    {
      clusterSize: C,
      unit: C,
      sliceSpan: 512 * C,
      l1Coverage: 512 * C,
      fileLength: counts.length * C,
      keepsDataApart: false,
      frees: true,
      hasTable: () => true,
      clusterAt: cluster => stored[cluster] ?? { host: -1 },
      isDataAt: () => true,
    },
    clusters,
  );
}

const write = (start: number, end: number): HostEvent[] => [
  { kind: 'write', start: start * C, end: end * C },
];
const zero = (start: number, end: number): HostEvent[] => [{ kind: 'zero', start: start * C, end: end * C }];

function endsOf(file: TargetFile, variants: HostEvent[][][], window = 16) {
  const ends = finish(possibleEnds(file, variants, window));
  return ends?.imageEnd.map(bytes => bytes / C);
}

describe('possibleEnds', () => {
  it('has two ends where a free cluster is taken or passed over', () => {
    const file = fileOf([1, 1, 0, 1]);
    expect(endsOf(file, [[write(0, 1), write(4, 6)]])).toEqual([6, 7]);
    expect(file.imageEnd).toBe(4 * C);
  });

  it('has one end where requests come one after the other', () => {
    const file = fileOf([1, 1, 0, 1]);
    expect(endsOf(file, [[write(0, 1), write(4, 6)]], 1)).toEqual([6, 6]);
    expect(endsOf(file, [[write(4, 6), write(8, 9)]], 1)).toEqual([7, 7]);
  });

  it('has one end where nothing is free', () => {
    expect(endsOf(fileOf([1, 1, 1]), [[write(0, 2), write(4, 7), write(9, 10)]])).toEqual([9, 9]);
  });

  it('lets zeros give clusters back before the data of later requests, and not before that of earlier ones', () => {
    const counts = [1, 1, 1, 1];
    const stored = { 0: { host: 3 } };
    expect(endsOf(fileOf(counts, stored), [[zero(0, 1), write(4, 5)]])).toEqual([4, 4]);
    expect(endsOf(fileOf(counts, stored), [[write(4, 5), zero(0, 1)]])).toEqual([4, 5]);
  });

  it('gives compressed clusters back at any time after their step', () => {
    const stored = { 0: { host: -1, compressed: { first: 3, count: 1 } }, 1: { host: 2 } };
    // The third cluster is taken before or after the first one's old space is free.
    expect(endsOf(fileOf([1, 1, 1, 1], stored), [[write(0, 3)]])).toEqual([5, 6]);
  });

  it('joins the ends of all ways to cut requests', () => {
    const file = fileOf([1, 1, 0, 1]);
    const variants = withAllCuts([write(0, 2)], new Set(), C);
    expect(endsOf(file, variants as HostEvent[][][])).toEqual([6, 6]);
    const request = write(0, 2);
    const cut = withAllCuts([request], new Set([request]), C);
    expect(cut).toHaveLength(2);
    expect(endsOf(file, cut as HostEvent[][][])).toEqual([5, 6]);
  });

  it('gives up on too many orders and on too many ways to cut', () => {
    const counts = Array.from({ length: 60 }, (_, i) => (i % 3 === 2 ? 0 : 1));
    const requests = Array.from({ length: 16 }, (_, i) => write(10 * i, 10 * i + 1 + (i % 5)));
    expect(endsOf(fileOf(counts), [requests])).toBeUndefined();
    const long = write(0, 9);
    expect(withAllCuts([long], new Set([long]), C)).toBeUndefined();
  });
});
