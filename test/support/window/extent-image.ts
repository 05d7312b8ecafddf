/**
 * A qcow2 image that is worked out as it is read: header, L1, L2 tables and one dirty bitmap of a list of extents. It
 * takes no memory however large the disk is. Clusters are 64 KiB; no data cluster has bytes.
 *
 *   header | bitmap directory | bitmap table | bits | refcount table | L1 table | L2 tables, all of them | data
 */
import type { ImageSource } from '../../../electron/qcow2/read/source.ts';
import { COMPRESSED, DIRTY, HOLE, LOCAL, RESERVED } from '../../../shared/extent/flags.ts';

const CLUSTER = 65_536;
const ENTRIES = CLUSTER / 8;
const COPIED = 0x80000000;
const BITMAP_DIRECTORY = CLUSTER;
const BITMAP_TABLE = 2 * CLUSTER;
const BITMAP_BITS = 3 * CLUSTER;
const REFCOUNT_TABLE = 4 * CLUSTER;
const L1_TABLE = 5 * CLUSTER;

/** Extents of one layer: flags of shared/extent/flags.ts, each up to the next start. Starts are whole clusters. */
export interface ImageExtents {
  readonly size: number;
  readonly starts: readonly number[];
  readonly flags: readonly number[];
}

/** The image of these extents, read under the name `path`. */
export function extentImage(path: string, extents: ImageExtents): ImageSource {
  const clusters = Math.ceil(extents.size / CLUSTER);
  const tables = Math.ceil(clusters / ENTRIES);
  const l2Start = L1_TABLE + roundUp(tables * 8);
  const dataStart = l2Start + tables * CLUSTER;
  const size = dataStart + clusters * CLUSTER;
  const dirty = dirtyClusters(extents);
  const head = headerBytes(extents.size, tables, dirty.length > 0);

  /** The big-endian word at a multiple of 8 of the file. */
  function wordAt(position: number): readonly [high: number, low: number] {
    if (position < head.length) return word(head, position);
    if (position < L1_TABLE) return dirty.length > 0 ? bitmapWord(position, dirty) : [0, 0];
    const l1Index = (position - L1_TABLE) / 8;
    return l1Index < tables ? halves(l2Start + l1Index * CLUSTER) : [0, 0];
  }

  /** Writes the L2 entries from `cluster` on into `words`, from byte `at` up to `end`. */
  function writeEntries(words: DataView, at: number, cluster: number, end: number): void {
    const { starts, flags } = extents;
    let extent = extentAt(starts, cluster * CLUSTER);
    for (let index = cluster; at < end && index < clusters; at += 8, index++) {
      while ((starts[extent + 1] ?? Number.POSITIVE_INFINITY) <= index * CLUSTER) extent++;
      const held = flags[extent] as number;
      if (!(held & LOCAL)) continue;
      const [high, low] = entryOf(held, dataStart + index * CLUSTER);
      words.setUint32(at, high);
      words.setUint32(at + 4, low);
    }
  }

  return {
    path,
    size,
    currentSize: () => size,
    bytesOnDisk: () => dataStart,
    readAt(into, position) {
      const length = Math.max(0, Math.min(into.length, size - position));
      const first = position - (position % 8);
      const words = new DataView(new ArrayBuffer(Math.ceil((position + length - first) / 8) * 8));
      const end = Math.min(first + words.byteLength, dataStart);
      for (let at = first; at < Math.min(end, l2Start); at += 8) {
        const [high, low] = wordAt(at);
        words.setUint32(at - first, high);
        words.setUint32(at - first + 4, low);
      }
      writeEntries(
        words,
        Math.max(first, l2Start) - first,
        (Math.max(first, l2Start) - l2Start) / 8,
        end - first,
      );
      into.set(new Uint8Array(words.buffer, position - first, length));
      return length;
    },
  };
}

const roundUp = (bytes: number): number => Math.ceil(bytes / CLUSTER) * CLUSTER;

/** A host offset with the COPIED flag, as two halves. */
function halves(offset: number): [number, number] {
  return [(COPIED | Math.floor(offset / 2 ** 32)) >>> 0, offset % 2 ** 32];
}

function word(bytes: Uint8Array, position: number): [number, number] {
  const view = new DataView(bytes.buffer);
  return [view.getUint32(position), view.getUint32(position + 4)];
}

/** The L2 entry of a cluster that the layer holds, with these flags and at this host offset. */
function entryOf(flags: number, hostOffset: number): readonly [number, number] {
  const [high, low] = halves(hostOffset);
  if (flags & COMPRESSED) return [0x40000000 | (high & 0xff), low];
  if (flags & HOLE) return flags & RESERVED ? [high, low | 1] : [0, 1];
  return [high, low];
}

/** Index of the extent that holds an offset. */
function extentAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Clusters whose extents have the DIRTY flag; the bitmap covers the first 512 Ki clusters of the disk. */
function dirtyClusters({ size, starts, flags }: ImageExtents): number[] {
  return starts.flatMap((start, i) => {
    if (!((flags[i] as number) & DIRTY)) return [];
    const end = Math.min(starts[i + 1] ?? size, size);
    return Array.from({ length: Math.ceil((end - start) / CLUSTER) }, (_, n) => start / CLUSTER + n);
  });
}

/** Eight bytes of the bitmap's directory entry, its table or its bits. One bit is one cluster. */
function bitmapWord(position: number, dirty: readonly number[]): readonly [number, number] {
  if (position < BITMAP_TABLE) {
    const entry = new Uint8Array(32);
    const view = new DataView(entry.buffer);
    view.setUint32(4, BITMAP_TABLE);
    view.setUint32(8, 1); // entries of its table
    view.setUint32(12, 2); // flag auto
    view.setUint8(16, 1); // dirty tracking bitmap
    view.setUint8(17, 16); // granularity of 64 KiB
    view.setUint16(18, 5);
    entry.set(new TextEncoder().encode('today'), 24);
    const at = position - BITMAP_DIRECTORY;
    return at >= 0 && at < entry.length ? word(entry, at) : [0, 0];
  }
  if (position < BITMAP_BITS) return position === BITMAP_TABLE ? [0, BITMAP_BITS] : [0, 0];
  const bits = new Uint8Array(8);
  const first = (position - BITMAP_BITS) * 8;
  for (const cluster of dirty) {
    if (cluster < first || cluster >= first + 64) continue;
    bits[(cluster - first) >> 3] = (bits[(cluster - first) >> 3] as number) | (1 << ((cluster - first) & 7));
  }
  return word(bits, 0);
}

/** Header of version 3 and, where there is a bitmap, the extension that names its directory. */
function headerBytes(size: number, l1Size: number, hasBitmap: boolean): Uint8Array {
  const bytes = new Uint8Array(144);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x51_46_49_fb);
  view.setUint32(4, 3);
  view.setUint32(20, 16); // clusters of 64 KiB
  view.setBigUint64(24, BigInt(size));
  view.setUint32(36, l1Size);
  view.setBigUint64(40, BigInt(L1_TABLE));
  view.setBigUint64(48, BigInt(REFCOUNT_TABLE));
  view.setUint32(56, 1);
  view.setBigUint64(88, hasBitmap ? 1n : 0n); // autoclear: bitmaps are consistent
  view.setUint32(96, 4); // refcounts of 16 bits
  view.setUint32(100, 104);
  if (!hasBitmap) return bytes;
  view.setUint32(104, 0x23852875);
  view.setUint32(108, 24);
  view.setUint32(112, 1);
  view.setBigUint64(120, 32n);
  view.setBigUint64(128, BigInt(BITMAP_DIRECTORY));
  return bytes;
}
