/** How writing data changes the subclusters of one cluster. Source: qemu's block/qcow2-cluster.c (calculate_l2_meta). */
import {
  COMPRESSED_DATA,
  DATA,
  RESERVED_SPACE,
  ZERO_ALLOCATED,
  ZERO_HOLE,
} from '../../qcow2/format/entry.ts';
import { keepsHost } from './block-status.ts';

/** Where data of a cluster goes: over its compressed data, to host space where it had none or not alone, or in place. */
export type DataDestination = 'decompressed' | 'new' | 'copied' | 'in place';

/**
 * Changes the kinds of a cluster by data into its subclusters [first, end), or into all of it where it has none. `isShared`:
 * snapshots share its host cluster.
 */
export function copyInto(kinds: Uint8Array, first: number, end: number, isShared: boolean): DataDestination {
  if (kinds[0] === COMPRESSED_DATA) {
    kinds.fill(DATA);
    return 'decompressed';
  }
  if (!kinds.some(keepsHost)) {
    for (let i = 0; i < kinds.length; i++)
      kinds[i] = kinds[i] === ZERO_HOLE ? ZERO_ALLOCATED : RESERVED_SPACE;
    kinds.fill(DATA, first, end);
    return 'new';
  }
  // What was data is copied, and all between as well.
  const held = isShared ? kinds.indexOf(DATA) : -1;
  if (held >= 0) kinds.fill(DATA, Math.min(first, held), Math.max(end, kinds.lastIndexOf(DATA) + 1));
  kinds.fill(DATA, first, end);
  return isShared ? 'copied' : 'in place';
}

/** Marks one subcluster of a cluster that is not compressed as zeros. */
export function markZero(kinds: Uint8Array, index: number): void {
  kinds[index] = kinds.some(keepsHost) ? ZERO_ALLOCATED : ZERO_HOLE;
}
