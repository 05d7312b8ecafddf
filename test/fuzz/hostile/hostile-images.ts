/**
 * Images that ask for far more than they hold: huge tables in holes, one table named a million times, as many snapshots
 * and bitmaps as the format allows. Each is a few parts of a file that is a hole elsewhere.
 */

/** Bytes at a place of a file. */
export interface Part {
  readonly at: number;
  readonly bytes: Buffer;
}

/** A file: its parts, and zeros up to its length. */
export interface HostileFile {
  readonly length: number;
  readonly parts: readonly Part[];
}

/** Commands that read images, by what they are called in this test. */
export type CommandName =
  | 'map'
  | 'map rows'
  | 'layers'
  | 'layers text'
  | 'check'
  | 'layout'
  | 'report'
  | 'misread'
  | 'compare'
  | 'plan'
  | 'plan flatten'
  | 'plan of it'
  | 'plan live'
  | 'check --deep'
  | 'partitions'
  | 'capture'
  | 'store';

/** An image, or a chain of them. */
export interface HostileImage {
  readonly name: string;
  /** Virtual size in bytes. */
  readonly size: number;
  /** Base first; each rests on the one before, under the name that {@link layerName} gives. */
  readonly layers: number;
  layer(index: number): HostileFile;
  /** Commands that read it beside those that read each image. */
  readonly also?: readonly CommandName[];
  /** What would take minutes or hours: it shows how far it is, and ends at the first signal. */
  readonly endless: readonly CommandName[];
}

/** What reads every table of a disk. */
const READS_ALL: readonly CommandName[] = [
  'map',
  'map rows',
  'layers',
  'layers text',
  'check',
  'report',
  'misread',
  'compare',
  'plan',
  'plan flatten',
  'plan of it',
  'plan live',
  'check --deep',
  'capture',
];

/** What goes over every range of a disk, though there are few tables. */
const READS_RANGES: readonly CommandName[] = [
  'map rows',
  'report',
  'misread',
  'compare',
  'plan flatten',
  'plan of it',
  'plan live',
];

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;
const PIB = 2 ** 50;
/** Entries of the largest L1 table: 32 MiB. */
const MOST_L1 = 2 ** 22;
const COPIED = 2n ** 63n;

/** The name of a layer's file in its folder. */
export function layerName(index: number): string {
  return `${index}.qcow2`;
}

/** Fields of a header of version 3; what is not given is 0. */
interface Header {
  readonly clusterBits: number;
  readonly size: number;
  readonly l1: { readonly at: number; readonly entries: number };
  readonly refcounts?: { readonly at: number; readonly clusters: number; readonly order: number };
  readonly snapshots?: { readonly at: number; readonly count: number };
  readonly bitmaps?: { readonly at: number; readonly count: number; readonly length: number };
  /** Name of the backing file, a qcow2 image. */
  readonly backing?: string;
}

function header({ clusterBits, size, l1, refcounts, snapshots, bitmaps, backing }: Header): Part {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt32BE(0x514649fb, 0);
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(clusterBits, 20);
  bytes.writeBigUInt64BE(BigInt(size), 24);
  bytes.writeUInt32BE(l1.entries, 36);
  bytes.writeBigUInt64BE(BigInt(l1.at), 40);
  bytes.writeBigUInt64BE(BigInt(refcounts?.at ?? 2 ** clusterBits), 48);
  bytes.writeUInt32BE(refcounts?.clusters ?? 1, 56);
  bytes.writeUInt32BE(snapshots?.count ?? 0, 60);
  bytes.writeBigUInt64BE(BigInt(snapshots?.at ?? 0), 64);
  bytes.writeBigUInt64BE(bitmaps === undefined ? 0n : 1n, 88); // autoclear
  bytes.writeUInt32BE(refcounts?.order ?? 4, 96);
  bytes.writeUInt32BE(104, 100);
  let at = 104;
  const extension = (type: number, data: Buffer) => {
    bytes.writeUInt32BE(type, at);
    bytes.writeUInt32BE(data.length, at + 4);
    data.copy(bytes, at + 8);
    at += 8 + Math.ceil(data.length / 8) * 8;
  };
  if (backing !== undefined) extension(0xe2792aca, Buffer.from('qcow2'));
  if (bitmaps !== undefined) {
    const data = Buffer.alloc(24);
    data.writeUInt32BE(bitmaps.count, 0);
    data.writeBigUInt64BE(BigInt(bitmaps.length), 8);
    data.writeBigUInt64BE(BigInt(bitmaps.at), 16);
    extension(0x23852875, data);
  }
  if (backing !== undefined) {
    bytes.writeBigUInt64BE(BigInt(at + 8), 8);
    bytes.writeUInt32BE(backing.length, 16);
    bytes.write(backing, at + 8, 'latin1');
  }
  return { at: 0, bytes };
}

