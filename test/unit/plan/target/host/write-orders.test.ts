/** Ends of a file over all orders in which requests may be done. */
import { describe, expect, it } from 'vitest';
import type { HostEvent } from '../../../../../electron/plan/target/host/host-events.ts';
import { type SentRequest, withAllCuts } from '../../../../../electron/plan/target/host/sent-requests.ts';
import { type StoredCluster, TargetFile } from '../../../../../electron/plan/target/host/target-file.ts';
import { possibleEnds } from '../../../../../electron/plan/target/host/write-orders.ts';
import { runToEnd } from '../../../../../electron/qcow2/read/sliced-work.ts';
import { hostClusters, storedTarget } from '../../../../support/plan/target-files.ts';

const C = 4096;

/** A file whose refcounts are `counts`, and in which guest clusters are stored as given. */
function fileOf(counts: readonly number[], stored: Readonly<Record<number, StoredCluster>> = {}): TargetFile {
  const clusterAt = (cluster: number) => stored[cluster] ?? { host: -1 };
  return new TargetFile(storedTarget(C, counts.length, { clusterAt }), hostClusters(C, counts));
}

const sent = (
  kind: HostEvent['kind'],
  start: number,
  end: number,
  how: Partial<SentRequest> = {},
): SentRequest => ({
  events: [{ kind, start: start * C, end: end * C }],
  isImmediate: kind !== 'write',
  isSentTogether: true,
  followsAtOnce: false,
  hasTail: false,
  releasesLast: false,
  ...how,
});
const write = (start: number, end: number, how?: Partial<SentRequest>) => sent('write', start, end, how);
const zero = (start: number, end: number, how?: Partial<SentRequest>) => sent('zero', start, end, how);

const rangeOf = (values: readonly number[]) => [Math.min(...values), Math.max(...values)];

