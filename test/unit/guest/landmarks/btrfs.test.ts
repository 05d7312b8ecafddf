import { describe, expect, it } from 'vitest';
import type { NumberedFileSystem } from '../../../../electron/guest/landmarks/landmark.ts';
import { openFileSystem } from '../../../../electron/guest/landmarks/open-file-system.ts';
import { btrfsPieces } from '../../../support/guest/numbered-file-systems.ts';
import {
  placesOf,
  readerOfPieces,
  VOLUME_SIZE as SIZE,
  standing,
} from '../../../support/guest/read-pieces.ts';

const MIB = 2 ** 20;

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

  it('takes a copy of its super block, which has an address where tree blocks have theirs, for no tree block', () => {
    const read = readerOfPieces(btrfsPieces(0, SIZE, []));
    // There are tree blocks at the address 64 MiB, which is the place of the copy.
    expect(placesOf(openFileSystem(read), read(64 * MIB, 4096) as Uint8Array)).toEqual([]);
  });

  it('has no tree blocks in chunks of data, in whose place there may have been one of metadata', () => {
    const pieces = btrfsPieces(0, SIZE, [0]);
    const leaf = pieces.find(([at]) => at === MIB + 16 * 1024)?.[1] as Uint8Array;
    const tree = readerOfPieces(pieces)(24 * MIB, 4096) as Uint8Array;
    const typeAt = 101 + 8000 + 24;
    expect(leaf[typeAt]).toBe(0x24);
    leaf[typeAt] = 0x21;
    expect(placesOf(openFileSystem(readerOfPieces(pieces)), tree)).toEqual([]);
  });
});