/** A header of version 1, whose L1 table lies at 4 KiB. */
function headerV1(clusterBits: number, l2Bits: number, size: bigint): Part {
  const bytes = Buffer.alloc(48);
  bytes.writeUInt32BE(0x514649fb, 0);
  bytes.writeUInt32BE(1, 4);
  bytes.writeBigUInt64BE(size, 24);
  bytes.writeUInt8(clusterBits, 32);
  bytes.writeUInt8(l2Bits, 33);
  bytes.writeBigUInt64BE(4096n, 40);
  return { at: 0, bytes };
}

/** A table of 8-byte entries. */
function table(at: number, count: number, entry: (index: number) => bigint): Part {
  const bytes = Buffer.alloc(count * 8);
  for (let i = 0; i < count; i++) bytes.writeBigUInt64BE(entry(i), i * 8);
  return { at, bytes };
}

/** Entries that all say the same, quickly. */
function sameEntries(at: number, count: number, value: bigint): Part {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return { at, bytes: Buffer.alloc(count * 8, bytes) };
}

function alone(
  name: string,
  size: number,
  file: () => HostileFile,
  endless: readonly CommandName[] = [],
): HostileImage {
  return { name, size, layers: 1, layer: file, endless };
}

/** L2 tables that each lie in a hole of the file, one behind the other: reading them is reading terabytes of zeros. */
function tablesInHoles(clusterBits: number, size: number): HostileImage {
  const cluster = 2 ** clusterBits;
  const l1At = 64 * MIB;
  const first = 128 * MIB;
  return alone(
    `${MOST_L1} L2 tables of ${cluster / KIB} KiB that lie in holes`,
    size,
    () => ({
      length: first + MOST_L1 * cluster,
      parts: [
        header({ clusterBits, size, l1: { at: l1At, entries: MOST_L1 } }),
        table(l1At, MOST_L1, i => COPIED + BigInt(first + i * cluster)),
      ],
    }),
    READS_ALL,
  );
}

/** One L2 table, of zeros and nothing in turn or of nothing, that every entry of the largest L1 table names. */
function oneTable(clusterBits: number, isEmpty = false): HostileImage {
  const cluster = 2 ** clusterBits;
  const entries = cluster / 8;
  const size = Math.min(MOST_L1 * cluster * entries, 4 * PIB);
  const l1At = 64 * MIB;
  const l2At = 128 * MIB;
  return alone(
    `one ${isEmpty ? 'empty ' : ''}L2 table of ${entries} entries that ${MOST_L1} L1 entries name`,
    size,
    () => ({
      length: l2At + cluster,
      parts: [
        header({ clusterBits, size, l1: { at: l1At, entries: MOST_L1 } }),
        sameEntries(l1At, MOST_L1, COPIED + BigInt(l2At)),
        table(l2At, entries, i => (isEmpty ? 0n : BigInt(i % 2))),
      ],
    }),
    [...READS_RANGES, 'plan', 'check --deep'],
  );
}

function oldImage(
  name: string,
  [clusterBits, l2Bits, size]: [number, number, bigint],
  parts: () => { readonly length: number; readonly parts: readonly Part[] } = () => ({
    length: 4096 + 32 * MIB,
    parts: [],
  }),
  endless: readonly CommandName[] = [],
): HostileImage {
  const file = () => {
    const rest = parts();
    return { length: rest.length, parts: [headerV1(clusterBits, l2Bits, size), ...rest.parts] };
  };
  return alone(`version 1, ${name}`, Number(size), file, endless);
}

/** Dirty bitmaps with one table, or with the bits of `bits`. */
interface Bitmaps {
  readonly count: number;
  readonly size: number;
  readonly l1Entries: number;
  readonly tableEntries: number;
  readonly inUse?: boolean;
  readonly granularityBits: number;
  readonly nameLength?: number;
  /** The one cluster of bits that each entry of the table names. */
  readonly bits?: number;
  readonly endless?: readonly CommandName[];
}

