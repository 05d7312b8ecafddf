/** The target of a job, ready to be followed to the end of its file. */
import { BAD, COMPRESSED_DATA, DATA } from '../../../qcow2/format/entry.ts';
import { INCOMPATIBLE_DIRTY } from '../../../qcow2/format/header.ts';
import { MAX_L1_BYTES } from '../../../qcow2/format/limits.ts';
import type { Qcow2Image } from '../../../qcow2/read/image.ts';
import { l2OffsetAt } from '../../../qcow2/read/l1.ts';
import { lookupCluster } from '../../../qcow2/read/lookup-cluster.ts';
import type { Qcow2Map } from '../../../qcow2/read/map-state.ts';
import { type SlicedWork, shouldYield } from '../../../qcow2/read/sliced-work.ts';
import type { CommitInput, LayerTables } from '../../commit/commit-input.ts';
import { type CommitSetup, keepsDataApart } from '../../commit/commit-setup.ts';
import { mirrorGranularity } from '../../commit/requests.ts';
import { isEncrypted } from '../../encryption.ts';
import { keepsHost } from '../../layers/block-status.ts';
import type { LayerRuns } from '../../layers/layer-runs.ts';
import type { TargetFormat } from '../target-model.ts';
import { FollowedFile } from './followed-file.ts';
import type { HostClusters } from './host-clusters.ts';
import { openClusters } from './open-clusters.ts';
import { openBitmaps } from './stored-bitmaps.ts';
import { type StoredCluster, type StoredTarget, TargetFile, UnknownCluster } from './target-file.ts';

/** Clusters that are encrypted together: QCOW_MAX_CRYPT_CLUSTERS of qemu's block/qcow2.h. */
const MAX_ENCRYPTED_CLUSTERS = 32;
/** L2 tables that growing makes at most, to be followed: a fraction of a second's work. */
const MAX_MADE_TABLES = 2 ** 16;
/** Free clusters from which a running qemu may look on, to be followed. */
const MAX_STARTS = 64;

/**
 * The file of a commit's target, once the target has grown. Undefined where it cannot be followed: as {@link openTargetFile},
 * and one with very many free clusters that a running qemu may have passed over before.
 */
export function* followTarget(input: CommitInput, setup: CommitSetup): SlicedWork<FollowedFile | undefined> {
  const runs = setup.before[input.target] as LayerRuns;
  const file = yield* openTargetFile(input, runs, setup.format);
  const { image } = input.layers[input.target] as LayerTables;
  if (file === undefined || image === undefined) return undefined;
  const files = input.job === 'qemu-img' ? [file] : usedFiles(file);
  const bitmaps = yield* openBitmaps(image, setup.sizeAfter);
  if (files.length > MAX_STARTS || bitmaps === 'unknown') return undefined;
  const { clusterSize } = image.geometry;
  try {
    for (const grown of files) grow(grown, image, setup);
  } catch (error) {
    if (!(error instanceof UnknownCluster)) throw error;
    return undefined;
  }
  const followed = new FollowedFile(files, {
    order: input.job === 'live' ? 'sequential' : 'parallel',
    clusterSize,
    granularity: mirrorGranularity(clusterSize),
    usesThreads: input.job === 'qemu-img',
    bitmaps,
  });
  setup.model.hostSink = followed.add;
  return followed;
}

/**
 * A file as a qemu may find it that has it open: clusters that it took before decide from where on it looks for free ones.
 * More than MAX_STARTS where there are too many.
 */
function usedFiles(file: TargetFile): TargetFile[] {
  const { clusters } = file;
  return [...clusters.firstFree(MAX_STARTS), clusters.end].map(start => {
    const used = file.clone();
    used.clusters.searchFrom(start);
    return used;
  });
}

/**
 * The file of a target as a program finds it that has just opened it. Undefined where it cannot be followed: a raw target,
 * one whose snapshots cannot all be read, one that was not closed cleanly, one with wrong refcounts, and one of very many
 * clusters.
 */
export function* openTargetFile(
  { layers, target, allocation }: Pick<CommitInput, 'layers' | 'target' | 'allocation'>,
  runs: LayerRuns,
  format: TargetFormat,
): SlicedWork<TargetFile | undefined> {
  const tables = layers[target] as LayerTables;
  const { image, map } = tables;
  if (image === undefined || map === undefined || allocation === undefined || !isPlain(image))
    return undefined;
  const clusters = yield* openClusters(image, allocation);
  if (clusters === undefined || !(yield* areTablesCounted(map, format, clusters))) return undefined;
  return new TargetFile(storedTarget(tables, map, runs, format, allocation.fileLength), clusters);
}

/** True where the refcounts of L2 tables say the same as the flags that tell which of them snapshots share. */
function* areTablesCounted(
  { l1, geometry }: Qcow2Map,
  { isShared, hasTable }: TargetFormat,
  clusters: HostClusters,
): SlicedWork<boolean> {
  if (isShared === undefined) return true;
  for (let index = 0; index < l1.count; index++) {
    if (shouldYield(index)) yield;
    const offset = l2OffsetAt(l1, index);
    const isCountedOnce = clusters.countOf(offset / geometry.clusterSize) === 1;
    if (offset > 0 && isCountedOnce !== hasTable(index)) return false;
  }
  return true;
}

