/**
 * Where an image's file ends once an internal snapshot is deleted: qemu does one step after the other.
 * Source: qemu's block/qcow2-snapshot.c (qcow2_snapshot_delete, qcow2_write_snapshots).
 */
import type { Allocation } from '../../../../shared/model/allocation.ts';
import { INCOMPATIBLE_DIRTY } from '../../../qcow2/format/header.ts';
import { snapshotTableBytes, writtenTableBytes } from '../../../qcow2/format/snapshot-table.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from '../../../qcow2/layout/read-limit.ts';
import type { ReferenceSink } from '../../../qcow2/layout/reference-sink.ts';
import { walkSnapshot } from '../../../qcow2/layout/snapshot-references.ts';
import type { Qcow2Image } from '../../../qcow2/read/image.ts';
import type { SlicedWork } from '../../../qcow2/read/sliced-work.ts';
import { type FileEnds, oneEnd } from './followed-file.ts';
import type { HostClusters } from './host-clusters.ts';
import { openClusters } from './open-clusters.ts';
import { openBitmaps } from './stored-bitmaps.ts';
import { UnknownCluster } from './target-file.ts';

/**
 * Where the file ends without snapshot number `index`; `extraBytes` is the extra data that qemu writes to each entry.
 * Undefined where that cannot be followed: with bitmaps that cannot be used, after an unclean end, and where refcounts or
 * tables are damaged.
 */
export function* followDeletion(
  image: Qcow2Image,
  allocation: Allocation,
  index: number,
  extraBytes: number,
): SlicedWork<FileEnds | undefined> {
  const { header, geometry, snapshots } = image;
  const isDirty = (header.incompatible & INCOMPATIBLE_DIRTY) !== 0n;
  const bitmaps = yield* openBitmaps(image, header.size);
  if (bitmaps === 'unknown' || isDirty) return undefined;
  if (snapshots.length < header.storedSnapshotCount) return undefined;
  const clusters = yield* openClusters(image, allocation);
  if (clusters === undefined) return undefined;
  const { clusterSize } = geometry;
  const { fileLength } = allocation;
  let end = fileLength;
  const bytes = writtenTableBytes(snapshots, index, extraBytes);
  if (bytes > 0) end = Math.max(end, clusters.take(Math.ceil(bytes / clusterSize)) * clusterSize + bytes);
  const releases = new Releases(clusters, clusterSize);
  let isWhole = true;
  const onFault = () => {
    isWhole = false;
  };
  try {
    releases.refer(header.snapshotsOffset, snapshotTableBytes(snapshots, header.snapshotsOffset), 1);
    yield* walkSnapshot(
      image,
      index,
      fileLength,
      releases,
      new ReadLimit(image.source, SLACK_BYTES),
      onFault,
    );
  } catch (error) {
    if (!(error instanceof LimitPassed || error instanceof UnknownCluster)) throw error;
    return undefined;
  }
  if (!isWhole) return undefined;
  bitmaps?.store({
    takeBytes: count => {
      end = Math.max(end, clusters.take(Math.ceil(count / clusterSize)) * clusterSize + count);
    },
    release: ranges => {
      for (const { first, count } of ranges) clusters.release(first, count);
    },
  });
  return oneEnd(clusters.end * clusterSize, Math.max(end, clusters.writtenEnd * clusterSize));
}

/** Takes references from the clusters that they are made to. */
class Releases implements ReferenceSink {
  readonly #clusters: HostClusters;
  readonly #clusterSize: number;

  constructor(clusters: HostClusters, clusterSize: number) {
    this.#clusters = clusters;
    this.#clusterSize = clusterSize;
  }

  /** Throws {@link UnknownCluster} where fewer references are counted: qemu then ends with an error. */
  refer(offset: number, length: number, times: number): void {
    if (length <= 0) return;
    const first = Math.floor(offset / this.#clusterSize);
    const last = Math.floor((offset + length - 1) / this.#clusterSize);
    for (let cluster = first; cluster <= last; cluster++) {
      if (this.#clusters.countOf(cluster) < times) throw new UnknownCluster();
      for (let i = 0; i < times; i++) this.#clusters.release(cluster, 1);
    }
  }

  referStream(offset: number, length: number, times: number): void {
    this.refer(offset, length, times);
  }

  referBlock(): void {}
}
