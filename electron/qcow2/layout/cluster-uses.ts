/**
 * How each cluster of an image file is used: how often it is referred to, as what, and by which disk alone.
 * Memory is two bytes for each cluster, four with snapshots: see {@link ClusterChunks}.
 */
import { CHUNK_CLUSTERS, ClusterChunks } from './cluster-chunks.ts';
import type { RefcountSink, ReferenceSink } from './reference-sink.ts';

/** What a cluster is used as; one may be several things in a damaged image. */
export const CLUSTER_USE = { table: 0x1000, data: 0x2000, snapshotData: 0x4000, bitmap: 0x8000 } as const;

/** Owner of what the active disk alone refers to. */
export const OWNER_ACTIVE = 1;
/** Owner of what several snapshots refer to, and the active disk does not. */
export const OWNER_SNAPSHOTS = 0xfffe;
/** Owner of everything else that has no single one: the active disk and snapshots, or the image itself. */
export const OWNER_IMAGE = 0xffff;
/** Snapshots that can be owners. */
export const MAX_OWNED_SNAPSHOTS = OWNER_SNAPSHOTS - 2;

/** The owner of what snapshot `index` of the table alone refers to. */
export function ownerOfSnapshot(index: number): number {
  return Math.min(2 + index, OWNER_SNAPSHOTS);
}

/** The owner of what two owners refer to. */
export function jointOwner(a: number, b: number): number {
  if (a === b) return a;
  return Math.min(a, b) > OWNER_ACTIVE && Math.max(a, b) <= OWNER_SNAPSHOTS ? OWNER_SNAPSHOTS : OWNER_IMAGE;
}

/** References of a cluster, or "this many and more". */
const COUNT_MASK = 0x0fff;
/** 128 MiB without snapshots: 4 TiB of a file with 64 KiB clusters. */
const MAX_CHUNKS = 1024;

interface Chunk {
  /** For each cluster its uses and, in the low 12 bits, its references. */
  readonly uses: Uint16Array;
  /** For each cluster its owner, 0 where nothing refers to it. Absent without snapshots. */
  readonly owners: Uint16Array | undefined;
}

/** Sums over the clusters of a file, in clusters. */
export interface UseTotals {
  /** Used at least once, by the first of table, bitmap, data, snapshotData that applies. */
  readonly table: number;
  readonly bitmap: number;
  readonly data: number;
  readonly snapshotData: number;
  /** Refcount above 0; refcount above the references; refcount above 0 and no reference. */
  readonly counted: number;
  readonly overcounted: number;
  readonly unreferenced: number;
  /** The last cluster that is counted or referred to, -1 where none is. */
  readonly highest: number;
}

