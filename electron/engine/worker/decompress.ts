/** Decompression of clusters, by what this Node offers. */
import zlib from 'node:zlib';
import type { DeepOptions, TryDecompress } from '../../qcow2/check/deep.ts';
import type { Compression } from '../../qcow2/format/compressed.ts';
import { zstdFrameEnd } from '../../qcow2/format/zstd-frame.ts';

/** Node 22.15 and later decompress zstd; the types may be older than that. */
const zstd: unknown = Reflect.get(zlib, 'zstdDecompressSync');

/** The ways to compress that can be undone here. */
export const KNOWN_COMPRESSIONS: readonly Compression[] =
  typeof zstd === 'function' ? ['zlib', 'zstd'] : ['zlib'];

/**
 * As qemu's qcow2_zlib_decompress and qcow2_zstd_decompress: a stream is good when it fills the cluster, whatever comes
 * after; the window of deflate has 2^12 bytes. What deflate holds beyond the cluster is passed over, and what zstd does is
 * an error.
 */
export const tryDecompress: TryDecompress = (bytes, size, compression) => {
  try {
    const out = decompressCluster(bytes, size, compression);
    return out.length === size ? undefined : `it ends after ${out.length} of ${size} bytes`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isLonger = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    if (isLonger) return compression === 'zlib' ? undefined : `it holds more than ${size} bytes`;
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
  return inflateFrames(bytes, size, (frame, room) => zstd(frame, { maxOutputLength: room }));
}

/**
 * The content of the zstd frames at the beginning of `bytes` until it fills `size` bytes; fewer where the frames hold
 * less. `inflate` is given one whole frame and how much it may hold. Throws what it throws, and where no whole frame is.
 */
export function inflateFrames(
  bytes: Uint8Array,
  size: number,
  inflate: (frame: Uint8Array, room: number) => Uint8Array,
): Uint8Array {
  const out = new Uint8Array(size);
  let done = 0;
  for (let at = 0; done < size; ) {
    const end = zstdFrameEnd(bytes, at);
    if (end < 0 && at > 0) break;
    if (end < 0) throw new Error('it does not begin with a whole zstd frame');
    const part = inflate(bytes.subarray(at, end), size - done);
    out.set(part, done);
    done += part.length;
    at = end;
  }
  return out.subarray(0, done);
}
