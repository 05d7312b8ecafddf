/** The target's file after a job, as the plan reports it. */
import type { PlannedTarget } from '../../../shared/model/plan/plan.ts';
import { INCOMPATIBLE_DIRTY } from '../../qcow2/format/header.ts';
import { EntryTable } from '../../qcow2/read/entry-table.ts';
import type { Qcow2Image } from '../../qcow2/read/image.ts';
import type { CommitInput, LayerTables } from '../commit/commit-input.ts';
import { keepsDataApart } from '../commit/commit-setup.ts';
import { type FileEnds, oneEnd } from './host/followed-file.ts';
import type { TargetChanges } from './target-model.ts';
import { withVolume } from './target-room.ts';
import { type SpaceBefore, type SpaceChanges, spaceAfter, spaceBetween } from './target-space.ts';

/** What changes the target's file beside requests for its data. Counts are clusters. */
export interface TargetJob {
  readonly changes: TargetChanges;
  readonly sizeAfter: number;
  /** Clusters that growing takes and gives back, and those of data among the former. */
  readonly grownClusters: number;
  readonly freedClusters: number;
  readonly headClusters: number;
  /** Data is written also where no request asks for it. */
  readonly fillsZeros: boolean;
  /** Why the requests are the most that may come. */
  readonly atMost?: string;
  /** Zeros may take the place of data, so that clusters are given back instead of written. */
  readonly mayZero?: boolean;
  /** Where the file ends, where the job was followed cluster by cluster; the rest is then not asked for. */
  readonly ends?: FileEnds;
}

/** The target of a job and how it uses its file. */
export type TargetInput = Pick<CommitInput, 'layers' | 'target' | 'allocation'>;

/** The target after a job. Throws QCOW2_READ_FAILED. */
export function targetResult(input: TargetInput, setup: TargetJob): PlannedTarget {
  const tables = input.layers[input.target] as LayerTables;
  const { info, image, device = false } = tables;
  const { changes } = setup;
  const common = {
    layer: info.index,
    path: info.path,
    sizeBefore: info.size,
    sizeAfter: setup.sizeAfter,
    newClusters: changes.newClusters + setup.headClusters,
    newTables: changes.newTables,
    freedClusters: changes.freedClusters,
  };
  const { allocation } = input;
  if (image === undefined || allocation === undefined) {
    const before = { imageEnd: info.fileSize, fileLength: info.fileSize };
    return {
      ...common,
      ...withVolume(spaceBetween(rawEnds(tables, setup)), before, device),
      imageEndBefore: info.fileSize,
      fileLengthBefore: info.fileSize,
      bitmapBytes: 0,
    };
  }
  const space =
    setup.ends === undefined
      ? spaceAfter(spaceBefore(image, allocation), changesOf(tables, input, setup))
      : spaceBetween(setup.ends);
  return {
    ...common,
    ...withVolume(space, allocation, device),
    imageEndBefore: allocation.imageEnd,
    fileLengthBefore: allocation.fileLength,
    bitmapBytes: allocation.account.bitmaps,
  };
}

/**
 * Where a file without tables ends. It may end inside a sector, which a request for data fills; zeros may become a hole
 * there, which does not make the file longer.
 */
function rawEnds({ info }: LayerTables, { changes, sizeAfter, atMost }: TargetJob): FileEnds {
  const grown = Math.max(info.fileSize, sizeAfter > info.size ? sizeAfter : 0);
  const withData = Math.max(grown, changes.dataEnd);
  const least = atMost === undefined ? withData : grown;
  const most = Math.max(withData, changes.zerosEnd);
  if (least === most) return oneEnd(most, most);
  const ends = [least, most].map(end => ({ imageEnd: end, fileLength: end }));
  return { ends, justOpened: ends, why: ['its file ends inside a sector, which zeros may fill or not'] };
}

