/**
 * Writes qcow2 images byte by byte, with no qemu: for tests, demo chains and huge metadata-only images.
 *
 * ```ts
 * const fd = openSync(path, 'w+');
 * const layout = writeQcow2(fd, {
 *   size: 2 ** 20,
 *   backingFile: 'base.qcow2',
 *   backingFormat: 'qcow2',
 *   clusters: [
 *     { index: 2, kind: 'data', content: new Uint8Array(65536).fill(3) },
 *     { index: 6, kind: 'compressed', content: new Uint8Array(65536).fill(3) },
 *     { index: 10, kind: 'zeroHole' },
 *   ],
 * });
 * ```
 *
 * `clusters` is a list (or generator) in ascending order, or a function from a cluster's index to its kind, which is the
 * fast way for millions of them. Host clusters are given out in the order they are needed; data without content is a
 * hole in the file. One L2 table is in memory at a time, and two bytes a host cluster for the refcounts, which are what
 * `qemu-img check` expects: an image without `entry` clusters passes it.
 */
import { ftruncateSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import {
  type Disk,
  HostSpace,
  headerBytes,
  snapshotTableBytes,
  writeAt,
  writeBitmaps,
  writeRefcounts,
} from './qcow2-builder-parts.ts';
import type { Clusters, ImageSpec, SimpleKind } from './qcow2-spec.ts';

export type { BitmapSpec, ClusterSpec, Clusters, ImageSpec, SimpleKind, SnapshotSpec } from './qcow2-spec.ts';

/** Where things ended up, in bytes, for tests that damage them. */
export interface ImageLayout {
  readonly clusterSize: number;
  readonly l1Offset: number;
  /** Offset of the active L2 table by L1 index; absent where there is none. */
  readonly l2Offsets: ReadonlyMap<number, number>;
  /** L1 tables of the snapshots. */
  readonly snapshotL1Offsets: readonly number[];
  readonly snapshotTableOffset: number;
  readonly bitmapDirectoryOffset: number;
  /** Bitmap tables in the order of the bitmaps. */
  readonly bitmapTableOffsets: readonly number[];
  readonly refcountTableOffset: number;
  readonly refcountBlockOffsets: readonly number[];
  /** Length of the file: every host cluster is whole. */
  readonly fileSize: number;
}

const COPIED = 0x80000000;

/**
 * Writes an image to an empty file that is open for writing. Returns where things lie.
 * Memory: one L2 table and two bytes for each host cluster.
 */
export function writeQcow2(fd: number, spec: ImageSpec): ImageLayout {
  const { clusterBits = 16, version = 3, snapshots = [] } = spec;
  const clusterSize = 2 ** clusterBits;
  const host = new HostSpace(clusterSize);
  const disk = { fd, spec, host, clusterSize, entrySize: spec.extendedL2 ? 16 : 8 };
  const entriesFor = (size: number) => Math.ceil(size / (clusterSize * (clusterSize / disk.entrySize)));

  const l1Size = Math.max(1, entriesFor(spec.size));
  const l1Offset = host.take(Math.ceil((l1Size * 8) / clusterSize));
  const sharers = snapshots.filter(snapshot => snapshot.clusters === undefined).length;
  const l2Region = spec.l2Together ? host.next : undefined;
  if (l2Region !== undefined) host.next += l1Size;
  const active = writeTables(disk, spec.clusters ?? [], spec.size, l1Size, 1 + sharers, l2Region);
  writeAt(fd, active.l1, l1Offset);

  const snapshotL1s = snapshots.map(snapshot => {
    if (snapshot.clusters === undefined) {
      const own = Uint8Array.from(active.l1);
      const offset = host.take(Math.ceil((l1Size * 8) / clusterSize));
      writeAt(fd, own, offset);
      return { offset, size: l1Size };
    }
    const diskSize = snapshot.diskSize ?? spec.size;
    const size = Math.max(1, entriesFor(diskSize));
    const offset = host.take(Math.ceil((size * 8) / clusterSize));
    writeAt(fd, writeTables(disk, snapshot.clusters, diskSize, size, 1, undefined).l1, offset);
    return { offset, size };
  });
  const snapshotTable = snapshotTableBytes(spec, snapshotL1s);
  const snapshotTableOffset =
    snapshots.length === 0 ? 0 : host.take(Math.ceil(snapshotTable.length / clusterSize));
  writeAt(fd, snapshotTable, snapshotTableOffset);
  const bitmaps = writeBitmaps(disk);
  const refcounts = writeRefcounts(disk);

  const header = headerBytes(spec, version, clusterBits, {
    l1Size,
    l1Offset,
    snapshotTableOffset,
    refcountTableOffset: refcounts.tableOffset,
    refcountTableClusters: refcounts.tableClusters,
    bitmapDirectoryOffset: bitmaps.directoryOffset,
    bitmapDirectorySize: bitmaps.directorySize,
  });
  writeAt(fd, header, 0);
  const fileSize = host.next * clusterSize;
  ftruncateSync(fd, fileSize);
  return {
    clusterSize,
    l1Offset,
    l2Offsets: active.l2Offsets,
    snapshotL1Offsets: snapshotL1s.map(({ offset }) => offset),
    snapshotTableOffset,
    bitmapDirectoryOffset: bitmaps.directoryOffset,
    bitmapTableOffsets: bitmaps.tableOffsets,
    refcountTableOffset: refcounts.tableOffset,
    refcountBlockOffsets: refcounts.blockOffsets,
    fileSize,
  };
}

/** Overwrites a 64-bit number in the file: how a test damages an image. */
export function pokeU64(fd: number, offset: number, value: bigint): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value));
  writeAt(fd, bytes, offset);
}

