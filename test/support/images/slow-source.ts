/** Storage that takes its time: every read of an image lasts at least a millisecond, however many are under way. */
import { type FileSource, fileSource } from '../../../electron/qcow2/read/file-source.ts';
import type { ImageSource, SourceHandle } from '../../../electron/qcow2/read/source.ts';

/** How a slow source was read. */
export interface SlowReads {
  /** Reads that blocked the thread, those that did not, and most of these under way at once. */
  blocking: number;
  waiting: number;
  mostAtOnce: number;
}

/** Opens sources whose reads take `ms` milliseconds; those with `later` can read without blocking. */
export function slowSources(
  ms: number,
  later: boolean,
): { readonly open: (handle: SourceHandle) => ImageSource; readonly reads: SlowReads } {
  const reads: SlowReads = { blocking: 0, waiting: 0, mostAtOnce: 0 };
  const bell = new Int32Array(new SharedArrayBuffer(4));
  let underWay = 0;
  const open = (handle: SourceHandle): ImageSource => {
    const file: FileSource = fileSource(handle);
    const readAt = (into: Uint8Array, position: number) => {
      reads.blocking++;
      Atomics.wait(bell, 0, 0, ms);
      return file.readAt(into, position);
    };
    const readLater = async (into: Uint8Array, position: number) => {
      reads.waiting++;
      reads.mostAtOnce = Math.max(reads.mostAtOnce, ++underWay);
      const taken = new Promise(resolve => setTimeout(resolve, ms));
      const [got] = await Promise.all([fileLater!(into, position), taken]);
      underWay--;
      return got;
    };
    const { readLater: fileLater, ...rest } = file;
    return later ? { ...rest, readAt, readLater } : { ...rest, readAt };
  };
  return { open, reads };
}