/** How an image uses its file, as the bounds are made from it. Throws QCOW2_READ_FAILED. */
export function spaceBefore(
  image: Qcow2Image,
  allocation: NonNullable<CommitInput['allocation']>,
): SpaceBefore {
  const { header, geometry, source } = image;
  const { clusterSize } = geometry;
  const entries = (header.refcountTableClusters * clusterSize) / 8;
  const table = new EntryTable(source, header.refcountTableOffset, entries);
  return {
    clusterSize,
    fileLength: allocation.fileLength,
    imageEnd: allocation.imageEnd,
    allocated: allocation.allocated,
    refcountBits: header.refcountBits,
    refcountTableEntries: table.count,
    hasRefcountBlock: index => index < table.count && (table.hi(index) | table.lo(index)) !== 0,
  };
}

function changesOf(tables: LayerTables, { allocation }: TargetInput, setup: TargetJob): SpaceChanges {
  const { changes } = setup;
  const image = tables.image as Qcow2Image;
  const { clusterSize, subclusters } = image.geometry;
  const whyInexact: string[] = [];
  let added = changes.newClusters + changes.newTables + setup.grownClusters;
  let freed = changes.freedClusters + setup.freedClusters;
  let mayAdd = 0;
  let mayFree = changes.freedCompressed;
  if (changes.isOrderUnsure) whyInexact.push('clusters are given back and taken again within one request');
  if (keepsDataApart(tables)) {
    whyInexact.push('its data lies in an external data file');
    added -= changes.newClusters;
    mayAdd += changes.newClusters;
    mayFree += freed;
    freed = 0;
  }
  if (image.header.storedSnapshotCount > 0) {
    whyInexact.push('internal snapshots share clusters, which are then not overwritten in place');
    mayAdd += changes.rewrittenClusters + changes.rewrittenTables;
    mayFree += freed;
    freed = 0;
  }
  if (image.bitmaps.length > 0) {
    whyInexact.push('its bitmaps are written again');
    mayAdd += bitmapClusters(image, setup.sizeAfter);
    mayFree += (allocation?.account.bitmaps ?? 0) / clusterSize;
  }
  if ((image.header.incompatible & INCOMPATIBLE_DIRTY) !== 0n) {
    whyInexact.push('it was not closed cleanly, so qemu repairs it first');
    const rebuilt = rebuiltRefcounts(image, allocation?.imageEnd ?? 0);
    mayAdd += rebuilt;
    mayFree += rebuilt + (allocation?.account.unreferenced ?? 0) / clusterSize;
  }
  if (setup.mayZero === true) mayFree += changes.rewrittenClusters;
  if (setup.atMost !== undefined && added + mayFree > 0) {
    whyInexact.push(setup.atMost);
    mayAdd += added;
    added = 0;
  }
  const writesData = changes.bytesCopied > 0 || setup.headClusters > 0 || setup.fillsZeros;
  // Tables of bitmaps and a new L1 table may end inside a cluster.
  const movesL1 = setup.grownClusters > setup.headClusters;
  const fillsTaken = subclusters === 1 && image.bitmaps.length === 0 && !movesL1;
  return { added, mayAdd, freed, mayFree, writesData, writesParts: subclusters > 1, fillsTaken, whyInexact };
}

/**
 * Clusters that a repair takes at most where clusters in use are counted as free: it writes a new refcount table and new
 * blocks before it gives the old ones back. Source: rebuild_refcount_structure of qemu's block/qcow2-refcount.c.
 */
export function rebuiltRefcounts({ header, geometry }: Qcow2Image, imageEnd: number): number {
  const { clusterSize } = geometry;
  const perBlock = (clusterSize * 8) / header.refcountBits;
  const blocks = Math.ceil(imageEnd / clusterSize / perBlock) + 1; // one more for those that are written behind the end
  return blocks + Math.ceil((blocks * 8) / clusterSize);
}

/** Clusters that all bitmaps of an image take at most, with their tables and the directory. */
export function bitmapClusters({ bitmaps, geometry, extensions }: Qcow2Image, size: number): number {
  const { clusterSize } = geometry;
  let clusters = Math.ceil((extensions.bitmaps?.directorySize ?? 0) / clusterSize);
  for (const { granularity } of bitmaps) {
    const data = Math.ceil(Math.ceil(size / granularity) / 8 / clusterSize);
    clusters += data + Math.ceil((data * 8) / clusterSize);
  }
  return clusters;
}
