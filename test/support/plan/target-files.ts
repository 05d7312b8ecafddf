/** Files of a plan's target, made of refcounts and of what guest clusters are stored as, for tests. */
import { HostClusters } from '../../../electron/plan/target/host/host-clusters.ts';
import type { StoredTarget } from '../../../electron/plan/target/host/target-file.ts';

/** Host clusters with these refcounts: the refcount table is cluster 1, and the first `blocks` refcount blocks are there. */
export function hostClusters(
  clusterSize: number,
  counts: readonly number[],
  { refcountBits = 16, blocks = 1 } = {},
): HostClusters {
  return new HostClusters({
    clusterSize,
    refcountBits,
    counts: Uint16Array.from(counts),
    tableStart: 1,
    tableClusters: 1,
    hasBlock: index => index < blocks,
  });
}

/** A qcow2 target in a file of so many clusters, which has all of its L2 tables and in which nothing is stored. */
export function storedTarget(
  clusterSize: number,
  fileClusters: number,
  more: Partial<StoredTarget> = {},
): StoredTarget {
  const l1Coverage = (clusterSize / 8) * clusterSize;
  return {
    clusterSize,
    unit: clusterSize,
    sliceSpan: l1Coverage,
    l1Coverage,
    fileLength: fileClusters * clusterSize,
    maxStepClusters: Number.POSITIVE_INFINITY,
    keepsDataApart: false,
    frees: true,
    hasTable: () => true,
    clusterAt: () => ({ host: -1 }),
    isDataAt: () => true,
    ...more,
  };
}
