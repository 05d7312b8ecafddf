/** Everything in an image file that refers to host clusters, walked in an order that reads the file from front to back. */
import { CowscopeError } from '../../../shared/error.ts';
import { compressedRange } from '../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, entryOffset, isValidBitmapEntry, OFFSET_LO } from '../format/entry.ts';
import { AUTOCLEAR_BITMAPS, hasDataFile } from '../format/header.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { createTableReader, holdsTable, loadTable, READ_AHEAD_BYTES } from '../read/table-reader.ts';
import { CLUSTER_USE, OWNER_ACTIVE, OWNER_IMAGE } from './cluster-uses.ts';
import { type L1Reference, type L2Tables, l1References, listL2Tables, type OnFault } from './l2-tables.ts';
import { LimitPassed, type ReadLimit } from './read-limit.ts';
import type { RefcountBlocks } from './refcount-blocks.ts';
import type { ReferenceSink, TableVisitor } from './reference-sink.ts';

/** Entries of L2 tables decoded between two yields. */
const STRIDE_ENTRIES = 2 ** 16;
/** Entries of all bitmap tables: an honest one has few, one of the largest with small clusters 2^20. */
const MAX_BITMAP_ENTRIES = 2 ** 23;

/** What an image file refers to. The L1 tables are read once, all other tables in every walk. */
export class References {
  readonly #image: Qcow2Image;
  readonly #fileLength: number;
  readonly #blocks: RefcountBlocks;
  readonly #onFault: OnFault;
  readonly #reader = createTableReader();
  readonly #l1Places: readonly L1Reference[];
  #l2Tables: L2Tables | undefined;

  /** `onFault` is called for everything that could not be followed: what it may refer to is not known. */
  constructor(image: Qcow2Image, fileLength: number, blocks: RefcountBlocks, onFault: OnFault) {
    this.#image = image;
    this.#fileLength = fileLength;
    this.#blocks = blocks;
    this.#onFault = onFault;
    this.#l1Places = l1References(image, onFault);
  }

  /** The L1 tables of all disks. */
  get l1Tables(): readonly L1Reference[] {
    return this.#l1Places;
  }

