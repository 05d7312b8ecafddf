import { describe, expect, it } from 'vitest';
import { UNNUMBERED } from '../../../../electron/guest/landmarks/landmark.ts';
import { openFileSystem } from '../../../../electron/guest/landmarks/open-file-system.ts';
import { GuestBytes } from '../../../support/guest/guest-tables.ts';
import type { Piece } from '../../../support/guest/numbered-file-systems.ts';
import { readerOfPieces } from '../../../support/guest/read-pieces.ts';

/** An ext4 of 1 KiB blocks with a copy of its super block in group 1. */
function extPieces(change: (first: GuestBytes, copy: GuestBytes) => void = () => {}): Piece[] {
  const [first, copy] = [0, 1].map(group => {
    const block = new GuestBytes(1024).u32(4, 65_536).u32(0x14, 1).u32(0x20, 8192).u32(0x24, 8192);
    block.u32(0x28, 2048).u16(0x38, 0xef53).u32(0x4c, 1).u16(0x58, 256).u16(0x5a, group);
    return block.u32(0x60, 0x80).u32(0x64, 0x401).u16(0xfe, 64).put(0x68, new Uint8Array(16).fill(5));
  }) as [GuestBytes, GuestBytes];
  // The bitmap of the blocks of group 0 is block 100, and its checksum is 0.
  const groups = new GuestBytes(4096).u32(0, 100).u32(8, 200);
  change(first, copy);
  return [
    [1024, first.bytes],
    [8193 * 1024, copy.bytes],
    [2048, groups.bytes],
  ];
}

describe('ext4', () => {
  /** What the first landmark makes of the copy. */
  function saidOfCopy(pieces: readonly Piece[]): string | undefined {
    const read = readerOfPieces(pieces);
    const [landmark] = openFileSystem(read)?.landmarks() ?? [];
    return landmark?.identify(read(landmark.at, landmark.length) as Uint8Array);
  }

  it('has copies of its super block that say the number of their group', () => {
    const read = readerOfPieces(extPieces());
    const [landmark] = openFileSystem(read)?.landmarks() ?? [];
    expect(landmark?.at).toBe(8193 * 1024);
    expect(saidOfCopy(extPieces())).toBe(landmark?.identity);
  });

  it('has copies without a number since it grew while it was mounted, which neither tell a place nor disprove one', () => {
    expect(saidOfCopy(extPieces((_, copy) => copy.u16(0x5a, 0)))).toBe(UNNUMBERED);
    const other = new Uint8Array(16).fill(6);
    expect(saidOfCopy(extPieces((_, copy) => copy.u16(0x5a, 0).put(0x68, other)))).not.toBe(UNNUMBERED);
  });

  it('tells places by the checksums of its bitmaps only where they have 32 bits', () => {
    const names = (pieces: readonly Piece[]) =>
      openFileSystem(readerOfPieces(pieces))
        ?.landmarks()
        .map(({ identity }) => identity.split(' ')[0]);
    expect(names(extPieces())).toContain('bitmap');
    const half = extPieces(first => first.u32(0x60, 0).u16(0xfe, 0));
    expect(new Set(names(half))).toEqual(new Set(['super']));
  });

  it('is none where a bit of a bitmap stands for a part of a block, or for no power of two of them', () => {
    for (const clusters of [0, 16_384, 24 * 8, 1])
      expect(openFileSystem(readerOfPieces(extPieces(first => first.u32(0x24, clusters))))).toBeUndefined();
    expect(openFileSystem(readerOfPieces(extPieces(first => first.u32(0x24, 512))))).toBeDefined();
  });
});
