/**
 * For each cluster of a file how often it is referred to, as what, and which refcount is stored for it.
 *
 * Memory is at most two bytes for each cluster, see {@link ClusterChunks}. Counts too large for that take four bytes for
 * each cluster of their chunk more.
 */
import { nextRefcount, refcountAt } from '../format/refcounts.ts';
import { CHUNK_CLUSTERS, ClusterChunks } from '../layout/cluster-chunks.ts';
import { CLUSTER_USE, OWNER_IMAGE } from '../layout/cluster-uses.ts';
import type { RefcountSink, ReferenceSink } from '../layout/reference-sink.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { CountedChunk } from './counted-chunk.ts';
import {
  DOUBLE,
  EXCLUSIVE,
  isShared,
  MANY_REFERENCES,
  REFERENCES,
  STORED,
  STORED_SHIFT,
  STORED_UNREADABLE,
  STORED_WIDE,
  STREAM,
} from './counter-bits.ts';
import { endOfEqualRefcounts } from './repeated-bytes.ts';
import type { PastEndReference } from './rules/past-end.ts';

/** The largest number that is kept; larger ones are cut to it. */
const MAX_WIDE = 2 ** 32 - 1;

/** 128 MiB: 4 TiB of a file with 64 KiB clusters. */
const MAX_CHUNKS = 1024;

/** One cluster as it was counted. */
export interface CountedCluster {
  readonly cluster: number;
  /** Undefined where the refcount cannot be read. */
  readonly stored: number | undefined;
  readonly references: number;
  /** More than one kind of thing is in the cluster, or two that exclude each other. */
  readonly isShared: boolean;
  /** Bits of CLUSTER_USE. A stream alone has none. */
  readonly uses: number;
}

/** The file whose clusters are counted. */
export interface CountedFile {
  readonly fileLength: number;
  readonly clusterSize: number;
  /** The largest refcount that the image can store. */
  readonly maxRefcount: number;
}

/** Judges a cluster whose numbers do not agree or that has several users. Returns its suspicion, 0 for none. */
export type JudgeCluster = (found: CountedCluster) => number;

/** The clusters of one file. Refcounts come first, then references, then the comparison; then the next pass. */
export class ClusterCounts implements ReferenceSink, RefcountSink {
  readonly clusters: number;
  /** The counters of this pass, by chunk, as far as {@link countersOf} was asked for them: see `counter-bits.ts`. */
  chunks: (Uint16Array | undefined)[] = [];
  /** True where the last call of {@link countersOf} was for a chunk in stretches: see {@link CountedChunk}. */
  isInStretches = false;
  /** References that end a cluster or more past the end of the file: they count nowhere. */
  pastEnd = 0;
  /** Refcount blocks that something else refers to, too. */
  sharedBlocks = 0;
  /** Set where a cluster was asked for or referred to that another pass counts; the caller sets it back. */
  touchedElsewhere = false;
  /** The last cluster that is counted or referred to, at least the header's. */
  highest = 0;
  readonly #clusterSize: number;
  readonly #maxRefcount: number;
  readonly #fileLength: number;
  readonly #onPastEnd: (reference: PastEndReference) => void;
  readonly #chunks: ClusterChunks<CountedChunk>;
  readonly #elsewhere = new CountedChunk();
  #current = this.#elsewhere;
  #currentStart = Number.NEGATIVE_INFINITY;

  /** `onPastEnd` is called for what lies past the end of the file, in the first pass. */
  constructor(
    { fileLength, clusterSize, maxRefcount }: CountedFile,
    onPastEnd: (reference: PastEndReference) => void,
    maxChunks = MAX_CHUNKS,
  ) {
    this.#onPastEnd = onPastEnd;
    this.#maxRefcount = maxRefcount;
    this.clusters = Math.ceil(fileLength / clusterSize);
    this.#clusterSize = clusterSize;
    this.#fileLength = fileLength;
    this.#chunks = new ClusterChunks(() => new CountedChunk(), this.#elsewhere, maxChunks);
  }

  /** Number of the pass, from 1. */
  get pass(): number {
    return this.#chunks.pass;
  }

  /**
   * The clusters of chunk number `id`, as in {@link chunks}. Undefined where another pass has them and, unless
   * `needsCounters`, where they are in stretches, which {@link isInStretches} tells.
   */
  countersOf(id: number, needsCounters: boolean): Uint16Array | undefined {
    const chunk = this.#chunks.enter(id);
    const isElsewhere = chunk === this.#elsewhere;
    this.isInStretches = !(isElsewhere || needsCounters || chunk.hasCounters);
    if (isElsewhere) this.touchedElsewhere = true;
    if (isElsewhere || this.isInStretches) return undefined;
    this.chunks[id] = chunk.counters;
    return chunk.counters;
  }

  wantsRefcounts(): boolean {
    return true;
  }

  takeRefcounts(view: DataView, at: number, first: number, count: number, bits: number): void {
    for (let c = nextRefcount(view, at, 0, count, bits); c < count; ) {
      const end = endOfEqualRefcounts(view, at, c, count, bits);
      this.#takeRun(first + c, first + end, refcountAt(view, at, c, bits));
      c = nextRefcount(view, at, end, count, bits);
    }
  }

