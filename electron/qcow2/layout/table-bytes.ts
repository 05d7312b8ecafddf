/** How much of an image is tables: what a check or a map of the file has to read. */
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { sizeNow } from '../read/source.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from './read-limit.ts';
import { RefcountBlocks } from './refcount-blocks.ts';
import { References } from './references.ts';

/**
 * Bytes of the L2 tables of all disks and of the refcount blocks, from the tables that name them. More tables than an
 * honest file holds count as its whole length. Throws QCOW2_READ_FAILED.
 */
export function* tableBytes(image: Qcow2Image): SlicedWork<number> {
  const { source, geometry, header } = image;
  if (header.version === 1) return header.l1Size * geometry.clusterSize;
  const fileLength = sizeNow(source);
  const blocks = new RefcountBlocks(image, fileLength, () => {});
  const references = new References(image, fileLength, blocks, () => {});
  try {
    const { offsets } = yield* references.l2Tables(new ReadLimit(source, SLACK_BYTES));
    let count = offsets.length;
    for (const part of blocks.parts()) {
      count += part.length;
      yield;
    }
    return count * geometry.clusterSize;
  } catch (error) {
    if (error instanceof LimitPassed) return fileLength;
    throw error;
  }
}
