/** What the L2 tables and other metadata of an image are called, and which guest offsets a table is for. */
import { formatOffset } from '../../../shared/text/offset.ts';
import { entryOffset } from '../format/entry.ts';
import { OWNER_ACTIVE, OWNER_IMAGE, OWNER_SNAPSHOTS } from '../layout/cluster-uses.ts';
import type { L2Tables } from '../layout/l2-tables.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';

/** Entries of the L1 table looked at between two yields. */
const STRIDE_ENTRIES = 2 ** 14;

/** For each L2 table of an image the first L1 entry of the active disk that names it. */
export class TableNames {
  readonly #image: Qcow2Image;
  readonly #tables: L2Tables;
  readonly #l1Indexes: Int32Array;

  constructor(image: Qcow2Image, tables: L2Tables) {
    this.#image = image;
    this.#tables = tables;
    this.#l1Indexes = new Int32Array(tables.offsets.length).fill(-1);
  }

  /** Reads the active L1 table. Throws QCOW2_READ_FAILED. */
  *read(): SlicedWork<void> {
    const { source, header } = this.#image;
    const l1 = new EntryTable(source, header.l1TableOffset, header.l1Size);
    let work = 0;
    for (let at = l1.nextUsed(0, l1.count); at < l1.count; at = l1.nextUsed(at + 1, l1.count)) {
      const index = this.indexOf(entryOffset(l1.hi(at), l1.lo(at)));
      if (index >= 0 && (this.#l1Indexes[index] as number) < 0) this.#l1Indexes[index] = at;
      if (++work % STRIDE_ENTRIES === 0) yield;
    }
  }

  /** Number of the L2 table at an offset of the file, -1 where there is none. */
  indexOf(offset: number): number {
    const { offsets } = this.#tables;
    let low = 0;
    let high = offsets.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((offsets[mid] as number) < offset) low = mid + 1;
      else high = mid;
    }
    return offsets[low] === offset ? low : -1;
  }

  /** The guest offset where the span of a table begins, -1 where the active disk does not use it. */
  guestOf(index: number): number {
    const l1Index = this.#l1Indexes[index] as number;
    return l1Index < 0 ? -1 : l1Index * this.#image.geometry.l1Coverage;
  }

  /** A table in words. */
  tableName(index: number): string {
    const at = formatOffset(this.#tables.offsets[index] as number);
    const guest = this.guestOf(index);
    return guest >= 0
      ? `the L2 table at ${at} (guest ${formatOffset(guest)})`
      : `the L2 table at ${at} of ${this.ownerName(this.#tables.owners[index] as number)}`;
  }

  /** Whose something is, in words. Untrusted text. */
  ownerName(owner: number): string {
    if (owner === OWNER_ACTIVE) return 'the active disk';
    if (owner === OWNER_SNAPSHOTS) return 'several snapshots';
    if (owner === OWNER_IMAGE) return 'the image';
    const snapshot = this.#image.snapshots[owner - 2];
    return snapshot === undefined ? 'a snapshot' : `snapshot ${JSON.stringify(snapshot.name)}`;
  }
}
