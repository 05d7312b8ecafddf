/**
 * How long the file gets that `qemu-img convert` writes of a disk, with clusters of the same size. Internal snapshots,
 * bitmaps, free and leaked space are not copied, and zeros in the data are left out: it may get shorter.
 */
import { compressedRange } from '../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, type EntryRules, entryOffset, keepsHostSpace } from '../format/entry.ts';
import type { Geometry } from '../format/geometry.ts';
import { entryRulesOf, type Qcow2Image } from '../read/image.ts';
import type { L2Tables } from './l2-tables.ts';

/** Bits of a refcount, and bytes of an entry of L1 and refcount table, in an image with the options that are usual. */
const REFCOUNT_BITS = 16;
const ENTRY_BYTES = 8;

/** Counts the tables and the data of the active disk, table by table. */
export class CopySize {
  readonly #geometry: Geometry;
  readonly #rules: EntryRules;
  readonly #size: number;
  readonly #fileLength: number;
  readonly #activeTimes: Uint32Array;
  /** Zeros that hide a backing file are stored. */
  readonly #keepsZeros: boolean;
  #data = 0;
  #tables = 0;
  #isKnown = true;

  /** Of an image whose tables are those, in a file of so many bytes. */
  constructor(image: Qcow2Image, { activeTimes }: L2Tables, fileLength: number) {
    this.#fileLength = fileLength;
    this.#geometry = image.geometry;
    this.#rules = entryRulesOf(image);
    this.#size = image.header.size;
    this.#activeTimes = activeTimes;
    this.#keepsZeros = image.backingFileBytes.length > 0;
  }

  /** Takes the entries of table number `index`, which begins `at` bytes into `view`; each table once. */
  take(index: number, view: DataView, at: number): void {
    const times = this.#activeTimes[index] as number;
    if (times === 0) return;
    const { clusterSize, entrySize } = this.#geometry;
    let data = 0;
    let zeros = 0;
    for (const end = at + clusterSize; at < end; at += entrySize) {
      const hi = view.getUint32(at);
      const lo = view.getUint32(at + 4);
      if ((hi | lo) !== 0 && this.#isWrong(hi, lo)) this.#isKnown = false;
      if (this.#rules.extendedL2) {
        const holds = (hi & ENTRY_COMPRESSED_HI) !== 0 || view.getUint32(at + 12) !== 0;
        if (holds) data++;
        else if (view.getUint32(at + 8) !== 0) zeros++;
      } else if ((hi | lo) === 0) continue;
      else if ((hi & ENTRY_COMPRESSED_HI) !== 0) data++;
      else if ((lo & 1) !== 0) zeros++;
      else if (keepsHostSpace(this.#rules, hi, lo)) data++;
    }
    this.#data += times * data;
    if (data > 0 || (zeros > 0 && this.#keepsZeros)) this.#tables += times;
  }

  /** True for an entry that leads past the end of the file, or to no cluster: a copy ends with an error there, or loses data. */
  #isWrong(hi: number, lo: number): boolean {
    const { clusterSize, clusterBits } = this.#geometry;
    if ((hi & ENTRY_COMPRESSED_HI) !== 0)
      return compressedRange(hi, lo, clusterBits).offset >= this.#fileLength;
    const host = entryOffset(hi, lo);
    return host % clusterSize !== 0 || (host >= this.#fileLength && !this.#rules.dataFile);
  }

  /** Of a table that could not be read nothing is known. */
  miss(index: number): void {
    if (this.#activeTimes[index] !== 0) this.#isKnown = false;
  }

  /**
   * Bytes of the file at most; undefined where a table could not be read or an entry is wrong, and where the refcount table
   * of a new image has to grow, which leaves holes.
   * Source: qemu's block/qcow2.c (qcow2_co_create, qcow2_refcount_metadata_size), compared with qemu-img 7.2.
   */
  most(): number | undefined {
    const { clusterSize } = this.#geometry;
    const perTable = clusterSize / ENTRY_BYTES;
    const l1Entries = Math.ceil(this.#size / (clusterSize * perTable));
    const header = 1 + Math.ceil(l1Entries / perTable);
    const perBlock = (clusterSize * 8) / REFCOUNT_BITS;
    const refcountTable = 1;
    const others = header + refcountTable + this.#tables + this.#data;
    let blocks = 1;
    while (Math.ceil((others + blocks) / perBlock) > blocks) blocks = Math.ceil((others + blocks) / perBlock);
    return this.#isKnown && blocks <= perTable ? (others + blocks) * clusterSize : undefined;
  }
}
