/** Where the bytes of a file went, and what is said where that cannot be known. */
import { ftruncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type MeasureBounds, measureAllocation } from '../../../../electron/qcow2/layout/allocation.ts';
import { openQcow2, type Qcow2Image } from '../../../../electron/qcow2/read/image.ts';
import { memorySource } from '../../../../electron/qcow2/read/memory-source.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import type { Allocation } from '../../../../shared/model/allocation.ts';
import { pokeU32, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const K64 = 65_536;

function allocationOf(image: Qcow2Image, bounds?: MeasureBounds): Allocation {
  const reply = runToEnd(measureAllocation(image, bounds));
  if (!reply.measured) throw new Error(reply.why);
  const { account, imageEnd, fileLength } = reply.allocation;
  const sum = Object.values(account).reduce((a, b) => a + b, 0);
  expect(sum, 'the account holds every byte').toBe(Math.max(imageEnd, fileLength));
  return reply.allocation;
}

function whyNot(image: Qcow2Image, bounds?: MeasureBounds): string {
  const reply = runToEnd(measureAllocation(image, bounds));
  return reply.measured ? '' : reply.why;
}

describe('measureAllocation', () => {
  it('counts whole clusters', () => {
    const { source, fileSize } = buildImage({ size: 2 ** 20, clusters: [{ index: 1, kind: 'data' }] });
    expect(allocationOf(openQcow2(source))).toEqual({
      fileLength: fileSize,
      imageEnd: fileSize,
      allocated: fileSize,
      leaked: 0,
      account: {
        data: K64,
        snapshots: 0,
        tables: fileSize - K64,
        bitmaps: 0,
        unreferenced: 0,
        free: 0,
        pastEnd: 0,
      },
    });
  });

  it('tells what each snapshot alone holds', () => {
    const { source } = buildImage({
      size: 2 ** 22,
      clusters: index => (index < 5 ? 'data' : 'unallocated'),
      snapshots: [
        { id: '1', name: 'shares everything' },
        { id: '2', name: 'own', clusters: index => (index < 3 ? 'data' : 'unallocated') },
      ],
    });
    const { account, shares } = allocationOf(openQcow2(source));
    expect(account.data).toBe(5 * K64);
    expect(account.snapshots).toBe(3 * K64);
    // L1 table of the one; L1 and L2 table of the other
    expect(shares).toEqual([
      { data: 0, tables: K64 },
      { data: 3 * K64, tables: 2 * K64 },
    ]);
  });

  it('knows data that several snapshots hold without the active disk, and gives it to none of them', () => {
    const { source, snapshotL1Offsets, l1Offset } = buildImage({
      size: 2 ** 22,
      clusters: index => (index < 5 ? 'data' : 'unallocated'),
      snapshots: [
        { id: '1', name: 'a' },
        { id: '2', name: 'b' },
      ],
    });
    expect(snapshotL1Offsets).toHaveLength(2);
    pokeU64(source.fd, l1Offset, 0n);
    const { account, shares } = allocationOf(openQcow2(source));
    expect([account.data, account.snapshots]).toEqual([0, 5 * K64]);
    expect(shares?.map(({ data }) => data)).toEqual([0, 0]);
  });

  it('comes to the same in one pass and in many', () => {
    const { source, l1Offset } = buildImage({
      size: 2 ** 27,
      clusterBits: 9,
      clusters: index => (index % 7 < 3 && index < 200_000 ? 'data' : 'unallocated'),
      snapshots: [{ id: '1', name: 'one', clusters: index => (index < 70_000 ? 'data' : 'unallocated') }],
    });
    pokeU64(source.fd, l1Offset + 8 * 20, 0n); // some leaks
    const image = openQcow2(source);
    const whole = allocationOf(image);
    expect(whole.leaked).toBeGreaterThan(0);
    for (const maxChunks of [1, 2, 3]) expect(allocationOf(image, { maxChunks })).toEqual(whole);
  });

  it('decodes a table once, however many L1 entries name it', () => {
    const { source, l1Offset, l2Offsets } = buildImage({
      size: 2 ** 35,
      clusters: [{ index: 1, kind: 'data' }],
    });
    const table = BigInt(l2Offsets.get(0) as number);
    for (let i = 1; i < 64; i++) pokeU64(source.fd, l1Offset + 8 * i, table);
    const image = openQcow2(source);
    const { account, leaked } = allocationOf(image);
    expect([account.data, leaked]).toEqual([K64, 0]);
  });

  it('counts a refcount above the references as a leak, whatever refers to the cluster', () => {
    const { source, refcountBlockOffsets } = buildImage({
      size: 2 ** 20,
      clusters: [{ index: 1, kind: 'data' }],
    });
    pokeU32(source.fd, refcountBlockOffsets[0] as number, 0x0002_0001); // header twice
    const { leaked, account } = allocationOf(openQcow2(source));
    expect([leaked, account.unreferenced]).toEqual([K64, 0]);
  });

  it.each([
    ['an L2 table past the end', 'past the end', b => pokeU64(b.source.fd, b.l1Offset, 1n << 40n)],
    [
      'an L1 entry that is not aligned',
      'not cluster aligned',
      b => pokeU64(b.source.fd, b.l1Offset, 0x10200n),
    ],
    [
      'a snapshot whose L1 table is not usable',
      'snapshot',
      b => pokeU32(b.source.fd, b.snapshotTableOffset + 8, 2 ** 24),
    ],
    [
      'a broken snapshot table',
      'snapshot table',
      b => pokeU32(b.source.fd, b.snapshotTableOffset + 36, 0x7fffffff),
    ],
    ['a snapshot table that cannot be one', 'snapshot table', b => pokeU64(b.source.fd, 64, 0x123n)],
    ['a broken bitmap', 'bitmap directory', b => pokeU32(b.source.fd, b.bitmapDirectoryOffset + 20, 8)],
    ['a damaged refcount table', 'refcount table', b => pokeU64(b.source.fd, b.refcountTableOffset, 0x333n)],
    ['no refcount table', 'no usable refcount table', b => pokeU32(b.source.fd, 56, 0)],
    ['refcounts of a width that cannot be', 'the width of its refcounts', b => pokeU32(b.source.fd, 96, 7)],
    ['a file that was cut off', 'read to its end', b => ftruncateSync(b.source.fd, b.l1Offset + 8)],
  ] satisfies [string, string, (built: ReturnType<typeof buildImage>) => void][])(
    'does not know the leaks of an image with %s',
    (_, reason, damage) => {
      const built = buildImage({
        size: 2 ** 30,
        clusters: [{ index: 1, kind: 'data' }],
        snapshots: [{ id: '1', name: 'one' }],
        bitmaps: [{ name: 'b', dirty: [[0, 2 ** 20]] }],
      });
      damage(built);
      const { leaked, unknownLeaks, shares } = allocationOf(openQcow2(built.source));
      expect(leaked).toBeUndefined();
      expect(shares).toBeUndefined();
      expect(unknownLeaks).toContain(reason);
    },
  );

  it('does not measure version 1', () => {
    const image = openQcow2(buildImage({ size: 2 ** 20 }).source);
    expect(whyNot({ ...image, header: { ...image.header, version: 1 } })).toContain('version 1');
  });

  it('stops where tables lie in holes and would take more than the file occupies', () => {
    const { source, l1Offset, fileSize } = buildImage({ size: 2 ** 50, clusterBits: 21, clusters: [] });
    const image = openQcow2(source);
    const cluster = 2 ** 21;
    const l1 = new Uint8Array(2048 * 8);
    const view = new DataView(l1.buffer);
    for (let i = 0; i < 2048; i++) view.setBigUint64(i * 8, BigInt(fileSize + i * cluster));
    const sparse = memorySource({
      path: 'sparse',
      size: fileSize + 2048 * cluster,
      pieces: [{ offset: l1Offset, bytes: l1 }],
      between: 'zeros',
    });
    expect(whyNot({ ...image, source: sparse }, { slack: 2 ** 24 })).toContain(
      'more room than the file occupies',
    );
  });

  it('follows only so many entries of bitmaps', () => {
    const image = openQcow2(
      buildImage({ size: 2 ** 20, clusterBits: 9, bitmaps: [{ name: 'b', dirty: [[0, 2 ** 20]] }] }).source,
    );
    const bitmap = image.bitmaps[0]!;
    const bytes = new Uint8Array(2 ** 23).fill(2);
    const source = memorySource({
      path: 'b',
      size: 2 ** 30,
      pieces: [{ offset: 2 ** 20, bytes }],
      between: 'zeros',
    });
    const bitmaps = Array.from({ length: 9 }, (_, i) => ({
      ...bitmap,
      tableOffset: 2 ** 20 + i * 8,
      tableSize: 2 ** 20 - 16,
    }));
    expect(whyNot({ ...image, source, bitmaps })).toContain('bitmaps');
    expect(whyNot({ ...image, source, bitmaps: Array(9).fill(bitmaps[0]) })).toBe('');
  });
});
