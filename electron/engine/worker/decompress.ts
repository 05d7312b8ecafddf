/** Decompression of clusters: deflate by Node, zstd by one decoder on every Node. */
import zlib from 'node:zlib';
import type { DeepOptions } from '../../qcow2/check/deep.ts';
import type { Compression, Decompress } from '../../qcow2/format/compressed.ts';
import { type InflateFrame, inflateFrames } from '../../qcow2/format/zstd-stream.ts';

/** Gets ready what decompresses in these ways, and resolves with it. It throws for others. */
export async function loadDecompress(
  compressions: readonly (Compression | undefined)[],
): Promise<Decompress> {
  const inflateFrame = compressions.includes('zstd') ? await loadZstd() : undefined;
  return (bytes, size, compression) => {
    if (compression === 'zlib') return inflateZlib(bytes, size);
    if (inflateFrame === undefined) throw new Error('zstd was not loaded');
    return inflateFrames(bytes, size, inflateFrame);
  };
}

/** How a deep check decompresses an image that is compressed in that way. */
export async function loadDeepOptions(compression: Compression | undefined): Promise<DeepOptions> {
  if (compression === undefined) return { tryDecompress: undefined };
  const decompress = await loadDecompress([compression]);
  return { tryDecompress: (bytes, size) => failureOf(decompress, bytes, size, compression) };
}

/**
 * As qemu's qcow2_zlib_decompress and qcow2_zstd_decompress: a stream is good when it fills the cluster, whatever comes
 * after; the window of deflate has 2^12 bytes. What deflate holds beyond the cluster is passed over, and what zstd does is
 * an error.
 */
function failureOf(
  decompress: Decompress,
  bytes: Uint8Array,
  size: number,
  compression: Compression,
): string | undefined {
  try {
    const out = decompress(bytes, size, compression);
    return out.length === size ? undefined : `it ends after ${out.length} of ${size} bytes`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' ? undefined : error.message;
  }
}

function inflateZlib(bytes: Uint8Array, size: number): Uint8Array {
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  return zlib.inflateRawSync(bytes, { windowBits: 12, finishFlush, maxOutputLength: size });
}

let zstd: Promise<InflateFrame> | undefined;

/** Loaded once, when the first image with zstd is met. */
function loadZstd(): Promise<InflateFrame> {
  zstd ??= import('./zstd-decoder.ts').then(({ loadZstdDecoder }) => loadZstdDecoder());
  return zstd;
}