  /** The L2 tables of all disks. Throws LimitPassed. */
  *l2Tables(limit: ReadLimit): SlicedWork<L2Tables> {
    this.#l2Tables ??= yield* listL2Tables(
      this.#image,
      this.#l1Places,
      this.#fileLength,
      limit,
      this.#onFault,
    );
    return this.#l2Tables;
  }

  /**
   * Hands every reference to `into`, and shows each L2 table to `visitor`; with `isWanted` only the entries of tables for
   * whose number it is true. Throws LimitPassed where the tables are more than an honest file holds.
   */
  *walk(
    into: ReferenceSink,
    limit: ReadLimit,
    visitor?: TableVisitor,
    isWanted?: (table: number) => boolean,
  ): SlicedWork<void> {
    const l2Tables = yield* this.l2Tables(limit);
    this.#walkMetadata(into);
    yield* this.#walkBitmaps(into, limit);
    yield* this.#walkDisks(into, l2Tables, limit, visitor, isWanted);
    yield* this.#blocks.refer(into);
  }

  /** Header, refcount table, snapshot table and L1 tables. */
  #walkMetadata(into: ReferenceSink): void {
    const { header, extensions, geometry, snapshots } = this.#image;
    const refer = (offset: number, length: number) =>
      into.refer(offset, length, 1, OWNER_IMAGE, CLUSTER_USE.table);
    refer(0, geometry.clusterSize);
    refer(header.refcountTableOffset, header.refcountTableClusters * geometry.clusterSize);
    const last = snapshots.at(-1);
    if (last !== undefined)
      refer(header.snapshotsOffset, last.fileOffset + last.length - header.snapshotsOffset);
    // A table of which nothing can be read still lies where the header says; above 2^53 - 1 the number has lost digits.
    else if (
      header.storedSnapshotCount > 0 &&
      Number.isSafeInteger(header.snapshotsOffset) &&
      header.snapshotsOffset % geometry.clusterSize === 0
    )
      refer(header.snapshotsOffset, 1);
    const { encryptionHeader } = extensions;
    if (encryptionHeader !== undefined) refer(encryptionHeader.offset, encryptionHeader.length);
    for (const { offset, entries, times, owner } of this.#l1Places)
      into.refer(offset, entries * 8, times, owner, CLUSTER_USE.table);
  }

  /** Stored bitmaps, where autoclear bit 0 is set: without it qemu counts them as leaks. */
  *#walkBitmaps(into: ReferenceSink, limit: ReadLimit): SlicedWork<void> {
    const { source, header, extensions, geometry } = this.#image;
    const directory = extensions.bitmaps;
    if (directory === undefined || (header.autoclear & AUTOCLEAR_BITMAPS) === 0n) return;
    const { clusterSize } = geometry;
    into.refer(directory.directoryOffset, directory.directorySize, 1, OWNER_IMAGE, CLUSTER_USE.bitmap);
    let entries = 0;
    for (const { offset, size, times } of this.#bitmapTables()) {
      limit.spend(size * 8);
      into.refer(offset, size * 8, times, OWNER_IMAGE, CLUSTER_USE.bitmap);
      const table = new EntryTable(source, offset, size);
      if (table.count < size) this.#onFault('the file ends inside a bitmap table');
      for (let first = 0; first < table.count; first = table.endOfPart(first)) {
        yield;
        this.#readOrReport(() => {
          const end = table.endOfPart(first);
          for (let at = table.nextUsed(first, end); at < end; at = table.nextUsed(at + 1, end)) {
            if (++entries > MAX_BITMAP_ENTRIES) throw new LimitPassed('its bitmaps have too many clusters');
            const hi = table.hi(at);
            const lo = table.lo(at);
            if (!isValidBitmapEntry(hi, lo, clusterSize)) {
              this.#onFault('a bitmap table entry is invalid');
              continue;
            }
            const host = entryOffset(hi, lo);
            if (host !== 0) into.refer(host, clusterSize, times, OWNER_IMAGE, CLUSTER_USE.bitmap);
          }
        });
      }
    }
  }

  /** The bitmap tables, each once however many bitmaps name it. */
  #bitmapTables(): Iterable<{ readonly offset: number; readonly size: number; readonly times: number }> {
    const tables = new Map<string, { offset: number; size: number; times: number }>();
    for (const { tableOffset: offset, tableSize: size, broken } of this.#image.bitmaps) {
      if (broken) continue;
      const known = tables.get(`${offset} ${size}`);
      if (known === undefined) tables.set(`${offset} ${size}`, { offset, size, times: 1 });
      else known.times++;
    }
    return tables.values();
  }

  /** The L2 tables and what they refer to. */
  *#walkDisks(
    into: ReferenceSink,
    tables: L2Tables,
    limit: ReadLimit,
    visitor: TableVisitor | undefined,
    isWanted: ((table: number) => boolean) | undefined,
  ): SlicedWork<void> {
    const { clusterSize } = this.#image.geometry;
    for (const { offset, times, owner } of tables.misplaced)
      into.refer(offset, clusterSize, times, owner, CLUSTER_USE.table);
    const { offsets, times, owners } = tables;
    let work = 0;
    for (let i = 0; i < offsets.length; i++) {
      const offset = offsets[i] as number;
      into.refer(offset, clusterSize, times[i] as number, owners[i] as number, CLUSTER_USE.table);
      if (isWanted?.(i) === false) continue;
      const fault = this.#loadTable(offsets, i, limit);
      if (fault !== undefined) {
        this.#onFault(fault);
        visitor?.missTable(i, fault);
      }
      if (!holdsTable(this.#reader, offset, clusterSize)) continue;
      const at = offset - this.#reader.position;
      const { view } = this.#reader;
      if (visitor?.countsEntries !== true) {
        const table = { view, at, end: at + clusterSize };
        referEntries(this.#image, into, table, times[i] as number, owners[i] as number, this.#onFault);
      }
      visitor?.visitTable(i, view, at);
      work += this.#image.geometry.l2Entries;
      if (work < STRIDE_ENTRIES) continue;
      work = 0;
      yield;
    }
  }

  /** Has table `i` in memory, and with it those that lie directly behind it; else says why. Throws LimitPassed. */
  #loadTable(offsets: Float64Array, i: number, limit: ReadLimit): string | undefined {
    const { clusterSize } = this.#image.geometry;
    const offset = offsets[i] as number;
    if (!holdsTable(this.#reader, offset, clusterSize)) {
      let length = clusterSize;
      while (
        offsets[i + length / clusterSize] === offset + length &&
        length + clusterSize <= READ_AHEAD_BYTES
      )
        length += clusterSize;
      limit.spend(length);
      try {
        loadTable(this.#reader, this.#image.source, offset, length);
      } catch (error) {
        if (!(error instanceof CowscopeError)) throw error;
        return error.what;
      }
    }
    return offset + clusterSize > this.#reader.position + this.#reader.length
      ? 'the file ends inside an L2 table'
      : undefined;
  }

  /** Runs `read`; what the system cannot read is reported. True where it could. */
  #readOrReport(read: () => void): boolean {
    try {
      read();
      return true;
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      this.#onFault(error.what);
      return false;
    }
  }
}

/** Entries of an L2 table in memory: bytes [at, end). */
export interface EntryBytes {
  readonly view: DataView;
  readonly at: number;
  readonly end: number;
}

/** Hands what entries of an L2 table refer to to `into`: `times` references of `owner`. */
export function referEntries(
  { header, geometry }: Qcow2Image,
  into: ReferenceSink,
  { view, at: start, end }: EntryBytes,
  times: number,
  owner: number,
  onFault: OnFault,
): void {
  if (hasDataFile(header)) return;
  const { clusterSize, clusterBits, entrySize } = geometry;
  const isExtended = entrySize === 16;
  const use = dataUseOf(owner);
  const betweenClusters = (clusterSize - 1) & OFFSET_LO;
  for (let at = start; at < end; at += entrySize) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    if ((hi | lo) === 0) continue; // as most entries of most tables are
    if ((hi & ENTRY_COMPRESSED_HI) !== 0) {
      // What a compressed entry with subclusters names is not counted, as in qemu.
      if (isExtended && (view.getUint32(at + 8) | view.getUint32(at + 12)) !== 0) {
        onFault('a compressed cluster has subclusters');
        continue;
      }
      const { offset, length } = compressedRange(hi, lo, clusterBits);
      into.referStream(offset, length, times, owner, use);
      continue;
    }
    const host = entryOffset(hi, lo);
    if ((lo & betweenClusters) !== 0) onFault('an L2 entry points between clusters');
    if (host !== 0) into.refer(host, clusterSize, times, owner, use);
  }
}

/** What the data of an owner counts as: a bit of CLUSTER_USE. */
export function dataUseOf(owner: number): number {
  return owner === OWNER_ACTIVE || owner === OWNER_IMAGE ? CLUSTER_USE.data : CLUSTER_USE.snapshotData;
}
