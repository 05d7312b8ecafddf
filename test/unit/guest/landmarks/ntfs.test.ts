import { describe, expect, it } from 'vitest';
import type { NumberedFileSystem } from '../../../../electron/guest/landmarks/landmark.ts';
import { openFileSystem } from '../../../../electron/guest/landmarks/open-file-system.ts';
import { ntfsBitmap, ntfsPieces } from '../../../support/guest/numbered-file-systems.ts';
import {
  placesOf,
  readerOfPieces,
  VOLUME_SIZE as SIZE,
  standing,
} from '../../../support/guest/read-pieces.ts';

const MIB = 2 ** 20;

describe('NTFS', () => {
  const read = readerOfPieces(ntfsPieces(0, SIZE, [64 * MIB, 16 * MIB], 48 * MIB));

  it('has a copy of its boot sector behind it, and the table of files where the boot sector says', () => {
    const file = openFileSystem(read) as NumberedFileSystem;
    expect([file.type, file.size]).toEqual(['ntfs', SIZE]);
    expect(standing(file, read)).toEqual([3, 0]);
  });

  it('numbers the records of its table, whose first ones have copies', () => {
    const file = openFileSystem(read);
    const record = (at: number) => placesOf(file, read(at, 1024) as Uint8Array);
    expect(record(64 * MIB)).toEqual([]);
    expect(record(64 * MIB + 9 * 1024)).toEqual([64 * MIB + 9 * 1024]);
    expect(record(16 * MIB + 5 * 1024)).toEqual([16 * MIB + 5 * 1024]);
    expect(record(20 * MIB)).toEqual([]);
  });

  it('has in use what its bitmap names', () => {
    const pieces = ntfsPieces(0, SIZE, [64 * MIB, 16 * MIB], 48 * MIB);
    const bitmap = ntfsBitmap(0, 64 * MIB, 8 * MIB, [
      [3, 2],
      [100, 8],
    ]);
    const file = openFileSystem(readerOfPieces([...pieces, ...bitmap]));
    const isUsed = (cluster: number, clusters: number) => file?.isUsed?.(cluster * 4096, clusters * 4096);
    expect([isUsed(2, 1), isUsed(3, 1), isUsed(4, 1), isUsed(5, 1)]).toEqual([false, true, true, false]);
    expect([isUsed(5, 95), isUsed(5, 96), isUsed(107, 1), isUsed(108, 100)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(openFileSystem(readerOfPieces(pieces))?.isUsed?.(0, 4096)).toBeUndefined();
  });
});
