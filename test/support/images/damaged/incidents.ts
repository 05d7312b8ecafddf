/** Images with the marks of known incidents beside the damage itself. */
import { ftruncateSync } from 'node:fs';
import type { BuiltImage } from '../../qcow2-reading.ts';
import { pokeU32, pokeU64 } from '../qcow2-builder.ts';
import { writeAt } from '../qcow2-builder-parts.ts';
import {
  blockOf,
  COPIED,
  clustersFrom,
  type DamagedImage,
  damaged,
  hostOf,
  K64,
  l2Of,
  ONE_BITMAP,
  ONE_SNAPSHOT,
  setL2,
  setRefcount,
  TWO_TABLES,
  writeForeignTable,
} from './parts.ts';

/** Marks of known incidents beside the damage itself. */
export const INCIDENTS: readonly DamagedImage[] = [
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
