/** An opened image file: the only way anything in this folder reads bytes. */
import { fstatSync, readSync } from 'node:fs';
import { CowscopeError, errorRecord } from '../../../shared/error.ts';
import { MAX_OFFSET } from '../../../shared/extent/table.ts';

/** An image that somebody else opened read-only and keeps open. Valid in every thread of the process. */
export interface ImageSource {
  readonly fd: number;
  /** Length of the file or block device in bytes when it was opened. */
  readonly size: number;
  /** For messages only: nothing here opens a file by its name. */
  readonly path: string;
}

/**
 * Reads at `position` until `into` is full; returns the bytes read, fewer only where the file ends. The rest of `into`
 * is zeros then, which is how qemu reads past the end.
 * Throws QCOW2_READ_FAILED when the system reports an error.
 */
export function readFully(source: ImageSource, into: Uint8Array, position: number): number {
  let done = 0;
  try {
    while (done < into.length && position + done <= MAX_OFFSET) {
      const got = readSync(source.fd, into, done, into.length - done, position + done);
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

/** Length of the file now: it may have grown or shrunk since it was opened. For block devices the length given. */
export function sizeNow(source: ImageSource): number {
  try {
    const stat = fstatSync(source.fd);
    return stat.isFile() ? stat.size : source.size;
  } catch (error) {
    throw readFailed(source, 0, error);
  }
}

function readFailed(source: ImageSource, position: number, cause: unknown): CowscopeError {
  return new CowscopeError(
    {
      code: 'QCOW2_READ_FAILED',
      what: `the file could not be read at offset ${position}: ${errorRecord(cause).what}`,
      subject: source.path,
      advice: 'check the disk or the file system that holds the file',
    },
    { cause },
  );
}
