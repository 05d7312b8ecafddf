/** Which host clusters each L2 table reaches: so that a question about one cluster reads few tables. */
import { compressedRange } from '../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../format/entry.ts';
import type { Geometry } from '../format/geometry.ts';

/** Spans that are kept, 8 bytes each: of more tables neighbors in the file share one. */
const MAX_SPANS = 2 ** 20;
/** The highest cluster number that is distinguished. */
const LAST = 2 ** 32 - 1;
/** Clusters of a file up to which the table of each one is kept, 2 bytes each: 64 MiB at 2 TiB of 64 KiB clusters. */
const MAX_OWNED_CLUSTERS = 2 ** 25;
/** Stands for several tables that refer to one cluster. */
const SEVERAL = 2 ** 16 - 1;

/**
 * The lowest and the highest host cluster that the entries of a table refer to, by its number in the list of tables; of a
 * file that is not too large also which table refers to each cluster, so that one table is read however scattered they are.
 */
export class TableSpans {
  readonly #geometry: Geometry;
  /** By cluster 1 + the number of the table that refers to it, 0 where none does. Absent for a file that is too large. */
  readonly #owners: Uint16Array | undefined;
  readonly #missed = new Set<number>();
  readonly #group: number;
  readonly #lowest: Uint32Array;
  readonly #highest: Uint32Array;

  /** Of so many tables, in a file of so many clusters. */
  constructor(tables: number, clusters: number, geometry: Geometry) {
    this.#geometry = geometry;
    const isKept = clusters <= MAX_OWNED_CLUSTERS && tables < SEVERAL - 1;
    this.#owners = isKept ? new Uint16Array(clusters) : undefined;
    this.#group = Math.max(1, Math.ceil(tables / MAX_SPANS));
    const spans = Math.ceil(tables / this.#group);
    this.#lowest = new Uint32Array(spans).fill(LAST);
    this.#highest = new Uint32Array(spans);
  }

  /** Takes the entries of table number `index`, which begins `at` bytes into `view`. */
  take(index: number, view: DataView, at: number): void {
    const { clusterSize, clusterBits, entrySize } = this.#geometry;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = -1;
    for (const end = at + clusterSize; at < end; at += entrySize) {
      const hi = view.getUint32(at);
      const lo = view.getUint32(at + 4);
      if ((hi | lo) === 0) continue;
      let offset = entryOffset(hi, lo);
      let length = clusterSize;
      if ((hi & ENTRY_COMPRESSED_HI) !== 0) ({ offset, length } = compressedRange(hi, lo, clusterBits));
      else if (offset === 0) continue;
      if (offset < lowest) lowest = offset;
      if (offset + length > highest) highest = offset + length;
      this.#own(index, Math.floor(offset / clusterSize), Math.ceil((offset + length) / clusterSize));
    }
    if (highest > 0)
      this.#join(index, Math.floor(lowest / clusterSize), Math.ceil(highest / clusterSize) - 1);
  }

  /** Of a table that could not be read nothing is known. */
  miss(index: number): void {
    this.#missed.add(index);
    this.#join(index, 0, LAST);
  }

  /** False if no entry of a table refers to a cluster. */
  mayReferTo(index: number, cluster: number): boolean {
    const owner = this.#owners?.[cluster];
    if (owner !== undefined && owner !== SEVERAL) return owner === index + 1 || this.#missed.has(index);
    const span = Math.floor(index / this.#group);
    const at = Math.min(cluster, LAST);
    return (this.#lowest[span] as number) <= at && at <= (this.#highest[span] as number);
  }

  #own(index: number, first: number, end: number): void {
    const owners = this.#owners;
    if (owners === undefined) return;
    for (let cluster = first; cluster < Math.min(end, owners.length); cluster++) {
      const known = owners[cluster] as number;
      if (known !== index + 1) owners[cluster] = known === 0 ? index + 1 : SEVERAL;
    }
  }

  #join(index: number, first: number, last: number): void {
    const span = Math.floor(index / this.#group);
    this.#lowest[span] = Math.min(this.#lowest[span] as number, first, LAST);
    this.#highest[span] = Math.max(this.#highest[span] as number, Math.min(last, LAST));
  }
}
