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
});