function endsOf(file: TargetFile, variants: readonly (readonly SentRequest[])[], window = 16) {
  const [ends = []] = runToEnd(possibleEnds([file], variants, window)) ?? [];
  return ends.length === 0 ? undefined : rangeOf(ends.map(({ imageEnd }) => imageEnd / C));
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

  it('has a write take all its clusters before it gives compressed ones back, where threads write', () => {
    const stored = { 0: { host: -1, compressed: { first: 3, count: 1 } }, 1: { host: 2 } };
    expect(endsOf(fileOf([1, 1, 1, 1], stored), [[write(0, 3, { releasesLast: true })]])).toEqual([6, 6]);
    // Of other requests it may take some before and some after.
    const other = write(10, 11, { releasesLast: true });
    expect(endsOf(fileOf([1, 1, 1, 1], stored), [[write(0, 3, { releasesLast: true }), other]])).toEqual([
      6, 7,
    ]);
  });

  it('has a write of more than nine steps wait for one of them before it takes more clusters', () => {
    // Every second cluster is overwritten: a step each, as those between them are new.
    const stored = (steps: number): Record<number, StoredCluster> => ({
      0: { host: -1, compressed: { first: 4, count: 1 } },
      ...Object.fromEntries(Array.from({ length: steps / 2 }, (_, i) => [2 * i + 1, { host: 5 + 2 * i }])),
    });
    const counts = Array.from({ length: 30 }, () => 1);
    const ends = (steps: number) =>
      endsOf(fileOf(counts, stored(steps)), [[write(0, steps, { releasesLast: true })]]);
    expect(ends(9)).toEqual([35, 35]);
    expect(ends(12)).toEqual([35, 36]);
  });

  it('has zeros give clusters back before data is written that was read when they were sent', () => {
    const stored = { 0: { host: 3 } };
    const requests = [write(4, 5), zero(0, 1, { followsAtOnce: true })];
    expect(endsOf(fileOf([1, 1, 1, 1], stored), [requests])).toEqual([4, 4]);
    // The seventeenth may have to wait until one of those before it is done.
    const many = Array.from({ length: 15 }, (_, i) => zero(100 + i, 101 + i, { followsAtOnce: i > 0 }));
    expect(endsOf(fileOf([1, 1, 1, 1], stored), [[...many, ...requests]])).toEqual([4, 5]);
  });

  it('begins data that is zeros in memory when it is sent', () => {
    const requests = [write(0, 1), write(4, 6, { isImmediate: true, followsAtOnce: true })];
    // The pair comes first, and passes over the free cluster.
    expect(endsOf(fileOf([1, 1, 0, 1]), [requests])).toEqual([7, 7]);
  });

  it('lets others come between zeros and their last part, which is sent by itself', () => {
    const stored = { 0: { host: 3 }, 1: { host: 2 } };
    const tailed: SentRequest = {
      ...zero(0, 1),
      events: [...zero(0, 1).events, ...zero(1, 2).events],
      hasTail: true,
    };
    const counts = [1, 1, 1, 1];
    expect(endsOf(fileOf(counts, stored), [[tailed, write(4, 6)]])).toEqual([4, 5]);
    expect(endsOf(fileOf(counts, stored), [[{ ...tailed, hasTail: false }, write(4, 6)]])).toEqual([4, 4]);
  });

  it('follows many requests that take as many clusters as each other', () => {
    const counts = Array.from({ length: 60 }, (_, i) => (i % 3 === 2 ? 0 : 1));
    const requests = Array.from({ length: 16 }, (_, i) => write(10 * i, 10 * i + 1 + (i % 2)));
    expect(endsOf(fileOf(counts), [requests])).toEqual([75, 83]);
  });

  it('has one end where parts of one cluster are written in any order', () => {
    const parts = Array.from({ length: 16 }, (_, i) => write(i / 4, (i + 1) / 4));
    expect(endsOf(fileOf([1, 0, 1]), [parts])).toEqual([6, 6]);
  });

  it('gives up on too many orders', () => {
    const counts = Array.from({ length: 400 }, (_, i) => ((i * i) % 11 < 5 ? 0 : 1));
    const requests = Array.from({ length: 40 }, (_, i) => write(50 * i, 50 * i + 1 + (i % 9)));
    expect(endsOf(fileOf(counts), [requests])).toBeUndefined();
  });
});

describe('withAllCuts', () => {
  const counts = [1, 1, 0, 1];
  const cutsOf = (request: SentRequest, holes: readonly (readonly [number, number])[]) =>
    withAllCuts([request], new Map([[request, holes.map(([from, to]) => [from * C, to * C] as const)]]), C);

  it('sends a request whole where there are no holes', () => {
    expect(cutsOf(write(0, 2), [])).toEqual([[write(0, 2)]]);
    expect(endsOf(fileOf(counts), cutsOf(write(0, 2), []) ?? [])).toEqual([6, 6]);
  });

  it('joins the ends of all ways to cut requests', () => {
    const cuts = cutsOf(write(0, 2), [[0, 1]]) ?? [];
    expect(cuts).toHaveLength(2);
    expect(cuts[1]?.map(({ followsAtOnce }) => followsAtOnce)).toEqual([false, true]);
    expect(endsOf(fileOf(counts), cuts)).toEqual([5, 6]);
  });

  it('cuts no further than a granule from a hole', () => {
    const places = (holes: readonly (readonly [number, number])[]) =>
      (cutsOf(write(0, 20), holes) ?? [])
        .filter(parts => parts.length === 2)
        .map(([part]) => (part?.events[0]?.end ?? 0) / C);
    expect(places([[10, 10.5]])).toEqual([9, 10, 11]);
    expect(places([[0, 0.5]])).toEqual([1]);
    expect(
      places([
        [4, 5],
        [5.25, 5.5],
      ]),
    ).toEqual([3, 4, 5, 6]);
  });

  it('gives up on too many ways', () => {
    expect(cutsOf(write(0, 9), [[0, 9]])).toBeUndefined();
  });
});
