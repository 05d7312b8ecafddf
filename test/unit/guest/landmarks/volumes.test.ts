/** What file systems store says where it lies, and nothing is taken for that which belongs to another one. */
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../../electron/guest/landmarks/crc32c.ts';
import type { NumberedFileSystem, ReadVolume } from '../../../../electron/guest/landmarks/landmark.ts';
import { openFileSystem } from '../../../../electron/guest/landmarks/open-file-system.ts';
import { diskPlace, readerOf } from '../../../../electron/guest/landmarks/volume.ts';
import { volumesOf } from '../../../../electron/guest/landmarks/volumes.ts';
import { GuestBytes } from '../../../support/guest/guest-tables.ts';
import {
  btrfsPieces,
  lvmPieces,
  ntfsBitmap,
  ntfsPieces,
  type Piece,
  xfsDirectoryBlock,
  xfsFreeSpace,
  xfsPieces,
} from '../../../support/guest/numbered-file-systems.ts';

const MIB = 2 ** 20;
const SIZE = 96 * MIB;

/** Reads pieces, and zeros between them. */
function readerOfPieces(pieces: readonly Piece[], size = SIZE): ReadVolume {
  const bytes = new Uint8Array(size);
  for (const [offset, piece] of pieces) bytes.set(piece, offset);
  return (offset, length) => (offset + length > size ? undefined : bytes.slice(offset, offset + length));
}

/** Landmarks that stand where they should, and those that do not. */
function standing(file: NumberedFileSystem, read: ReadVolume): [number, number] {
  const stands = file.landmarks().filter(({ at, length, identify, identity }) => {
    const bytes = read(at, length);
    return bytes !== undefined && identify(bytes) === identity;
  });
  return [stands.length, file.landmarks().length - stands.length];
}

