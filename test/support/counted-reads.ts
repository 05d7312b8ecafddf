/** Counts the bytes that a test's code asks the system for. */

/** Bytes asked for since the count was set back. */
export const asked = { bytes: 0 };

/** node:fs with a readSync that counts, for `vi.mock`. */
export function countingReads(fs: typeof import('node:fs')): typeof import('node:fs') {
  return {
    ...fs,
    readSync: (fd: number, into: Uint8Array, at: number, length: number, position: number) => {
      asked.bytes += length;
      return fs.readSync(fd, into, at, length, position);
    },
  } as typeof import('node:fs');
}
