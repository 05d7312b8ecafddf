/**
 * Counts the L2 entries that nearly all entries are like: nothing, zeros, or a whole cluster of the file with few
 * references. Its loops are most of the time that a check takes: everything in them is a local integer.
 */
import { ENTRY_COPIED_HI, OFFSET_HI } from '../format/entry.ts';
import type { Geometry } from '../format/geometry.ts';
import { CHUNK_CLUSTERS } from '../layout/cluster-chunks.ts';
import { dataUseOf } from '../layout/references.ts';
import type { ClusterCounts } from './cluster-counts.ts';
import { MANY_REFERENCES, STORED, STORED_ONCE, takesPlainly } from './counter-bits.ts';

/** A cluster's number shifted by these is that of its chunk. */
const CHUNK_BITS = Math.log2(CHUNK_CLUSTERS);
/** The highest number that bitwise operators hold. */
const MAX_INT32 = 2 ** 31 - 1;
/** Entries that are judged together: four of eight bytes. */
const BLOCK_BYTES = 32;
/** `last` where no cluster was named yet, and where the last one ends between clusters. */
const NONE_YET = -1;
const NOTHING_FOLLOWS = -2;

/** What the entries are counted with. */
export interface PlainEntriesInput {
  readonly geometry: Geometry;
  readonly counts: ClusterCounts;
  readonly fileLength: number;
  /** False where offsets are those of a data file: all entries are looked at alone then. */
  readonly areInFile: boolean;
  /** True where bit 0 of an entry says that it reads as zeros. */
  readonly hasZeroFlag: boolean;
}

/** The entries of one table. */
export interface PlainTable {
  readonly view: DataView;
  /** References that each of its entries stands for, and whose. */
  readonly times: number;
  readonly owner: number;
  /** Where the last cluster that its entries named ends in the file, 0 where there was none. */
  next: number;
  /** Where a run ends in `view` that could not be counted as one: its entries are counted one by one. */
  singlyUpTo: number;
}

/** Counts stretches of plain entries, and keeps the sums of the last one. */
export class PlainEntries {
  /** Of the last stretch: clusters it names, those that do not follow on the one before, and wrong copied flags. */
  allocated = 0;
  fragmented = 0;
  wrongCopied = 0;
  /** True if one of its entries was not zero. */
  hasUsed = false;
  readonly #counts: ClusterCounts;
  readonly #clusterBits: number;
  readonly #entrySize: number;
  readonly #zeroFlag: number;
  /** Whole clusters of the file, and the largest upper half of an offset in it; -1 where entries are all looked at alone. */
  readonly #clusters: number;
  readonly #largestHi: number;
  /** A run is split at multiples of this many clusters: its chunk ends there, or the lower half of its offset. */
  readonly #runClusters: number;
  /** The cluster counted last, or one of the two above. */
  #last = NONE_YET;
  /** Upper half of the entry that named it, where that went on behind the one before: a run may begin there. */
  #runHi = 0;
  #mayRun = false;

  constructor({ geometry, counts, fileLength, areInFile, hasZeroFlag }: PlainEntriesInput) {
    const { clusterSize, clusterBits, entrySize } = geometry;
    this.#counts = counts;
    this.#clusterBits = clusterBits;
    this.#entrySize = entrySize;
    this.#zeroFlag = hasZeroFlag ? 1 : 0;
    this.#clusters = Math.floor(fileLength / clusterSize);
    const isPlain = areInFile && this.#clusters < 2 ** 31;
    this.#largestHi = isPlain ? Math.floor(fileLength / 2 ** 32) : -1;
    this.#runClusters = Math.min(CHUNK_CLUSTERS, 2 ** (32 - clusterBits));
  }

