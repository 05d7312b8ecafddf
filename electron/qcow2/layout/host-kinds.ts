/**
 * What each cluster of a file holds, collected from its references and refcounts. While they are walked a cluster that
 * something touches takes a byte, in chunks of which so many are counted at once; a file with more is walked several times.
 * What is kept afterwards is half a byte for each at most.
 */
import { HOST_KINDS, type HostKind, type HostRun } from '../../../shared/model/layout.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../format/entry.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { CHUNK_CLUSTERS, ClusterChunks } from './cluster-chunks.ts';
import { OWNER_ACTIVE, OWNER_IMAGE } from './cluster-uses.ts';
import { KeptKinds } from './kept-kinds.ts';
import type { L2Tables } from './l2-tables.ts';
import { kindOfReference } from './metadata-kind.ts';
import type { RefcountSink, ReferenceSink, TableVisitor } from './reference-sink.ts';

/** The numbers that kinds are stored as, 0 for a cluster that nothing refers to. */
const CODES = Object.fromEntries(HOST_KINDS.map((kind, i) => [kind, i + 1])) as Record<HostKind, number>;
const KIND_MASK = 0x1f;
/** Data or tables of snapshots lie here, whatever else does. */
const SNAPSHOT_DATA = 0x40;
/** Its refcount is above 0. */
const COUNTED = 0x80;

const TAIL = HOST_KINDS.indexOf('tail');
/** For every value of a cluster's byte the index of its kind. */
const INDEX_OF_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => HOST_KINDS.indexOf(kindOfByte(byte)));

/** 64 MiB: what 4 TiB of a file with 64 KiB clusters take. */
const MAX_CHUNKS = 1024;

/** The bits of a cluster's number that are its place in its chunk. */
const IN_CHUNK = CHUNK_CLUSTERS - 1;

/** Takes what another pass counts. */
const NOT_NOW = new Uint8Array(CHUNK_CLUSTERS);

/** The kind of a cluster before the image's end. */
function kindOfByte(byte: number): HostKind {
  const code = byte & KIND_MASK;
  if (byte & SNAPSHOT_DATA && (code === 0 || code === CODES.zero)) return 'snapshotData';
  if (byte & SNAPSHOT_DATA && !isData(code)) return 'clash';
  if (code !== 0) return HOST_KINDS[code - 1] ?? 'clash';
  return byte & COUNTED ? 'leaked' : 'free';
}

/** The clusters of one file. */
export class HostKinds implements ReferenceSink, RefcountSink, TableVisitor {
  readonly clusters: number;
  readonly #image: Qcow2Image;
  readonly #tables: L2Tables;
  readonly #clusterSize: number;
  readonly #chunks: ClusterChunks<Uint8Array>;
  readonly #kept = new KeptKinds(HOST_KINDS.indexOf('free'));
  #current: Uint8Array = NOT_NOW;
  #currentId = -1;
  #highest = -1;

  /** `clusters` is how many the file has, the last one perhaps in part; `tables` are the L2 tables of the image. */
  constructor(image: Qcow2Image, clusters: number, tables: L2Tables, maxChunks = MAX_CHUNKS) {
    this.clusters = clusters;
    this.#image = image;
    this.#tables = tables;
    this.#clusterSize = image.geometry.clusterSize;
    this.#chunks = new ClusterChunks(() => new Uint8Array(CHUNK_CLUSTERS), NOT_NOW, maxChunks);
  }

  /** Bytes of memory for what is kept. */
  get bytesKept(): number {
    return this.#kept.bytes;
  }

  /** Ends a pass, and keeps what it came to. True if everything has to be walked again for other clusters. */
  *nextPass(): SlicedWork<boolean> {
    for (const [id, chunk] of this.#chunks.all()) {
      this.#kept.keep(id, chunk, INDEX_OF_BYTE);
      yield;
    }
    this.#currentId = -1;
    return this.#chunks.nextPass();
  }

