/**
 * The bitmaps that qemu stores again when it closes an image that was open for writing.
 * Source: qemu's block/qcow2-bitmap.c (qcow2_store_persistent_dirty_bitmaps, store_bitmap, store_bitmap_data,
 * update_ext_header_and_dir, free_bitmap_clusters), compared with qemu 7.2 and 10.0.
 */
import { entryOffset, isValidBitmapEntry } from '../../../qcow2/format/entry.ts';
import type { BitmapEntry } from '../../../qcow2/read/bitmaps.ts';
import { EntryTable } from '../../../qcow2/read/entry-table.ts';
import type { Qcow2Image } from '../../../qcow2/read/image.ts';
import { type SlicedWork, shouldYield } from '../../../qcow2/read/sliced-work.ts';
import { readFully } from '../../../qcow2/read/source.ts';
import type { ClusterRange } from './target-file.ts';

/** Entries of bitmap tables that are looked at, at most: a fraction of a second's work. */
const MAX_ENTRIES = 4096;
/** Bytes of an entry of a bitmap table, and in which bits are stored at least. */
const ENTRY_BYTES = 8;

/** The file that they are stored in. */
export interface BitmapFile {
  /** Takes clusters for bytes that are written to them, side by side. */
  takeBytes(bytes: number): void;
  /** Gives clusters back. */
  release(ranges: readonly ClusterRange[]): void;
}

/** A bitmap while a job writes to the disk. */
interface OpenBitmap {
  /** Bytes of the guest whose bits one cluster holds. */
  readonly coverage: number;
  /** Its bits are set by writes. */
  readonly isEnabled: boolean;
  /** Clusters of it that have a bit set. */
  readonly dirty: Set<number>;
  /** Entries of its table when it is stored. */
  readonly tableEntries: number;
  /** What it takes of the file before. */
  readonly old: readonly ClusterRange[];
}

/** The bitmaps of an image that is open to be written. */
export class StoredBitmaps {
  readonly #bitmaps: readonly OpenBitmap[];
  readonly #directoryBytes: number;
  readonly #oldDirectory: ClusterRange;
  readonly #clusterSize: number;

  private constructor(image: Qcow2Image, bitmaps: readonly OpenBitmap[]) {
    const { directoryOffset = 0, directorySize = 0 } = image.extensions.bitmaps ?? {};
    this.#clusterSize = image.geometry.clusterSize;
    this.#bitmaps = bitmaps;
    this.#directoryBytes = directorySize;
    this.#oldDirectory = this.#rangeOf(directoryOffset, directorySize);
  }

  /**
   * The bitmaps of an image whose disk has `size` bytes once the job has begun. Undefined where they cannot be used, are
   * damaged or very large: what qemu does then is not followed. Throws QCOW2_READ_FAILED.
   */
  static *open(image: Qcow2Image, size: number): SlicedWork<StoredBitmaps | undefined> {
    const { bitmaps, extensions } = image;
    if (bitmaps.length === 0 || bitmaps.length !== extensions.bitmaps?.count) return undefined;
    const open: OpenBitmap[] = [];
    for (const bitmap of bitmaps) {
      const opened = yield* openBitmap(image, bitmap, size);
      if (opened === undefined) return undefined;
      open.push(opened);
    }
    return new StoredBitmaps(image, open);
  }

  /** A request writes guest offsets [start, end). */
  mark(start: number, end: number): void {
    for (const { isEnabled, coverage, dirty } of this.#bitmaps) {
      if (!isEnabled || end <= start) continue;
      const last = Math.floor((end - 1) / coverage);
      for (let cluster = Math.floor(start / coverage); cluster <= last; cluster++) dirty.add(cluster);
    }
  }

  /** Stores them in the file, and then gives back what they took before. */
  store(file: BitmapFile): void {
    for (const { dirty, tableEntries } of this.#bitmaps) {
      for (let count = 0; count < dirty.size; count++) file.takeBytes(this.#clusterSize);
      file.takeBytes(tableEntries * ENTRY_BYTES);
    }
    file.takeBytes(this.#directoryBytes);
    file.release([this.#oldDirectory]);
    for (const { old } of this.#bitmaps) file.release(old);
  }

  #rangeOf(offset: number, bytes: number): ClusterRange {
    return { first: offset / this.#clusterSize, count: Math.ceil(bytes / this.#clusterSize) };
  }
}

/** The bitmaps of an image, undefined where it has none; `size` is that of its disk once the job has begun. */
export function* openBitmaps(
  image: Qcow2Image,
  size: number,
): SlicedWork<StoredBitmaps | 'unknown' | undefined> {
  if (image.bitmaps.length === 0 && image.extensions.bitmaps === undefined) return undefined;
  return (yield* StoredBitmaps.open(image, size)) ?? 'unknown';
}

function* openBitmap(
  { source, geometry, header }: Qcow2Image,
  { granularity, tableOffset, tableSize, enabled, unusable }: BitmapEntry,
  size: number,
): SlicedWork<OpenBitmap | undefined> {
  const { clusterSize } = geometry;
  const coverage = clusterSize * 8 * granularity;
  const bits = Math.ceil(size / granularity);
  const bytes = Math.ceil(bits / (8 * ENTRY_BYTES)) * ENTRY_BYTES;
  const tableEntries = Math.ceil(bytes / clusterSize);
  if (unusable !== undefined || tableSize > MAX_ENTRIES || tableEntries === 0) return undefined;
  const table = new EntryTable(source, tableOffset, tableSize);
  if (table.count < tableSize) return undefined;
  const dirty = new Set<number>();
  const tableClusters = Math.ceil((tableSize * ENTRY_BYTES) / clusterSize);
  const old: ClusterRange[] = [{ first: tableOffset / clusterSize, count: tableClusters }];
  const cluster = new Uint8Array(clusterSize);
  for (let index = 0; index < tableSize; index++) {
    if (shouldYield(index)) yield;
    const [hi, lo] = [table.hi(index), table.lo(index)];
    if (!isValidBitmapEntry(hi, lo, clusterSize)) return undefined;
    const host = entryOffset(hi, lo);
    const bitsHere = Math.ceil((header.size - index * coverage) / granularity);
    if (host > 0) {
      old.push({ first: host / clusterSize, count: 1 });
      readFully(source, cluster, host);
      yield;
    }
    if (bitsHere > 0 && (host > 0 ? hasBit(cluster, bitsHere) : (lo & 1) === 1)) dirty.add(index);
  }
  return { coverage, isEnabled: enabled, dirty, tableEntries, old };
}

/** True where one of the first `bits` is set, least significant bits of a byte first. */
function hasBit(bytes: Uint8Array, bits: number): boolean {
  const whole = Math.min(bytes.length, bits >>> 3);
  if (bytes.subarray(0, whole).some(byte => byte !== 0)) return true;
  return whole < bytes.length && ((bytes[whole] as number) & ((1 << (bits & 7)) - 1)) !== 0;
}