  /** Counts entries of [start, stop) as long as they are plain; returns where the first other one lies. */
  count(table: PlainTable, start: number, stop: number): number {
    this.allocated = 0;
    this.fragmented = 0;
    this.wrongCopied = 0;
    this.hasUsed = false;
    if (this.#largestHi < 0 || table.times >= MANY_REFERENCES) return start;
    this.#last = this.#lastOf(table.next);
    let at = this.#countOneByOne(table, start | 0, stop | 0);
    // Called from here, the loop over runs leaves all registers to the loop over entries.
    while (this.#mayRun) {
      at = this.#countRun(table, at, stop | 0, this.#last);
      at = this.#countOneByOne(table, at | 0, stop | 0);
    }
    this.hasUsed ||= this.allocated > 0;
    if (this.#last >= 0) table.next = (this.#last + 1) * 2 ** this.#clusterBits;
    return at;
  }

  /** Counts single entries until one is not plain, or goes on behind the one before: {@link #mayRun} tells which. */
  #countOneByOne(table: PlainTable, start: number, stop: number): number {
    const { view } = table;
    const counts = this.#counts;
    const { chunks } = counts;
    const times = table.times | 0;
    const use = dataUseOf(table.owner) | 0;
    const entrySize = this.#entrySize | 0;
    const isExtended = entrySize === 16;
    const zeroFlag = this.#zeroFlag | 0;
    const clusterBits = this.#clusterBits | 0;
    const highShift = 32 - clusterBits;
    const betweenClusters = (2 ** clusterBits - 1) & ~zeroFlag;
    const otherHi = ~(ENTRY_COPIED_HI | OFFSET_HI);
    const largestHi = this.#largestHi | 0;
    const clusters = this.#clusters | 0;
    const singlyUpTo = (isExtended ? stop + 1 : table.singlyUpTo) | 0;
    let last = this.#last | 0;
    let used = 0;
    let allocated = 0;
    let fragmented = 0;
    let wrong = 0;
    let counters: Uint16Array | undefined;
    let chunk = -1;
    let at = start;
    this.#mayRun = false;
    while (at < stop) {
      const hi = view.getInt32(at);
      const lo = view.getInt32(at + 4);
      if (isExtended) {
        const zeroBits = view.getInt32(at + 8);
        const allocBits = view.getInt32(at + 12);
        if ((zeroBits & allocBits) !== 0) break;
        if ((hi | lo) === 0) {
          if (allocBits !== 0) break;
          used |= zeroBits;
          at += entrySize;
          continue;
        }
      } else if (hi === 0 && (lo & ~zeroFlag) === 0) {
        used |= lo;
        at += entrySize;
        continue;
      }
      const hostHi = hi & OFFSET_HI;
      if (((hi & otherHi) | (lo & betweenClusters)) !== 0 || hostHi > largestHi) break;
      const cluster = (hostHi << highShift) | (lo >>> clusterBits);
      if (cluster === 0 || cluster >= clusters) break;
      if (cluster >>> CHUNK_BITS !== chunk) {
        chunk = cluster >>> CHUNK_BITS;
        counters = chunks[chunk] ?? counts.countersOf(chunk, at < singlyUpTo);
      }
      if (counters !== undefined) {
        const counter = counters[cluster & (CHUNK_CLUSTERS - 1)] as number;
        if (!takesPlainly(counter, times, use)) break;
        counters[cluster & (CHUNK_CLUSTERS - 1)] = (counter + times) | use;
        if (((counter & STORED) === STORED_ONCE) !== hi < 0) wrong++;
      } else if (counts.isInStretches) {
        // A run may begin with this entry, which is counted with it.
        if (cluster !== last + 1 && last !== NONE_YET) fragmented++;
        last = cluster - 1;
        this.#runHi = hi;
        this.#mayRun = true;
        break;
      }
      allocated++;
      at += entrySize;
      if (cluster === last + 1 && at >= singlyUpTo) {
        last = cluster;
        this.#runHi = hi;
        this.#mayRun = true;
        break;
      }
      if (cluster !== last + 1 && last !== NONE_YET) fragmented++;
      last = cluster;
    }
    this.#last = last;
    this.allocated += allocated;
    this.fragmented += fragmented;
    this.wrongCopied += wrong;
    this.hasUsed ||= used !== 0;
    return at;
  }

  /**
   * Counts entries from `start` on as long as they name nothing or go on behind `cluster`, with the same copied flag as the
   * entry that named it. Returns where that ends.
   */
  #countRun(table: PlainTable, start: number, stop: number, cluster: number): number {
    const hi = this.#runHi;
    const at = this.#followRun(table.view, start | 0, stop, hi | 0, cluster | 0);
    const runFirst = cluster + 1;
    const count = this.#last - cluster;
    if (count === 0) return at;
    const use = dataUseOf(table.owner);
    const wrong = this.#counts.referRun(runFirst, runFirst + count, table.times, use, hi < 0);
    if (wrong < 0) {
      table.singlyUpTo = at;
      this.#last = cluster;
      return start;
    }
    this.allocated += count;
    this.wrongCopied += wrong;
    return at;
  }

