/**
 * For each cluster of a file how often it is referred to, as what, and which refcount is stored for it.
 *
 * Memory is three bytes for each cluster, see {@link ClusterChunks}. Counts too large for that take eight bytes for each
 * cluster of their chunk more.
 */
import { CHUNK_CLUSTERS, ClusterChunks } from '../layout/cluster-chunks.ts';
import { IMAGE, USE } from '../layout/cluster-uses.ts';
import type { RefcountSink, ReferenceSink } from '../layout/reference-sink.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import type { PastEndReference } from './rules/past-end.ts';

/** A compressed stream lies in the cluster. With the bits of USE in one number. */
const STREAM = 0x0400;
/** Two tables, two bitmaps, or two clusters of the active disk are in the cluster. */
const DOUBLE = 0x0800;
/** References of a cluster, or "look in the wide counts". */
const COUNT_MASK = 0x03ff;
/** Uses of which a second one in the same cluster is wrong. */
const EXCLUSIVE = USE.table | USE.bitmap | USE.data;

/** Stored refcounts from here on are not the refcount. */
const UNREADABLE = 254;
const WIDE = 255;

/** 3 MiB for each 16 chunks: 128 MiB, 2.7 TiB of a file with 64 KiB clusters. */
const MAX_CHUNKS = 680;

/** The clusters of one chunk. */
interface Chunk {
  /** Uses and, in the low 10 bits, references. */
  readonly marks: Uint16Array;
  readonly stored: Uint8Array;
  /** References and refcounts of clusters with many. */
  wideMarks?: Float64Array;
  wideStored?: Float64Array;
  /** What the rules think of a cluster, once they have seen it. */
  suspicions?: Uint8Array;
}

/** One cluster as it was counted. */
export interface CountedCluster {
  readonly cluster: number;
  /** Undefined where the refcount cannot be read. */
  readonly stored: number | undefined;
  readonly references: number;
  /** More than one kind of thing is in the cluster, or two that exclude each other. */
  readonly isShared: boolean;
  /** Bits of USE. A stream alone has none. */
  readonly uses: number;
}

/** Looks at a cluster whose numbers do not agree or that has several users. Returns its suspicion, 0 for none. */
export type JudgeCluster = (found: CountedCluster) => number;

/** True for the uses (marks without count) that cannot be together in one cluster. */
const IS_SHARED = Uint8Array.from({ length: 64 }, (_, i) => {
  const marks = i << 10;
  if (marks & DOUBLE) return 1;
  const isData = (marks & (USE.data | USE.snapshotData)) !== 0;
  const kinds = [(marks & USE.table) !== 0, (marks & USE.bitmap) !== 0, (marks & STREAM) !== 0, isData];
  return kinds.filter(Boolean).length > 1 ? 1 : 0;
});

/** The clusters of one file. Refcounts come first, then references, then the comparison; then the next pass. */
export class ClusterCounts implements ReferenceSink, RefcountSink {
  readonly clusters: number;
  /** References that end a cluster or more past the end of the file: they count nowhere. */
  pastEnd = 0;
  /** Refcount blocks that something else refers to, too. */
  sharedBlocks = 0;
  /** The last cluster of the file that is counted or referred to, at least the header's. */
  highest = 0;
  readonly #clusterSize: number;
  readonly #fileLength: number;
  readonly #onPastEnd: (reference: PastEndReference) => void;
  readonly #chunks: ClusterChunks<Chunk>;
  readonly #elsewhere = newChunk();
  #current: Chunk = this.#elsewhere;
  #currentStart = Number.NEGATIVE_INFINITY;

  /** `onPastEnd` is told of what lies past the end of the file, in the first pass. */
  constructor(
    fileLength: number,
    clusterSize: number,
    onPastEnd: (reference: PastEndReference) => void,
    maxChunks = MAX_CHUNKS,
  ) {
    this.#onPastEnd = onPastEnd;
    this.clusters = Math.ceil(fileLength / clusterSize);
    this.#clusterSize = clusterSize;
    this.#fileLength = fileLength;
    this.#chunks = new ClusterChunks(newChunk, this.#elsewhere, maxChunks);
  }

  /** Number of the pass, from 1. */
  get pass(): number {
    return this.#chunks.pass;
  }

  wantsRefcounts(): boolean {
    return true;
  }

