/** A file by kinds in columns of any width, from sums over blocks of clusters. */
import { HOST_KINDS, type HostKind, type HostTile } from '../../../shared/model/layout.ts';
import { TILE_COLUMNS } from '../../../shared/model/tile.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import type { HostKinds } from './host-kinds.ts';

/** Clusters of a block: a column looks at fewer than two blocks' clusters one by one. */
const BLOCK_CLUSTERS = 1024;
/** Blocks between two yields. */
const STRIDE_BLOCKS = 64;
const KINDS = HOST_KINDS.length;

/** The clusters of a file, each with the index of its kind in HOST_KINDS. */
type ClusterKinds = Pick<HostKinds, 'clusters' | 'indexOf'>;

/** Sums over the clusters of one file. Memory is 34 bytes for 1,024 clusters. */
export class HostColumns {
  readonly #kinds: ClusterKinds;
  readonly #clusterSize: number;
  readonly #fileLength: number;
  /** Clusters of each kind in each block. */
  readonly #counts: Uint16Array;
  /** Clusters of each block that are of another kind than the one before them. */
  readonly #changes: Uint16Array;
  /** Runs of each kind in the whole file. */
  readonly #runs = new Float64Array(KINDS);

  private constructor(kinds: ClusterKinds, fileLength: number, clusterSize: number) {
    const blocks = Math.ceil(kinds.clusters / BLOCK_CLUSTERS);
    this.#kinds = kinds;
    this.#fileLength = fileLength;
    this.#clusterSize = clusterSize;
    this.#counts = new Uint16Array(blocks * KINDS);
    this.#changes = new Uint16Array(blocks);
  }

  /** Counts all clusters. */
  static *of(kinds: ClusterKinds, fileLength: number, clusterSize: number): SlicedWork<HostColumns> {
    const columns = new HostColumns(kinds, fileLength, clusterSize);
    for (let block = 0; block < columns.#changes.length; block++) {
      columns.#countBlock(block);
      if (block % STRIDE_BLOCKS === STRIDE_BLOCKS - 1) yield;
    }
    return columns;
  }

  #countBlock(block: number): void {
    const first = block * BLOCK_CLUSTERS;
    const end = Math.min(this.#kinds.clusters, first + BLOCK_CLUSTERS);
    let before = first === 0 ? -1 : this.#kinds.indexOf(first - 1);
    let changes = 0;
    for (let cluster = first; cluster < end; cluster++) {
      const kind = this.#kinds.indexOf(cluster);
      (this.#counts[block * KINDS + kind] as number)++;
      if (kind === before) continue;
      changes++;
      (this.#runs[kind] as number)++;
      before = kind;
    }
    this.#changes[block] = changes;
  }

  /** Bytes of each kind in the whole file; together they are its length. */
  sums(): Record<HostKind, number> {
    const bytes = new Float64Array(KINDS);
    this.#add(bytes, 0, this.#fileLength);
    return Object.fromEntries(HOST_KINDS.map((kind, i) => [kind, bytes[i]])) as Record<HostKind, number>;
  }

  /** Separate runs of a kind in the whole file. */
  runsOf(kind: HostKind): number {
    return this.#runs[HOST_KINDS.indexOf(kind)] as number;
  }

  /** Columns [tile * 256, (tile + 1) * 256) of 2**level bytes. */
  tile(level: number, tile: number): HostTile {
    const span = 2 ** level;
    const bytes = new Float64Array(KINDS);
    const shares = new Float32Array(TILE_COLUMNS * KINDS);
    const runs = new Uint32Array(TILE_COLUMNS);
    for (let c = 0; c < TILE_COLUMNS; c++) {
      const start = (tile * TILE_COLUMNS + c) * span;
      if (start >= this.#fileLength) break;
      const end = Math.min(start + span, this.#fileLength);
      bytes.fill(0);
      runs[c] = this.#add(bytes, start, end);
      for (let kind = 0; kind < KINDS; kind++) shares[c * KINDS + kind] = (bytes[kind] as number) / span;
    }
    return { track: 0, tile, runs, shares };
  }

  /** The next cluster of a kind that begins a run after `from` (before it, where backwards), as its offset; -1 for none. */
  *next(kind: HostKind, from: number, backwards: boolean): SlicedWork<number> {
    const index = HOST_KINDS.indexOf(kind);
    const { clusters } = this.#kinds;
    const step = backwards ? -1 : 1;
    let cluster = backwards
      ? Math.min(clusters, Math.ceil(from / this.#clusterSize)) - 1
      : Math.floor(from / this.#clusterSize) + 1;
    while (cluster >= 0 && cluster < clusters) {
      const block = Math.floor(cluster / BLOCK_CLUSTERS);
      if (this.#counts[block * KINDS + index] === 0) {
        cluster = backwards ? block * BLOCK_CLUSTERS - 1 : (block + 1) * BLOCK_CLUSTERS;
        if (block % STRIDE_BLOCKS === 0) yield;
        continue;
      }
      const isFirst = cluster === 0 || this.#kinds.indexOf(cluster - 1) !== index;
      if (isFirst && this.#kinds.indexOf(cluster) === index) return cluster * this.#clusterSize;
      cluster += step;
    }
    return -1;
  }

  /** Adds the bytes of each kind in [start, end) to `bytes`; returns how many runs touch it. */
  #add(bytes: Float64Array, start: number, end: number): number {
    const size = this.#clusterSize;
    const last = Math.ceil(end / size);
    let runs = 1;
    let before = -1;
    for (let cluster = Math.floor(start / size); cluster < last; ) {
      const block = cluster / BLOCK_CLUSTERS;
      const blockEnd = cluster + BLOCK_CLUSTERS;
      if (Number.isInteger(block) && cluster * size >= start && blockEnd * size <= end) {
        for (let kind = 0; kind < KINDS; kind++) {
          const count = this.#counts[block * KINDS + kind] as number;
          bytes[kind] = (bytes[kind] as number) + count * size;
        }
        runs += this.#changes[block] as number;
        if (before < 0) runs -= this.#startsNew(cluster);
        before = this.#kinds.indexOf(blockEnd - 1);
        cluster = blockEnd;
        continue;
      }
      const kind = this.#kinds.indexOf(cluster);
      const length = Math.min(end, (cluster + 1) * size) - Math.max(start, cluster * size);
      bytes[kind] = (bytes[kind] as number) + length;
      if (before >= 0 && before !== kind) runs++;
      before = kind;
      cluster++;
    }
    return runs;
  }

  /** 1 where a cluster is counted as one that changes, which the first one of a range is not. */
  #startsNew(cluster: number): number {
    return cluster === 0 || this.#kinds.indexOf(cluster - 1) !== this.#kinds.indexOf(cluster) ? 1 : 0;
  }
}