  /**
   * Finds where the run of {@link #countRun} ends, and leaves its last cluster in {@link #last}.
   *
   * Entries that name nothing take the same path as others: a mispredicted branch costs as much as four entries. The
   * loop counts clusters, not offsets: offsets pass 2^31, and V8 would leave the optimized code each time.
   */
  #followRun(view: DataView, start: number, stop: number, hi: number, cluster: number): number {
    const clusterBits = this.#clusterBits;
    const runClusters = this.#runClusters;
    const mask = ~this.#zeroFlag;
    // No entry goes on further than one cluster: the run ends before its chunk, the file, and the upper half change.
    const first = cluster + 1;
    const room = Math.min(runClusters - (first & (runClusters - 1)), this.#clusters - first);
    const end = Math.min(stop, start + room * 8) | 0;
    this.#last = cluster;
    let at = hi < 0 ? this.#followBlocks(view, start, end, hi, cluster) : start;
    let next = (this.#last + 1) | 0;
    for (; at < end; at += 8) {
      const entryHi = view.getInt32(at);
      const entryLo = view.getInt32(at + 4) & mask;
      const counters = entryHi | entryLo;
      const isUsed = (counters | (0 - counters)) >> 31; // all bits, or none
      if ((((entryHi ^ hi) | (entryLo ^ (next << clusterBits))) & isUsed) !== 0) break;
      next = (next - isUsed) | 0;
    }
    this.#last = next - 1;
    return at;
  }

  /**
   * Follows a run of entries with the copied flag as far as whole blocks of four go on, and leaves its last cluster in
   * {@link #last}. An entry is judged by its sign, the copied flag, and a block by all differences together: half the
   * time that single entries take. One entry before `end` is left, so that no offset passes 2^32.
   */
  #followBlocks(view: DataView, start: number, end: number, hi: number, cluster: number): number {
    const clusterBits = this.#clusterBits;
    const step = 2 ** clusterBits;
    const mask = ~this.#zeroFlag;
    const first = (cluster + 1) << clusterBits;
    const lastBlock = end - BLOCK_BYTES;
    let offset = first;
    let at = start;
    while (at < lastBlock) {
      const hi0 = view.getInt32(at);
      const hi1 = view.getInt32(at + 8);
      const hi2 = view.getInt32(at + 16);
      const hi3 = view.getInt32(at + 24);
      // All bits of an entry that is used, or none.
      const used0 = hi0 >> 31;
      const used1 = hi1 >> 31;
      const used2 = hi2 >> 31;
      const used3 = hi3 >> 31;
      const offset1 = (offset + (step & used0)) | 0;
      const offset2 = (offset1 + (step & used1)) | 0;
      const offset3 = (offset2 + (step & used2)) | 0;
      const wrongHi =
        (hi0 ^ (hi & used0)) | (hi1 ^ (hi & used1)) | (hi2 ^ (hi & used2)) | (hi3 ^ (hi & used3));
      const wrongLo =
        (view.getInt32(at + 4) ^ (offset & used0)) |
        (view.getInt32(at + 12) ^ (offset1 & used1)) |
        (view.getInt32(at + 20) ^ (offset2 & used2)) |
        (view.getInt32(at + 28) ^ (offset3 & used3));
      if ((wrongHi | (wrongLo & mask)) !== 0) break;
      offset = (offset3 + (step & used3)) | 0;
      at += BLOCK_BYTES;
    }
    this.#last = cluster + (offset >>> clusterBits) - (first >>> clusterBits);
    return at;
  }

  /** The cluster in front of a place of the file, where it is aligned and no further than the integers of the loops reach. */
  #lastOf(next: number): number {
    const cluster = next / 2 ** this.#clusterBits;
    return Number.isInteger(cluster) && cluster <= MAX_INT32 ? cluster - 1 : NOTHING_FOLLOWS;
  }
}
