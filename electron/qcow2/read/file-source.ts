/** Files and block devices as sources: the one file of the reader and the engine that knows the system. */
import { fstatSync, read, readSync } from 'node:fs';
import type { ImageSource, SourceHandle } from './source.ts';

/** A file that was opened read-only by its owner and stays open. Valid in every thread of the process. */
export interface FileSource extends ImageSource, SourceHandle {}

/** The source of an open descriptor. Nothing is closed here. */
export function fileSource({ fd, size, path }: SourceHandle): FileSource {
  return {
    fd,
    size,
    path,
    readAt: (into, position) => readSync(fd, into, 0, into.length, position),
    readLater: (into, position) =>
      new Promise((resolve, reject) => {
        read(fd, into, 0, into.length, position, (error, got) =>
          error === null ? resolve(got) : reject(error),
        );
      }),
    currentSize() {
      const stat = fstatSync(fd);
      return stat.isFile() ? stat.size : size; // a device's stat says 0
    },
    bytesOnDisk() {
      const stat = fstatSync(fd);
      return stat.isFile() && typeof stat.blocks === 'number' ? stat.blocks * 512 : -1;
    },
  };
}
