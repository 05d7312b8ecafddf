/**
 * Odd and damaged images beside qemu: what it accepts means the same to us, what it refuses is refused or named by us, and
 * one bad entry costs no more than its own cluster.
 */
import { writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MapFindings } from '../../electron/qcow2/read/findings/map-findings.ts';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { createMap } from '../../electron/qcow2/read/map.ts';
import { CowscopeError } from '../../shared/error.ts';
import { WordSet } from '../../shared/extent/page.ts';
import { codesOf } from '../support/findings.ts';
import { mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { type ImageSpec, pokeU32, pokeU64 } from '../support/images/qcow2-builder.ts';
import { newerQemu } from '../support/newer-qemu.ts';
import {
  alone,
  asQemuMap,
  type BuiltImage,
  buildImage,
  mapWhole,
  statesOf,
} from '../support/qcow2-reading.ts';
import { qemuImg, run } from '../support/tools.ts';

const K64 = 65_536;
const COPIED = 1n << 63n;
const COMPRESSED = 1n << 62n;

/** A cluster with this entry between two of data, and what was found wrong with it. */
function withEntry(entry: bigint, options: Partial<ImageSpec> & { bitmap?: bigint } = {}) {
  const { bitmap, ...spec } = options;
  const built = buildImage({
    size: K64 * 20,
    clusters: [
      { index: 3, kind: 'data' },
      { index: 4, kind: 'entry', entry, ...(bitmap === undefined ? {} : { bitmap }) },
      { index: 5, kind: 'data' },
    ],
    ...spec,
  });
  const findings = new MapFindings();
  const extents = mapWhole(openQcow2(built.source), { findings });
  return { ...built, extents, codes: codesOf(findings.collector.list()) };
}

describe('entries that qemu accepts', () => {
  it.each<[string, bigint, string[], (Partial<ImageSpec> & { bitmap?: bigint })?]>([
    ['reserved low bits', COPIED | 0x50000n | 0x1fen, ['QCOW2_ENTRY_RESERVED']],
    ['reserved high bits', COPIED | (0x3fn << 56n) | 0x50000n, ['QCOW2_ENTRY_RESERVED']],
    ['reserved bits alone', 0x8n, ['QCOW2_ENTRY_RESERVED']],
    ['compressed and copied', COPIED | COMPRESSED | 0x50000n, ['QCOW2_ENTRY_RESERVED']],
    ['copied without offset', COPIED, []],
    ['zero and copied without offset', COPIED | 1n, []],
    ['data past the end', COPIED | (1n << 40n), ['QCOW2_PAST_END']],
    ['data at the largest offset', 0x00ffffffffff0000n, ['QCOW2_PAST_END']],
    ['zeros with host space past the end', COPIED | (1n << 40n) | 1n, ['QCOW2_SPACE_PAST_END']],
    ['compressed past the end', COMPRESSED | (1n << 40n), ['QCOW2_PAST_END']],
    [
      'bit 0 of an extended entry',
      COPIED | 0x50001n,
      ['QCOW2_ENTRY_RESERVED'],
      { extendedL2: true, bitmap: 3n },
    ],
    [
      'compressed with a bitmap',
      COMPRESSED | 0x50000n,
      ['QCOW2_ENTRY_RESERVED'],
      { extendedL2: true, bitmap: 5n },
    ],
    ['reserved bits in version 2', 0x50008n, ['QCOW2_ENTRY_RESERVED'], { version: 2 }],
  ])('%s', async (_, entry, codes, options) => {
    const { path, extents, codes: found } = withEntry(entry, options);
    const theirs = JSON.parse(await qemuImg('map', '--output=json', alone(path)));
    expect(asQemuMap(extents)).toEqual(mapWithoutHostHoles(theirs));
    expect(found).toEqual(codes);
  });
});

describe('entries that qemu fails on', () => {
  it.each<[string, bigint, string, (Partial<ImageSpec> & { bitmap?: bigint })?]>([
    ['data that is not aligned', COPIED | 0x50200n, 'QCOW2_ENTRY_UNALIGNED'],
    ['zeros with host space that is not aligned', 0x50a01n, 'QCOW2_ENTRY_UNALIGNED'],
    ['zero in version 2', 1n, 'QCOW2_ZERO_IN_V2', { version: 2 }],
    ['zero with host space in version 2', 0x50001n, 'QCOW2_ZERO_IN_V2', { version: 2 }],
    [
      'subcluster allocated and zero',
      COPIED | 0x50000n,
      'QCOW2_SUBCLUSTER_BOTH',
      { extendedL2: true, bitmap: 0x1_0000_0001n },
    ],
    ['subcluster allocated nowhere', 0n, 'QCOW2_SUBCLUSTER_NOWHERE', { extendedL2: true, bitmap: 4n }],
  ])('%s', async (_, entry, code, options) => {
    const { path, source, extents, codes } = withEntry(entry, options);
    expect((await run('qemu-img', ['map', '--output=json', alone(path)])).code).toBe(1);
    expect(codes).toEqual([code]);
    expect(statesOf(openQcow2(source))).toEqual([
      [0, 3 * K64, 'unallocated'],
      [3 * K64, K64, 'data'],
      [4 * K64, K64, 'unreadable'],
      [5 * K64, K64, 'data'],
      [6 * K64, 14 * K64, 'unallocated'],
    ]);
    expect(extents).toHaveLength(5);
  });

  it.each<[string, bigint, string]>([
    ['another offset', COPIED | 0x50000n, 'QCOW2_DATA_FILE_OFFSET'],
    ['offset 0', COPIED, 'QCOW2_DATA_FILE_OFFSET'],
    ['compressed data', COMPRESSED | 0x40000n, 'QCOW2_COMPRESSED_WITH_DATA_FILE'],
  ])('a data file and %s', async (_, entry, code) => {
    const data = buildImage({ size: K64, clusters: [] }).path;
    const { path, codes, source } = withEntry(entry, { dataFile: data });
    expect((await run('qemu-img', ['map', '--output=json', alone(path, data)])).code).toBe(1);
    expect(codes).toEqual([code]);
    expect(statesOf(openQcow2(source))[2]).toEqual([4 * K64, K64, 'unreadable']);
  });
});

/** What we say of an image: the code thrown, or those of what is wrong with its header and directories. */
function refusals(source: BuiltImage['source']): string[] {
  try {
    const image = openQcow2(source);
    createMap(image, { words: new WordSet() });
    return codesOf(image.findings.filter(({ severity }) => severity === 'corruption'));
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return [error.code];
  }
}

/** True where we say that qemu does not open the image. */
function saysRefused(source: BuiltImage['source']): boolean {
  try {
    return openQcow2(source).findings.some(({ advice }) => advice.includes('qemu does not open'));
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return true;
  }
}

/** The installed qemu and, where it can be had, a newer one. */
const newer = await newerQemu();
const qemuImgs = ['qemu-img', ...('reason' in newer ? [] : [newer.qemuImg])];

const SPEC: ImageSpec = {
  size: K64 * 20,
  clusters: [{ index: 3, kind: 'data' }],
  snapshots: [{ id: '1', name: 'one' }],
  bitmaps: [{ name: 'b', dirty: [[0, 1]] }],
};

describe('headers', () => {
  const u32 = (at: number, value: number) => (fd: number) => pokeU32(fd, at, value);
  const u64 = (at: number, value: bigint) => (fd: number) => pokeU64(fd, at, value);
  const both = (first: (fd: number) => void, second: (fd: number) => void) => (fd: number) => {
    first(fd);
    second(fd);
  };
  it.each<[string, (fd: number, layout: BuiltImage) => void, string[]]>([
    ['nothing', () => {}, []],
    ['magic', u32(0, 0), ['QCOW2_NOT_QCOW2']],
    ['version 4', u32(4, 4), ['QCOW2_VERSION']],
    ['backing name outside', u64(8, 0x10001n), ['QCOW2_BACKING_NAME']],
    ['backing name too long', both(u64(8, 0x400n), u32(16, 1024)), ['QCOW2_BACKING_NAME']],
    ['cluster bits 8', u32(20, 8), ['QCOW2_CLUSTER_BITS']],
    ['cluster bits 22', u32(20, 22), ['QCOW2_CLUSTER_BITS']],
    ['encryption 3', u32(32, 3), ['QCOW2_CRYPT_METHOD']],
    ['LUKS without a header', u32(32, 2), ['QCOW2_ENCRYPTION_HEADER']],
    [
      'a disk of 2^53 bytes',
      u64(24, 2n ** 53n),
      ['QCOW2_TOO_LARGE', 'QCOW2_L1_TOO_SMALL', 'QCOW2_BITMAP_ENTRY'],
    ],
    [
      'a disk of 2^64 bytes',
      u64(24, 2n ** 64n - 1n),
      ['QCOW2_TOO_LARGE', 'QCOW2_L1_TOO_SMALL', 'QCOW2_BITMAP_ENTRY'],
    ],
    ['a snapshot table past the end of the file', u64(64, 1n << 40n), ['QCOW2_SNAPSHOT_TABLE']],
    ['a raw data file without a data file', u64(88, 3n), ['QCOW2_DATA_FILE_RAW']],
    ['a data file without a name', u64(72, 4n), ['QCOW2_DATA_FILE_NAME']],
    ['an L1 table too large', u32(36, 0x400001), ['QCOW2_L1_TABLE']],
    ['an L1 table too small', u32(36, 0), ['QCOW2_L1_TOO_SMALL']],
    ['an L1 table that is not aligned', u64(40, 0x10200n), ['QCOW2_L1_TABLE']],
    ['an L1 table out of this world', u64(40, 0x7fff_ffff_ffff_0000n), ['QCOW2_L1_TABLE']],
    ['a refcount table that is not aligned', u64(48, 0x10200n), ['QCOW2_REFCOUNT_TABLE']],
    ['a refcount table too large', u32(56, 129), ['QCOW2_REFCOUNT_TABLE']],
    ['no refcount table', u32(56, 0), ['QCOW2_REFCOUNT_TABLE']],
    ['too many snapshots', u32(60, 65_537), ['QCOW2_SNAPSHOT_TABLE']],
    ['a snapshot table that is not aligned', u64(64, 0x200n), ['QCOW2_SNAPSHOT_TABLE']],
    ['an unknown incompatible feature', u64(72, 1n << 63n), ['QCOW2_FEATURES']],
    ['an unknown compatible feature', u64(80, 1n << 62n), []],
    ['an unknown autoclear feature', u64(88, (1n << 40n) | 1n), []],
    ['dirty and corrupt', u64(72, 3n), []],
    ['refcounts of 128 bits', u32(96, 7), ['QCOW2_REFCOUNT_ORDER']],
    ['a header too short', u32(100, 96), ['QCOW2_HEADER_LENGTH']],
    ['a header longer than a cluster', u32(100, 0x10008), ['QCOW2_HEADER_LENGTH']],
    ['a compression type without its bit', u32(104, 1 << 24), ['QCOW2_COMPRESSION_TYPE']],
    ['a compression bit without its type', u64(72, 8n), ['QCOW2_COMPRESSION_TYPE']],
    ['an unknown compression type', both(u64(72, 8n), u32(104, 2 << 24)), ['QCOW2_COMPRESSION_TYPE']],
    ['an extension too large', u32(116, 0x20000), ['QCOW2_EXTENSION_TOO_LARGE']],
    [
      'snapshot extra data too large',
      (fd, { snapshotTableOffset: at }) => pokeU32(fd, at + 36, 1025),
      ['QCOW2_SNAPSHOT_TABLE'],
    ],
    [
      'a bitmap of type 7',
      (fd, { bitmapDirectoryOffset: at }) => writeSync(fd, Uint8Array.of(7), 0, 1, at + 16),
      ['QCOW2_BITMAP_ENTRY'],
    ],
    [
      'a bitmap with granularity 8',
      (fd, { bitmapDirectoryOffset: at }) => writeSync(fd, Uint8Array.of(8), 0, 1, at + 17),
      ['QCOW2_BITMAP_ENTRY'],
    ],
    [
      'a bitmap without a name',
      (fd, { bitmapDirectoryOffset: at }) => pokeU32(fd, at + 16, 0x01100000),
      ['QCOW2_BITMAP_ENTRY'],
    ],
    [
      'a bitmap with unknown flags',
      (fd, { bitmapDirectoryOffset: at }) => pokeU32(fd, at + 12, 6),
      ['QCOW2_BITMAP_ENTRY'],
    ],
    [
      'a bitmap with extra data',
      (fd, { bitmapDirectoryOffset: at }) => pokeU32(fd, at + 20, 4),
      ['QCOW2_BITMAP_ENTRY'],
    ],
    [
      'a bitmap table that is not aligned',
      (fd, { bitmapDirectoryOffset: at }) => pokeU64(fd, at, 0x200n),
      ['QCOW2_BITMAP_ENTRY'],
    ],
    [
      'a bitmap table that is empty',
      (fd, { bitmapDirectoryOffset: at }) => pokeU32(fd, at + 8, 0),
      ['QCOW2_BITMAP_ENTRY'],
    ],
    [
      'a bitmap table that is too large',
      (fd, { bitmapDirectoryOffset: at }) => pokeU32(fd, at + 8, 8193),
      ['QCOW2_BITMAP_ENTRY'],
    ],
    ['bitmaps that are out of date', u64(88, 0n), []],
  ])('%s', async (_, damage, codes) => {
    const built = buildImage(SPEC);
    damage(built.source.fd, built);
    expect(refusals(built.source)).toEqual(codes);
    const claims = saysRefused(built.source);
    for (const program of qemuImgs) {
      const { code, stderr } = await run(program, ['map', '--output=json', '-f', 'qcow2', built.path]);
      expect(code === 0, stderr).toBe(!claims);
    }
  });

  it.each([0, 8, 16, 24])('a snapshot with %i bytes of extra data', async extraDataSize => {
    const built = buildImage({ ...SPEC, snapshots: [{ id: '1', name: 'one', extraDataSize }] });
    await qemuImg('map', '--output=json', '-f', 'qcow2', built.path);
    expect(refusals(built.source)).toEqual([]);
    expect(codesOf(openQcow2(built.source).findings)).toEqual(
      extraDataSize < 16 ? ['QCOW2_SNAPSHOT_INCOMPLETE'] : [],
    );
  });

  it.each<[string, number]>([
    ['a count too large', 2],
    ['a count of 0', 0],
  ])('bitmaps extension with %s', async (_, count) => {
    const built = buildImage(SPEC);
    const { offset } = openQcow2(built.source).extensions.entries.find(({ name }) => name === 'bitmaps')!;
    pokeU32(built.source.fd, offset, count);
    const { code } = await run('qemu-img', ['map', '--output=json', '-f', 'qcow2', built.path]);
    expect(code).toBe(1);
    expect(refusals(built.source)).toEqual([
      count === 0 ? 'QCOW2_BITMAPS_EXTENSION' : 'QCOW2_BITMAP_DIRECTORY',
    ]);
  });
});
