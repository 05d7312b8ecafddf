/** The content of a cluster that is compressed with zstd, frame by frame. */
import { type ZstdFrame, zstdFrameAt } from './zstd-frame.ts';

/** Decompresses one whole frame into at most `room` bytes. Returns no bytes where it cannot. */
export type InflateFrame = (frame: Uint8Array, room: number) => Uint8Array;

/** A decoder of streams refuses frames that need more history. Source: zstd, ZSTD_WINDOWLOG_LIMIT_DEFAULT. */
const MAX_WINDOW_BYTES = 2 ** 27;

/**
 * The content of the frames at the beginning of `bytes` until it fills `size` bytes; fewer where the frames hold less.
 * Throws what `inflate` throws, and an Error with the reason.
 */
export function inflateFrames(bytes: Uint8Array, size: number, inflate: InflateFrame): Uint8Array {
  const out = new Uint8Array(size);
  let done = 0;
  for (let at = 0; done < size; ) {
    const frame = zstdFrameAt(bytes, at);
    if (frame === undefined && at > 0) break;
    if (frame === undefined) throw new Error('it does not begin with a whole zstd frame');
    if (!frame.isEmpty) {
      checkFrame(frame, size - done);
      const part = inflate(bytes.subarray(at, frame.end), size - done);
      if (part.length === 0) throw new Error('zstd cannot decompress it');
      out.set(part, done);
      done += part.length;
    }
    at = frame.end;
  }
  return out.subarray(0, done);
}

/** Throws where a frame holds more than fits, or needs more memory than a decoder gives it. */
function checkFrame({ contentSize, windowSize }: ZstdFrame, room: number): void {
  if (contentSize !== undefined && contentSize > room) throw new Error('it holds more than its cluster');
  if (contentSize === undefined && windowSize > MAX_WINDOW_BYTES)
    throw new Error(`it needs a window of ${windowSize} bytes`);
}
