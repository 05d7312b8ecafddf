/** How guest offsets fall into tables and clusters. */

/** Sizes of one image's clusters and tables. */
export interface Geometry {
  /** Bytes in a cluster: 1 << clusterBits. */
  readonly clusterSize: number;
  readonly clusterBits: number;
  /** Bytes in an L2 entry: 8, or 16 with extended L2. */
  readonly entrySize: number;
  /** Entries in one L2 table. */
  readonly l2Entries: number;
  /** Guest bytes that one L1 entry covers. */
  readonly l1Coverage: number;
  /** L1 entries that hold guest data; later ones hold VM state. */
  readonly l1Needed: number;
  /** 32 with extended L2, otherwise 1. */
  readonly subclusters: number;
}

/**
 * The geometry of version 2 and 3 for a guest of `size` bytes. An L2 table is one cluster.
 * Source: qcow2 specification, "Cluster mapping".
 */
export function geometryOf(clusterBits: number, extendedL2: boolean, size: number): Geometry {
  const clusterSize = 2 ** clusterBits;
  const entrySize = extendedL2 ? 16 : 8;
  const l2Entries = clusterSize / entrySize;
  const l1Coverage = clusterSize * l2Entries;
  const l1Needed = Math.ceil(size / l1Coverage);
  return {
    clusterSize,
    clusterBits,
    entrySize,
    l2Entries,
    l1Coverage,
    l1Needed,
    subclusters: extendedL2 ? 32 : 1,
  };
}

/** Where a guest offset is looked up. */
export interface TableIndex {
  readonly l1Index: number;
  readonly l2Index: number;
}

/** The L1 and L2 index of a guest offset in bytes. */
export function tableIndexOf(geometry: Geometry, guestOffset: number): TableIndex {
  const l1Index = Math.floor(guestOffset / geometry.l1Coverage);
  const l2Index = Math.floor((guestOffset - l1Index * geometry.l1Coverage) / geometry.clusterSize);
  return { l1Index, l2Index };
}