function manyBitmaps(name: string, bitmaps: Bitmaps): HostileImage {
  const {
    count,
    size,
    l1Entries,
    tableEntries,
    granularityBits,
    inUse = false,
    nameLength = 8,
    endless,
  } = bitmaps;
  const at = MIB;
  const tableAt = 128 * MIB;
  const bitsAt = 192 * MIB;
  const l1At = 256 * MIB;
  const file = () => {
    const stride = 24 + Math.ceil(nameLength / 8) * 8;
    const directory = Buffer.alloc(count * stride);
    for (let i = 0; i < count; i++) {
      const entry = i * stride;
      directory.writeBigUInt64BE(BigInt(tableAt), entry);
      directory.writeUInt32BE(tableEntries, entry + 8);
      directory.writeUInt32BE(inUse ? 1 : 0, entry + 12);
      directory.writeUInt8(1, entry + 16);
      directory.writeUInt8(granularityBits, entry + 17);
      directory.writeUInt16BE(nameLength, entry + 18);
      directory.write(String(i).padStart(nameLength, 'b'), entry + 24);
    }
    const bits =
      bitmaps.bits === undefined
        ? []
        : [
            sameEntries(tableAt, tableEntries, BigInt(bitsAt)),
            { at: bitsAt, bytes: Buffer.alloc(64 * KIB, bitmaps.bits) },
          ];
    const l1 = { at: l1At, entries: l1Entries };
    const head = header({
      clusterBits: 16,
      size,
      l1,
      bitmaps: { at, count, length: directory.length },
    });
    return {
      length: l1At + Math.max(l1Entries * 8, 64 * KIB),
      parts: [head, { at, bytes: directory }, ...bits],
    };
  };
  return alone(name, size, file, endless);
}

/** A refcount block for every 512 bytes of a table of 8 MiB, each in a hole. */
function sparseRefcounts(order: number, length: number): HostileImage {
  const blocks = 2 ** 20;
  const first = 2 ** 24;
  return alone(`${blocks} refcount blocks of ${2 ** order} bits that lie in holes`, GIB, () => ({
    length,
    parts: [
      header({
        clusterBits: 9,
        size: GIB,
        l1: { at: 512 * KIB, entries: 2 ** 15 },
        refcounts: { at: MIB, clusters: (blocks * 8) / 512, order },
      }),
      table(MIB, blocks, i => BigInt(first + i * 512)),
    ],
  }));
}

/** As many snapshots as a header can count, which share an L1 table. */
function manySnapshots(l1Entries: number): HostileImage {
  const count = 65_535;
  const at = 32 * MIB;
  const l1At = 128 * MIB;
  const image = alone(`${count} snapshots of one L1 table of ${l1Entries} entries`, GIB, () => {
    const stride = 80;
    const entries = Buffer.alloc(count * stride);
    for (let i = 0; i < count; i++) {
      const entry = i * stride;
      const id = String(i).padStart(5, '0');
      entries.writeBigUInt64BE(BigInt(l1At), entry);
      entries.writeUInt32BE(l1Entries, entry + 8);
      entries.writeUInt16BE(id.length, entry + 12);
      entries.writeUInt16BE(id.length + 4, entry + 14);
      entries.writeUInt32BE(24, entry + 36);
      entries.writeBigUInt64BE(BigInt(GIB), entry + 48);
      entries.writeBigUInt64BE(2n ** 64n - 1n, entry + 56);
      entries.write(`${id}snap${id}`, entry + 64);
    }
    const head = header({
      clusterBits: 16,
      size: GIB,
      l1: { at: 16 * MIB, entries: 2 },
      snapshots: { at, count },
    });
    return { length: l1At + Math.max(l1Entries * 8, 64 * KIB), parts: [head, { at, bytes: entries }] };
  });
  return { ...image, also: ['capture'] };
}

/** The longest chain of disks in which nothing is allocated, each with a separate L1 table in a hole. */
function longChain(clusterBits: number, l1Entries: number, endless: readonly CommandName[]): HostileImage {
  const cluster = 2 ** clusterBits;
  const size = l1Entries * cluster * (cluster / 8);
  return {
    name: `200 layers with L1 tables of ${l1Entries} entries in holes`,
    size,
    layers: 200,
    layer: index => ({
      length: 128 * KIB + l1Entries * 8,
      parts: [
        header({
          clusterBits,
          size,
          l1: { at: 128 * KIB, entries: l1Entries },
          refcounts: { at: 64 * KIB, clusters: 1, order: 4 },
          ...(index === 0 ? {} : { backing: layerName(index - 1) }),
        }),
      ],
    }),
    endless,
  };
}

/** The longest chain of small disks, each with as many snapshots or bitmaps as a header can count, all of zeros, in a hole. */
function listingChain(lists: 'snapshots' | 'bitmaps'): HostileImage {
  const count = 65_535;
  const listAt = MIB;
  const l1At = 32 * MIB;
  return {
    name: `200 layers with ${count} ${lists} each that lie in holes`,
    size: GIB,
    layers: 200,
    layer: index => ({
      length: l1At + 64 * KIB,
      parts: [
        header({
          clusterBits: 16,
          size: GIB,
          l1: { at: l1At, entries: 2 },
          ...(lists === 'snapshots'
            ? { snapshots: { at: listAt, count } }
            : { bitmaps: { at: listAt, count, length: count * 24 } }),
          ...(index === 0 ? {} : { backing: layerName(index - 1) }),
        }),
      ],
    }),
    endless: [],
  };
}

