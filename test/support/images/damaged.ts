/**
 * One image for each kind of damage that a check must find, made by the builder and a few overwritten bytes. The ids are
 * those of the list of kinds that `qemu-img check` counts (C) and of those that it passes over (B).
 */
import { ftruncateSync, utimesSync } from 'node:fs';
import { type BuiltImage, buildImage } from '../qcow2-reading.ts';
import { pokeU32, pokeU64 } from './qcow2-builder.ts';
import { writeAt } from './qcow2-builder-parts.ts';
import type { ImageSpec } from './qcow2-spec.ts';

const K64 = 65_536;
const COPIED = 1n << 63n;
const COMPRESSED = 1n << 62n;

/** An image to check, and what must be found: the codes in the order of their names. */
export interface DamagedImage {
  readonly id: string;
  readonly title: string;
  /** Makes the image; returns the path of the file to check. */
  readonly make: () => string;
  readonly codes: readonly string[];
  readonly verdict: 'corrupt' | 'incomplete' | 'leaks' | 'clean';
  /** True where only a deep check finds it. */
  readonly deep?: boolean;
}

/** Two clusters of data at guest 0 and 64 KiB, beside what `more` says. */
export function small(more: Partial<ImageSpec> = {}): BuiltImage {
  return buildImage({ size: 2 ** 20, clusters: [0, 1].map(index => ({ index, kind: 'data' })), ...more });
}

const l2Of = (image: BuiltImage): number => image.l2Offsets.get(0) as number;

/** Writes the L2 table of another image, which names 24 clusters in a row, over what lies at `offset`. */
function writeForeignTable(image: BuiltImage, offset: number): void {
  const other = small({ size: 2 ** 21, clusters: clustersFrom(0, 24) });
  const bytes = new Uint8Array(K64);
  other.source.readAt(bytes, l2Of(other));
  writeAt(image.source.fd, bytes, offset);
}
const blockOf = (image: BuiltImage): number => image.refcountBlockOffsets[0] as number;
const hostOf = (image: BuiltImage, index: number): number => l2Of(image) + (index + 1) * image.clusterSize;

/** Sets the refcount (16 bits) of the cluster at a file offset. */
function setRefcount(image: BuiltImage, offset: number, count: number): void {
  const bytes = new Uint8Array([count >> 8, count & 255]);
  writeAt(image.source.fd, bytes, blockOf(image) + (offset / image.clusterSize) * 2);
}

/** Writes an entry of the first L2 table. */
export function setL2(image: BuiltImage, index: number, entry: bigint): void {
  pokeU64(image.source.fd, l2Of(image) + index * 8, entry);
}

function setL1(image: BuiltImage, entry: bigint): void {
  pokeU64(image.source.fd, image.l1Offset, entry);
}

/** A fixture of one image that `damage` changes. */
export function damaged(
  id: string,
  title: string,
  codes: readonly string[],
  damage: (image: BuiltImage) => void,
  spec: Partial<ImageSpec> = {},
  verdict: DamagedImage['verdict'] = 'corrupt',
  deep = false,
): DamagedImage {
  const make = () => {
    const image = small(spec);
    damage(image);
    return image.path;
  };
  return { id, title, make, codes, verdict, deep };
}

/** An overlay of the image `base`. */
export function over(base: string, more: Partial<ImageSpec> = {}): string {
  return small({ backingFile: base, backingFormat: 'qcow2', ...more }).path;
}

const ONE_SNAPSHOT = {
  snapshots: [{ id: '1', name: 'one', clusters: [{ index: 5, kind: 'data' as const }] }],
};
const ONE_BITMAP = { bitmaps: [{ name: 'b', dirty: [[0, 2 ** 19] as const] }] };

/** So many clusters of data from `index` on. */
const clustersFrom = (index: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ index: index + i, kind: 'data' as const }));

/** Data in the ranges of two L2 tables. */
const TWO_TABLES = { size: 2 ** 30, clusters: [0, 8192].map(index => ({ index, kind: 'data' as const })) };

/** A cluster of compressed data at index 0. */
const STREAM = {
  clusters: [{ index: 0, kind: 'compressed' as const, content: new Uint8Array(K64).fill(7) }],
};