/** The clusters of one file. */
export class ClusterUses implements ReferenceSink, RefcountSink {
  readonly clusters: number;
  readonly #clusterSize: number;
  readonly #fileLength: number;
  /** What snapshot i alone holds, in clusters: data at 2 * i, tables at 2 * i + 1. */
  readonly shares: Float64Array;
  readonly #chunks: ClusterChunks<Chunk>;
  #current: Chunk = NOT_NOW;
  #currentId = -1;
  readonly #totals: { -readonly [K in keyof UseTotals]: number } = {
    table: 0,
    bitmap: 0,
    data: 0,
    snapshotData: 0,
    counted: 0,
    overcounted: 0,
    unreferenced: 0,
    highest: -1,
  };

  constructor(fileLength: number, clusterSize: number, snapshots: number, maxChunks = MAX_CHUNKS) {
    this.clusters = Math.ceil(fileLength / clusterSize);
    this.#clusterSize = clusterSize;
    this.#fileLength = fileLength;
    this.shares = new Float64Array(2 * snapshots);
    const hasOwners = snapshots > 0;
    this.#chunks = new ClusterChunks(
      () => newChunk(hasOwners),
      NOT_NOW,
      hasOwners ? Math.ceil(maxChunks / 2) : maxChunks,
    );
  }

  /** The sums of all passes so far. */
  get totals(): UseTotals {
    return this.#totals;
  }

  /**
   * Counts `times` references of `owner` to the clusters of [offset, offset + length). One that ends a cluster or more
   * past the file's end is not counted, as qemu does it (qcow2_inc_refcounts_imrt).
   */
  refer(offset: number, length: number, times: number, owner: number, use: number): void {
    if (length <= 0 || offset + length - this.#fileLength >= this.#clusterSize) return;
    const last = Math.floor((offset + length - 1) / this.#clusterSize);
    for (let cluster = Math.floor(offset / this.#clusterSize); cluster <= last; cluster++)
      this.#add(cluster, times, owner, use);
  }

  /** Streams count like everything else. */
  referStream(offset: number, length: number, times: number, owner: number, use: number): void {
    this.refer(offset, length, times, owner, use);
  }

  /** So do refcount blocks. */
  referBlock(offset: number): void {
    this.refer(offset, this.#clusterSize, 1, OWNER_IMAGE, CLUSTER_USE.table);
  }

  #add(cluster: number, times: number, owner: number, use: number): void {
    const id = Math.floor(cluster / CHUNK_CLUSTERS);
    if (id !== this.#currentId) {
      this.#current = this.#chunks.enter(id);
      this.#currentId = id;
    }
    const { uses, owners } = this.#current;
    const at = cluster - id * CHUNK_CLUSTERS;
    const before = uses[at] as number;
    const count = Math.min(COUNT_MASK, (before & COUNT_MASK) + times);
    uses[at] = (before & ~COUNT_MASK) | use | count;
    if (owners === undefined) return;
    const known = owners[at] as number;
    if (known !== owner) owners[at] = known === 0 ? owner : jointOwner(known, owner);
  }

  wantsRefcounts(first: number, end: number): boolean {
    if (this.#chunks.pass === 1) return true;
    for (let id = Math.floor(first / CHUNK_CLUSTERS); id * CHUNK_CLUSTERS < end; id++)
      if (this.#chunks.live(id) !== undefined) return true;
    return false;
  }

  /** Compares refcounts with references; after all references of the pass, once for each cluster. */
  takeRefcount(cluster: number, refcount: number): void {
    if (refcount === 0 || cluster >= this.clusters) return;
    const id = Math.floor(cluster / CHUNK_CLUSTERS);
    if (this.#chunks.isElsewhere(id)) return;
    const chunk = this.#chunks.live(id);
    const totals = this.#totals;
    totals.counted++;
    if (cluster > totals.highest) totals.highest = cluster;
    const use = chunk === undefined ? 0 : (chunk.uses[cluster - id * CHUNK_CLUSTERS] as number);
    const references = use & COUNT_MASK;
    if (refcount > references && references < COUNT_MASK) totals.overcounted++;
    if (use === 0) totals.unreferenced++;
  }

  /** Ends a pass: adds its chunks to the totals. True if the references have to be walked again for others. */
  nextPass(): boolean {
    for (const [id, chunk] of this.#chunks.all()) this.#sum(id, chunk);
    this.#currentId = -1;
    return this.#chunks.nextPass();
  }

  #sum(id: number, { uses, owners }: Chunk): void {
    const totals = this.#totals;
    let highest = -1;
    // Most files are shorter than a chunk; what ends behind the last cluster may lie in one more.
    const end = Math.min(CHUNK_CLUSTERS, this.clusters + 1 - id * CHUNK_CLUSTERS);
    for (let at = 0; at < end; at++) {
      const use = uses[at] as number;
      if (use === 0) continue;
      highest = at;
      if (use & CLUSTER_USE.table) totals.table++;
      else if (use & CLUSTER_USE.bitmap) totals.bitmap++;
      else if (use & CLUSTER_USE.data) totals.data++;
      else totals.snapshotData++;
      const owner = owners === undefined ? 0 : (owners[at] as number);
      if (owner > OWNER_ACTIVE && owner < OWNER_SNAPSHOTS) {
        const share = 2 * (owner - 2) + (use & CLUSTER_USE.table ? 1 : 0);
        this.shares[share] = (this.shares[share] as number) + 1;
      }
    }
    if (highest >= 0) totals.highest = Math.max(totals.highest, id * CHUNK_CLUSTERS + highest);
  }
}

/** Takes the references to clusters that another pass counts. */
const NOT_NOW: Chunk = newChunk(false);

function newChunk(hasOwners: boolean): Chunk {
  return {
    uses: new Uint16Array(CHUNK_CLUSTERS),
    owners: hasOwners ? new Uint16Array(CHUNK_CLUSTERS) : undefined,
  };
}
