/** As much of file systems as tells where their parts lie, written byte by byte from their documentation, for tests. */
import { GuestBytes } from './guest-tables.ts';

/** Bytes at an offset of a disk. */
export type Piece = readonly [offset: number, bytes: Uint8Array];

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const BLOCK = 4096;

/** 16 bytes of which every one is the same. */
function uuidOf(byte: number): Uint8Array {
  return new Uint8Array(16).fill(byte);
}

/** XFS of version 5 with groups of 16 MiB: their headers, and blocks of inodes at these offsets. */
export function xfsPieces(start: number, size: number, inodesAt: readonly number[], uuid = 7): Piece[] {
  const groupBlocks = (16 * MIB) / BLOCK;
  const groups = Math.ceil(size / (16 * MIB));
  const headers = Array.from({ length: groups }, (_, group): Piece => {
    const header = new GuestBytes(2 * KIB).put(0, 'XFSB').u32(4, BLOCK, false);
    header
      .u64(8, size / BLOCK, false)
      .put(32, uuidOf(uuid))
      .u32(84, groupBlocks, false);
    header.u32(88, groups, false).u16(100, 0xb4a5, false).u16(102, 512, false).u16(104, 512, false);
    header.put(123, Uint8Array.of(3, 12)).put(512, 'XAGF').u32(520, group, false);
    return [start + group * groupBlocks * BLOCK, header.bytes];
  });
  const inodes = inodesAt.map((at): Piece => {
    const block = new GuestBytes(BLOCK);
    for (let i = 0; i < 8; i++) {
      const blockNumber = (at / BLOCK) % groupBlocks;
      const group = Math.floor(at / BLOCK / groupBlocks);
      const number = (group * 2 ** 12 + blockNumber) * 8 + i;
      block
        .put(i * 512, 'IN\x81\xa4\x03')
        .u64(i * 512 + 152, number, false)
        .put(i * 512 + 160, uuidOf(uuid));
    }
    return [start + at, block.bytes];
  });
  return [...headers, ...inodes];
}

/** A block of an XFS directory that says it lies at `at` of its file system. */
export function xfsDirectoryBlock(at: number, uuid = 7): Uint8Array {
  return new GuestBytes(BLOCK)
    .put(0, 'XDB3')
    .u64(8, at / 512, false)
    .put(24, uuidOf(uuid)).bytes;
}

const SYSTEM_CHUNK = { address: 32 * MIB, length: 8 * MIB, copies: [1 * MIB] };
/** Addresses of metadata, of which there are two copies. */
const METADATA_CHUNK = { address: 64 * MIB, length: 16 * MIB, copies: [24 * MIB, 40 * MIB] };

function chunkItem({ length, copies }: typeof SYSTEM_CHUNK): GuestBytes {
  const item = new GuestBytes(48 + 32 * copies.length).u64(0, length).u64(24, copies.length === 2 ? 0x24 : 2);
  item.u16(44, copies.length);
  for (const [i, copy] of copies.entries()) item.u64(48 + 32 * i, 1).u64(48 + 32 * i + 8, copy);
  return item;
}

/** The header of a tree block: its UUID, its address, and how many items a leaf has. */
function treeBlock(address: number, items = 0): GuestBytes {
  return new GuestBytes(16 * KIB).put(32, uuidOf(9)).u64(48, address).u32(96, items);
}

