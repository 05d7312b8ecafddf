/** Decompression of clusters, by what this Node offers. */
import zlib from 'node:zlib';
import type { Compression, DeepOptions, TryDecompress } from '../../qcow2/check/deep.ts';

/** Node 22.15 and later decompress zstd; the types may be older than that. */
const zstd: unknown = Reflect.get(zlib, 'zstdDecompressSync');

/** The ways to compress that can be undone here. */
export const KNOWN_COMPRESSIONS: readonly Compression[] =
  typeof zstd === 'function' ? ['zlib', 'zstd'] : ['zlib'];

/**
 * As qemu's qcow2_zlib_decompress and qcow2_zstd_decompress: a stream is good when it fills the cluster, whatever comes
 * after; the window of deflate has 2^12 bytes.
 */
export const tryDecompress: TryDecompress = (bytes, size, compression) => {
  try {
    const out = decompressCluster(bytes, size, compression);
    return out.length === size ? undefined : `it ends after ${out.length} of ${size} bytes`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // More than a cluster: qemu stops there, too, and is content.
    if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    return error.message;
  }
};

/** How a deep check decompresses here. */
export const DEEP_OPTIONS: DeepOptions = { tryDecompress, known: KNOWN_COMPRESSIONS };

/** The bytes of a compressed cluster of `size` bytes, fewer where the stream ends early. Throws what the library throws. */
export function decompressCluster(bytes: Uint8Array, size: number, compression: Compression): Uint8Array {
  if (compression === 'zstd') return inflateZstd(bytes, size);
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  return zlib.inflateRawSync(bytes, { windowBits: 12, finishFlush, maxOutputLength: size });
}

function inflateZstd(bytes: Uint8Array, size: number): Uint8Array {
  if (typeof zstd !== 'function') throw new Error('zstd is not known here');
  return zstd(bytes, { maxOutputLength: size });
}