/** True where tables and refcounts alone decide what is overwritten and what is given back. */
function isPlain({ header, snapshots }: Qcow2Image): boolean {
  const areAllRead = snapshots.length === header.storedSnapshotCount;
  return areAllRead && (header.incompatible & INCOMPATIBLE_DIRTY) === 0n;
}

function storedTarget(
  tables: LayerTables,
  map: Qcow2Map,
  runs: LayerRuns,
  format: TargetFormat,
  fileLength: number,
): StoredTarget {
  const { clusterSize, subclusters, l1Coverage, hasTable, version, unmaps } = format;
  const storedEnd = Math.ceil(runs.size / clusterSize) * clusterSize;
  return {
    clusterSize,
    unit: clusterSize / subclusters,
    sliceSpan: runs.sliceSpan,
    l1Coverage,
    fileLength,
    maxStepClusters: isEncrypted(tables.info) ? MAX_ENCRYPTED_CLUSTERS : Number.POSITIVE_INFINITY,
    keepsDataApart: keepsDataApart(tables),
    frees: unmaps || version < 3,
    hasTable,
    clusterAt: remembered(cluster =>
      cluster * clusterSize < storedEnd ? storedCluster(map, runs, cluster, format) : NO_CLUSTER,
    ),
    isDataAt: offset => offset < storedEnd && runs.at(offset).kind === DATA,
  };
}

/** Clusters that are remembered: tables are asked for the same ones in every order of requests. */
const MAX_REMEMBERED = 2 ** 16;

/** The same lookup, which remembers what it found. */
function remembered(lookUp: (cluster: number) => StoredCluster): (cluster: number) => StoredCluster {
  const known = new Map<number, StoredCluster>();
  return cluster => {
    let found = known.get(cluster);
    if (found === undefined) {
      found = lookUp(cluster);
      if (known.size < MAX_REMEMBERED) known.set(cluster, found);
    }
    return found;
  };
}

const NO_CLUSTER: StoredCluster = { host: -1 };

function storedCluster(
  map: Qcow2Map,
  runs: LayerRuns,
  cluster: number,
  { clusterSize, isShared }: TargetFormat,
): StoredCluster {
  const offset = cluster * clusterSize;
  const { kind, start, host } = runs.at(offset);
  if (kind >= BAD) throw new UnknownCluster();
  if (kind === COMPRESSED_DATA) {
    const { hostOffset, compressedLength } = lookupCluster(map, offset);
    if (hostOffset < 0) throw new UnknownCluster();
    const first = Math.floor(hostOffset / clusterSize);
    const end = Math.ceil((hostOffset + compressedLength) / clusterSize);
    return { host: -1, compressed: { first, count: end - first } };
  }
  if (!keepsHost(kind)) return NO_CLUSTER;
  const hostCluster = host === undefined ? -1 : (host + offset - start) / clusterSize;
  if (!Number.isInteger(hostCluster) || hostCluster < 0) throw new UnknownCluster();
  if (isShared?.(offset) !== true) return { host: hostCluster };
  return { host: -1, shared: { host: hostCluster, dataEnd: dataEndOf(runs, offset, clusterSize) } };
}

/** End of the last data in the cluster at `offset`, in bytes from there. */
function dataEndOf(runs: LayerRuns, offset: number, clusterSize: number): number {
  const end = offset + clusterSize;
  let dataEnd = 0;
  for (let at = offset; at < end; ) {
    const run = runs.at(at);
    if (run.kind === DATA) dataEnd = Math.min(run.end, end) - offset;
    if (run.end <= at) break;
    at = run.end;
  }
  return dataEnd;
}

/** What qcow2_co_truncate does to the file, in its order: L1 table, zeros behind the old end, zeros in the old end's unit. */
function grow(
  file: TargetFile,
  { header, geometry }: Qcow2Image,
  { format, sizeAfter, fillsZeros }: CommitSetup,
): void {
  const { l1Coverage, clusterSize } = geometry;
  const entries = Math.ceil(sizeAfter / l1Coverage);
  if (entries * 8 > MAX_L1_BYTES) throw new UnknownCluster();
  if (entries > header.l1Size)
    file.moveL1(entries, {
      first: header.l1TableOffset / clusterSize,
      count: Math.ceil((header.l1Size * 8) / clusterSize),
    });
  if (!fillsZeros) return;
  const unit = format.clusterSize / format.subclusters;
  const zeroStart = Math.ceil(header.size / unit) * unit;
  if ((sizeAfter - zeroStart) / l1Coverage > MAX_MADE_TABLES) throw new UnknownCluster();
  if (zeroStart < sizeAfter) file.mark(zeroStart, sizeAfter);
  if (zeroStart > header.size)
    file.apply({ kind: 'write', start: header.size, end: Math.min(zeroStart, sizeAfter) });
}