  takeRefcount(cluster: number, refcount: number): void {
    const at = this.#enter(cluster);
    if (this.#current === this.#elsewhere) return;
    if (refcount < UNREADABLE) {
      this.#current.stored[at] = refcount;
      return;
    }
    this.#current.stored[at] = WIDE;
    this.#current.wideStored ??= new Float64Array(CHUNK_CLUSTERS);
    this.#current.wideStored[at] = refcount;
  }

  missRefcounts(first: number, end: number): void {
    for (let cluster = first; cluster < end; cluster++) {
      const at = this.#enter(cluster);
      this.#current.stored[at] = UNREADABLE;
    }
  }

  refer(offset: number, length: number, times: number, owner: number, use: number): void {
    if (length <= 0) return;
    if (offset + length - this.#fileLength >= this.#clusterSize)
      this.#notePastEnd({ offset, length, owner, use }, times);
    else this.#count(offset, length, times, use);
  }

  referStream(offset: number, length: number, times: number, owner: number): void {
    if (offset + length - this.#fileLength >= this.#clusterSize)
      this.#notePastEnd({ offset, length, owner, use: 0 }, times);
    else this.#count(offset, length, times, STREAM);
  }

  /** As qemu's check_refblocks: what else refers to the block was counted before. */
  referBlock(offset: number): void {
    this.refer(offset, this.#clusterSize, 1, IMAGE, USE.table);
    const at = this.#enter(offset / this.#clusterSize);
    if (this.#current !== this.#elsewhere && this.#referencesAt(this.#current, at) !== 1) this.sharedBlocks++;
  }

  /** The refcount that is stored for a cluster of the file: undefined if it cannot be read, -1 if another pass has it. */
  storedOf(cluster: number): number | undefined {
    const at = this.#enter(cluster);
    if (this.#current === this.#elsewhere) return -1;
    return storedAt(this.#current, at);
  }

  /** References of a cluster, as far as they were counted. */
  referencesOf(cluster: number): number {
    const at = this.#enter(cluster);
    return this.#referencesAt(this.#current, at);
  }

  /** What the judge said of a cluster; 0 where another pass has it. */
  suspicionOf(cluster: number): number {
    const at = this.#enter(cluster);
    return this.#current === this.#elsewhere ? 0 : (this.#current.suspicions?.[at] ?? 0);
  }

  /** Shows every cluster of this pass that does not agree with itself to `judge`. True if there was any suspicion. */
  *compare(judge: JudgeCluster): SlicedWork<boolean> {
    let hasSuspicion = false;
    for (const [id, chunk] of this.#chunks.all()) {
      yield;
      const { marks, stored } = chunk;
      const first = id * CHUNK_CLUSTERS;
      for (let at = 0; at < CHUNK_CLUSTERS; at++) {
        const mark = marks[at] as number;
        const refcount = stored[at] as number;
        if ((mark | refcount) === 0) continue;
        if (first + at < this.clusters && refcount !== UNREADABLE) this.highest = first + at;
        const isShared = IS_SHARED[mark >>> 10] === 1;
        if (refcount === (mark & COUNT_MASK) && refcount < UNREADABLE && !isShared) continue;
        const suspicion = judge({
          cluster: first + at,
          stored: storedAt(chunk, at),
          references: this.#referencesAt(chunk, at),
          isShared,
          uses: mark & ~(COUNT_MASK | DOUBLE | STREAM),
        });
        if (suspicion === 0) continue;
        hasSuspicion = true;
        chunk.suspicions ??= new Uint8Array(CHUNK_CLUSTERS);
        chunk.suspicions[at] = suspicion;
      }
    }
    return hasSuspicion;
  }

  /** Ends a pass. True if everything has to be walked again for the clusters that it did not count. */
  nextPass(): boolean {
    this.#currentStart = Number.NEGATIVE_INFINITY;
    return this.#chunks.nextPass();
  }

  #notePastEnd(reference: PastEndReference, times: number): void {
    if (this.#chunks.pass > 1) return;
    this.pastEnd += times;
    this.#onPastEnd(reference);
  }

  #count(offset: number, length: number, times: number, use: number): void {
    const size = this.#clusterSize;
    const last = Math.floor((offset + length - 1) / size);
    for (let cluster = Math.floor(offset / size); cluster <= last; cluster++) {
      const at = this.#enter(cluster);
      const chunk = this.#current;
      const before = chunk.marks[at] as number;
      const count = (before & COUNT_MASK) + times;
      const marks = (before & ~COUNT_MASK) | use | (before & use & EXCLUSIVE ? DOUBLE : 0);
      if (count < COUNT_MASK) chunk.marks[at] = marks | count;
      else this.#countWide(chunk, at, marks, times);
    }
  }

  #countWide(chunk: Chunk, at: number, marks: number, times: number): void {
    const before = this.#referencesAt(chunk, at);
    chunk.marks[at] = marks | COUNT_MASK;
    chunk.wideMarks ??= new Float64Array(CHUNK_CLUSTERS);
    chunk.wideMarks[at] = before + times;
  }

  #referencesAt(chunk: Chunk, at: number): number {
    const count = (chunk.marks[at] as number) & COUNT_MASK;
    return count === COUNT_MASK ? (chunk.wideMarks?.[at] ?? count) : count;
  }

  /** Makes the chunk of a cluster the current one; returns the cluster's place in it. */
  #enter(cluster: number): number {
    const at = cluster - this.#currentStart;
    if (at >= 0 && at < CHUNK_CLUSTERS) return at;
    const id = Math.floor(cluster / CHUNK_CLUSTERS);
    this.#current = this.#chunks.enter(id);
    this.#currentStart = id * CHUNK_CLUSTERS;
    return cluster - this.#currentStart;
  }
}

function storedAt({ stored, wideStored }: Chunk, at: number): number | undefined {
  const code = stored[at] as number;
  if (code === UNREADABLE) return undefined;
  return code === WIDE ? (wideStored?.[at] ?? code) : code;
}

function newChunk(): Chunk {
  return { marks: new Uint16Array(CHUNK_CLUSTERS), stored: new Uint8Array(CHUNK_CLUSTERS) };
}
