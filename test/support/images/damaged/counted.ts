/** Images with damage that `qemu-img check` counts. */
import { ftruncateSync } from 'node:fs';
import { pokeU32, pokeU64 } from '../qcow2-builder.ts';
import { writeAt } from '../qcow2-builder-parts.ts';
import {
  blockOf,
  COMPRESSED,
  COPIED,
  type DamagedImage,
  damaged,
  hostOf,
  K64,
  l2Of,
  ONE_BITMAP,
  ONE_SNAPSHOT,
  over,
  STREAM,
  setL1,
  setL2,
  setRefcount,
  small,
} from './parts.ts';

/** What `qemu-img check` counts. */
export const COUNTED: readonly DamagedImage[] = [
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