/** What `qemu-img check` counts. */
const COUNTED: readonly DamagedImage[] = [
  damaged(
    'C-01',
    'the L2 table is the L1 table',
    [
      'QCOW2_LEAKED < QCOW2_TABLES_OVERLAP',
      'QCOW2_LIKELY_CAUSE < QCOW2_TABLES_OVERLAP',
      'QCOW2_ORPHAN_TABLE < QCOW2_TABLES_OVERLAP',
      'QCOW2_REFCOUNT_LOW < QCOW2_TABLES_OVERLAP',
      'QCOW2_TABLES_OVERLAP',
    ],
    image => setL1(image, COPIED | BigInt(image.l1Offset)),
  ),
  damaged(
    'C-02',
    'data lies on a refcount block',
    [
      'QCOW2_DATA_ON_METADATA',
      'QCOW2_LEAKED < QCOW2_DATA_ON_METADATA',
      'QCOW2_LIKELY_CAUSE < QCOW2_DATA_ON_METADATA',
      'QCOW2_REFCOUNT_LOW < QCOW2_DATA_ON_METADATA',
    ],
    image => setL2(image, 0, COPIED | BigInt(blockOf(image))),
  ),
  damaged(
    'C-03',
    'data lies on the L2 table',
    [
      'QCOW2_DATA_ON_METADATA',
      'QCOW2_LEAKED < QCOW2_DATA_ON_METADATA',
      'QCOW2_LIKELY_CAUSE < QCOW2_DATA_ON_METADATA',
      'QCOW2_REFCOUNT_LOW < QCOW2_DATA_ON_METADATA',
    ],
    image => setL2(image, 0, COPIED | BigInt(l2Of(image))),
  ),
  damaged(
    'C-05',
    'two guest clusters share a host cluster',
    ['QCOW2_CROSS_LINK', 'QCOW2_LEAKED < QCOW2_CROSS_LINK', 'QCOW2_REFCOUNT_LOW < QCOW2_CROSS_LINK'],
    image => setL2(image, 1, COPIED | BigInt(hostOf(image, 0))),
  ),
  damaged('C-06', 'the header has refcount 0', ['QCOW2_REFCOUNT_ZERO'], image => setRefcount(image, 0, 0)),
  damaged(
    'C-07',
    'an L1 entry is not aligned',
    ['QCOW2_L1_UNALIGNED', 'QCOW2_LEAKED < QCOW2_L1_UNALIGNED'],
    image => setL1(image, COPIED | BigInt(l2Of(image) + 0x2a00)),
  ),
  damaged(
    'C-08',
    'an L2 entry is not aligned',
    ['QCOW2_ENTRY_UNALIGNED', 'QCOW2_REFCOUNT_LOW < QCOW2_ENTRY_UNALIGNED'],
    image => setL2(image, 0, COPIED | BigInt(hostOf(image, 0) + 0x2a00)),
  ),
  damaged(
    'C-09',
    'a preallocated zero cluster is not aligned',
    ['QCOW2_ENTRY_UNALIGNED', 'QCOW2_REFCOUNT_LOW < QCOW2_ENTRY_UNALIGNED'],
    image => setL2(image, 0, COPIED | BigInt(hostOf(image, 0) + 0x2a00) | 1n),
  ),
  damaged('C-10 unaligned', 'a refcount table entry is not aligned', ['QCOW2_REFCOUNT_BLOCK'], image =>
    pokeU64(image.source.fd, image.refcountTableOffset, BigInt(blockOf(image) + 0x2a00)),
  ),
  damaged(
    'C-10 reserved',
    'a refcount table entry has reserved bits',
    ['QCOW2_LEAKED < QCOW2_REFCOUNT_BLOCK', 'QCOW2_REFCOUNT_BLOCK'],
    image => pokeU64(image.source.fd, image.refcountTableOffset, BigInt(blockOf(image)) | 1n),
  ),
  damaged('C-11', 'a refcount block lies outside the file', ['QCOW2_REFCOUNT_BLOCK'], image =>
    pokeU64(image.source.fd, image.refcountTableOffset + 8, 0xff00000000n),
  ),
  damaged(
    'C-12 empty',
    'the refcount table is empty',
    [
      'QCOW2_COPIED_SET < QCOW2_REFCOUNTS_GONE',
      'QCOW2_REFCOUNTS_GONE',
      'QCOW2_REFCOUNT_ZERO < QCOW2_REFCOUNTS_GONE',
    ],
    image => pokeU64(image.source.fd, image.refcountTableOffset, 0n),
  ),
  damaged(
    'C-12 size',
    'the refcount table has no clusters',
    [
      'QCOW2_COPIED_SET < QCOW2_REFCOUNT_TABLE',
      'QCOW2_REFCOUNT_TABLE',
      'QCOW2_REFCOUNT_ZERO < QCOW2_REFCOUNT_TABLE',
    ],
    image => pokeU32(image.source.fd, 56, 0),
  ),
  damaged(
    'C-13 low',
    'a data cluster has refcount 0',
    ['QCOW2_COPIED_SET < QCOW2_REFCOUNT_ZERO', 'QCOW2_REFCOUNT_ZERO'],
    image => setRefcount(image, hostOf(image, 0), 0),
  ),
  damaged(
    'C-13 high',
    'a data cluster has refcount 2',
    ['QCOW2_COPIED_SET < QCOW2_REFCOUNT_HIGH', 'QCOW2_REFCOUNT_HIGH'],
    image => setRefcount(image, hostOf(image, 0), 2),
  ),
  damaged(
    'C-13 leak',
    'an L2 entry was cleared',
    ['QCOW2_LEAKED'],
    image => setL2(image, 0, 0n),
    {},
    'leaks',
  ),
  damaged(
    'C-14',
    'refcounts of one bit and two references',
    ['QCOW2_CROSS_LINK', 'QCOW2_LEAKED < QCOW2_CROSS_LINK', 'QCOW2_REFCOUNT_OVERFLOW < QCOW2_CROSS_LINK'],
    image => setL2(image, 1, COPIED | BigInt(hostOf(image, 0))),
    { refcountBits: 1 },
  ),
  damaged('C-15 clear', 'a copied flag is missing', ['QCOW2_COPIED_CLEAR'], image =>
    setL2(image, 0, BigInt(hostOf(image, 0))),
  ),
  damaged(
    'C-15 set',
    'a shared cluster has the copied flag',
    ['QCOW2_COPIED_SET'],
    image => {
      setL2(image, 0, COPIED | BigInt(hostOf(image, 0)));
    },
    { snapshots: [{ id: '1', name: 'one' }] },
  ),
  damaged('C-16 L1', 'an L1 entry has reserved bits', ['QCOW2_ENTRY_RESERVED'], image =>
    setL1(image, COPIED | (1n << 60n) | BigInt(l2Of(image))),
  ),
  damaged('C-16 L2', 'an L2 entry has reserved bits', ['QCOW2_ENTRY_RESERVED'], image =>
    setL2(image, 0, COPIED | (1n << 57n) | 8n | BigInt(hostOf(image, 0))),
  ),
  damaged(
    'C-17 entry',
    'an L2 entry leads past the end',
    ['QCOW2_LEAKED < QCOW2_PAST_END', 'QCOW2_PAST_END'],
    image => setL2(image, 0, COPIED | (1n << 40n)),
  ),
  damaged(
    'C-17 cut',
    'the file was cut',
    [
      'QCOW2_COPIED_SET < QCOW2_PAST_END',
      'QCOW2_METADATA_PAST_END < QCOW2_PAST_END',
      'QCOW2_PAST_END',
      'QCOW2_REFCOUNT_ZERO < QCOW2_PAST_END',
    ],
    image => ftruncateSync(image.source.fd, hostOf(image, 1)),
  ),
  damaged(
    'C-18',
    'a compressed cluster has the copied flag',
    ['QCOW2_ENTRY_RESERVED'],
    image => {
      setL2(image, 0, (COMPRESSED | COPIED) + BigInt(hostOf(image, 0)));
    },
    STREAM,
  ),
  damaged(
    'C-19 length',
    'a compressed cluster is as long as can be',
    ['QCOW2_LEAKED < QCOW2_STREAM_PAST_END', 'QCOW2_STREAM_PAST_END'],
    image => {
      setL2(image, 0, COMPRESSED | (0xffn << 54n) | BigInt(image.fileSize - 512));
    },
    STREAM,
  ),
  damaged(
    'C-20 data file',
    'a compressed cluster in an image with a data file',
    ['QCOW2_COMPRESSED_WITH_DATA_FILE'],
    image => {
      setL2(image, 0, COMPRESSED | 0x50000n);
    },
    { dataFile: 'data.raw', clusters: [{ index: 1, kind: 'data' }] },
  ),
  damaged(
    'C-20 subclusters',
    'a compressed cluster with subclusters',
    ['QCOW2_ENTRY_RESERVED', 'QCOW2_LEAKED < QCOW2_ENTRY_RESERVED'],
    image => {
      setL2(image, 0, COMPRESSED | BigInt(hostOf(image, 0)));
      setL2(image, 1, 1n);
    },
    { extendedL2: true },
  ),
  damaged(
    'C-21',
    'a zero flag in version 2',
    ['QCOW2_LEAKED < QCOW2_ZERO_IN_V2', 'QCOW2_ZERO_IN_V2'],
    image => setL2(image, 0, 1n),
    { version: 2 },
  ),
  damaged(
    'C-22',
    'a subcluster is allocated and zero',
    ['QCOW2_SUBCLUSTER_BOTH'],
    image => setL2(image, 1, 0x1_ffff_ffffn),
    {
      extendedL2: true,
    },
  ),
  damaged(
    'C-23',
    'subclusters without a cluster',
    ['QCOW2_LEAKED < QCOW2_SUBCLUSTER_NOWHERE', 'QCOW2_SUBCLUSTER_NOWHERE'],
    image => setL2(image, 0, 0n),
    { extendedL2: true },
  ),
  damaged(
    'C-24 offset',
    'the L1 table of a snapshot is not aligned',
    ['QCOW2_LEAKED < QCOW2_SNAPSHOT_L1', 'QCOW2_ORPHAN_TABLE < QCOW2_SNAPSHOT_L1', 'QCOW2_SNAPSHOT_L1'],
    image =>
      pokeU64(
        image.source.fd,
        image.snapshotTableOffset,
        BigInt((image.snapshotL1Offsets[0] as number) + 512),
      ),
    ONE_SNAPSHOT,
  ),
  damaged(
    'C-24 size',
    'the L1 table of a snapshot is too large',
    ['QCOW2_LEAKED < QCOW2_SNAPSHOT_L1', 'QCOW2_ORPHAN_TABLE < QCOW2_SNAPSHOT_L1', 'QCOW2_SNAPSHOT_L1'],
    image => pokeU32(image.source.fd, image.snapshotTableOffset + 8, 0x10000000),
    ONE_SNAPSHOT,
  ),
  damaged(
    'C-25',
    'a snapshot entry has too much extra data',
    [
      'QCOW2_LEAKED < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_LIKELY_CAUSE < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_ORPHAN_TABLE < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_SNAPSHOT_TABLE',
    ],
    image => pokeU32(image.source.fd, image.snapshotTableOffset + 36, 2000),
    ONE_SNAPSHOT,
  ),
  damaged('C-26', 'a snapshot entry lacks its extra data', ['QCOW2_SNAPSHOT_INCOMPLETE'], () => {}, {
    snapshots: [{ id: '1', name: 'one', extraDataSize: 8 }],
  }),
  damaged(
    'C-27',
    'the snapshot count was lowered',
    [
      'QCOW2_LEAKED < QCOW2_SNAPSHOTS_HIDDEN',
      'QCOW2_ORPHAN_TABLE < QCOW2_SNAPSHOTS_HIDDEN',
      'QCOW2_SNAPSHOTS_HIDDEN',
    ],
    image => pokeU32(image.source.fd, 60, 0),
    ONE_SNAPSHOT,
    'incomplete',
  ),
  damaged(
    'C-28 table',
    'a bitmap table entry is invalid',
    ['QCOW2_BITMAP_TABLE', 'QCOW2_LEAKED < QCOW2_BITMAP_TABLE'],
    image => pokeU64(image.source.fd, image.bitmapTableOffsets[0] as number, BigInt(image.l1Offset) | 1n),
    ONE_BITMAP,
  ),
  damaged(
    'C-28 type',
    'a bitmap is of an unknown type',
    ['QCOW2_BITMAP_ENTRY', 'QCOW2_LEAKED < QCOW2_BITMAP_ENTRY'],
    image => writeAt(image.source.fd, new Uint8Array([7]), image.bitmapDirectoryOffset + 16),
    ONE_BITMAP,
  ),
  damaged(
    'C-28 stale',
    'the autoclear bit of the bitmaps is off',
    ['QCOW2_BITMAPS_STALE', 'QCOW2_LEAKED < QCOW2_BITMAPS_STALE'],
    image => pokeU64(image.source.fd, 88, 0n),
    ONE_BITMAP,
    'leaks',
  ),
  damaged(
    'C-29',
    'a bitmap is in use',
    ['QCOW2_BITMAP_IN_USE', 'QCOW2_LIKELY_CAUSE < QCOW2_BITMAP_IN_USE'],
    () => {},
    { bitmaps: [{ name: 'b', inUse: true, dirty: [[0, 2 ** 19]] }] },
    'clean',
  ),
  damaged(
    'C-30 L1',
    'the L1 table is too small',
    ['QCOW2_L1_TOO_SMALL', 'QCOW2_LEAKED < QCOW2_L1_TOO_SMALL', 'QCOW2_ORPHAN_TABLE < QCOW2_L1_TOO_SMALL'],
    image => pokeU32(image.source.fd, 36, 0),
  ),
  damaged('C-30 compression', 'the compression type contradicts its bit', ['QCOW2_COMPRESSION_TYPE'], image =>
    writeAt(image.source.fd, new Uint8Array([1]), 104),
  ),
  damaged(
    'C-31 dirty',
    'the dirty bit is set',
    ['QCOW2_DIRTY'],
    image => pokeU64(image.source.fd, 72, 1n),
    {},
    'clean',
  ),
  damaged(
    'C-31 corrupt',
    'the corrupt bit is set',
    ['QCOW2_MARKED_CORRUPT'],
    image => pokeU64(image.source.fd, 72, 2n),
    {},
    'clean',
  ),
  damaged(
    'C-33 refcounts',
    'an L2 table holds refcounts',
    ['QCOW2_L2_INVALID', 'QCOW2_LEAKED < QCOW2_L2_INVALID', 'QCOW2_LIKELY_CAUSE < QCOW2_L2_INVALID'],
    image =>
      writeAt(
        image.source.fd,
        Uint8Array.from({ length: K64 }, (_, i) => i & 1),
        l2Of(image),
      ),
  ),
  damaged(
    'C-33 text',
    'an L2 table holds text',
    ['QCOW2_L2_INVALID', 'QCOW2_LEAKED < QCOW2_L2_INVALID', 'QCOW2_LIKELY_CAUSE < QCOW2_L2_INVALID'],
    image =>
      writeAt(image.source.fd, Buffer.alloc(K64, 'a line of some text that a guest wrote\n'), l2Of(image)),
  ),
  damaged(
    'C-33 zeros',
    'an L2 table holds zeros',
    ['QCOW2_L2_EMPTY', 'QCOW2_LEAKED < QCOW2_L2_EMPTY', 'QCOW2_LIKELY_CAUSE < QCOW2_L2_EMPTY'],
    image => writeAt(image.source.fd, new Uint8Array(K64), l2Of(image)),
    {},
    'incomplete',
  ),
  {
    id: 'C-33 zeros over data',
    title: 'an L2 table of an overlay holds zeros, so that older data of its base shows',
    make: () => {
      const disk = (...indexes: number[]) => ({
        size: 2 ** 30,
        clusters: indexes.map(index => ({ index, kind: 'data' as const })),
      });
      const base = small(disk(8192));
      const top = small({ ...disk(0, 8192), backingFile: base.path, backingFormat: 'qcow2' });
      writeAt(top.source.fd, new Uint8Array(K64), top.l2Offsets.get(1) as number);
      return top.path;
    },
    codes: [
      'CHAIN_OLD_DATA < QCOW2_L2_EMPTY',
      'QCOW2_L2_EMPTY',
      'QCOW2_LEAKED < QCOW2_L2_EMPTY',
      'QCOW2_LIKELY_CAUSE < QCOW2_L2_EMPTY',
    ],
    verdict: 'incomplete',
  },
  damaged(
    'C-33 data',
    'an L2 table holds data',
    ['QCOW2_L2_INVALID', 'QCOW2_LEAKED < QCOW2_L2_INVALID'],
    image =>
      writeAt(
        image.source.fd,
        Uint8Array.from({ length: K64 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 13),
        l2Of(image),
      ),
  ),
  {
    id: 'C-34 missing',
    title: 'the backing file is not there',
    make: () => over('not-there.qcow2'),
    codes: [],
    verdict: 'incomplete',
  },
  {
    id: 'C-34 format',
    title: 'the backing file is of another format than recorded',
    make: () => over(small().path, { backingFormat: 'raw' }),
    codes: ['CHAIN_LAYER_GROWN', 'CHAIN_RAW_WITH_MAGIC'],
    verdict: 'clean',
  },
  {
    id: 'C-37',
    title: 'a layer is shorter than the one below it',
    make: () => over(small({ size: 2 ** 21 }).path),
    codes: ['CHAIN_LAYER_SHORTER'],
    verdict: 'clean',
  },
  {
    id: 'C-35',
    title: 'the external data file is not there',
    make: () => small({ dataFile: 'not-there.raw', clusters: [{ index: 1, kind: 'data' }] }).path,
    codes: [],
    verdict: 'incomplete',
  },
  damaged('C-36', 'the encryption header is out of place', ['QCOW2_ENCRYPTION_HEADER'], () => {}, {
    extensions: [{ type: 0x0537be77, data: new Uint8Array(16) }],
  }),
  {
    id: 'C-32',
    title: 'the first cluster was overwritten',
    make: () => {
      const image = small();
      writeAt(image.source.fd, new Uint8Array(K64), 0);
      return image.path;
    },
    codes: ['CHAIN_FORMAT_ASSUMED', 'CHAIN_HEADER_LOST'],
    verdict: 'incomplete',
  },
];

/** Marks of known incidents beside the damage itself. */
const INCIDENTS: readonly DamagedImage[] = [
  ...[
    ['after 3 blocks of 1 MiB', 3 * 2 ** 20],
    ['inside a cluster', 3 * 2 ** 20 + 5000],
  ].map(([where, length]) =>
    damaged(
      `cut ${where}`,
      `the file ends ${where}, and its data reaches further`,
      ['QCOW2_LEAKED < QCOW2_PAST_END', 'QCOW2_LIKELY_CAUSE < QCOW2_PAST_END', 'QCOW2_PAST_END'],
      image => {
        ftruncateSync(image.source.fd, length as number);
        setRefcount(image, Math.ceil((length as number) / K64) * K64, 1);
        setL2(image, 0, COPIED | (1n << 34n));
      },
    ),
  ),
  damaged(
    'copied table',
    'an L2 table was written over another one',
    [
      'QCOW2_CROSS_LINK',
      'QCOW2_LEAKED < QCOW2_CROSS_LINK',
      'QCOW2_LIKELY_CAUSE < QCOW2_CROSS_LINK',
      'QCOW2_REFCOUNT_LOW < QCOW2_CROSS_LINK',
    ],
    image => {
      const [first = 0, second = 0] = image.l2Offsets.values();
      const bytes = new Uint8Array(K64);
      image.source.readAt(bytes, first);
      writeAt(image.source.fd, bytes, second);
    },
    TWO_TABLES,
  ),
  damaged(
    'foreign table',
    'the L2 table of another image was written over one of this image',
    ['QCOW2_L2_FOREIGN', 'QCOW2_REFCOUNT_LOW < QCOW2_L2_FOREIGN'],
    image => writeForeignTable(image, image.l2Offsets.get(1) as number),
    {
      size: 2 ** 31,
      clusters: [...clustersFrom(0, 8), ...clustersFrom(8192, 8), ...clustersFrom(16_384, 8)],
    },
  ),
  damaged(
    'foreign table without a leak',
    'the L2 table of another image that names all of its clusters was written over one of this image',
    ['QCOW2_L2_FOREIGN', 'QCOW2_PAST_END < QCOW2_L2_FOREIGN', 'QCOW2_REFCOUNT_LOW < QCOW2_L2_FOREIGN'],
    image => writeForeignTable(image, image.l2Offsets.get(1) as number),
    { size: 2 ** 30, clusters: [...clustersFrom(0, 8), ...clustersFrom(8192, 8)] },
  ),
  damaged(
    'foreign table past the disk',
    'the L2 table of another image that has more clusters than the disk was written over the only one',
    ['QCOW2_ENTRY_OUTSIDE < QCOW2_L2_FOREIGN', 'QCOW2_L2_FOREIGN', 'QCOW2_REFCOUNT_LOW < QCOW2_L2_FOREIGN'],
    image => writeForeignTable(image, l2Of(image)),
    { size: 8 * K64, clusters: clustersFrom(0, 4), ...ONE_SNAPSHOT },
  ),
  damaged(
    'one table named many times',
    'compressed entries all lead to the L1 table: no other table was written over theirs',
    [
      'QCOW2_DATA_ON_METADATA',
      'QCOW2_LIKELY_CAUSE < QCOW2_DATA_ON_METADATA',
      'QCOW2_REFCOUNT_LOW < QCOW2_DATA_ON_METADATA',
    ],
    image => {
      for (let index = 8; index < 40; index++) setL2(image, index, (1n << 62n) | BigInt(image.l1Offset));
    },
    { size: 2 ** 22, clusters: clustersFrom(0, 8) },
  ),
  damaged(
    'L1 table over an L2 table',
    'the L1 table was written over an L2 table',
    ['QCOW2_L2_FOREIGN', 'QCOW2_LEAKED < QCOW2_L2_FOREIGN', 'QCOW2_REFCOUNT_LOW < QCOW2_L2_FOREIGN'],
    image => {
      const bytes = new Uint8Array(K64);
      image.source.readAt(bytes, image.l1Offset);
      writeAt(image.source.fd, bytes, image.l2Offsets.get(1) as number);
    },
    { size: 2 ** 30, clusters: [...clustersFrom(0, 4), ...clustersFrom(8192, 4)] },
  ),
  damaged(
    'snapshot table of zeros',
    'the snapshot table was zeroed',
    [
      'QCOW2_LEAKED < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_ORPHAN_TABLE < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_SNAPSHOT_TABLE',
    ],
    image => writeAt(image.source.fd, new Uint8Array(K64), image.snapshotTableOffset),
    ONE_SNAPSHOT,
  ),
  damaged(
    'refcount table over a refcount block',
    'the refcount table was written over the refcount block',
    [
      'QCOW2_COPIED_SET < QCOW2_REFCOUNT_BLOCK_OVERWRITTEN',
      'QCOW2_REFCOUNT_BLOCK_OVERWRITTEN',
      'QCOW2_REFCOUNT_HIGH < QCOW2_REFCOUNT_BLOCK_OVERWRITTEN',
      'QCOW2_REFCOUNT_ZERO < QCOW2_REFCOUNT_BLOCK_OVERWRITTEN',
    ],
    image => {
      const bytes = new Uint8Array(K64);
      image.source.readAt(bytes, image.refcountTableOffset);
      writeAt(image.source.fd, bytes, blockOf(image));
    },
    { clusters: clustersFrom(0, 12) },
  ),
  ...(
    [
      ['an L2 table', image => l2Of(image)],
      ['the L1 table', image => image.l1Offset],
      ['data', image => hostOf(image, 0)],
    ] as const satisfies readonly (readonly [string, (image: BuiltImage) => number])[]
  ).map(([where, placeOf]) =>
    damaged(
      `refcount table in ${where}`,
      `the header names ${where} as the refcount table`,
      ['QCOW2_REFCOUNT_BLOCK < QCOW2_REFCOUNT_TABLE_MISPLACED', 'QCOW2_REFCOUNT_TABLE_MISPLACED'],
      image => {
        writeAt(image.source.fd, Buffer.alloc(K64, 'what the guest wrote '), hostOf(image, 0));
        pokeU64(image.source.fd, 48, BigInt(placeOf(image)));
      },
    ),
  ),
  ...(
    [
      ["another snapshot's", image => image.snapshotL1Offsets[1] as number],
      ["the disk's", image => image.l1Offset],
    ] as const satisfies readonly (readonly [string, (image: BuiltImage) => number])[]
  ).map(([whose, placeOf]) =>
    damaged(
      `L1 of a snapshot over ${whose}`,
      `the L1 table of a snapshot was written over ${whose}`,
      [
        'QCOW2_L1_TWIN',
        'QCOW2_LEAKED < QCOW2_L1_TWIN',
        'QCOW2_ORPHAN_TABLE < QCOW2_L1_TWIN',
        'QCOW2_REFCOUNT_LOW < QCOW2_L1_TWIN',
      ],
      image => {
        const bytes = new Uint8Array(K64);
        image.source.readAt(bytes, image.snapshotL1Offsets[0] as number);
        writeAt(image.source.fd, bytes, placeOf(image));
      },
      {
        snapshots: [
          { id: '1', name: 'one', clusters: clustersFrom(5, 2) },
          { id: '2', name: 'two', clusters: clustersFrom(9, 2) },
        ],
      },
    ),
  ),
  damaged(
    'cut before its lists',
    'the file was cut in its data, before the snapshot table and a bitmap',
    [
      'QCOW2_BITMAP_DIRECTORY < QCOW2_PAST_END',
      'QCOW2_CLUSTER_CUT < QCOW2_PAST_END',
      'QCOW2_COPIED_SET < QCOW2_PAST_END',
      'QCOW2_METADATA_PAST_END < QCOW2_PAST_END',
      'QCOW2_PAST_END',
      'QCOW2_REFCOUNT_ZERO < QCOW2_PAST_END',
      'QCOW2_SNAPSHOT_TABLE < QCOW2_PAST_END',
    ],
    image => ftruncateSync(image.source.fd, hostOf(image, 0) + 512),
    { ...ONE_BITMAP, ...ONE_SNAPSHOT },
  ),
  damaged(
    'L1 moved',
    'the L1 table was moved, and a table was written through the earlier one',
    ['QCOW2_LEAKED < QCOW2_ORPHAN_TABLE', 'QCOW2_LIKELY_CAUSE < QCOW2_ORPHAN_TABLE', 'QCOW2_ORPHAN_TABLE'],
    image => {
      const moved = image.fileSize;
      writeAt(image.source.fd, new Uint8Array(K64), moved);
      setRefcount(image, moved, 1);
      pokeU64(image.source.fd, moved, COPIED | BigInt(l2Of(image)));
      pokeU64(image.source.fd, 40, BigInt(moved));
    },
    TWO_TABLES,
    'incomplete',
  ),
  damaged(
    'snapshot lost with its L1 table',
    'the L1 table of a snapshot changed places with a cluster of its data',
    ['QCOW2_LEAKED < QCOW2_ORPHAN_TABLE', 'QCOW2_LIKELY_CAUSE < QCOW2_ORPHAN_TABLE', 'QCOW2_ORPHAN_TABLE'],
    image => {
      const { fd } = image.source;
      const snapshotL1 = image.snapshotL1Offsets[0] as number;
      const l1 = new Uint8Array(K64);
      image.source.readAt(l1, snapshotL1);
      const view = new DataView(l1.buffer);
      const snapshotL2 = view.getUint32(4);
      const entries = new Uint8Array(K64);
      image.source.readAt(entries, snapshotL2);
      // One of its clusters of data now holds what its L1 table held.
      writeAt(fd, l1, new DataView(entries.buffer).getUint32(5 * 8 + 4));
      writeAt(fd, new Uint8Array(K64), snapshotL1);
    },
    {
      snapshots: [
        { id: '1', name: 'one', clusters: [5, 6, 7].map(index => ({ index, kind: 'data' as const })) },
      ],
    },
    'incomplete',
  ),
  damaged(
    'L1 moved and given out',
    'the L1 table was moved, and its cluster became a table of the earlier one',
    [
      'QCOW2_L1_REPLACED',
      'QCOW2_L2_EMPTY < QCOW2_L1_REPLACED',
      'QCOW2_LEAKED < QCOW2_L1_REPLACED',
      'QCOW2_LIKELY_CAUSE < QCOW2_L1_REPLACED',
      'QCOW2_ORPHAN_TABLE < QCOW2_L1_REPLACED',
    ],
    image => pokeU64(image.source.fd, 40, BigInt(image.l2Offsets.get(1) as number)),
    TWO_TABLES,
  ),
  damaged(
    'L1 moved and overwritten',
    'the L1 table was moved, and its cluster became data of the guest by the earlier one',
    [
      'QCOW2_L1_REPLACED',
      'QCOW2_L1_UNALIGNED < QCOW2_L1_REPLACED',
      'QCOW2_LEAKED < QCOW2_L1_REPLACED',
      'QCOW2_LIKELY_CAUSE < QCOW2_L1_REPLACED',
      'QCOW2_ORPHAN_TABLE < QCOW2_L1_REPLACED',
    ],
    image => {
      const { fd } = image.source;
      const data = (image.l2Offsets.get(1) as number) + K64;
      writeAt(fd, new Uint8Array(K64).fill(5), data);
      pokeU64(fd, 40, BigInt(data));
    },
    TWO_TABLES,
  ),
  damaged(
    'L1 overwritten by a table',
    'an L2 table was written over the L1 table, so that data is taken for tables',
    [
      'QCOW2_ENTRY_UNALIGNED < QCOW2_L1_REPLACED',
      'QCOW2_L1_REPLACED',
      'QCOW2_LEAKED < QCOW2_L1_REPLACED',
      'QCOW2_ORPHAN_TABLE < QCOW2_L1_REPLACED',
    ],
    image => {
      const { fd } = image.source;
      const table = new Uint8Array(K64);
      image.source.readAt(table, image.l2Offsets.get(1) as number);
      writeAt(fd, table, image.l1Offset);
      for (const at of [1, 2])
        writeAt(fd, new Uint8Array(K64).fill(5), (image.l2Offsets.get(1) as number) + at * K64);
    },
    { size: 2 ** 30, clusters: [0, 8192, 8193].map(index => ({ index, kind: 'data' as const })) },
  ),
  ...(
    [
      ['text', Buffer.alloc(K64, 'a line of a log '), ['HIGH']],
      ['zeros', new Uint8Array(K64), ['ZERO']],
      ['other data', Uint8Array.from({ length: K64 }, (_, at) => (at * at * 31) >> 5), ['HIGH', 'ZERO']],
    ] as const
  ).map(([content, bytes, wrong]) =>
    damaged(
      `refcount block of ${content}`,
      `a refcount block holds ${content}`,
      [
        'QCOW2_COPIED_SET < QCOW2_REFCOUNT_BLOCK_OVERWRITTEN',
        'QCOW2_REFCOUNT_BLOCK_OVERWRITTEN',
        ...wrong.map(kind => `QCOW2_REFCOUNT_${kind} < QCOW2_REFCOUNT_BLOCK_OVERWRITTEN`),
      ],
      image => writeAt(image.source.fd, bytes, blockOf(image)),
    ),
  ),
  damaged(
    'L1 of a snapshot',
    'the header names the L1 table of a snapshot as that of the disk',
    [
      'QCOW2_L1_REPLACED',
      'QCOW2_LEAKED < QCOW2_L1_REPLACED',
      'QCOW2_ORPHAN_TABLE < QCOW2_L1_REPLACED',
      'QCOW2_REFCOUNT_LOW < QCOW2_L1_REPLACED',
    ],
    image => pokeU64(image.source.fd, 40, BigInt(image.snapshotL1Offsets[0] as number)),
    ONE_SNAPSHOT,
  ),
  damaged(
    'L1 too long',
    'the header gives the L1 table so many entries that it runs over the rest of the file',
    [
      'QCOW2_DATA_ON_METADATA < QCOW2_L1_TOO_LONG',
      'QCOW2_L1_TOO_LONG',
      'QCOW2_REFCOUNT_LOW < QCOW2_L1_TOO_LONG',
      'QCOW2_TABLES_OVERLAP < QCOW2_L1_TOO_LONG',
    ],
    image => pokeU32(image.source.fd, 36, (4 * K64) / 8),
    TWO_TABLES,
  ),
  damaged(
    'L1 zeroed',
    'the L1 table was zeroed',
    ['QCOW2_LEAKED < QCOW2_ORPHAN_TABLE', 'QCOW2_LIKELY_CAUSE < QCOW2_ORPHAN_TABLE', 'QCOW2_ORPHAN_TABLE'],
    image => writeAt(image.source.fd, new Uint8Array(K64), image.l1Offset),
    TWO_TABLES,
    'incomplete',
  ),
  damaged(
    'cut before its metadata',
    'the file was cut in its data, before refcounts and a bitmap',
    [
      'QCOW2_BITMAP_DIRECTORY < QCOW2_PAST_END',
      'QCOW2_CLUSTER_CUT < QCOW2_PAST_END',
      'QCOW2_COPIED_SET < QCOW2_PAST_END',
      'QCOW2_METADATA_PAST_END < QCOW2_PAST_END',
      'QCOW2_PAST_END',
      'QCOW2_REFCOUNT_ZERO < QCOW2_PAST_END',
      'QCOW2_SPACE_PAST_END < QCOW2_PAST_END',
    ],
    image => ftruncateSync(image.source.fd, hostOf(image, 0) + 512),
    {
      ...ONE_BITMAP,
      clusters: [
        { index: 0, kind: 'data' },
        { index: 1, kind: 'zeroAllocated' },
        { index: 2, kind: 'data' },
      ],
    },
  ),
  damaged(
    'noise over a short table',
    'an L2 table holds noise, of which a part looks like entries past the end of the file',
    ['QCOW2_L2_INVALID', 'QCOW2_LEAKED < QCOW2_L2_INVALID'],
    image => {
      let state = 7;
      const noise = new Uint8Array(K64).map(() => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state >>> 16;
      });
      writeAt(image.source.fd, noise, l2Of(image));
    },
    { size: 12 * K64 },
  ),
  damaged(
    'shared with a lost snapshot',
    'the snapshot table is unreadable, and the disk shares a table with a snapshot',
    [
      'QCOW2_LEAKED < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_LIKELY_CAUSE < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_REFCOUNT_HIGH < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_SNAPSHOT_TABLE',
    ],
    image => pokeU32(image.source.fd, image.snapshotTableOffset + 36, 5000),
    { snapshots: [{ id: '1', name: 'one' }] },
  ),
  damaged(
    'snapshot out of the table',
    'a snapshot that shares a table with the disk is not in the snapshot table',
    [
      'QCOW2_LEAKED < QCOW2_ORPHAN_TABLE',
      'QCOW2_LIKELY_CAUSE < QCOW2_ORPHAN_TABLE',
      'QCOW2_ORPHAN_TABLE',
      'QCOW2_REFCOUNT_HIGH',
    ],
    image => {
      const shared = image.l2Offsets.get(1) as number;
      pokeU64(image.source.fd, (image.snapshotL1Offsets[0] as number) + 8, BigInt(shared));
      pokeU64(image.source.fd, image.l1Offset + 8, BigInt(shared));
      pokeU64(image.source.fd, shared, BigInt(shared + K64));
      for (const at of [shared, shared + K64]) setRefcount(image, at, 2);
      pokeU32(image.source.fd, 60, 0);
      pokeU64(image.source.fd, 64, 0n);
    },
    { ...TWO_TABLES, ...ONE_SNAPSHOT },
    'incomplete',
  ),
  damaged(
    'killed writer',
    'the writer was killed with lazy refcounts',
    [
      'QCOW2_COPIED_SET < QCOW2_REFCOUNT_ZERO',
      'QCOW2_DIRTY',
      'QCOW2_LIKELY_CAUSE < QCOW2_REFCOUNT_ZERO',
      'QCOW2_REFCOUNT_ZERO',
    ],
    image => setRefcount(image, hostOf(image, 0), 0),
    { incompatible: 1n, compatible: 1n },
  ),
  damaged(
    'snapshot deletion',
    'the deletion of a snapshot was interrupted',
    [
      'QCOW2_COPIED_SET < QCOW2_REFCOUNT_HIGH',
      'QCOW2_COPIED_SET < QCOW2_REFCOUNT_ZERO',
      'QCOW2_LIKELY_CAUSE < QCOW2_REFCOUNT_ZERO',
      'QCOW2_REFCOUNT_HIGH',
      'QCOW2_REFCOUNT_ZERO',
    ],
    image => {
      setRefcount(image, hostOf(image, 0), 0);
      setRefcount(image, hostOf(image, 1), 2);
    },
  ),
];

