/** All refcounts of an image in memory, for telling tables from what only looks like them. */

import { ReadLimit, SLACK_BYTES } from '../layout/read-limit.ts';
import { RefcountBlocks } from '../layout/refcount-blocks.ts';
import type { ReferenceSink } from '../layout/reference-sink.ts';
import { References } from '../layout/references.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';

/** Larger counts are kept as this. */
const MAX_COUNT = 255;

/** Counts of clusters, each up to {@link MAX_COUNT}. */
export type ClusterBytes = Uint8Array<ArrayBuffer>;

/** The refcounts that the image stores, by cluster. What cannot be read is 0. Throws LimitPassed. */
export function* storedRefcounts(
  image: Qcow2Image,
  fileLength: number,
  clusters: number,
): SlicedWork<ClusterBytes> {
  const counts = new Uint8Array(clusters);
  yield* new RefcountBlocks(image, fileLength, () => {}).read(
    {
      clusters,
      wantsRefcounts: () => true,
      takeRefcount(cluster, refcount) {
        if (cluster < clusters) counts[cluster] = Math.min(MAX_COUNT, refcount);
      },
    },
    new ReadLimit(image.source, SLACK_BYTES),
  );
  return counts;
}

/** How often the tables of the image refer to each cluster. Throws LimitPassed. */
export function* countedReferences(
  image: Qcow2Image,
  fileLength: number,
  clusters: number,
): SlicedWork<ClusterBytes> {
  const counts = new Uint8Array(clusters);
  const { clusterSize } = image.geometry;
  const refer = (offset: number, length: number, times: number) => {
    const last = Math.min(clusters - 1, Math.floor((offset + length - 1) / clusterSize));
    for (let cluster = Math.floor(offset / clusterSize); cluster <= last; cluster++)
      counts[cluster] = Math.min(MAX_COUNT, (counts[cluster] as number) + times);
  };
  const sink: ReferenceSink = {
    refer,
    referStream: refer,
    referBlock: offset => refer(offset, clusterSize, 1),
  };
  const blocks = new RefcountBlocks(image, fileLength, () => {});
  const references = new References(image, fileLength, blocks, () => {});
  yield* references.walk(sink, new ReadLimit(image.source, SLACK_BYTES));
  return counts;
}
