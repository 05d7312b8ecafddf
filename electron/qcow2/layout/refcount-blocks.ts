/** The refcounts that an image stores, one block in memory at a time. */
import { CowscopeError } from '../../../shared/error.ts';
import { nextRefcount, REFCOUNT_OFFSET_LO, refcountAt } from '../format/refcounts.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { createTableReader, holdsTable, loadTable, READ_AHEAD_BYTES } from '../read/table-reader.ts';
import { type ClusterUses, IMAGE, USE } from './cluster-uses.ts';
import type { OnFault } from './l2-tables.ts';
import type { ReadLimit } from './read-limit.ts';

/** Refcounts compared between two yields. */
const STRIDE_COUNTS = 2 ** 17;

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
    const entries = (header.refcountTableClusters * geometry.clusterSize) / 8;
    this.#image = image;
    this.#fileLength = fileLength;
    this.#onFault = onFault;
    this.#table = new EntryTable(source, header.refcountTableOffset, entries);
    if (entries === 0) onFault('there is no usable refcount table');
    if (this.#table.count < entries) onFault('the file ends inside the refcount table');
  }

  /** Hands the references to all blocks to `into`. */
  *refer(into: ClusterUses): SlicedWork<void> {
    const { clusterSize } = this.#image.geometry;
    for (const part of this.#parts(this.#table.count)) {
      yield;
      for (const { offset } of part) into.refer(offset, clusterSize, 1, IMAGE, USE.table);
    }
  }

  /** Compares the refcounts of all clusters of the file that this pass counts with their references. Throws LimitPassed. */
  *compare(into: ClusterUses, limit: ReadLimit): SlicedWork<void> {
    const { header, geometry } = this.#image;
    const bits = header.refcountBits;
    const perBlock = (geometry.clusterSize * 8) / bits;
    let work = 0;
    for (const part of this.#parts(Math.ceil(into.clusters / perBlock))) {
      for (const [i, { index, offset }] of part.entries()) {
        const first = index * perBlock;
        const count = Math.min(perBlock, into.clusters - first);
        if (!into.wantsRefcounts(first, first + count) || !this.#load(part, i, limit)) continue;
        const at = offset - this.#reader.position;
        const { view } = this.#reader;
        for (
          let c = nextRefcount(view, at, 0, count, bits);
          c < count;
          c = nextRefcount(view, at, c + 1, count, bits)
        )
          into.compare(first + c, refcountAt(view, at, c, bits));
        work += count;
        if (work < STRIDE_COUNTS) continue;
        work = 0;
        yield;
      }
      yield;
    }
  }

  /** The blocks named by the first `end` entries of the table, in parts; those that no block can be are reported. */
  *#parts(end: number): Generator<{ readonly index: number; readonly offset: number }[]> {
    const { clusterSize } = this.#image.geometry;
    const table = this.#table;
    const last = Math.min(end, table.count);
    for (let first = 0; first < last; first = table.endOfPart(first)) {
      const blocks: { index: number; offset: number }[] = [];
      const partEnd = Math.min(last, table.endOfPart(first));
      try {
        for (
          let index = table.nextUsed(first, partEnd);
          index < partEnd;
          index = table.nextUsed(index + 1, partEnd)
        ) {
          const lo = table.lo(index);
          const offset = table.hi(index) * 2 ** 32 + ((lo & REFCOUNT_OFFSET_LO) >>> 0);
          if ((lo & ~REFCOUNT_OFFSET_LO) !== 0 || offset % clusterSize !== 0)
            this.#onFault('a refcount table entry is damaged');
          else if (offset >= this.#fileLength)
            this.#onFault('a refcount block lies past the end of the file');
          else if (offset > 0) blocks.push({ index, offset });
        }
      } catch (error) {
        if (!(error instanceof CowscopeError)) throw error;
        this.#onFault(error.what);
      }
      yield blocks;
    }
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