/** Btrfs with a chunk tree of one leaf, and a tree block in both copies at each of these distances in the chunk of metadata. */
export function btrfsPieces(start: number, size: number, blocksAt: readonly number[]): Piece[] {
  const root = SYSTEM_CHUNK.address + 16 * KIB;
  const superBlock = (at: number) => {
    const block = new GuestBytes(BLOCK)
      .put(0x20, uuidOf(9))
      .u64(0x30, at)
      .put(0x40, '_BHRfS_M')
      .u64(0x58, root);
    block
      .u64(0x70, size)
      .u64(0x88, 1)
      .u32(0x90, BLOCK)
      .u32(0x94, 16 * KIB)
      .u32(0xa0, 17 + 80);
    block.put(0x32b + 8, Uint8Array.of(228)).u64(0x32b + 9, SYSTEM_CHUNK.address);
    return block.put(0x32b + 17, chunkItem(SYSTEM_CHUNK).bytes);
  };
  const leaf = treeBlock(root, 1)
    .put(101 + 8, Uint8Array.of(228))
    .u64(101 + 9, METADATA_CHUNK.address);
  leaf.u32(101 + 17, 8000).put(101 + 8000, chunkItem(METADATA_CHUNK).bytes);
  const copies = [0x10000, 64 * MIB].filter(at => at + BLOCK <= size);
  return [
    ...copies.map((at): Piece => [start + at, superBlock(at).bytes]),
    [start + (SYSTEM_CHUNK.copies[0] as number) + 16 * KIB, leaf.bytes],
    ...blocksAt.flatMap(at =>
      METADATA_CHUNK.copies.map(
        (copy): Piece => [start + copy + at, treeBlock(METADATA_CHUNK.address + at).bytes],
      ),
    ),
  ];
}

const RECORD = 1024;

/**
 * NTFS in clusters of 4 KiB, made at some time: boot sectors, the master file table in two runs of 64 records, and a copy of the
 * first record.
 */
export function ntfsPieces(
  start: number,
  size: number,
  runs: readonly [number, number],
  mirror: number,
  time = 1n,
): Piece[] {
  const [first, second] = runs.map(at => at / BLOCK) as [number, number];
  const boot = new GuestBytes(512)
    .put(3, 'NTFS    ')
    .u16(11, 512)
    .put(13, Uint8Array.of(8))
    .u64(0x28, size / 512 - 1);
  boot
    .u64(0x30, first)
    .put(0x40, Uint8Array.of(0xf6))
    .u64(0x38, mirror / BLOCK)
    .u64(0x48, 0x1122_3344_5566_7788n)
    .put(510, '\x55\xaa');
  const table = [0, 64].map(from => {
    const records = new GuestBytes(64 * RECORD);
    for (let i = 0; i < 64; i++)
      records
        .put(i * RECORD, 'FILE')
        .u16(i * RECORD + 4, 0x30)
        .u16(i * RECORD + 6, 3)
        .u32(i * RECORD + 0x2c, from + i);
    return records;
  });
  const [own] = table as [GuestBytes];
  // The standard information, which begins with the time.
  own
    .u16(0x14, 0x38)
    .u32(0x38, 0x10)
    .u32(0x3c, 0x60)
    .u16(0x38 + 0x14, 0x18)
    .u64(0x50, time);
  // The data attribute: 16 clusters from the first one on, then 16 at a distance that may be negative.
  own
    .u32(0x98, 0x80)
    .u32(0x9c, 0x60)
    .put(0x98 + 8, Uint8Array.of(1))
    .u16(0x98 + 0x20, 0x40);
  own
    .put(0xd8, Uint8Array.of(0x41, 16))
    .u32(0xda, first)
    .put(0xde, Uint8Array.of(0x41, 16))
    .u32(0xe0, (second - first) >>> 0);
  return [
    [start, boot.bytes],
    [start + size - 512, boot.bytes],
    [start + mirror, own.bytes.slice(0, RECORD)],
    ...table.map((records, i): Piece => [start + (i === 0 ? first : second) * BLOCK, records.bytes]),
  ];
}

/** What is special about a physical volume. */
interface LvmOptions {
  /** Of the logical volume. */
  readonly status?: readonly string[];
  /** The flags of the place of the metadata. */
  readonly flags?: number;
  /** Stands before the metadata, and behind it. */
  readonly before?: string;
  readonly behind?: string;
}