/** What a block says of its place. */
function placesOf(file: NumberedFileSystem | undefined, bytes: Uint8Array): readonly number[] | undefined {
  return file?.placesOf?.(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

it('counts CRC-32C as RFC 3720 does', () => {
  expect(~crc32c(0xffffffff, Buffer.from('123456789')) >>> 0).toBe(0xe3069283);
  expect(~crc32c(0xffffffff, new Uint8Array(32)) >>> 0).toBe(0x8a9136aa);
});

describe('XFS', () => {
  const read = readerOfPieces(xfsPieces(0, SIZE, [8 * MIB, 40 * MIB]));

  it('has a header in each of its groups', () => {
    const file = openFileSystem(read) as NumberedFileSystem;
    expect([file.type, file.size]).toEqual(['xfs', SIZE]);
    expect(standing(file, read)).toEqual([5, 0]);
  });

  it('says in inodes and in blocks where they lie', () => {
    const file = openFileSystem(read);
    expect(placesOf(file, read(8 * MIB, 4096) as Uint8Array)).toEqual([8 * MIB]);
    expect(placesOf(file, (read(40 * MIB, 4096) as Uint8Array).slice(3 * 512))).toEqual([40 * MIB + 3 * 512]);
    expect(placesOf(file, xfsDirectoryBlock(50 * MIB))).toEqual([50 * MIB]);
  });

  it('has everything in use but what its trees of free space name', () => {
    const free = xfsFreeSpace(0, 1, [
      [100, 50],
      [200, 4],
    ]);
    const file = openFileSystem(readerOfPieces([...xfsPieces(0, SIZE, []), ...free]));
    const isUsed = (block: number, blocks: number) => file?.isUsed?.(16 * MIB + block * 4096, blocks * 4096);
    expect([isUsed(99, 1), isUsed(100, 1), isUsed(149, 1), isUsed(150, 1)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([isUsed(100, 50), isUsed(90, 20), isUsed(203, 2)]).toEqual([false, true, true]);
    // Group 2 has no tree that can be read.
    expect(isUsed(4096 + 100, 1)).toBeUndefined();
  });

  it('does not believe blocks of another file system, nor a header of another group', () => {
    const file = openFileSystem(read) as NumberedFileSystem;
    expect(placesOf(file, xfsDirectoryBlock(50 * MIB, 8))).toEqual([]);
    const other = readerOfPieces(xfsPieces(0, SIZE, [], 8));
    expect(standing(file, other)).toEqual([0, 5]);
    const moved: ReadVolume = (offset, length) => read((offset + 16 * MIB) % SIZE, length);
    expect(standing(file, moved)).toEqual([0, 5]);
  });
});

describe('Btrfs', () => {
  const read = readerOfPieces(btrfsPieces(0, SIZE, [0, 5 * MIB]));

  it('has copies of its super block', () => {
    const file = openFileSystem(read) as NumberedFileSystem;
    expect([file.type, file.size]).toEqual(['btrfs', SIZE]);
    expect(standing(file, read)).toEqual([1, 0]);
  });

  it('says in tree blocks where they can lie, by the chunk tree', () => {
    const file = openFileSystem(read);
    expect(placesOf(file, read(45 * MIB, 4096) as Uint8Array)).toEqual([29 * MIB, 45 * MIB]);
    expect(placesOf(file, new Uint8Array(4096))).toEqual([]);
  });
});

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
});

it('NTFS has in use what its bitmap names', () => {
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

it('takes what has the marks of two file systems for none', () => {
  const pieces = [...xfsPieces(0, SIZE, []), ...btrfsPieces(0, SIZE, [])];
  expect(openFileSystem(readerOfPieces(pieces))).toBeUndefined();
  expect(openFileSystem(readerOfPieces([]))).toBeUndefined();
});

describe('volumes', () => {
  const partitions = [
    { type: 0x83, start: 2048, sectors: 4096 },
    { type: 0x05, start: 8192, sectors: 65_536 },
  ];

  /** Where each volume begins on the disk, and its size. */
  function places(bytes: Uint8Array): (readonly [number | undefined, number])[] {
    const read = readerOfPieces([[0, bytes]], bytes.length);
    return volumesOf(read, bytes.length).map(volume => [diskPlace(volume, 0, 1), volume.size]);
  }

  it('are the partitions of a boot record, with those in an extended one', () => {
    const disk = new GuestBytes(48 * MIB).bootRecord(partitions);
    const at = 8192 * 512;
    disk.bootRecord(
      [
        { type: 0x83, start: 64, sectors: 100 },
        { type: 0x05, start: 1000, sectors: 900 },
      ],
      { at },
    );
    disk.bootRecord(
      [
        { type: 0x83, start: 8, sectors: 200 },
        { type: 0x05, start: 0, sectors: 900 },
      ],
      {
        at: at + 1000 * 512,
      },
    );
    expect(places(disk.bytes)).toEqual([
      [2048 * 512, 4096 * 512],
      [at + 64 * 512, 100 * 512],
      [at + 1008 * 512, 200 * 512],
    ]);
  });

  it('are the partitions of either copy of a GPT, and none where both are damaged', () => {
    const disk = new GuestBytes(8 * MIB).gpt([{ first: 2048, last: 4095 }]);
    expect(places(disk.bytes)).toEqual([[MIB, MIB]]);
    disk.u32(512 + 40, 99);
    expect(places(disk.bytes)).toEqual([[MIB, MIB]]);
    disk.u32(8 * MIB - 512 + 40, 99);
    expect(places(disk.bytes)).toEqual([]);
  });

  it('are the disk itself where nothing divides it', () => {
    expect(places(new Uint8Array(MIB))).toEqual([[0, MIB]]);
  });

  it('of LVM lie where its metadata says, in as many pieces as it has', () => {
    const segments = [
      [0, 2, 1],
      [2, 3, 10],
    ] as const;
    const read = readerOfPieces([
      [0, new GuestBytes(512).bootRecord([{ type: 0x8e, start: 2048, sectors: 180_000 }]).bytes],
      ...lvmPieces(MIB, segments),
    ]);
    const [volume, ...others] = volumesOf(read, SIZE);
    expect(others).toEqual([]);
    expect(volume).toEqual({
      size: 20 * MIB,
      segments: [
        { start: 0, length: 8 * MIB, disk: 6 * MIB },
        { start: 8 * MIB, length: 12 * MIB, disk: 42 * MIB },
      ],
    });
    if (volume === undefined) return;
    expect(diskPlace(volume, 8 * MIB - 1, 2)).toBeUndefined();
    expect(readerOf(volume, read)(8 * MIB - 1, 2)).toBeUndefined();
  });

  it('of LVM whose metadata is damaged are not known', () => {
    const pieces = lvmPieces(0, [[0, 2, 1]]);
    const label = pieces.slice(0, 1);
    expect(volumesOf(readerOfPieces(pieces), SIZE)).toHaveLength(1);
    expect(volumesOf(readerOfPieces(label), SIZE)).toEqual([]);
  });
});
