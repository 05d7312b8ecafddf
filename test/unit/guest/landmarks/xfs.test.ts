import { describe, expect, it } from 'vitest';
import type { NumberedFileSystem, ReadVolume } from '../../../../electron/guest/landmarks/landmark.ts';
import { openFileSystem } from '../../../../electron/guest/landmarks/open-file-system.ts';
import { GuestBytes } from '../../../support/guest/guest-tables.ts';
import {
  type Piece,
  xfsDirectoryBlock,
  xfsFreeSpace,
  xfsPieces,
} from '../../../support/guest/numbered-file-systems.ts';
import {
  placesOf,
  readerOfPieces,
  VOLUME_SIZE as SIZE,
  standing,
} from '../../../support/guest/read-pieces.ts';

const MIB = 2 ** 20;

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

  it('takes what has allocation groups of less than 16 MiB for none', () => {
    const [[, first] = [0, new Uint8Array()]] = xfsPieces(0, SIZE, []);
    const header = new GuestBytes(2048).put(0, first);
    expect(openFileSystem(readerOfPieces([[0, header.bytes]]))?.type).toBe('xfs');
    header.u64(8, 6, false).u32(84, 1, false);
    expect(openFileSystem(readerOfPieces([[0, header.bytes]]))).toBeUndefined();
  });

  it('gives trees of free space up that lead to the same blocks again and again, for all groups together', () => {
    // Blocks 4 to 7 of each group: each names the next one 300 times, and the last one has no records.
    const trees = [1, 2, 3, 4, 5].flatMap(group =>
      [3, 2, 1, 0].map((level, i): Piece => {
        const block = new GuestBytes(4096)
          .put(0, 'AB3B')
          .u16(4, level, false)
          .u16(6, level === 0 ? 0 : 300, false);
        const pointers = 56 + Math.floor((4096 - 56) / 12) * 8;
        for (let at = pointers; level > 0 && at < pointers + 1200; at += 4) block.u32(at, 5 + i, false);
        return [group * 16 * MIB + (4 + i) * 4096, block.bytes];
      }),
    );
    const roots = [1, 2, 3, 4, 5].map((group): Piece => {
      const fields = new GuestBytes(16).u32(0, 4, false).u32(12, 4, false);
      return [group * 16 * MIB + 512 + 16, fields.bytes];
    });
    const disk = readerOfPieces([...xfsPieces(0, SIZE, []), ...roots, ...trees]);
    let reads = 0;
    const file = openFileSystem((offset, length) => {
      reads++;
      return disk(offset, length);
    });
    for (let group = 1; group <= 5; group++) expect(file?.isUsed?.(group * 16 * MIB, 4096)).toBeUndefined();
    expect(reads).toBeGreaterThan(10_000);
    expect(reads).toBeLessThan(17_000);
  });
});
