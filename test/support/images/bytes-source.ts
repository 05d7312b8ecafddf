import { memorySource } from '../../../electron/qcow2/read/memory-source.ts';
import type { ImageSource } from '../../../electron/qcow2/read/source.ts';

/** A source of these bytes and nothing else. */
export function bytesSource(bytes: Uint8Array, path = ''): ImageSource {
  return memorySource({ path, size: bytes.length, pieces: [{ offset: 0, bytes }], between: 'zeros' });
}
