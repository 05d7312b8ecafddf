/** Images with damage that `qemu-img check` calls clean. */
import { ftruncateSync, utimesSync } from 'node:fs';
import { pokeU32, pokeU64 } from '../qcow2-builder.ts';
import { writeAt } from '../qcow2-builder-parts.ts';
import {
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

/** What `qemu-img check` calls clean, or does not speak of. */
export const PASSED_OVER: readonly DamagedImage[] = [
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
