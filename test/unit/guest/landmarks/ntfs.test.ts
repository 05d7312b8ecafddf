import { describe, expect, it } from 'vitest';
import type { NumberedFileSystem, ReadVolume } from '../../../../electron/guest/landmarks/landmark.ts';
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

  it('knows its file table from that of another volume by the time when it was made', () => {
    const pieces = ntfsPieces(0, SIZE, [64 * MIB, 16 * MIB], 8192);
    const read = readerOfPieces(pieces);
    const others = ntfsPieces(0, SIZE, [64 * MIB, 16 * MIB], 8192, 2n);
    const table = others.filter(([at]) => at === 64 * MIB);
    const file = openFileSystem(read) as NumberedFileSystem;
    expect(standing(file, read)).toEqual([3, 0]);
    expect(standing(file, readerOfPieces([...pieces, ...table]))).toEqual([2, 1]);
    // Neither the table nor the copy of its first record is known.
    const unknown: ReadVolume = (offset, length) => (offset >= 8192 ? undefined : read(offset, length));
    expect(openFileSystem(unknown)?.landmarks()).toHaveLength(1);
  });

  it('has copies of as many records as a cluster holds', () => {
    const pieces = ntfsPieces(0, SIZE, [64 * MIB, 16 * MIB], 0);
    const [[, boot] = [0, new Uint8Array()]] = pieces;
    const places = (sectorsOfCluster: number, number: number) => {
      const sector = Uint8Array.from(boot);
      sector[13] = sectorsOfCluster;
      new DataView(sector.buffer).setUint32(0x30, (64 * MIB) / (512 * sectorsOfCluster), true);
      const own = readerOfPieces(pieces)(64 * MIB, 1024) as Uint8Array;
      new DataView(own.buffer).setUint32(0xda, (64 * MIB) / (512 * sectorsOfCluster), true);
      const disk = readerOfPieces([...pieces, [0, sector], [64 * MIB, own]]);
      return placesOf(openFileSystem(disk), disk(64 * MIB + number * 1024, 1024) as Uint8Array);
    };
    expect([places(8, 3), places(8, 4)]).toEqual([[], [64 * MIB + 4 * 1024]]);
    expect([places(128, 4), places(128, 63)]).toEqual([[], []]);
  });
});
