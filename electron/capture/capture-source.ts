/** The captured bytes of one layer, as the source that the reader reads. What was not captured is an error, never zeros. */
import { readSync } from 'node:fs';
import { CowscopeError } from '../../shared/error.ts';
import { formatOffset } from '../../shared/text/offset.ts';
import type { FileSource } from '../qcow2/read/file-source.ts';
import { type FrameIndex, notCaptured, type SourceHandle } from '../qcow2/read/source.ts';
import { CODEC } from './format.ts';
import { decodePlanes } from './planes.ts';

/** Decoded frames that a source keeps: 8 MiB at most. */
const MAX_KEPT_FRAMES = 32;

/** The source of a layer in a capture that is open at the handle's descriptor. */
export function captureSource({ fd, size, path, frames }: SourceHandle & { frames: FrameIndex }): FileSource {
  const kept = new Map<number, Uint8Array>();

  /** The bytes of a frame. Throws CAPTURE_DAMAGED. */
  function decoded(frame: number): Uint8Array {
    const known = kept.get(frame);
    if (known !== undefined) return known;
    const bytes = decodeFrame(fd, frames, frame);
    if (bytes === undefined) throw damaged(path, frames.starts[frame] as number);
    if (kept.size === MAX_KEPT_FRAMES) for (const [oldest] of [...kept].slice(0, 1)) kept.delete(oldest);
    kept.set(frame, bytes);
    return bytes;
  }

  return {
    fd,
    size,
    path,
    frames,
    readAt(into, position) {
      if (position >= size || into.length === 0) return 0;
      const frame = frameAt(frames, position);
      if (frame < 0) throw notCaptured(path, position);
      const end = Math.min(size, frames.ends[frame] as number, position + into.length);
      const piece = into.subarray(0, end - position);
      if (frames.codecs[frame] === CODEC.zeros) piece.fill(0);
      else {
        const from = position - (frames.starts[frame] as number);
        piece.set(decoded(frame).subarray(from, from + piece.length));
      }
      return piece.length;
    },
    currentSize: () => size,
    bytesOnDisk: () => frames.bytesOnDisk,
    heldUpTo(position) {
      if (position >= size) return Number.POSITIVE_INFINITY; // the end of the file is known
      let end = position;
      let frame = frameAt(frames, position);
      for (; frame >= 0 && (frames.starts[frame] ?? size) <= end && end < position + MAX_HELD_BYTES; frame++)
        end = frames.ends[frame] as number;
      return end >= size ? Number.POSITIVE_INFINITY : end;
    },
  };
}

/** Bytes that are looked ahead for the end of what is held. */
const MAX_HELD_BYTES = 2 ** 22;

/** The frame that holds the byte at `position`, -1 where none does. */
function frameAt({ starts, ends }: FrameIndex, position: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) > position) high = middle;
    else low = middle + 1;
  }
  return low < starts.length && (starts[low] as number) <= position ? low : -1;
}

function decodeFrame(fd: number, frames: FrameIndex, frame: number): Uint8Array | undefined {
  const length = (frames.ends[frame] as number) - (frames.starts[frame] as number);
  const stored = new Uint8Array(frames.lengths[frame] as number);
  let done = 0;
  while (done < stored.length) {
    const got = readSync(fd, stored, done, stored.length - done, (frames.positions[frame] as number) + done);
    if (got === 0) return undefined;
    done += got;
  }
  const codec = frames.codecs[frame];
  if (codec === CODEC.plain) return stored.length === length ? stored : undefined;
  return decodePlanes(stored, length, codec === CODEC.widePlanes ? 2 : 1);
}

function damaged(path: string, position: number): CowscopeError {
  return new CowscopeError({
    code: 'CAPTURE_DAMAGED',
    what: `the captured bytes at offset ${formatOffset(position)} cannot be decoded`,
    subject: path,
    advice: 'ask for the capture again: it was changed on its way',
  });
}