/** Header fields of tables that hold 0, so that the header's own bytes would be the table. */
const AT_HEADER: readonly DamagedImage[] = [
  damaged(
    'C-30 refcount table at 0',
    'the header has 0 for the offset of the refcount table',
    [
      'QCOW2_COPIED_SET < QCOW2_REFCOUNT_TABLE',
      'QCOW2_REFCOUNT_TABLE',
      'QCOW2_REFCOUNT_ZERO < QCOW2_REFCOUNT_TABLE',
    ],
    image => pokeU64(image.source.fd, 48, 0n),
  ),
  damaged(
    'C-30 L1 table at 0',
    'the header has 0 for the offset of the L1 table',
    [
      'QCOW2_L1_TABLE',
      'QCOW2_LEAKED < QCOW2_L1_TABLE',
      'QCOW2_LIKELY_CAUSE < QCOW2_L1_TABLE',
      'QCOW2_ORPHAN_TABLE < QCOW2_L1_TABLE',
    ],
    image => pokeU64(image.source.fd, 40, 0n),
  ),
  damaged(
    'C-30 snapshot table at 0',
    'the header counts a snapshot and has 0 for the offset of their table',
    ['QCOW2_REFCOUNT_LOW < QCOW2_SNAPSHOT_TABLE', 'QCOW2_SNAPSHOT_TABLE'],
    image => pokeU32(image.source.fd, 60, 1),
  ),
];

