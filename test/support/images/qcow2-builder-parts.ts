/** The parts of an image around its L2 tables: refcounts, snapshot table, bitmaps, header. For qcow2-builder.ts. */
import { writeSync } from 'node:fs';
import type { ImageSpec } from './qcow2-spec.ts';

const FEATURE_NAMES: readonly (readonly [number, number, string])[] = [
  [0, 0, 'dirty bit'],
  [0, 1, 'corrupt bit'],
  [0, 2, 'external data file'],
  [0, 3, 'compression type'],
  [0, 4, 'extended L2 entries'],
  [1, 0, 'lazy refcounts'],
  [2, 0, 'bitmaps'],
  [2, 1, 'raw external data'],
];

/** Host clusters given out in order, and how often each is referenced. */
export class HostSpace {
  next = 1;
  #counts = new Uint16Array(1024);

  readonly clusterSize: number;

  constructor(clusterSize: number) {
    this.clusterSize = clusterSize;
    this.refer(0);
  }

  /** Offset of `clusters` new clusters in a row, each referenced `references` times. */
  take(clusters: number, references = 1): number {
    const first = this.next;
    this.next += clusters;
    for (let i = 0; i < clusters; i++) this.refer(first + i, references);
    return first * this.clusterSize;
  }

  refer(cluster: number, references = 1): void {
    if (cluster >= this.#counts.length) {
      const grown = new Uint16Array(Math.max(this.#counts.length * 2, cluster + 1));
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#counts[cluster] = (this.#counts[cluster] as number) + references;
  }

  count(cluster: number): number {
    return this.#counts[cluster] ?? 0;
  }
}

/** An image being written. */
export interface Disk {
  readonly fd: number;
  readonly spec: ImageSpec;
  readonly host: HostSpace;
  readonly clusterSize: number;
  readonly entrySize: number;
}

/** The snapshot table; `l1s` says where the L1 table of each lies. */
export function snapshotTableBytes(
  spec: ImageSpec,
  l1s: readonly { offset: number; size: number }[],
): Uint8Array {
  const parts = (spec.snapshots ?? []).map((snapshot, i) => {
    const { offset, size } = l1s[i] as { offset: number; size: number };
    const id = Buffer.from(snapshot.id);
    const name = Buffer.from(snapshot.name);
    const extra = snapshot.extraDataSize ?? 24;
    const bytes = Buffer.alloc(Math.ceil((40 + extra + id.length + name.length) / 8) * 8);
    bytes.writeBigUInt64BE(BigInt(offset), 0);
    bytes.writeUInt32BE(size, 8);
    bytes.writeUInt16BE(id.length, 12);
    bytes.writeUInt16BE(name.length, 14);
    bytes.writeUInt32BE(snapshot.date ?? 1_600_000_000, 16);
    bytes.writeUInt32BE(extra === 0 ? (snapshot.vmStateSize ?? 0) : 0, 32);
    bytes.writeUInt32BE(extra, 36);
    const extras = Buffer.alloc(24);
    extras.writeBigUInt64BE(BigInt(snapshot.vmStateSize ?? 0), 0);
    extras.writeBigUInt64BE(BigInt(snapshot.diskSize ?? spec.size), 8);
    extras.writeBigUInt64BE(2n ** 64n - 1n, 16);
    extras.copy(bytes, 40, 0, extra);
    id.copy(bytes, 40 + extra);
    name.copy(bytes, 40 + extra + id.length);
    return bytes;
  });
  return Buffer.concat(parts);
}

/** Writes bits, tables and directory of all bitmaps. */
export function writeBitmaps({ fd, spec, host, clusterSize }: Disk) {
  const tableOffsets: number[] = [];
  const entries = (spec.bitmaps ?? []).map(bitmap => {
    const granularity = bitmap.granularity ?? 65_536;
    const coverage = clusterSize * 8 * granularity;
    const bytes = new Uint8Array(Math.ceil(Math.ceil(spec.size / coverage) * clusterSize));
    for (const [start, end] of bitmap.dirty ?? [])
      for (let bit = Math.floor(start / granularity); bit < Math.ceil(end / granularity); bit++)
        bytes[bit >> 3] = (bytes[bit >> 3] as number) | (1 << (bit & 7));
    const tableSize = bytes.length / clusterSize;
    const table = Buffer.alloc(tableSize * 8);
    const tableOffset = host.take(Math.ceil(table.length / clusterSize));
    tableOffsets.push(tableOffset);
    for (let i = 0; i < tableSize; i++) {
      const cluster = bytes.subarray(i * clusterSize, (i + 1) * clusterSize);
      if (cluster.every(byte => byte === 0)) continue;
      const offset = host.take(1);
      writeAt(fd, cluster, offset);
      table.writeBigUInt64BE(BigInt(offset), i * 8);
    }
    writeAt(fd, table, tableOffset);
    const name = Buffer.from(bitmap.name);
    const entry = Buffer.alloc(Math.ceil((24 + name.length) / 8) * 8);
    entry.writeBigUInt64BE(BigInt(tableOffset), 0);
    entry.writeUInt32BE(tableSize, 8);
    entry.writeUInt32BE((bitmap.inUse ? 1 : 0) | (bitmap.enabled === false ? 0 : 2), 12);
    entry.writeUInt8(1, 16);
    entry.writeUInt8(Math.log2(granularity), 17);
    entry.writeUInt16BE(name.length, 18);
    name.copy(entry, 24);
    return entry;
  });
  const directory = Buffer.concat(entries);
  const directoryOffset = directory.length === 0 ? 0 : host.take(Math.ceil(directory.length / clusterSize));
  writeAt(fd, directory, directoryOffset);
  return { directoryOffset, directorySize: directory.length, tableOffsets };
}

/** Writes refcount table and blocks after everything else, counting themselves. */
export function writeRefcounts({ fd, spec, host, clusterSize }: Disk) {
  const bits = spec.refcountBits ?? 16;
  const perBlock = (clusterSize * 8) / bits;
  let blocks = 0;
  let tableClusters = 0;
  for (;;) {
    const total = host.next + blocks + tableClusters;
    const wantBlocks = Math.ceil(total / perBlock);
    const wantTable = Math.ceil((wantBlocks * 8) / clusterSize);
    if (wantBlocks === blocks && wantTable === tableClusters) break;
    blocks = wantBlocks;
    tableClusters = wantTable;
  }
  const tableOffset = host.take(tableClusters);
  const firstBlock = host.take(blocks);
  const table = Buffer.alloc(tableClusters * clusterSize);
  const blockOffsets: number[] = [];
  const block = Buffer.alloc(clusterSize);
  for (let i = 0; i < blocks; i++) {
    const offset = firstBlock + i * clusterSize;
    blockOffsets.push(offset);
    table.writeBigUInt64BE(BigInt(offset), i * 8);
    block.fill(0);
    for (let k = 0; k < perBlock; k++) {
      const count = host.count(i * perBlock + k);
      if (count === 0) continue;
      if (bits >= 8)
        block.writeUIntBE(count, (k * bits) / 8 + Math.max(0, bits / 8 - 4), Math.min(4, bits / 8));
      else block[(k * bits) >> 3] = (block[(k * bits) >> 3] as number) | (count << ((k * bits) & 7));
    }
    writeAt(fd, block, offset);
  }
  writeAt(fd, table, tableOffset);
  return { tableOffset, tableClusters, blockOffsets };
}

/** What the header points at. */
interface Places {
  readonly l1Size: number;
  readonly l1Offset: number;
  readonly snapshotTableOffset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly bitmapDirectoryOffset: number;
  readonly bitmapDirectorySize: number;
}

/** The first cluster: header, extensions and the backing file's name. */
export function headerBytes(
  spec: ImageSpec,
  version: 2 | 3,
  clusterBits: number,
  places: Places,
): Uint8Array {
  const extensions: Buffer[] = [];
  const extension = (type: number, data: Uint8Array) => {
    const bytes = Buffer.alloc(8 + Math.ceil(data.length / 8) * 8);
    bytes.writeUInt32BE(type, 0);
    bytes.writeUInt32BE(data.length, 4);
    bytes.set(data, 8);
    extensions.push(bytes);
  };
  if (spec.backingFormat !== undefined) extension(0xe2792aca, Buffer.from(spec.backingFormat));
  if (spec.dataFile !== undefined) extension(0x44415441, Buffer.from(spec.dataFile));
  const headerLength = version === 3 ? 112 : 72;
  if (version === 3 && clusterBits > 9) extension(0x6803f857, featureNameTable());
  const bitmapCount = spec.bitmaps?.length ?? 0;
  if (bitmapCount > 0) {
    const data = Buffer.alloc(24);
    data.writeUInt32BE(bitmapCount, 0);
    data.writeBigUInt64BE(BigInt(places.bitmapDirectorySize), 8);
    data.writeBigUInt64BE(BigInt(places.bitmapDirectoryOffset), 16);
    extension(0x23852875, data);
  }
  for (const { type, data } of spec.extensions ?? []) extension(type, data);
  extension(0, new Uint8Array());

  const header = Buffer.alloc(headerLength);
  const backing = Buffer.from(spec.backingFile ?? '');
  const backingOffset = headerLength + extensions.reduce((sum, bytes) => sum + bytes.length, 0);
  header.writeUInt32BE(0x514649fb, 0);
  header.writeUInt32BE(version, 4);
  header.writeBigUInt64BE(BigInt(backing.length === 0 ? 0 : backingOffset), 8);
  header.writeUInt32BE(backing.length, 16);
  header.writeUInt32BE(clusterBits, 20);
  header.writeBigUInt64BE(BigInt(spec.size), 24);
  header.writeUInt32BE(places.l1Size, 36);
  header.writeBigUInt64BE(BigInt(places.l1Offset), 40);
  header.writeBigUInt64BE(BigInt(places.refcountTableOffset), 48);
  header.writeUInt32BE(places.refcountTableClusters, 56);
  header.writeUInt32BE(spec.snapshots?.length ?? 0, 60);
  header.writeBigUInt64BE(BigInt(places.snapshotTableOffset), 64);
  if (version === 3) {
    const dataFile = spec.dataFile === undefined ? 0n : 4n;
    const extended = spec.extendedL2 ? 16n : 0n;
    const raw = spec.dataFileRaw ? 2n : 0n;
    header.writeBigUInt64BE((spec.incompatible ?? 0n) | dataFile | extended, 72);
    header.writeBigUInt64BE(spec.compatible ?? 0n, 80);
    header.writeBigUInt64BE((spec.autoclear ?? 0n) | (bitmapCount > 0 ? 1n : 0n) | raw, 88);
    header.writeUInt32BE(Math.log2(spec.refcountBits ?? 16), 96);
    header.writeUInt32BE(headerLength, 100);
  }
  const all = Buffer.concat([header, ...extensions, backing]);
  if (all.length > 2 ** clusterBits) throw new Error('header and extensions do not fit in the first cluster');
  return all;
}

function featureNameTable(): Uint8Array {
  const table = Buffer.alloc(FEATURE_NAMES.length * 48);
  FEATURE_NAMES.forEach(([kind, bit, name], i) => {
    table[i * 48] = kind;
    table[i * 48 + 1] = bit;
    table.write(name, i * 48 + 2);
  });
  return table;
}

/** Writes all bytes at `offset`. */
export function writeAt(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}