  /** Takes one refcount for all of clusters [first, end). */
  #takeRun(first: number, end: number, refcount: number): void {
    if (refcount >= STORED_UNREADABLE) {
      for (; first < end; first++) this.takeRefcount(first, refcount);
      return;
    }
    while (first < end) {
      const at = this.#enter(first);
      const count = Math.min(end - first, CHUNK_CLUSTERS - at);
      // Nothing else is known of them: references come later.
      if (this.#current !== this.#elsewhere) this.#current.storeRun(at, at + count, refcount);
      first += count;
    }
  }

  takeRefcount(cluster: number, refcount: number): void {
    const at = this.#enter(cluster);
    const chunk = this.#current;
    if (chunk === this.#elsewhere) return;
    const code = refcount < STORED_UNREADABLE ? refcount : STORED_WIDE;
    const { counters } = chunk;
    counters[at] = ((counters[at] as number) & ~STORED) | (code << STORED_SHIFT);
    if (code !== STORED_WIDE) return;
    chunk.wideStored ??= new Uint32Array(CHUNK_CLUSTERS);
    chunk.wideStored[at] = Math.min(refcount, MAX_WIDE);
  }

  missRefcounts(first: number, end: number): void {
    for (let cluster = first; cluster < end; cluster++) {
      const at = this.#enter(cluster);
      const { counters } = this.#current;
      counters[at] = ((counters[at] as number) & ~STORED) | (STORED_UNREADABLE << STORED_SHIFT);
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
    this.refer(offset, this.#clusterSize, 1, OWNER_IMAGE, CLUSTER_USE.table);
    const at = this.#enter(offset / this.#clusterSize);
    if (this.#current === this.#elsewhere) return;
    // qemu counts no further than a refcount of the image can.
    if (Math.min(this.#current.referencesAt(at), this.#maxRefcount) !== 1) this.sharedBlocks++;
  }

  /** {@link CountedChunk.referRun} for clusters [first, end) of one chunk; 0 where another pass counts them. */
  referRun(first: number, end: number, times: number, use: number, isCopied: boolean): number {
    const from = this.#enter(first);
    if (this.#current !== this.#elsewhere)
      return this.#current.referRun(from, from + (end - first), times, use, isCopied);
    this.touchedElsewhere = true;
    return 0;
  }

  /** The refcount that is stored for a cluster of the file: undefined if it cannot be read, -1 if another pass has it. */
  storedOf(cluster: number): number | undefined {
    const at = this.#enter(cluster);
    if (this.#current !== this.#elsewhere) return this.#current.storedAt(at);
    this.touchedElsewhere = true;
    return -1;
  }

  /** References of a cluster, as far as they were counted. */
  referencesOf(cluster: number): number {
    const at = this.#enter(cluster);
    return this.#current.referencesAt(at);
  }

  /** What the judge said of a cluster; 0 where another pass has it. */
  suspicionOf(cluster: number): number {
    const at = this.#enter(cluster);
    return this.#current === this.#elsewhere ? 0 : (this.#current.suspicions?.[at] ?? 0);
  }

  /** Calls `judge` for every cluster of this pass whose numbers contradict each other. True if there was any suspicion. */
  *compare(judge: JudgeCluster): SlicedWork<boolean> {
    let hasSuspicion = false;
    for (const [id, chunk] of this.#chunks.all()) {
      yield;
      const first = id * CHUNK_CLUSTERS;
      this.#noteHighest(first, chunk);
      for (let at = chunk.nextOdd(0); at < CHUNK_CLUSTERS; at = chunk.nextOdd(at + 1)) {
        const counter = chunk.counterAt(at);
        const found = {
          cluster: first + at,
          stored: chunk.storedAt(at),
          references: chunk.referencesAt(at),
          isShared: isShared(counter),
          uses:
            counter & (CLUSTER_USE.table | CLUSTER_USE.data | CLUSTER_USE.snapshotData | CLUSTER_USE.bitmap),
        };
        if (found.stored === found.references && !found.isShared) continue;
        const suspicion = judge(found);
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
    this.chunks = [];
    return this.#chunks.nextPass();
  }

  /** As in qemu: clusters whose refcount cannot be read do not count, and what is referred to behind the file does. */
  #noteHighest(first: number, chunk: CountedChunk): void {
    // No reference is counted further behind the file than in the cluster where it ends.
    const last = chunk.lastUsed(Math.min(CHUNK_CLUSTERS, this.clusters + 1 - first));
    if (last >= 0) this.highest = Math.max(this.highest, first + last);
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
      if (chunk === this.#elsewhere) this.touchedElsewhere = true;
      if (chunk.goesOn(at, at + 1, times, use)) continue;
      const { counters } = chunk;
      const counter = counters[at] as number;
      const marks = use | (counter & use & EXCLUSIVE ? DOUBLE : 0);
      if ((counter & REFERENCES) + times < MANY_REFERENCES) {
        counters[at] = (counter + times) | marks;
        continue;
      }
      const references = Math.min(MAX_WIDE, chunk.referencesAt(at) + times);
      counters[at] = counter | marks | MANY_REFERENCES;
      chunk.wideReferences ??= new Uint32Array(CHUNK_CLUSTERS);
      chunk.wideReferences[at] = references;
    }
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
