/** Descriptors of compressed clusters. */
import { exactOf } from './bytes.ts';

/** By the header's compression_type. Source: qcow2 specification, "Header". */
const COMPRESSIONS = ['zlib', 'zstd'] as const;

/** How streams are compressed. */
export type Compression = (typeof COMPRESSIONS)[number];

/** What a compression_type of the header stands for; undefined where that is not known. */
export function compressionOf(compressionType: number): Compression | undefined {
  return COMPRESSIONS[compressionType];
}

/** The bytes of a compressed cluster of `size` bytes, fewer where the stream ends early. Throws where they are not known. */
export type Decompress = (stream: Uint8Array, size: number, compression: Compression) => Uint8Array;

/** Where a compressed cluster's data lies. */
export interface CompressedRange {
  /** First byte in the file; any alignment. */
  readonly offset: number;
  /** Sectors of 512 bytes after the one it begins in. */
  readonly extraSectors: number;
  /** Bytes up to the end of the last sector: an upper bound of what the stream needs. */
  readonly length: number;
}

/**
 * The range that a compressed L2 entry (bit 62 set) describes in version 2 and 3.
 * Source: qcow2 specification, "Compressed Clusters Descriptor": x = 62 - (cluster_bits - 8) bits of offset.
 */
export function compressedRange(hi: number, lo: number, clusterBits: number): CompressedRange {
  const highOffsetBits = highBitsOf(clusterBits);
  const offset = (hi & (2 ** highOffsetBits - 1)) * 2 ** 32 + (lo >>> 0);
  const extraSectors = (hi & 0x3fffffff) >>> highOffsetBits;
  return { offset, extraSectors, length: (extraSectors + 1) * 512 - (offset % 512) };
}

/**
 * The same for version 1 (bit 63 set): the size is in bytes.
 * Source: qemu block/qcow.c, decompress_cluster.
 */
export function compressedRangeV1(hi: number, lo: number, clusterBits: number): CompressedRange {
  const highOffsetBits = highBitsOfV1(clusterBits);
  const offset = (hi & (2 ** highOffsetBits - 1)) * 2 ** 32 + (lo >>> 0);
  const length = ((hi & 0x7fffffff) >>> highOffsetBits) & (2 ** clusterBits - 1);
  return { offset, extraSectors: Math.max(0, Math.ceil(((offset % 512) + length) / 512) - 1), length };
}

/** The exact offset that a compressed entry holds: numbers lose digits above 2^53. */
export function exactCompressedOffset(hi: number, lo: number, clusterBits: number, version: number): bigint {
  const bits = version === 1 ? highBitsOfV1(clusterBits) : highBitsOf(clusterBits);
  return exactOf(hi & (2 ** bits - 1), lo);
}

/** Bits of the offset in the high half of an entry. */
function highBitsOf(clusterBits: number): number {
  return 62 - (clusterBits - 8) - 32;
}

function highBitsOfV1(clusterBits: number): number {
  return 63 - clusterBits - 32;
}
