/**
 * For each cluster of a file how often it is referred to, as what, and which refcount is stored for it.
 *
 * Memory is two bytes for each cluster, see {@link ClusterChunks}. Counts too large for that take four bytes for each
 * cluster of their chunk more.
 */
import { nextRefcount, refcountAt } from '../format/refcounts.ts';
import { CHUNK_CLUSTERS, ClusterChunks } from '../layout/cluster-chunks.ts';
import { IMAGE, USE } from '../layout/cluster-uses.ts';
import type { RefcountSink, ReferenceSink } from '../layout/reference-sink.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import type { PastEndReference } from './rules/past-end.ts';

/*
 * A cluster in 16 bits: its uses in the upper six (the bits of USE and the two below), its stored refcount in bits 4 to
 * 7, its references in bits 0 to 3.
 */

/** A compressed stream lies in the cluster. */
const STREAM = 0x0400;
/** Two tables, two bitmaps, or two clusters of the active disk are in the cluster. */
const DOUBLE = 0x0800;
const REFERENCES = 0x000f;
/** As many references, or more: the wide counts have them. */
const MANY_REFERENCES = 15;
const STORED_SHIFT = 4;
const STORED = 0x00f0;
/** Stored refcounts from here on are none. */
const STORED_UNREADABLE = 14;
const STORED_WIDE = 15;
/** Uses of which a second one in the same cluster is wrong. */
const EXCLUSIVE = USE.table | USE.bitmap | USE.data;
/** The largest number that is kept; larger ones are cut to it. */
const MAX_WIDE = 2 ** 32 - 1;

/** The parts of a cluster's 16 bits, for the loop that counts the common case itself. */
export const PLAIN_WORD = {
  /** References, and from how many on they do not fit. */
  references: REFERENCES,
  many: MANY_REFERENCES,
  /** The stored refcount: its bits, those of 1, and those of one that cannot be read. */
  stored: STORED,
  storedOnce: 1 << STORED_SHIFT,
  storedUnknown: STORED_UNREADABLE << STORED_SHIFT,
  /** Uses of which a second one in the same cluster is wrong. */
  exclusive: EXCLUSIVE,
  /** A cluster's number shifted by these is that of its chunk. */
  chunkBits: 16,
} as const;

/** 128 MiB: 4 TiB of a file with 64 KiB clusters. */
const MAX_CHUNKS = 1024;

/** The clusters of one chunk. */
interface Chunk {
  readonly words: Uint16Array;
  /** References and refcounts of clusters with many. */
  wideReferences?: Uint32Array;
  wideStored?: Uint32Array;
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

/** The file whose clusters are counted. */
export interface CountedFile {
  readonly fileLength: number;
  readonly clusterSize: number;
  /** The largest refcount that the image can store. */
  readonly maxRefcount: number;
}

/** Looks at a cluster whose numbers do not agree or that has several users. Returns its suspicion, 0 for none. */
export type JudgeCluster = (found: CountedCluster) => number;

let plainWords: Uint8Array | undefined;

/** For each 16 bits of a cluster 1 where they agree with themselves. Made when it is first asked for. */
function isPlainOfWord(): Uint8Array {
  plainWords ??= makePlainWords();
  return plainWords;
}

function makePlainWords(): Uint8Array {
  const isPlain = new Uint8Array(2 ** 16);
  for (let word = 0; word < isPlain.length; word++) {
    const references = word & REFERENCES;
    const stored = (word & STORED) >>> STORED_SHIFT;
    if (references === stored && stored < STORED_UNREADABLE && !isShared(word)) isPlain[word] = 1;
  }
  return isPlain;
}

/** The first cluster of a chunk from `at` on whose 16 bits do not agree with themselves. */
function nextOdd(words: Uint16Array, at: number): number {
  const isPlain = isPlainOfWord();
  const count = words.length;
  let plain = -1;
  for (; at < count; at++) {
    const word = words[at] as number;
    if (word === plain) continue; // most are like the one before
    if (isPlain[word] === 0) break;
    plain = word;
  }
  return at;
}

function isShared(word: number): boolean {
  if (word & DOUBLE) return true;
  const isData = (word & (USE.data | USE.snapshotData)) !== 0;
  const kinds = [(word & USE.table) !== 0, (word & USE.bitmap) !== 0, (word & STREAM) !== 0, isData];
  return kinds.filter(Boolean).length > 1;
}

/** The clusters of one file. Refcounts come first, then references, then the comparison; then the next pass. */
export class ClusterCounts implements ReferenceSink, RefcountSink {
  readonly clusters: number;
  /** Clusters of this pass, by chunk, 16 bits each, as far as {@link wordsOf} was asked for them: see {@link PLAIN_WORD}. */
  chunks: (Uint16Array | undefined)[] = [];
  /** References that end a cluster or more past the end of the file: they count nowhere. */
  pastEnd = 0;
  /** Refcount blocks that something else refers to, too. */
  sharedBlocks = 0;
  /** The last cluster that is counted or referred to, at least the header's. */
  highest = 0;
  readonly #clusterSize: number;
  readonly #maxRefcount: number;
  readonly #fileLength: number;
  readonly #onPastEnd: (reference: PastEndReference) => void;
  readonly #chunks: ClusterChunks<Chunk>;
  readonly #elsewhere = newChunk();
  #current: Chunk = this.#elsewhere;
  #currentStart = Number.NEGATIVE_INFINITY;

