/** Where the bytes of an image file went: what its tables refer to, what its refcounts count, what is free inside. */
import { CowscopeError } from '../../../shared/error.ts';
import type { Allocation, AllocationReply, SpaceAccount } from '../../../shared/model/allocation.ts';
import { freedTableClusters } from '../format/snapshot-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { sizeNow } from '../read/source.ts';
import { ClusterUses, MAX_OWNED_SNAPSHOTS } from './cluster-uses.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from './read-limit.ts';
import { RefcountBlocks } from './refcount-blocks.ts';
import { References } from './references.ts';

/** Times that the tables are read for a file whose clusters do not fit in memory at once: 256 TiB in 64 KiB clusters. */
const MAX_PASSES = 64;

/** Bounds that tests make smaller. */
export interface MeasureBounds {
  /** Chunks of clusters in memory. */
  readonly maxChunks?: number;
  /** Bytes read beyond what the file occupies on its disk. */
  readonly slack?: number;
}

/**
 * How an image uses its file. Every table is read once, or once for each 4 TiB of a file with 64 KiB clusters; memory is
 * bounded. Not measured are version 1, which has no refcounts, files that cannot be read, and tables that take much more
 * room than the file occupies on its disk.
 */
export function* measureAllocation(
  image: Qcow2Image,
  bounds: MeasureBounds = {},
): SlicedWork<AllocationReply> {
  if (image.header.version === 1) return { measured: false, why: 'version 1 of the format has no refcounts' };
  try {
    return yield* measure(image, bounds);
  } catch (error) {
    if (error instanceof LimitPassed) return { measured: false, why: error.message };
    if (error instanceof CowscopeError) return { measured: false, why: error.what };
    throw error;
  }
}

function* measure(
  image: Qcow2Image,
  { maxChunks, slack = SLACK_BYTES }: MeasureBounds,
): SlicedWork<AllocationReply> {
  const { source, geometry, snapshots } = image;
  const fileLength = sizeNow(source);
  const faults = new Set<string>();
  const onFault = (what: string) => faults.add(what);
  for (const fault of brokenLists(image)) onFault(fault);
  const hasShares = snapshots.length > 0 && snapshots.length <= MAX_OWNED_SNAPSHOTS;
  const uses = new ClusterUses(fileLength, geometry.clusterSize, hasShares ? snapshots.length : 0, maxChunks);
  const blocks = new RefcountBlocks(image, fileLength, onFault);
  const references = new References(image, fileLength, blocks, onFault);
  for (let pass = 1, more = true; more; pass++) {
    if (pass > MAX_PASSES) throw new LimitPassed('the file has too many clusters');
    const limit = new ReadLimit(source, slack);
    yield* references.walk(uses, limit);
    yield* blocks.read(uses, limit);
    more = uses.nextPass();
  }
  return { measured: true, allocation: allocationOf(image, uses, fileLength, faults) };
}

/** Lists of the image that are not whole: what else they may name is not known. */
function* brokenLists({ header, extensions, snapshots, bitmaps }: Qcow2Image): Generator<string> {
  if (snapshots.length < header.storedSnapshotCount) yield 'the snapshot table could not be read to its end';
  const hasDirectory = extensions.entries.some(({ name }) => name === 'bitmaps');
  const isWhole = extensions.bitmaps !== undefined && bitmaps.length >= extensions.bitmaps.count;
  if (hasDirectory && (!isWhole || bitmaps.some(({ broken }) => broken)))
    yield 'the bitmap directory is broken';
  if (header.cryptMethod === 2 && extensions.encryptionHeader === undefined)
    yield 'the encryption header is not known';
}

function allocationOf(
  { header, geometry, snapshots }: Qcow2Image,
  { totals, shares }: ClusterUses,
  fileLength: number,
  faults: ReadonlySet<string>,
): Allocation {
  const { clusterSize } = geometry;
  const { table, bitmap, data, snapshotData, unreferenced, highest } = totals;
  const used = table + bitmap + data + snapshotData + unreferenced;
  const imageEnd = (highest + 1) * clusterSize;
  const account: SpaceAccount = {
    data: data * clusterSize,
    snapshots: snapshotData * clusterSize,
    tables: table * clusterSize,
    bitmaps: bitmap * clusterSize,
    unreferenced: unreferenced * clusterSize,
    free: imageEnd - used * clusterSize,
    pastEnd: Math.max(0, fileLength - imageEnd),
  };
  const known = { fileLength, imageEnd, allocated: totals.counted * clusterSize, account };
  const [fault] = faults;
  if (fault !== undefined) return { ...known, unknownLeaks: fault };
  const leaked = totals.overcounted * clusterSize;
  if (shares.length === 0) return { ...known, leaked };
  const shorter = freedTableClusters(snapshots, header.snapshotsOffset, clusterSize);
  return {
    ...known,
    leaked,
    shares: shorter.map((clusters, i) => ({
      data: (shares[2 * i] as number) * clusterSize,
      tables: ((shares[2 * i + 1] as number) + clusters) * clusterSize,
    })),
  };
}
