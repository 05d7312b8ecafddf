/**
 * What internal snapshots share with the disk: qemu writes it to new clusters, where it overwrites what is the disk's alone.
 * Source: QCOW_OFLAG_COPIED in qemu's block/qcow2-cluster.c (cluster_needs_new_alloc, get_cluster_table).
 */
import { ENTRY_COPIED_HI } from '../../qcow2/format/entry.ts';
import { tableIndexOf } from '../../qcow2/format/geometry.ts';
import { EntryTable } from '../../qcow2/read/entry-table.ts';
import { l2OffsetAt } from '../../qcow2/read/l1.ts';
import type { Qcow2Map } from '../../qcow2/read/map-state.ts';

const WORDS_BYTES = 8;

/** The flags of an image's entries that say that nothing else refers to what they name. */
export class SharedClusters {
  readonly #map: Qcow2Map;
  #l1Index = -1;
  #table: EntryTable | undefined;

  constructor(map: Qcow2Map) {
    this.#map = map;
  }

  /** True where an L1 entry names a table that is not the disk's alone. Throws QCOW2_READ_FAILED. */
  isSharedTable(l1Index: number): boolean {
    const { l1 } = this.#map;
    return l2OffsetAt(l1, l1Index) !== 0 && (l1.hi(l1Index) & ENTRY_COPIED_HI) === 0;
  }

  /** True where the host cluster of a guest offset, which has one, is not the disk's alone. Throws QCOW2_READ_FAILED. */
  isShared(offset: number): boolean {
    const { geometry, l1, source } = this.#map;
    const { l1Index, l2Index } = tableIndexOf(geometry, offset);
    const words = geometry.entrySize / WORDS_BYTES;
    if (l1Index !== this.#l1Index || this.#table === undefined) {
      this.#l1Index = l1Index;
      const entries = geometry.l1Coverage / geometry.clusterSize;
      this.#table = new EntryTable(source, l2OffsetAt(l1, l1Index), entries * words);
    }
    const word = l2Index * words;
    return word < this.#table.count && (this.#table.hi(word) & ENTRY_COPIED_HI) === 0;
  }
}