  /** `onPastEnd` is told of what lies past the end of the file, in the first pass. */
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
    this.#chunks = new ClusterChunks(newChunk, this.#elsewhere, maxChunks);
  }

  /** Number of the pass, from 1. */
  get pass(): number {
    return this.#chunks.pass;
  }

  /** The clusters of chunk number `id`, as in {@link chunks}; undefined where another pass has them. */
  wordsOf(id: number): Uint16Array | undefined {
    const chunk = this.#chunks.enter(id);
    if (chunk === this.#elsewhere) return undefined;
    this.chunks[id] = chunk.words;
    return chunk.words;
  }

  wantsRefcounts(): boolean {
    return true;
  }

  takeRefcounts(view: DataView, at: number, first: number, count: number, bits: number): void {
    let c = nextRefcount(view, at, 0, count, bits);
    while (c < count) {
      if (bits !== 16) {
        this.takeRefcount(first + c, refcountAt(view, at, c, bits));
        c = nextRefcount(view, at, c + 1, count, bits);
        continue;
      }
      const place = this.#enter(first + c);
      const end = Math.min(count, c + CHUNK_CLUSTERS - place);
      this.#takeShorts(view, (at + 2 * c) | 0, place | 0, (end - c) | 0, first + c);
      c = nextRefcount(view, at, end, count, bits);
    }
  }

  /** Takes refcounts of 16 bits for clusters from `place` of the current chunk on, which is cluster `first` of the file. */
  #takeShorts(view: DataView, at: number, place: number, count: number, first: number): void {
    const { words } = this.#current;
    const shift = STORED_SHIFT;
    const most = STORED_UNREADABLE;
    for (let i = 0; i < count; i++, at += 2) {
      const refcount = view.getUint16(at);
      if (refcount < most) words[place + i] = (words[place + i] as number) | (refcount << shift);
      else this.takeRefcount(first + i, refcount);
    }
  }

  takeRefcount(cluster: number, refcount: number): void {
    const at = this.#enter(cluster);
    const chunk = this.#current;
    if (chunk === this.#elsewhere) return;
    const code = refcount < STORED_UNREADABLE ? refcount : STORED_WIDE;
    chunk.words[at] = ((chunk.words[at] as number) & ~STORED) | (code << STORED_SHIFT);
    if (code !== STORED_WIDE) return;
    chunk.wideStored ??= new Uint32Array(CHUNK_CLUSTERS);
    chunk.wideStored[at] = Math.min(refcount, MAX_WIDE);
  }

  missRefcounts(first: number, end: number): void {
    for (let cluster = first; cluster < end; cluster++) {
      const at = this.#enter(cluster);
      const { words } = this.#current;
      words[at] = ((words[at] as number) & ~STORED) | (STORED_UNREADABLE << STORED_SHIFT);
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
    if (this.#current === this.#elsewhere) return;
    // qemu counts no further than a refcount of the image can.
    if (Math.min(referencesAt(this.#current, at), this.#maxRefcount) !== 1) this.sharedBlocks++;
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
    return referencesAt(this.#current, at);
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
      const { words } = chunk;
      const first = id * CHUNK_CLUSTERS;
      this.#noteHighest(first, words);
      for (let at = nextOdd(words, 0); at < CHUNK_CLUSTERS; at = nextOdd(words, at + 1)) {
        const word = words[at] as number;
        const found = {
          cluster: first + at,
          stored: storedAt(chunk, at),
          references: referencesAt(chunk, at),
          isShared: isShared(word),
          uses: word & (USE.table | USE.data | USE.snapshotData | USE.bitmap),
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
  #noteHighest(first: number, words: Uint16Array): void {
    for (let at = CHUNK_CLUSTERS - 1; at >= 0; at--) {
      const word = words[at] as number;
      if (word === 0 || (word & STORED) === STORED_UNREADABLE << STORED_SHIFT) continue;
      this.highest = Math.max(this.highest, first + at);
      return;
    }
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
      const word = chunk.words[at] as number;
      const marks = use | (word & use & EXCLUSIVE ? DOUBLE : 0);
      if ((word & REFERENCES) + times < MANY_REFERENCES) {
        chunk.words[at] = (word + times) | marks;
        continue;
      }
      const references = Math.min(MAX_WIDE, referencesAt(chunk, at) + times);
      chunk.words[at] = word | marks | MANY_REFERENCES;
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

function referencesAt({ words, wideReferences }: Chunk, at: number): number {
  const references = (words[at] as number) & REFERENCES;
  return references === MANY_REFERENCES ? (wideReferences?.[at] ?? references) : references;
}

function storedAt({ words, wideStored }: Chunk, at: number): number | undefined {
  const code = ((words[at] as number) & STORED) >>> STORED_SHIFT;
  if (code === STORED_UNREADABLE) return undefined;
  return code === STORED_WIDE ? (wideStored?.[at] ?? code) : code;
}

function newChunk(): Chunk {
  return { words: new Uint16Array(CHUNK_CLUSTERS) };
}
