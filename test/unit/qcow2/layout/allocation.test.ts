import { ftruncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { measureSpace } from '../../../../electron/qcow2/layout/allocation.ts';
import type { BitmapEntry } from '../../../../electron/qcow2/read/bitmaps.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { refcountAt, refcountBlocks } from '../../../../electron/qcow2/read/refcounts.ts';
import { pokeU32, pokeU64 } from '../../../support/qcow2-builder.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

describe('refcountAt', () => {
  const block = new DataView(Uint8Array.of(0b1001_0011, 0x80, 0, 0, 0, 0, 0, 5).buffer);
  it.each([
    [1, [1, 1, 0, 0, 1, 0, 0, 1, 0]],
    [2, [3, 0, 1, 2, 0, 0, 0, 2]],
    [4, [3, 9, 0, 8]],
    [8, [0x93, 0x80, 0, 0, 0, 0, 0, 5]],
    [16, [0x9380, 0, 0, 5]],
    [32, [0x93800000, 5]],
    [64, [0x93800000 * 2 ** 32 + 5]],
  ])('%i bits wide', (bits, counts) => {
    expect(counts.map((_, index) => refcountAt(block, index, bits))).toEqual(counts);
  });
});

describe('refcountBlocks', () => {
  it('leaves out what is not there', () => {
    const { source, refcountTableOffset, refcountBlockOffsets } = buildImage({
      size: 2 ** 21,
      clusterBits: 9,
      clusters: () => 'data',
    });
    expect([...refcountBlocks(openQcow2(source))].map(({ fileOffset }) => fileOffset)).toEqual(
      refcountBlockOffsets,
    );
    pokeU64(source.fd, refcountTableOffset, 0n);
    pokeU64(source.fd, refcountTableOffset + 8, 0x333n);
    pokeU64(source.fd, refcountTableOffset + 16, 1n << 60n);
    const left = [...refcountBlocks(openQcow2(source))];
    expect(left.map(({ fileOffset }) => fileOffset)).toEqual(refcountBlockOffsets.slice(3));
    expect(left[0]?.firstCluster).toBe(3 * 256);
  });

  it('reads a block once, whatever the table says, and none that counts nothing of the file', () => {
    const { source, refcountTableOffset, refcountBlockOffsets } = buildImage({
      size: 2 ** 21,
      clusterBits: 9,
      clusters: () => 'data',
    });
    const first = refcountBlockOffsets[0] as number;
    for (let at = 0; at < 64; at++) pokeU64(source.fd, refcountTableOffset + at * 8, BigInt(first));
    expect([...refcountBlocks(openQcow2(source))].map(({ fileOffset }) => fileOffset)).toEqual([first]);
    const blocks = refcountBlockOffsets.length;
    for (let at = 0; at < 64; at++)
      pokeU64(source.fd, refcountTableOffset + at * 8, BigInt(at < blocks ? 0 : 512 * at));
    expect([...refcountBlocks(openQcow2(source))]).toEqual([]);
  });
});

describe('measureSpace', () => {
  it('counts whole clusters', () => {
    const { source, fileSize } = buildImage({ size: 2 ** 20, clusters: [{ index: 1, kind: 'data' }] });
    expect(measureSpace(openQcow2(source))).toEqual({
      imageEnd: fileSize,
      allocated: fileSize,
      leaked: 0,
      complete: true,
    });
  });

  it('follows only so many entries of bitmaps that share a table', () => {
    const image = openQcow2(buildImage({ size: 2 ** 20, clusterBits: 9, bitmaps: [{ name: 'b' }] }).source);
    expect(measureSpace(image)?.complete).toBe(true);
    const large = { ...(image.bitmaps[0] as BitmapEntry), tableSize: 2 ** 20 };
    const measured = (count: number) => measureSpace({ ...image, bitmaps: Array(count).fill(large) });
    expect(measured(8)?.complete).toBe(true);
    expect(measured(9)?.complete).toBe(false);
  });

  it('gets through tables that lie anywhere', () => {
    const { source, l1Offset, refcountTableOffset, snapshotTableOffset } = buildImage({
      size: 2 ** 31,
      clusters: [{ index: 1, kind: 'data' }],
      snapshots: [{ id: '1', name: 'one' }],
    });
    pokeU64(source.fd, l1Offset, 1n << 55n);
    pokeU64(source.fd, l1Offset + 8, BigInt(l1Offset));
    pokeU64(source.fd, refcountTableOffset, 1n << 62n);
    pokeU32(source.fd, snapshotTableOffset + 8, 2 ** 22);
    expect(measureSpace(openQcow2(source))).toMatchObject({ allocated: 0, leaked: 0 });
    ftruncateSync(source.fd, 4096);
    expect(measureSpace(openQcow2(source))).toMatchObject({ allocated: 0, imageEnd: 65_536 });
  });
});