/** A stored size of 8 PiB over an L1 table of one entry. */
function hugeSize(size: number): HostileImage {
  const image = alone('a disk of 8 PiB in clusters of 4 KiB over one L1 entry', size, () => ({
    length: 64 * KIB,
    parts: [
      header({ clusterBits: 12, size, l1: { at: 12 * KIB, entries: 1 } }),
      sameEntries(12 * KIB, 1, COPIED + BigInt(16 * KIB)),
      table(16 * KIB, 512, i => (i % 3 === 0 ? COPIED + BigInt(20 * KIB) : 0n)),
    ],
  }));
  return { ...image, also: ['plan', 'plan flatten', 'plan of it', 'plan live'] };
}

const OLD_TABLES = 64 * MIB;

/** All of them. */
export const HOSTILE_IMAGES: readonly HostileImage[] = [
  { ...tablesInHoles(21, 4 * PIB), also: ['capture'] },
  tablesInHoles(16, 2 * PIB),
  ...[9, 12, 16].map(bits => oneTable(bits)),
  { ...oneTable(21), also: ['misread', 'plan flatten'] },
  oneTable(16, true),
  oldImage('of 4 EiB', [16, 13, 2n ** 62n]),
  // qemu-nbd takes minutes to describe a disk of version 1 as long as this.
  oldImage('of 2 PiB', [16, 13, 2n ** 51n], undefined, ['check --deep']),
  oldImage('of 1 PiB in small clusters', [9, 6, 2n ** 50n]),
  oldImage(
    `${MOST_L1} L2 tables that lie in holes`,
    [16, 13, BigInt(MOST_L1) * 2n ** 29n],
    () => ({
      length: OLD_TABLES + MOST_L1 * 64 * KIB,
      parts: [table(4096, MOST_L1, i => BigInt(OLD_TABLES + i * 64 * KIB))],
    }),
    READS_ALL,
  ),
  oldImage(
    `one L2 table that ${MOST_L1} L1 entries name`,
    [9, 6, BigInt(MOST_L1) * 2n ** 15n],
    () => ({
      length: OLD_TABLES + 64 * KIB,
      parts: [
        sameEntries(4096, MOST_L1, BigInt(OLD_TABLES)),
        table(OLD_TABLES, 64, i => BigInt((i % 2) * OLD_TABLES)),
      ],
    }),
    // A comparison of both witnesses goes through each range.
    [...READS_RANGES, 'check --deep'],
  ),
  manyBitmaps('64 bitmaps on a disk of 8 PiB', {
    count: 64,
    size: 8 * PIB - 2 ** 29,
    l1Entries: MOST_L1,
    tableEntries: 8191,
    granularityBits: 31,
    endless: ['report'],
  }),
  manyBitmaps('600 bitmaps in use on a disk of 8 PiB', {
    count: 600,
    size: 8 * PIB - 2 ** 29,
    l1Entries: MOST_L1,
    tableEntries: 1,
    granularityBits: 31,
    inUse: true,
    endless: ['report'],
  }),
  manyBitmaps('64 bitmaps of a disk of 2 TiB in which every other bit is set', {
    count: 64,
    size: 2 * TIB,
    l1Entries: 4096,
    tableEntries: 64,
    granularityBits: 16,
    bits: 0x55,
    endless: ['map', 'map rows', 'report', 'compare', 'check --deep'],
  }),
  manyBitmaps('65,535 bitmaps of one table', {
    count: 65_535,
    size: GIB,
    l1Entries: 2,
    tableEntries: 1,
    granularityBits: 16,
  }),
  manyBitmaps('62,000 bitmaps in use with names of 900 characters', {
    count: 62_000,
    size: GIB,
    l1Entries: 2,
    tableEntries: 1,
    granularityBits: 16,
    inUse: true,
    nameLength: 900,
  }),
  sparseRefcounts(6, 2 ** 36),
  sparseRefcounts(0, TIB),
  manySnapshots(2),
  manySnapshots(MOST_L1),
  // A report of 200 layers takes somewhat more than the bound on memory; a deep check has qemu-nbd read each of them.
  longChain(16, 100_000, ['report', 'check --deep']),
  longChain(9, MOST_L1, READS_ALL),
  listingChain('snapshots'),
  listingChain('bitmaps'),
  hugeSize(2 ** 53 - 512),
];

/** A disk of nothing in clusters of 2 MiB: a base, or an overlay of the image that is named. */
export function emptyDisk(size: number, backing?: string): HostileFile {
  const reach = 2 ** 39; // of an L1 entry with clusters of 2 MiB
  const entries = Math.ceil(Math.min(size, 2 ** 53 - 512) / reach);
  const l1 = { at: 4 * MIB, entries };
  const virtual = Math.floor(Math.min(size, 2 ** 53 - 512) / 512) * 512;
  return {
    length: 4 * MIB + entries * 8,
    parts: [header({ clusterBits: 21, size: virtual, l1, ...(backing === undefined ? {} : { backing }) })],
  };
}