/** A physical volume of LVM2 of which one logical volume has these extents of 4 MiB: [first of the volume, count, first here]. */
export function lvmPieces(
  start: number,
  segments: readonly (readonly [number, number, number])[],
  { status = ['READ', 'VISIBLE'], flags = 0, before = '', behind = '' }: LvmOptions = {},
): Piece[] {
  const id = 'abcdef-GHIJ-klmn-OPQR-stuv-WXYZ-012345';
  const lines = segments.map(
    ([first, count, here], i) =>
      `segment${i + 1} {\nstart_extent = ${first}\nextent_count = ${count}\t# so many\n\ntype = "striped"\nstripe_count = 1\nstripes = [\n"pv0", ${here}\n]\n}\n`,
  );
  const text = `${before}vg {\nid = "x"\nseqno = 2\nextent_size = 8192\nphysical_volumes {\npv0 {\nid = "${id}"\npe_start = 2048\n}\n}\nlogical_volumes {\nroot {\nid = "y"\nstatus = [${status.map(name => `"${name}"`).join(', ')}]\nsegment_count = ${segments.length}\n${lines.join('')}}\n}\n}\n# Generated by LVM2\n${behind}`;
  const label = new GuestBytes(512)
    .put(0, 'LABELONE')
    .u32(20, 32)
    .put(24, 'LVM2 001')
    .put(32, id.replaceAll('-', ''));
  label
    .u64(72, MIB)
    .u64(72 + 32, BLOCK)
    .u64(72 + 40, MIB - BLOCK);
  // The text begins near the end of its area and goes on at the beginning.
  const offset = MIB - BLOCK - 512;
  const area = new GuestBytes(512)
    .put(4, ' LVM2 x[5A%r0N*>')
    .u64(32, MIB - BLOCK)
    .u64(40, offset)
    .u64(48, text.length)
    .u32(60, flags);
  return [
    [start + 512, label.bytes],
    [start + BLOCK, area.bytes],
    [start + BLOCK + offset, Buffer.from(text.slice(0, 512))],
    [start + BLOCK + 512, Buffer.from(text.slice(512))],
  ];
}

/** Blocks of a file system in ascending order: [first, count]. */
export type BlockRuns = readonly (readonly [first: number, count: number])[];

/** The tree of free space of one group of {@link xfsPieces}, of two levels in blocks 4 and 5; no other block is free. */
export function xfsFreeSpace(start: number, group: number, free: BlockRuns): Piece[] {
  const at = start + group * 16 * MIB;
  const most = Math.floor((BLOCK - 56) / 12);
  const root = new GuestBytes(BLOCK).put(0, 'AB3B').u16(4, 1, false).u16(6, 1, false);
  root.u32(56 + most * 8, 5, false);
  const leaf = new GuestBytes(BLOCK).put(0, 'AB3B').u16(6, free.length, false);
  for (const [i, [first, count]] of free.entries())
    leaf.u32(56 + i * 8, first, false).u32(60 + i * 8, count, false);
  return [
    [at + 512 + 16, new GuestBytes(4).u32(0, 4, false).bytes],
    [at + 512 + 28, new GuestBytes(4).u32(0, 2, false).bytes],
    [at + 4 * BLOCK, root.bytes],
    [at + 5 * BLOCK, leaf.bytes],
  ];
}

/** The record of the bitmap of {@link ntfsPieces} whose file table begins at `table`, and the bitmap, one block at `bitmap`. */
export function ntfsBitmap(start: number, table: number, bitmap: number, used: BlockRuns): Piece[] {
  const record = new GuestBytes(RECORD).put(0, 'FILE').u16(4, 0x30).u16(6, 3).u32(0x2c, 6);
  record.u16(0x14, 0x38).u32(0x38, 0x80).u32(0x3c, 0x60).put(0x40, Uint8Array.of(1)).u16(0x58, 0x40);
  record.put(0x78, Uint8Array.of(0x41, 1)).u32(0x7a, bitmap / BLOCK);
  const bits = new Uint8Array(BLOCK);
  for (const [first, count] of used)
    for (let i = first; i < first + count; i++) bits[i >>> 3] = (bits[i >>> 3] as number) | (1 << (i & 7));
  return [
    [start + table + 6 * RECORD, record.bytes],
    [start + bitmap, bits],
  ];
}