  /** The chunk of a cluster, in which it has the place `cluster & IN_CHUNK`. */
  #chunkOf(cluster: number): Uint8Array {
    const id = Math.floor(cluster / CHUNK_CLUSTERS);
    if (id !== this.#currentId) {
      this.#current = this.#chunks.enter(id);
      this.#currentId = id;
    }
    return this.#current;
  }

  /** The last cluster of the file that is counted or referred to, -1 where none is. */
  get highest(): number {
    return this.#highest;
  }

  refer(offset: number, length: number, _times: number, owner: number, use: number): void {
    this.#mark(offset, length, CODES[kindOfReference(this.#image, offset, use, owner)]);
  }

  referStream(offset: number, length: number, _times: number, owner: number): void {
    const isActive = owner === OWNER_ACTIVE || owner === OWNER_IMAGE;
    this.#mark(offset, length, isActive ? CODES.compressed : CODES.snapshotData);
  }

  referBlock(offset: number): void {
    this.#mark(offset, this.#clusterSize, CODES.refcountBlock);
  }

  #mark(offset: number, length: number, code: number): void {
    const end = Math.min(this.clusters, Math.ceil((offset + length) / this.#clusterSize));
    for (let cluster = Math.floor(offset / this.#clusterSize); cluster < end; cluster++) {
      const chunk = this.#chunkOf(cluster);
      const before = chunk[cluster & IN_CHUNK] as number;
      chunk[cluster & IN_CHUNK] =
        code === CODES.snapshotData ? before | SNAPSHOT_DATA : withKind(before, code);
      if (cluster > this.#highest) this.#highest = cluster;
    }
  }

  missTable(): void {}

  /** Tells zero clusters that keep host space from data. */
  visitTable(index: number, view: DataView, at: number): void {
    const owner = this.#tables.owners[index] as number;
    if (owner !== OWNER_ACTIVE && owner !== OWNER_IMAGE) return;
    const { entrySize } = this.#image.geometry;
    const isExtended = entrySize === 16;
    for (const end = at + this.#clusterSize; at < end; at += entrySize) {
      const hi = view.getUint32(at);
      const lo = view.getUint32(at + 4);
      if ((hi & ENTRY_COMPRESSED_HI) !== 0) continue;
      const isZero = isExtended ? view.getUint32(at + 12) === 0 : (lo & 1) === 1;
      if (!isZero) continue;
      const cluster = Math.floor(entryOffset(hi, lo) / this.#clusterSize);
      if (cluster >= this.clusters) continue;
      const chunk = this.#chunkOf(cluster);
      const before = chunk[cluster & IN_CHUNK] as number;
      if ((before & KIND_MASK) === CODES.data) chunk[cluster & IN_CHUNK] = (before & ~KIND_MASK) | CODES.zero;
    }
  }

  wantsRefcounts(first: number, end: number): boolean {
    if (this.#chunks.pass === 1) return true;
    for (let id = Math.floor(first / CHUNK_CLUSTERS); id * CHUNK_CLUSTERS < end; id++)
      if (this.#chunks.enter(id) !== NOT_NOW) return true;
    return false;
  }

  takeRefcount(cluster: number, refcount: number): void {
    if (refcount === 0 || cluster >= this.clusters) return;
    const chunk = this.#chunkOf(cluster);
    chunk[cluster & IN_CHUNK] = (chunk[cluster & IN_CHUNK] as number) | COUNTED;
    if (cluster > this.#highest) this.#highest = cluster;
  }

  /** What a cluster of the file holds. */
  kindOf(cluster: number): HostKind {
    return HOST_KINDS[this.indexOf(cluster)] as HostKind;
  }

  /** The same as an index in HOST_KINDS. */
  indexOf(cluster: number): number {
    return cluster > this.#highest ? TAIL : this.#kept.indexOf(cluster);
  }

  /** Neighbors of one kind from cluster `first` to `end`, in order. */
  *runs(first = 0, end = this.clusters): Generator<HostRun> {
    for (let from = first; from < end; ) {
      const index = this.indexOf(from);
      let to = from + 1;
      while (to < end && this.indexOf(to) === index) to++;
      const start = from * this.#clusterSize;
      yield { start, length: (to - from) * this.#clusterSize, kind: HOST_KINDS[index] as HostKind };
      from = to;
    }
  }
}

function isData(code: number): boolean {
  return code === CODES.data || code === CODES.compressed || code === CODES.zero;
}

/** A cluster's byte with one more use: streams may share a cluster, and nothing else may. */
function withKind(before: number, code: number): number {
  const known = before & KIND_MASK;
  if (known === 0) return before | code;
  return known === code ? before : (before & ~KIND_MASK) | CODES.clash;
}
