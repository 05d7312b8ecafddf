/** The refcounts that an image stores. */
import { u64, viewOf } from '../format/bytes.ts';
import type { Qcow2Image } from './image.ts';
import { readBytes, sizeNow } from './source.ts';

/** A refcount block in memory: valid until the next one. */
export interface RefcountBlock {
  /** First host cluster that it counts. */
  readonly firstCluster: number;
  /** Clusters that it counts. */
  readonly clusters: number;
  /** Where it lies in the file. */
  readonly fileOffset: number;
  readonly view: DataView;
}

/**
 * The refcount blocks of an image in order, one in memory at a time. Blocks that are not there (all counts 0), not
 * aligned or past the end of the file are left out, as are those that only count clusters past its end and those that an
 * earlier entry names already; one that the file cuts short has fewer clusters. So the work is bounded by the file.
 * Throws QCOW2_READ_FAILED. Source: qcow2 specification, "Host cluster management".
 */
export function* refcountBlocks(image: Qcow2Image): Generator<RefcountBlock> {
  const { source, header, geometry } = image;
  const perBlock = (geometry.clusterSize * 8) / header.refcountBits;
  const clusters = Math.ceil(sizeNow(source) / geometry.clusterSize);
  for (const { index, fileOffset } of refcountBlockPlaces(image)) {
    if (index * perBlock >= clusters) break;
    const view = viewOf(readBytes(source, fileOffset, geometry.clusterSize));
    const counted = Math.floor((view.byteLength * 8) / header.refcountBits);
    if (counted > 0) yield { firstCluster: index * perBlock, clusters: counted, fileOffset, view };
  }
}

/**
 * Where the refcount blocks of an image lie, each once, with the first entry of the table that names it; at most 2^20.
 * None of them is read. Left out are those that are not there, not aligned or past the end of the file.
 * Throws QCOW2_READ_FAILED.
 */
export function* refcountBlockPlaces(image: Qcow2Image): Generator<{ index: number; fileOffset: number }> {
  const { source, header, geometry } = image;
  const { clusterSize } = geometry;
  const size = sizeNow(source);
  const seen = new Set<number>();
  const table = viewOf(
    readBytes(source, header.refcountTableOffset, header.refcountTableClusters * clusterSize),
  );
  for (let index = 0; (index + 1) * 8 <= table.byteLength; index++) {
    const fileOffset = u64(table, index * 8);
    if (fileOffset < clusterSize || fileOffset >= size || fileOffset % clusterSize !== 0) continue;
    if (seen.has(fileOffset)) continue;
    seen.add(fileOffset);
    yield { index, fileOffset };
  }
}

/**
 * The refcount at `index` of a block whose counts are `bits` wide. Widths below 8 are packed from the least significant
 * bit of each byte; exact up to 2^53 - 1.
 */
export function refcountAt(block: DataView, index: number, bits: number): number {
  switch (bits) {
    case 16:
      return block.getUint16(index * 2);
    case 8:
      return block.getUint8(index);
    case 32:
      return block.getUint32(index * 4);
    case 64:
      return u64(block, index * 8);
    default: {
      const at = index * bits;
      return (block.getUint8(at >>> 3) >>> (at & 7)) & (2 ** bits - 1);
    }
  }
}
