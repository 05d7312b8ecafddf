/** The refcounts of a small enough image in one array. */
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from './read-limit.ts';
import { RefcountBlocks } from './refcount-blocks.ts';
import type { RefcountSink } from './reference-sink.ts';

/** Clusters at most, two bytes each: 1 TiB of a file with 64 KiB clusters. */
const MAX_CLUSTERS = 2 ** 24;
/** What an entry of the array can hold. */
const MAX_COUNT = 2 ** 16 - 1;

class RefcountList implements RefcountSink {
  readonly clusters: number;
  readonly counts: Uint16Array;
  isWhole = true;

  constructor(clusters: number) {
    this.clusters = clusters;
    this.counts = new Uint16Array(clusters);
  }

  wantsRefcounts(): boolean {
    return true;
  }

  takeRefcount(cluster: number, refcount: number): void {
    if (refcount > MAX_COUNT) this.isWhole = false;
    this.counts[cluster] = Math.min(refcount, MAX_COUNT);
  }

  missRefcounts(): void {
    this.isWhole = false;
  }
}

/**
 * The refcount of each of the first `clusters` clusters of an image; undefined where there are more than 2^24, where one
 * is above 65,535, or where they cannot all be read.
 */
export function* listRefcounts(
  image: Qcow2Image,
  fileLength: number,
  clusters: number,
): SlicedWork<Uint16Array | undefined> {
  if (clusters > MAX_CLUSTERS) return undefined;
  const list = new RefcountList(clusters);
  let hasFault = false;
  const blocks = new RefcountBlocks(image, fileLength, () => {
    hasFault = true;
  });
  try {
    yield* blocks.read(list, new ReadLimit(image.source, SLACK_BYTES));
  } catch (error) {
    if (!(error instanceof LimitPassed)) throw error;
    return undefined;
  }
  return hasFault || !list.isWhole ? undefined : list.counts;
}
