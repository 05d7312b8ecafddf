/** Where the clusters of a target go, and how long its file gets. */
import { describe, expect, it } from 'vitest';
import {
  type StoredCluster,
  type StoredTarget,
  TargetFile,
  UnknownCluster,
} from '../../../../../electron/plan/target/host/target-file.ts';
import { hostClusters, storedTarget } from '../../../../support/plan/target-files.ts';

const C = 4096;
const NONE: StoredCluster = { host: -1 };

/** A file of 8 clusters, the last two free unless they are in `stored`, with what is stored by guest cluster. */
function fileOf(
  stored: Readonly<Record<number, StoredCluster>>,
  options: Partial<StoredTarget> = {},
  counts: readonly number[] = [1, 1, 1, 1, 1, 1],
): TargetFile {
  const target = storedTarget(C, 6, {
    clusterAt: cluster => stored[cluster] ?? NONE,
    isDataAt: offset => (stored[Math.floor(offset / C)] ?? NONE).host >= 0,
    ...options,
  });
  return new TargetFile(target, hostClusters(C, counts));
}

const sizes = (file: TargetFile) => [file.imageEnd / C, file.length / C];

describe('TargetFile', () => {
  it('overwrites clusters in place, and takes new ones behind the end', () => {
    const file = fileOf({ 0: { host: 4 } });
    file.apply({ kind: 'write', start: 0, end: 3 * C });
    expect(sizes(file)).toEqual([8, 8]);
    expect(file.takesGroups).toBe(true);
  });

  it('copies a cluster that snapshots share to a new one, with all data of its subclusters', () => {
    const shared = { host: -1, shared: { host: 4, dataEnd: C / 2 } };
    const counts = [1, 1, 1, 1, 2, 1];
    const file = fileOf({ 0: shared }, { unit: C / 32 }, counts);
    file.apply({ kind: 'write', start: 0, end: C / 32 });
    expect(sizes(file)).toEqual([7, 6.5]);
    file.apply({ kind: 'write', start: C - C / 32, end: C });
    expect(sizes(file)).toEqual([7, 7]); // it is overwritten now
    expect(file.clusters.hasHoles).toBe(false);
  });

  it('does not follow a shared cluster that the refcounts count once, or whose data was made zeros before', () => {
    const shared = { host: -1, shared: { host: 4, dataEnd: C } };
    const write = { kind: 'write', start: 0, end: C / 32 } as const;
    expect(() => fileOf({ 0: shared }).apply(write)).toThrow(UnknownCluster);
    const file = fileOf({ 0: shared }, { unit: C / 32 }, [1, 1, 1, 1, 2, 1]);
    file.apply({ kind: 'mark', start: 0, end: 1 });
    expect(() => file.apply(write)).toThrow(UnknownCluster);
  });

  it('takes a few clusters at a time where as many are encrypted together', () => {
    const file = fileOf({}, { maxStepClusters: 2 });
    expect(fileOf({}, { maxStepClusters: 2 }).write(C / 2, 5 * C)).toEqual({ next: 2 * C, released: [] });
    expect(file.takenBy({ kind: 'write', start: 0, end: 2 * C })).toBe(2);
    expect(file.takenBy({ kind: 'write', start: 0, end: 3 * C })).toBeUndefined();
  });

  it('ends a step of a write where host clusters are no neighbors', () => {
    const file = fileOf({ 0: { host: 4 }, 1: { host: 2 } });
    expect(file.write(0, 2 * C)).toEqual({ next: C, released: [] });
    expect(file.write(C, 2 * C)).toEqual({ next: 2 * C, released: [] });
    expect(sizes(file)).toEqual([6, 6]);
  });

  it('gives the clusters of compressed data back only once the step is written', () => {
    const file = fileOf({ 0: { host: -1, compressed: { first: 5, count: 1 } } });
    const { next, released } = file.write(0, 2 * C);
    expect([next, released]).toEqual([2 * C, [{ first: 5, count: 1 }]]);
    expect(file.imageEnd).toBe(8 * C);
    file.release(released);
    expect(file.clusters.hasHoles).toBe(true);
  });

  it('gives host space of zeros back where it may, and makes the image end earlier', () => {
    const stored = { 0: { host: 5 }, 1: { host: 4 } };
    const freeing = fileOf(stored);
    freeing.apply({ kind: 'zero', start: 0, end: 2 * C });
    expect(sizes(freeing)).toEqual([4, 6]);
    const keeping = fileOf(stored, { frees: false });
    keeping.apply({ kind: 'zero', start: 0, end: 2 * C });
    expect(sizes(keeping)).toEqual([6, 6]);
  });

  it('takes an L2 table before the first cluster that it describes', () => {
    const file = fileOf({}, { hasTable: () => false });
    file.apply({ kind: 'mark', start: 0, end: 1 });
    expect(sizes(file)).toEqual([7, 7]);
    file.apply({ kind: 'write', start: 0, end: C });
    expect(sizes(file)).toEqual([8, 8]);
  });

  it('takes tables alone where data lies in another file', () => {
    const file = fileOf({}, { hasTable: () => false, keepsDataApart: true });
    file.apply({ kind: 'write', start: 511 * C, end: 513 * C });
    expect(sizes(file)).toEqual([8, 8]);
  });

  it('ends the file within a new cluster that is written in part, up to its subcluster', () => {
    const file = fileOf({}, { unit: C / 8 });
    file.apply({ kind: 'write', start: 0, end: 700 });
    expect([file.imageEnd, file.length]).toEqual([7 * C, 6 * C + 1024]);
    expect(file.writesParts).toBe(true);
    file.apply({ kind: 'write', start: 2048, end: 2560 });
    expect([file.imageEnd, file.length]).toEqual([7 * C, 6 * C + 2560]);
  });

  it('knows that an L1 table is not written to the end of its cluster', () => {
    const file = fileOf({});
    file.moveL1(3, { first: 3, count: 1 });
    expect([file.imageEnd, file.length]).toEqual([7 * C, 6 * C + 24]);
    expect(file.clusters.take(1)).toBe(3);
  });

  it('gives up where a cluster in use has another refcount than 1', () => {
    const file = fileOf({ 0: { host: 7 } });
    expect(() => file.write(0, C)).toThrow(UnknownCluster);
  });
});
