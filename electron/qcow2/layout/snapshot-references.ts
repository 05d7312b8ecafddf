/** The references of one internal snapshot, which its deletion removes. */
import type { Qcow2Image } from '../read/image.ts';
import { type SlicedWork, shouldYield } from '../read/sliced-work.ts';
import type { SnapshotEntry } from '../read/snapshots.ts';
import { createTableReader, loadTable } from '../read/table-reader.ts';
import { CLUSTER_USE, ownerOfSnapshot } from './cluster-uses.ts';
import { listL2Tables, type OnFault } from './l2-tables.ts';
import type { ReadLimit } from './read-limit.ts';
import type { ReferenceSink } from './reference-sink.ts';
import { referEntries } from './references.ts';

/**
 * Hands every reference of snapshot number `index` to `into`: its L1 table, the L2 tables and what these name. What
 * cannot be followed is reported. Throws LimitPassed, or QCOW2_READ_FAILED.
 */
export function* walkSnapshot(
  image: Qcow2Image,
  index: number,
  fileLength: number,
  into: ReferenceSink,
  limit: ReadLimit,
  onFault: OnFault,
): SlicedWork<void> {
  const { l1TableOffset: offset, l1Size: entries, unusable } = image.snapshots[index] as SnapshotEntry;
  if (unusable !== undefined) {
    onFault('the L1 table of a snapshot is not usable');
    return;
  }
  const owner = ownerOfSnapshot(index);
  const { clusterSize } = image.geometry;
  into.refer(offset, entries * 8, 1, owner, CLUSTER_USE.table);
  const place = { offset, entries, times: 1, owner, isActive: false };
  const tables = yield* listL2Tables(image, [place], fileLength, limit, onFault);
  const reader = createTableReader();
  for (const [i, table] of tables.offsets.entries()) {
    const times = tables.times[i] as number;
    into.refer(table, clusterSize, times, owner, CLUSTER_USE.table);
    limit.spend(clusterSize);
    loadTable(reader, image.source, table, clusterSize);
    referEntries(image, into, { view: reader.view, at: 0, end: clusterSize }, times, owner, onFault);
    if (shouldYield(i)) yield;
  }
}
