/** Which clusters are taken, and where refcounts go. */
import { describe, expect, it } from 'vitest';
import type { HostClusters } from '../../../../../electron/plan/target/host/host-clusters.ts';
import { hostClusters } from '../../../../support/plan/target-files.ts';

/** Clusters of 512 bytes with 64-bit refcounts: a block counts 64 clusters, a cluster of the table names 64 blocks. */
function clustersOf(counts: readonly number[], blocks = 1): HostClusters {
  return hostClusters(512, counts, { refcountBits: 64, blocks });
}

const used = (count: number) => new Array<number>(count).fill(1);

describe('HostClusters', () => {
  it('takes the lowest free clusters, one at a time', () => {
    const clusters = clustersOf([1, 1, 0, 1, 0, 1]);
    expect(clusters.hasHoles).toBe(true);
    expect([clusters.take(1), clusters.take(1), clusters.take(1)]).toEqual([2, 4, 6]);
    expect(clusters.hasHoles).toBe(false);
    expect(clusters.end).toBe(7);
  });

  it('passes over free clusters that are too few, and does not come back to them', () => {
    const clusters = clustersOf([1, 1, 0, 1, 0, 0, 1]);
    expect([clusters.take(2), clusters.take(1)]).toEqual([4, 7]);
    clusters.release(3, 1);
    expect(clusters.take(1)).toBe(3);
  });

  it('takes clusters from a given one on as far as they are free', () => {
    const clusters = clustersOf([1, 1, 0, 0, 1]);
    expect(clusters.takeAt(2, 5)).toBe(2);
    expect(clusters.takeAt(2, 5)).toBe(0);
    expect(clusters.takeAt(5, 3)).toBe(3);
  });

  it('counts a cluster with several uses as free once the last one is given back', () => {
    const clusters = clustersOf([1, 1, 2]);
    clusters.release(2, 1);
    expect(clusters.countOf(2)).toBe(1);
    clusters.release(2, 1);
    expect(clusters.take(1)).toBe(2);
  });

  it('puts a refcount block behind the group that needs it', () => {
    const clusters = clustersOf(used(62));
    expect(clusters.take(4)).toBe(62);
    expect(clusters.end).toBe(67); // 62 to 65, and the block for 64 and more in 66
    expect(clusters.writtenEnd).toBe(67);
  });

  it('makes the refcount table larger where the next block begins, and gives the old one back', () => {
    const clusters = clustersOf(used(64 * 64), 64);
    const first = clusters.take(1);
    // A block for the new cluster; from 4,160 on two blocks, and two clusters of table for 67 blocks and half as many more.
    expect(first).toBe(1); // the old table's cluster
    expect(clusters.hasGrownTable).toBe(true);
    expect(clusters.end).toBe(4160 + 4);
  });

  it('changes nothing of what it was cloned from', () => {
    const clusters = clustersOf([1, 1, 0]);
    const copy = clusters.clone();
    expect(copy.fingerprint).toBe(clusters.fingerprint);
    copy.take(1);
    expect(copy.fingerprint).not.toBe(clusters.fingerprint);
    expect(clusters.take(1)).toBe(2);
  });
});
