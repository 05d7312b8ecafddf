/** Whether a file is a capture, without opening it as one. */
import type { FileHandle } from 'node:fs/promises';
import { CAPTURE_MAGIC } from '../../capture/format.ts';

/** True if a file begins as a capture does. Never rejects: what cannot be read is met again where it is opened. */
export async function startsAsCapture(handle: FileHandle): Promise<boolean> {
  const bytes = Buffer.alloc(CAPTURE_MAGIC.length);
  await handle.read(bytes, 0, bytes.length, 0).catch(() => {});
  return bytes.toString('latin1') === CAPTURE_MAGIC;
}
