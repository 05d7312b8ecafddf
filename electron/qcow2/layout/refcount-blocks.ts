/** The refcounts that an image stores, one block in memory at a time. */
import { CowscopeError } from '../../../shared/error.ts';
import { nextRefcount, REFCOUNT_OFFSET_LO, refcountAt } from '../format/refcounts.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { createTableReader, holdsTable, loadTable, READ_AHEAD_BYTES } from '../read/table-reader.ts';
import type { OnFault } from './l2-tables.ts';
import type { ReadLimit } from './read-limit.ts';
import type { RefcountSink, ReferenceSink } from './reference-sink.ts';

/** Refcounts compared between two yields. */
const STRIDE_COUNTS = 2 ** 17;

/** Where qemu fails to read instead of reading zeros: its BDRV_MAX_LENGTH, whole GiB below 2^63. */
const MAX_READ_OFFSET = 2 ** 63 - 2 ** 30;

/** What is wrong with an entry of the refcount table. */
export type BlockFault = 'reserved' | 'unaligned' | 'pastEnd';

/** An entry of the refcount table that is not zero. `offset` is without its reserved bits. */
export interface BlockEntry {
  readonly index: number;
  readonly offset: number;
  readonly fault: BlockFault | undefined;
}

const FAULTS: Readonly<Record<BlockFault, string>> = {
  reserved: 'a refcount table entry is damaged',
  unaligned: 'a refcount table entry is damaged',
  pastEnd: 'a refcount block lies past the end of the file',
};

/** Why no refcount can be read where {@link hasUnknownWidth}. */
export const UNKNOWN_WIDTH = 'the width of its refcounts is not known';

/** True where the header gives refcounts a width that they cannot have: their bytes mean nothing then. */
export function hasUnknownWidth({ findings }: Pick<Qcow2Image, 'findings'>): boolean {
  return findings.some(({ code }) => code === 'QCOW2_REFCOUNT_ORDER');
}

/** The blocks that the refcount table names. Source: qemu's check_refblocks and qcow2_get_refcount. */
export class RefcountBlocks {
  readonly #image: Qcow2Image;
  readonly #fileLength: number;
  readonly #table: EntryTable;
  readonly #onFault: OnFault;
  readonly #reader = createTableReader();