/** Overwrites a 32-bit number in the file. */
export function pokeU32(fd: number, offset: number, value: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  writeAt(fd, bytes, offset);
}

/** Writes the L2 tables and data of one disk; returns its L1 table. Every reference counts `references` times. */
function writeTables(
  disk: Disk,
  clusters: Clusters,
  size: number,
  l1Size: number,
  references: number,
  l2Region: number | undefined,
): { l1: Uint8Array; l2Offsets: Map<number, number> } {
  const { fd, host, clusterSize, entrySize, spec } = disk;
  const l2Entries = clusterSize / entrySize;
  const l1 = new Uint8Array(l1Size * 8);
  const l1View = new DataView(l1.buffer);
  const l2 = new Uint8Array(clusterSize);
  const l2View = new DataView(l2.buffer);
  const l2Offsets = new Map<number, number>();
  const copied = references === 1 ? COPIED : 0;
  const region = spec.scatter === undefined ? 0 : host.next;
  if (spec.scatter !== undefined && l2Region === undefined) throw new Error('scatter needs l2Together');
  if (spec.scatter !== undefined) host.next += spec.scatter.count;
  let taken = 0;
  let open = -1;
  let streamEnd = 0;

  const openTable = (index: number) => {
    if (index === open) return;
    if (index < open) throw new Error('clusters must ascend');
    closeTable();
    open = index;
    l2.fill(0);
    let offset: number;
    if (l2Region === undefined) offset = host.take(1, references);
    else {
      offset = (l2Region + index) * clusterSize;
      host.refer(l2Region + index, references);
    }
    l2Offsets.set(index, offset);
    l1View.setUint32(index * 8, (copied | Math.floor(offset / 2 ** 32)) >>> 0);
    l1View.setUint32(index * 8 + 4, offset % 2 ** 32);
  };
  const closeTable = () => {
    if (open >= 0) writeAt(fd, l2, l2Offsets.get(open) as number);
  };
  const takeData = (content: Uint8Array | undefined): number => {
    let offset: number;
    if (spec.scatter === undefined) offset = host.take(1, references);
    else {
      const cluster = region + spec.scatter.place(taken++);
      host.refer(cluster, references);
      offset = cluster * clusterSize;
    }
    if (content !== undefined) writeAt(fd, content, offset);
    return offset;
  };
  // Streams follow each other without gaps as long as the next host cluster is free.
  const placeStream = (length: number): number => {
    if (length >= clusterSize) throw new Error('content of a compressed cluster does not compress');
    const room = streamEnd % clusterSize === 0 ? 0 : clusterSize - (streamEnd % clusterSize);
    const goesOn = room >= length || (room > 0 && Math.ceil(streamEnd / clusterSize) === host.next);
    const offset = goesOn ? streamEnd : host.next * clusterSize;
    streamEnd = offset + length;
    while (host.next * clusterSize < streamEnd) host.take(1, 0);
    return offset;
  };
  const put = (at: number, hi: number, lo: number) => {
    l2View.setUint32(at, hi >>> 0);
    l2View.setUint32(at + 4, lo >>> 0);
  };
  const putHost = (at: number, offset: number, lowBit: number) =>
    put(at, copied | Math.floor(offset / 2 ** 32), (offset % 2 ** 32) + lowBit);

  const putSimple = (index: number, kind: SimpleKind, content?: Uint8Array) => {
    if (kind === 'unallocated') return;
    openTable(Math.floor(index / l2Entries));
    const at = (index % l2Entries) * entrySize;
    const extended = entrySize === 16;
    if (kind === 'zeroHole') {
      if (extended) put(at + 8, 0xffffffff, 0);
      else put(at, 0, 1);
      return;
    }
    const offset = spec.dataFile === undefined ? takeData(content) : index * clusterSize;
    const zero = kind === 'zeroAllocated';
    putHost(at, offset, zero && !extended ? 1 : 0);
    if (extended) put(at + 8, zero ? 0xffffffff : 0, zero ? 0 : 0xffffffff);
  };

  if (typeof clusters === 'function') {
    const count = Math.ceil(size / clusterSize);
    for (let index = 0; index < count; index++) putSimple(index, clusters(index));
  } else {
    for (const cluster of clusters) {
      const { index } = cluster;
      const at = (index % l2Entries) * entrySize;
      if (cluster.kind === 'compressed') {
        openTable(Math.floor(index / l2Entries));
        const stream = deflateRawSync(cluster.content, { windowBits: 12 });
        const offset = placeStream(stream.length);
        writeAt(fd, stream, offset);
        const sectors = Math.floor((offset + stream.length - 1) / 512) - Math.floor(offset / 512);
        const last = Math.floor((offset - (offset % 512) + sectors * 512) / clusterSize);
        for (let touched = Math.floor(offset / clusterSize); touched <= last; touched++)
          host.refer(touched, references);
        const bits = 62 - ((spec.clusterBits ?? 16) - 8);
        l2View.setBigUint64(at, (1n << 62n) | (BigInt(sectors) << BigInt(bits)) | BigInt(offset));
      } else if (cluster.kind === 'subclusters') {
        openTable(Math.floor(index / l2Entries));
        if (cluster.host !== false) putHost(at, takeData(cluster.content), 0);
        put(at + 8, cluster.zero, cluster.alloc);
      } else if (cluster.kind === 'entry') {
        openTable(Math.floor(index / l2Entries));
        l2View.setBigUint64(at, BigInt.asUintN(64, cluster.entry));
        if (entrySize === 16) l2View.setBigUint64(at + 8, BigInt.asUintN(64, cluster.bitmap ?? 0n));
      } else putSimple(index, cluster.kind, cluster.content);
    }
  }
  closeTable();
  return { l1, l2Offsets };
}
