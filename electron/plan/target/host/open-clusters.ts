/** The clusters of an image file as a program of qemu finds them that has just opened it. */
import type { Allocation } from '../../../../shared/model/allocation.ts';
import { listRefcounts } from '../../../qcow2/layout/refcount-list.ts';
import { EntryTable } from '../../../qcow2/read/entry-table.ts';
import type { Qcow2Image } from '../../../qcow2/read/image.ts';
import type { SlicedWork } from '../../../qcow2/read/sliced-work.ts';
import { HostClusters } from './host-clusters.ts';

/** Undefined where refcounts are wrong or cannot be read: which clusters qemu takes then is not known. */
export function* openClusters(
  image: Qcow2Image,
  allocation: Allocation,
): SlicedWork<HostClusters | undefined> {
  const { data, snapshots, tables, bitmaps, unreferenced } = allocation.account;
  // Clusters that are referred to and not counted would be taken a second time.
  if (data + snapshots + tables + bitmaps + unreferenced !== allocation.allocated) return undefined;
  const { clusterSize } = image.geometry;
  const length = Math.max(allocation.imageEnd, allocation.fileLength);
  const counts = yield* listRefcounts(image, allocation.fileLength, Math.ceil(length / clusterSize));
  return counts === undefined ? undefined : new HostClusters({ ...refcountTable(image), counts });
}

function refcountTable({ header, geometry, source }: Qcow2Image) {
  const { clusterSize } = geometry;
  const table = new EntryTable(
    source,
    header.refcountTableOffset,
    (header.refcountTableClusters * clusterSize) / 8,
  );
  return {
    clusterSize,
    refcountBits: header.refcountBits,
    tableStart: header.refcountTableOffset / clusterSize,
    tableClusters: header.refcountTableClusters,
    hasBlock: (index: number) => index < table.count && (table.hi(index) | table.lo(index)) !== 0,
  };
}