/** What `qemu-img check` calls clean, or does not speak of. */
const PASSED_OVER: readonly DamagedImage[] = [
  damaged(
    'L1 past the end',
    'the L1 table lies past the end of the file',
    [
      'QCOW2_LEAKED < QCOW2_PAST_END',
      'QCOW2_LIKELY_CAUSE < QCOW2_PAST_END',
      'QCOW2_ORPHAN_TABLE < QCOW2_PAST_END',
      'QCOW2_PAST_END',
    ],
    image => pokeU64(image.source.fd, 40, BigInt(image.fileSize + 4 * K64)),
  ),
  damaged(
    'bitmap extra data',
    'a bitmap has extra data that is not known',
    ['QCOW2_BITMAP_DIRECTORY', 'QCOW2_LEAKED < QCOW2_BITMAP_DIRECTORY'],
    image => pokeU32(image.source.fd, image.bitmapDirectoryOffset + 20, 8),
    ONE_BITMAP,
  ),
  damaged(
    'orphan table',
    'the L1 entry was lost, and its table is still counted',
    ['QCOW2_LEAKED < QCOW2_ORPHAN_TABLE', 'QCOW2_LIKELY_CAUSE < QCOW2_ORPHAN_TABLE', 'QCOW2_ORPHAN_TABLE'],
    image => setL1(image, 0n),
    {},
    'incomplete',
  ),
  damaged(
    'free table',
    'the L1 entry and the refcounts were never written',
    ['QCOW2_EMPTY_DISK_TABLES'],
    image => {
      setL1(image, 0n);
      const size = image.fileSize;
      ftruncateSync(image.source.fd, size + 3 * K64);
      pokeU64(image.source.fd, size, COPIED | BigInt(size + K64));
      for (const at of [l2Of(image), hostOf(image, 0), hostOf(image, 1)]) {
        writeAt(image.source.fd, new Uint8Array(K64), at);
        setRefcount(image, at, 0);
      }
    },
    {},
    'clean',
  ),
  damaged(
    'free table of a disk with data',
    'a table lies behind the end of an image whose own tables are whole',
    ['QCOW2_FREE_TABLE'],
    image => {
      ftruncateSync(image.source.fd, image.fileSize + 3 * K64);
      pokeU64(image.source.fd, image.fileSize, COPIED | BigInt(image.fileSize + K64));
    },
    {},
    'clean',
  ),
  damaged(
    'snapshot table in data',
    'the snapshot table lies in guest data',
    [
      'QCOW2_REFCOUNT_LOW < QCOW2_SNAPSHOT_TABLE',
      'QCOW2_SNAPSHOT_TABLE',
      'QCOW2_SNAPSHOT_TABLE_IN_DATA < QCOW2_SNAPSHOT_TABLE',
    ],
    image => {
      writeAt(image.source.fd, Buffer.alloc(K64, 'what the guest wrote '), hostOf(image, 0));
      pokeU32(image.source.fd, 60, 1);
      pokeU64(image.source.fd, 64, BigInt(hostOf(image, 0)));
    },
  ),
  damaged(
    'B5',
    'a compressed stream was overwritten',
    ['QCOW2_STREAM_DAMAGED'],
    image => writeAt(image.source.fd, new Uint8Array(8).fill(0xff), hostOf(image, 0)),
    STREAM,
    'corrupt',
    true,
  ),
  damaged(
    'C-19 short',
    'the recorded length of a compressed stream is too small',
    ['QCOW2_STREAM_DAMAGED'],
    image => setL2(image, 0, COMPRESSED | BigInt(hostOf(image, 0))),
    {
      clusters: [
        { index: 0, kind: 'compressed', content: Uint8Array.from({ length: K64 }, (_, i) => (i * i) >> 7) },
      ],
    },
    'corrupt',
    true,
  ),
  damaged(
    'B1',
    'two guest clusters share a host cluster, and its refcount is 2',
    ['QCOW2_CROSS_LINK'],
    image => {
      const host = BigInt(hostOf(image, 0));
      setL2(image, 0, host);
      setL2(image, 1, host);
      setRefcount(image, hostOf(image, 0), 2);
      setRefcount(image, hostOf(image, 1), 0);
    },
  ),
  damaged('B2', 'data lies on the L1 table, and its refcount is 2', ['QCOW2_DATA_ON_METADATA'], image => {
    setL2(image, 0, BigInt(image.l1Offset));
    setRefcount(image, image.l1Offset, 2);
    setRefcount(image, hostOf(image, 0), 0);
  }),
  damaged('B3', 'data lies on its own L2 table, and the refcount is 2', ['QCOW2_DATA_ON_METADATA'], image => {
    setL2(image, 0, BigInt(l2Of(image)));
    setL1(image, BigInt(l2Of(image)));
    setRefcount(image, l2Of(image), 2);
    setRefcount(image, hostOf(image, 0), 0);
  }),
  damaged(
    'B4',
    'a bitmap lies on the L1 table, and its refcount is 2',
    ['QCOW2_BITMAP_OVERLAP'],
    image => {
      const table = image.bitmapTableOffsets[0] as number;
      pokeU64(image.source.fd, table, BigInt(image.l1Offset));
      setRefcount(image, image.l1Offset, 2);
      setRefcount(image, table + K64, 0);
    },
    ONE_BITMAP,
  ),
  damaged(
    'B8',
    'the size is no whole number of sectors',
    ['QCOW2_SIZE_ODD'],
    image => pokeU64(image.source.fd, 24, BigInt(2 ** 20 + 100)),
    {},
    'clean',
  ),
  damaged(
    'B9',
    'an extended L2 entry has reserved bit 0',
    ['QCOW2_ENTRY_RESERVED'],
    image => setL2(image, 0, COPIED | BigInt(hostOf(image, 0)) | 1n),
    { extendedL2: true },
    'clean',
  ),
  damaged(
    'B10',
    'an entry has the copied flag and no cluster',
    ['QCOW2_COPIED_ALONE'],
    image => setL2(image, 5, COPIED),
    {},
    'clean',
  ),
  damaged(
    'B11 autoclear',
    'an unknown autoclear bit',
    ['QCOW2_AUTOCLEAR_UNKNOWN'],
    () => {},
    { autoclear: 16n },
    'clean',
  ),
  damaged(
    'B11 extension',
    'an unknown header extension',
    ['QCOW2_EXTENSION_UNKNOWN'],
    () => {},
    { extensions: [{ type: 0x76617465, data: new Uint8Array(8) }] },
    'clean',
  ),
  damaged(
    'B12',
    'snapshots with one name, and of another size',
    ['QCOW2_SNAPSHOT_NAMES', 'QCOW2_SNAPSHOT_SIZE'],
    () => {},
    {
      snapshots: [
        { id: '1', name: 'same', clusters: [] },
        { id: '2', name: 'same', clusters: [], diskSize: 2 ** 19 },
      ],
    },
    'clean',
  ),
  {
    id: 'B13',
    title: 'the base was written to after its overlay',
    make: () => {
      const base = small();
      const top = over(base.path);
      utimesSync(top, 1_000_000_000, 1_000_000_000);
      return top;
    },
    codes: ['CHAIN_BASE_NEWER'],
    verdict: 'clean',
  },
  damaged(
    'L2 shared',
    'two L1 entries name one L2 table',
    ['QCOW2_L2_SHARED'],
    image => {
      pokeU64(image.source.fd, image.l1Offset + 8, BigInt(l2Of(image)));
      setL1(image, BigInt(l2Of(image)));
      for (const at of [l2Of(image), hostOf(image, 0), hostOf(image, 1)]) setRefcount(image, at, 2);
      for (const index of [0, 1]) setL2(image, index, BigInt(hostOf(image, index)));
    },
    { size: 2 ** 30 },
  ),
  damaged(
    'L1 flags',
    'an L1 entry has flags and no table',
    [
      'QCOW2_L1_FLAGS_ALONE',
      'QCOW2_LEAKED < QCOW2_L1_FLAGS_ALONE',
      'QCOW2_ORPHAN_TABLE < QCOW2_L1_FLAGS_ALONE',
    ],
    image => setL1(image, COPIED),
  ),
  damaged('outside', 'an entry past the end of the disk', ['QCOW2_ENTRY_OUTSIDE'], image =>
    setL2(image, 100, COPIED | (1n << 40n)),
  ),
  damaged(
    'snapshot entry',
    'an entry of a snapshot leads past the end',
    ['QCOW2_LEAKED < QCOW2_SNAPSHOT_ENTRY', 'QCOW2_SNAPSHOT_ENTRY'],
    image => {
      const l2 = (image.snapshotL1Offsets[0] as number) + K64;
      pokeU64(image.source.fd, l2 + 5 * 8, 1n << 40n);
    },
    ONE_SNAPSHOT,
  ),
  damaged(
    'snapshot entry odd',
    'an entry of a snapshot has reserved bits',
    ['QCOW2_SNAPSHOT_ENTRY_ODD'],
    image => {
      const l2 = (image.snapshotL1Offsets[0] as number) + K64;
      pokeU64(image.source.fd, l2 + 5 * 8, COPIED | BigInt(l2 + K64) | 8n);
    },
    ONE_SNAPSHOT,
  ),
  damaged(
    'bitmap past the end',
    'bits of a bitmap lie past the end',
    ['QCOW2_LEAKED < QCOW2_METADATA_PAST_END', 'QCOW2_METADATA_PAST_END'],
    image => pokeU64(image.source.fd, image.bitmapTableOffsets[0] as number, 1n << 40n),
    ONE_BITMAP,
  ),
  damaged(
    'tables overlap',
    'the L1 tables of two snapshots lie in one cluster',
    ['QCOW2_TABLES_OVERLAP'],
    image => {
      pokeU64(image.source.fd, image.snapshotTableOffset + 72, BigInt(image.snapshotL1Offsets[0] as number));
      pokeU32(image.source.fd, image.snapshotTableOffset + 80, 2);
      setRefcount(image, image.snapshotL1Offsets[0] as number, 2);
      setRefcount(image, image.snapshotL1Offsets[1] as number, 0);
    },
    {
      snapshots: [
        { id: '1', name: 'a', clusters: [] },
        { id: '2', name: 'b', clusters: [] },
      ],
    },
  ),
  damaged(
    'snapshots and data file',
    'internal snapshots beside a data file',
    ['QCOW2_COPIED_CLEAR', 'QCOW2_SNAPSHOT_DATA_FILE'],
    () => {},
    {
      dataFile: 'data.raw',
      clusters: [{ index: 1, kind: 'data' }],
      snapshots: [{ id: '1', name: 'one' }],
    },
  ),
];

/** All of them. */
export const DAMAGED_IMAGES: readonly DamagedImage[] = [
  ...COUNTED,
  ...INCIDENTS,
  ...AT_HEADER,
  ...PASSED_OVER,
];
