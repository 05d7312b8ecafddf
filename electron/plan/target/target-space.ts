/**
 * How long a target's file gets. The number of clusters is exact; where they go depends on free space inside the file and
 * on the order in which requests end, so that there are bounds where either matters.
 * Source: qemu's block/qcow2-refcount.c (alloc_clusters_noref, alloc_refcount_block, refcount_table growth).
 */
import type { TargetSpace } from '../../../shared/model/plan/plan.ts';
import { type FileEnds, oneEnd } from './host/followed-file.ts';
import type { FileEnd } from './host/write-orders.ts';

/** Most sizes that are listed one by one; where there are more, only their bounds are. */
const MAX_POSSIBLE = 256;

/** The target's file before the job. Numbers are bytes unless they count clusters. */
export interface SpaceBefore {
  readonly clusterSize: number;
  readonly fileLength: number;
  readonly imageEnd: number;
  /** Bytes of clusters with a refcount above 0. */
  readonly allocated: number;
  readonly refcountBits: number;
  /** Entries of the refcount table. */
  readonly refcountTableEntries: number;
  /** True where the refcount table entry of this number names a block. */
  readonly hasRefcountBlock: (index: number) => boolean;
}

/** What the job changes, in clusters. */
export interface SpaceChanges {
  readonly added: number;
  /** Most that may come beside: reasons are in `whyInexact`. */
  readonly mayAdd: number;
  readonly freed: number;
  /** Host clusters that compressed ones may give back. */
  readonly mayFree: number;
  /** Data is written. */
  readonly writesData: boolean;
  /** Clusters may be written in part: with subclusters. */
  readonly writesParts: boolean;
  /** All that is taken is written to its end: clusters of data, L2 tables and what counts them. */
  readonly fillsTaken: boolean;
  /** Why the result is a bound, beside free space inside the file. */
  readonly whyInexact: readonly string[];
}

/** The target's file after a job that was followed cluster by cluster. */
export function spaceBetween({ ends, justOpened, why }: FileEnds): TargetSpace {
  const imageEnds = ends.map(({ imageEnd }) => imageEnd);
  const lengths = ends.map(({ fileLength }) => fileLength);
  const exact = ends.length === 1;
  const isOf = (list: readonly FileEnd[], { imageEnd, fileLength }: FileEnd) =>
    list.some(end => end.imageEnd === imageEnd && end.fileLength === fileLength);
  return {
    imageEnd: Math.max(...imageEnds),
    imageEndAtLeast: Math.min(...imageEnds),
    fileLength: Math.max(...lengths),
    fileLengthAtLeast: Math.min(...lengths),
    exact,
    why: exact ? [] : why,
    possible:
      ends.length > MAX_POSSIBLE ? [] : ends.map(end => ({ ...end, justOpened: isOf(justOpened, end) })),
  };
}

/** The space of a file that has one size after the job. */
function exactSpace(imageEnd: number, fileLength: number): TargetSpace {
  return spaceBetween(oneEnd(imageEnd, fileLength));
}

/** The target's file after the job. */
export function spaceAfter(before: SpaceBefore, changes: SpaceChanges): TargetSpace {
  const { clusterSize, imageEnd, fileLength } = before;
  const { added, mayAdd, freed, mayFree } = changes;
  const endClusters = Math.ceil(imageEnd / clusterSize);
  const most = withRefcounts(before, endClusters, added + mayAdd);
  const mostEnd = most.end * clusterSize;
  const used = before.allocated / clusterSize;
  const changesNothing = added + mayAdd + freed + mayFree === 0;
  // Fewer clusters than are in use fit in no file; without freed ones the last one in use stays where it is.
  const kept = used - freed - mayFree + added;
  const least = changesNothing ? endClusters : Math.max(freed + mayFree === 0 ? endClusters : 0, kept);
  // Blocks for refcounts are needed wherever the clusters go only if they all go behind the end.
  const isAppended = used === endClusters && freed + mayFree + mayAdd === 0;
  const leastEnd = (isAppended ? most.end : least) * clusterSize;
  const why = [...changes.whyInexact];
  if (leastEnd < mostEnd && freed + mayFree > 0)
    why.push('clusters are given back and taken again in an order that is not fixed');
  if (leastEnd < mostEnd && used < endClusters) why.push('there is free space inside the file');
  if (most.growsTable) why.push('the refcount table has to be made larger');
  const isEndExact = leastEnd === mostEnd && changes.whyInexact.length === 0 && !most.growsTable;
  // A cluster at the end of the file that is written in part ends the file where that part ends. New ones are written
  // whole, but for those with subclusters.
  const endsInOldCluster = mostEnd === imageEnd && fileLength < imageEnd;
  const mayEndInside = changes.writesData && (changes.writesParts || endsInOldCluster);
  if (mayEndInside && fileLength < mostEnd) why.push('the last cluster may be written in part');
  const mostLength = Math.max(fileLength, changes.writesData || added + mayAdd > 0 ? mostEnd : 0);
  const isLengthExact = isEndExact && (mostLength === fileLength || !mayEndInside);
  // The last cluster in use is a taken one where it lies behind those of before.
  const leastLength = changes.fillsTaken && leastEnd > imageEnd ? Math.max(fileLength, leastEnd) : fileLength;
  if (isEndExact && isLengthExact) return exactSpace(mostEnd, mostLength);
  return {
    imageEnd: mostEnd,
    imageEndAtLeast: isEndExact ? mostEnd : Math.min(leastEnd, mostEnd),
    fileLength: mostLength,
    fileLengthAtLeast: isLengthExact ? mostLength : Math.min(leastLength, mostLength),
    exact: false,
    why,
    possible: [],
  };
}

/** End of the image in clusters when `added` ones and the refcount blocks that they need lie behind its end. */
function withRefcounts(before: SpaceBefore, endClusters: number, added: number) {
  const perBlock = (before.clusterSize * 8) / before.refcountBits;
  let end = endClusters + added;
  let growsTable = false;
  if (added === 0) return { end, growsTable };
  let next = Math.floor(endClusters / perBlock);
  if (endClusters % perBlock !== 0 && before.hasRefcountBlock(next)) next++;
  for (; next * perBlock < end; next++) if (!before.hasRefcountBlock(next)) end++;
  if (next > before.refcountTableEntries) {
    growsTable = true;
    end += Math.ceil((Math.ceil(next * 1.5) * 8) / before.clusterSize) + 1;
  }
  return { end, growsTable };
}
