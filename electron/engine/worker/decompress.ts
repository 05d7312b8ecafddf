/** Decompression of clusters: deflate by Node, zstd by one decoder on every Node. */
import zlib from 'node:zlib';
import type { DeepOptions } from '../../qcow2/check/deep.ts';
import type { Compression, Decompress } from '../../qcow2/format/compressed.ts';
import { type InflateFrame, inflateFrames } from '../../qcow2/format/zstd-stream.ts';

/** Bytes of output for one byte of a deflate stream, rounded up: 8 repetitions of 258 bytes. */
const OUTPUT_BYTES_PER_BYTE = 4096;

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
    return error.message;
  }
}

/** As qemu, which takes what fills the cluster of a stream that holds more. */
function inflateZlib(bytes: Uint8Array, size: number): Uint8Array {
  const whole = inflateUpTo(bytes, size);
  if (whole !== undefined) return whole;
  // Node gives nothing of an output that is too long: the part of the stream that fills the cluster is looked for.
  let short = 0;
  let long = bytes.length;
  while (long - short > 1) {
    const middle = (short + long) >>> 1;
    const part = inflateUpTo(bytes.subarray(0, middle), size + OUTPUT_BYTES_PER_BYTE);
    if (part === undefined) long = middle;
    else if (part.length < size) short = middle;
    else return part.subarray(0, size);
  }
  throw new Error('it holds more than its cluster');
}

/** What a stream holds; undefined where that is more than `most` bytes. Throws what the library throws. */
function inflateUpTo(bytes: Uint8Array, most: number): Uint8Array | undefined {
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  try {
    return zlib.inflateRawSync(bytes, { windowBits: 12, finishFlush, maxOutputLength: most });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}

let zstd: Promise<InflateFrame> | undefined;

/** Loaded once, when the first image with zstd is met. */
function loadZstd(): Promise<InflateFrame> {
  zstd ??= import('./zstd-decoder.ts').then(({ loadZstdDecoder }) => loadZstdDecoder());
  return zstd;
}
