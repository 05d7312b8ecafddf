/** Where the bytes of an image come from: the only way anything in this folder reads. */
import { CowscopeError, errorRecord } from '../../../shared/error.ts';
import { MAX_OFFSET } from '../../../shared/extent/table.ts';
import { formatOffset } from '../../../shared/text/offset.ts';

/** The bytes of one file, device or capture, read-only. */
export interface ImageSource {
  /** For messages only: a source opens nothing by its name. */
  readonly path: string;
  /** Length in bytes when it was opened. */
  readonly size: number;
  /**
   * Copies bytes at `position` into `into`; returns how many, fewer than asked only for a reason of the system's, and 0
   * only at the end. Throws the system's error, or NOT_CAPTURED where a capture does not hold these bytes.
   */
  readAt(into: Uint8Array, position: number): number;
  /** As {@link readAt}, without blocking the thread: many may be under way. Absent where reading never waits. */
  readLater?(into: Uint8Array, position: number): Promise<number>;
  /** Length now: a file may have grown or shrunk since it was opened. Throws the system's error. */
  currentSize(): number;
  /** Bytes that it occupies on its disk now, -1 where that is not known. Throws the system's error. */
  bytesOnDisk(): number;
  /**
   * The first stretch at or after `position` that may hold something other than zeros; undefined where only zeros
   * follow. Absent where holes are not known: Node has no SEEK_HOLE.
   */
  nextData?(position: number): DataSegment | undefined;
  /**
   * Of a capture: the end of the stretch of bytes that it holds at `position`; `position` itself where it holds none. Absent
   * where every byte up to the end can be read.
   */
  heldUpTo?(position: number): number;
}

/** Bytes [start, end) of a source. */
export interface DataSegment {
  readonly start: number;
  readonly end: number;
}

/** What names a source to the thread that reads it: plain data that crosses threads. */
export interface SourceHandle {
  /** A descriptor of the process that is open for reading; an in-memory source is known by any number. */
  readonly fd: number;
  /** Length in bytes when it was opened. */
  readonly size: number;
  readonly path: string;
  /** Of a layer in a capture, whose descriptor is that of the capture: where the captured bytes lie in it. */
  readonly frames?: FrameIndex;
}

/** Where a capture keeps the bytes of one layer, a place in each list for each frame, in ascending order and apart. */
export interface FrameIndex {
  /** Bytes [start, end) of the layer's file that the frame holds. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** How the frame is coded: docs/formats/capture.md. */
  readonly codecs: Uint8Array;
  /** Where its coded bytes lie in the capture, and how many there are. */
  readonly positions: Float64Array;
  readonly lengths: Uint32Array;
  /** Bytes that the layer's file occupied on its disk; -1 where that was not known. */
  readonly bytesOnDisk: number;
}

/** Makes the source that a handle names. */
export type OpenSource = (handle: SourceHandle) => ImageSource;

/**
 * Reads at `position` until `into` is full; returns the bytes read, fewer only where the file ends. The rest of `into`
 * is zeros then, which is how qemu reads past the end.
 * Throws QCOW2_READ_FAILED when the system reports an error, or NOT_CAPTURED.
 */
export function readFully(source: ImageSource, into: Uint8Array, position: number): number {
  let done = 0;
  try {
    while (done < into.length && position + done <= MAX_OFFSET) {
      const got = source.readAt(done === 0 ? into : into.subarray(done), position + done);
      if (got === 0) break;
      done += got;
    }
  } catch (error) {
    throw readFailed(source, position + done, error);
  }
  if (done < into.length) into.fill(0, done);
  return done;
}

/** Bytes [position, position + length) of the image; past its end they are missing. `length` must be bounded by the caller. */
export function readBytes(source: ImageSource, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeNow(source) - position)));
  const got = readFully(source, bytes, position);
  return got === bytes.length ? bytes : bytes.subarray(0, got);
}

/**
 * As {@link readBytes} with `wanted` bytes, of which only the first `needed` have to be there: where a capture holds no more,
 * the bytes end before the others.
 */
export function readAhead(source: ImageSource, position: number, needed: number, wanted: number): Uint8Array {
  const held = source.heldUpTo?.(position) ?? Number.POSITIVE_INFINITY;
  return readBytes(source, position, Math.max(needed, Math.min(wanted, held - position)));
}

/** Length of the source now in bytes. Throws QCOW2_READ_FAILED. */
export function sizeNow(source: ImageSource): number {
  try {
    return source.currentSize();
  } catch (error) {
    throw readFailed(source, 0, error);
  }
}

/** The error of bytes that a capture does not hold. */
export function notCaptured(path: string, position: number): CowscopeError {
  return new CowscopeError({
    code: 'NOT_CAPTURED',
    what: `the capture does not hold the bytes at offset ${formatOffset(position)}`,
    subject: path,
    advice: 'capture the image again, or open the image itself',
  });
}

function readFailed(source: ImageSource, position: number, cause: unknown): CowscopeError {
  if (cause instanceof CowscopeError) return cause;
  return new CowscopeError(
    {
      code: 'QCOW2_READ_FAILED',
      what: `the file could not be read at offset ${formatOffset(position)}: ${errorRecord(cause).what}`,
      subject: source.path,
      advice: 'check the disk or the file system that holds the file',
    },
    { cause },
  );
}