  /** Throws QCOW2_READ_FAILED where the length of the file is not known. */
  constructor(image: Qcow2Image, fileLength: number, onFault: OnFault) {
    const { header, geometry, source } = image;
    const isReadable = !hasUnknownWidth(image);
    const entries = isReadable ? (header.refcountTableClusters * geometry.clusterSize) / 8 : 0;
    this.#image = image;
    this.#fileLength = fileLength;
    this.#onFault = onFault;
    this.#table = new EntryTable(source, header.refcountTableOffset, entries);
    if (!isReadable) onFault(UNKNOWN_WIDTH);
    else if (entries === 0) onFault('there is no usable refcount table');
    if (this.#table.count < entries) onFault('the file ends inside the refcount table');
  }

  /** Entries of the refcount table that the file holds. */
  get entries(): number {
    return this.#table.count;
  }

  /** The raw value of an entry below {@link entries}, as two words. Throws QCOW2_READ_FAILED. */
  entryWords(index: number): readonly [hi: number, lo: number] {
    return [this.#table.hi(index), this.#table.lo(index)];
  }

  /** Hands the references to all blocks to `into`. Those of entries with reserved bits do not count, as in qemu. */
  *refer(into: ReferenceSink): SlicedWork<void> {
    for (const part of this.parts()) {
      yield;
      for (const { index, offset, fault } of part) if (fault === undefined) into.referBlock(offset, index);
    }
  }

  /**
   * Hands the refcounts of all clusters of the file that this pass counts to `into`, but for zeros. A block past the end
   * of the file is zeros, as qemu reads it. Throws LimitPassed.
   */
  *read(into: RefcountSink, limit: ReadLimit): SlicedWork<void> {
    const { header, geometry } = this.#image;
    const bits = header.refcountBits;
    const perBlock = (geometry.clusterSize * 8) / bits;
    let work = 0;
    for (const part of this.parts(Math.ceil(into.clusters / perBlock))) {
      for (const [i, { index, offset }] of part.entries()) {
        const first = index * perBlock;
        const count = Math.min(perBlock, into.clusters - first);
        if (!into.wantsRefcounts(first, first + count) || this.#isZeros(offset)) continue;
        if (!this.#isReadable(offset) || !this.#load(part, i, limit)) {
          into.missRefcounts?.(first, first + count);
          continue;
        }
        const at = offset - this.#reader.position;
        const { view } = this.#reader;
        if (into.takeRefcounts === undefined) takeEach(into, view, at, first, count, bits);
        else into.takeRefcounts(view, at, first, count, bits);
        work += count;
        if (work < STRIDE_COUNTS) continue;
        work = 0;
        yield;
      }
      yield;
    }
  }

  /**
   * The refcount of any cluster, also of one past the end of the file; undefined where it cannot be read. For few
   * clusters: it reads a block for each.
   */
  refcountOf(cluster: number): number | undefined {
    const { header, geometry, source } = this.#image;
    const bits = header.refcountBits;
    const perBlock = (geometry.clusterSize * 8) / bits;
    const index = Math.floor(cluster / perBlock);
    if (index >= this.#table.count) return 0;
    try {
      const { offset } = this.#entry(index);
      if (this.#isZeros(offset)) return 0;
      if (!this.#isReadable(offset)) return undefined;
      if (!holdsTable(this.#reader, offset, geometry.clusterSize))
        loadTable(this.#reader, source, offset, geometry.clusterSize);
      return refcountAt(this.#reader.view, offset - this.#reader.position, cluster - index * perBlock, bits);
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      return undefined;
    }
  }

  /** Where the refcount of a cluster lies in the file, undefined where there is no block for it. For few clusters. */
  placeOf(cluster: number): number | undefined {
    const { header, geometry } = this.#image;
    const perBlock = (geometry.clusterSize * 8) / header.refcountBits;
    const index = Math.floor(cluster / perBlock);
    if (index >= this.#table.count) return undefined;
    try {
      const { offset } = this.#entry(index);
      if (this.#isZeros(offset)) return undefined;
      return offset + Math.floor(((cluster - index * perBlock) * header.refcountBits) / 8);
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      return undefined;
    }
  }

  /** The used entries among the first `end` of the table, in parts; what is wrong with them is reported. */
  *parts(end = this.#table.count): Generator<BlockEntry[]> {
    const table = this.#table;
    const last = Math.min(end, table.count);
    for (let first = 0; first < last; first = table.endOfPart(first)) {
      const blocks: BlockEntry[] = [];
      const partEnd = Math.min(last, table.endOfPart(first));
      try {
        for (
          let index = table.nextUsed(first, partEnd);
          index < partEnd;
          index = table.nextUsed(index + 1, partEnd)
        ) {
          const entry = this.#entry(index);
          if (entry.fault !== undefined) this.#onFault(FAULTS[entry.fault]);
          if (entry.offset > 0 || entry.fault !== undefined) blocks.push(entry);
        }
      } catch (error) {
        if (!(error instanceof CowscopeError)) throw error;
        this.#onFault(error.what);
      }
      yield blocks;
    }
  }

  #entry(index: number): BlockEntry {
    const lo = this.#table.lo(index);
    const offset = this.#table.hi(index) * 2 ** 32 + ((lo & REFCOUNT_OFFSET_LO) >>> 0);
    const fault =
      (lo & ~REFCOUNT_OFFSET_LO) !== 0
        ? 'reserved'
        : !this.#isAligned(offset)
          ? 'unaligned'
          : offset >= this.#fileLength
            ? 'pastEnd'
            : undefined;
    return { index, offset, fault };
  }

  #isAligned(offset: number): boolean {
    return offset % this.#image.geometry.clusterSize === 0;
  }

  /** True where there is no block, or where it lies past the end of the file and is read as zeros. */
  #isZeros(offset: number): boolean {
    return offset === 0 || (this.#isReadable(offset) && offset >= this.#fileLength);
  }

  /** True for a place that qemu can ask the system for. */
  #isReadable(offset: number): boolean {
    return this.#isAligned(offset) && offset < MAX_READ_OFFSET;
  }

  /** Has block `i` of a part in memory, and with it those that follow it in both table and file. */
  #load(part: readonly { readonly offset: number }[], i: number, limit: ReadLimit): boolean {
    const { source, geometry } = this.#image;
    const { clusterSize } = geometry;
    const offset = (part[i] as { offset: number }).offset;
    if (holdsTable(this.#reader, offset, clusterSize)) return true;
    let length = clusterSize;
    while (
      part[i + length / clusterSize]?.offset === offset + length &&
      length + clusterSize <= READ_AHEAD_BYTES
    )
      length += clusterSize;
    limit.spend(length);
    try {
      loadTable(this.#reader, source, offset, length);
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      this.#onFault(error.what);
      return false;
    }
    if (this.#reader.length < length) this.#onFault('the file ends inside a refcount block');
    return true;
  }
}

function takeEach(
  into: RefcountSink,
  view: DataView,
  at: number,
  first: number,
  count: number,
  bits: number,
): void {
  for (
    let c = nextRefcount(view, at, 0, count, bits);
    c < count;
    c = nextRefcount(view, at, c + 1, count, bits)
  )
    into.takeRefcount(first + c, refcountAt(view, at, c, bits));
}
