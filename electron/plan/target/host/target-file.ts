/**
 * The file of a target while events come: where its clusters go and how long it gets.
 * Source: qemu's block/qcow2-cluster.c (qcow2_alloc_host_offset, handle_copied, handle_alloc, calculate_l2_meta,
 * zero_in_l2_slice, get_cluster_table), compared with qemu 7.2 and 10.0.
 */
import type { HostClusters } from './host-clusters.ts';
import type { HostEvent } from './host-events.ts';

/** Neighboring clusters of the file. */
export interface ClusterRange {
  readonly first: number;
  readonly count: number;
}

/** What the tables say of a guest cluster. */
export interface StoredCluster {
  /** The host cluster that is overwritten, -1 where there is none. */
  readonly host: number;
  /** A host cluster that snapshots share: the first write copies it. `dataEnd` is where its last data ends, in bytes. */
  readonly shared?: { readonly host: number; readonly dataEnd: number };
  /** The clusters that its compressed data lies in. */
  readonly compressed?: ClusterRange;
}

/** The target before its requests. Offsets are bytes. */
export interface StoredTarget {
  readonly clusterSize: number;
  /** Bytes of a subcluster, of a cluster where there are none. */
  readonly unit: number;
  /** Bytes of the guest that one slice of qemu's L2 cache describes, and one L2 table. */
  readonly sliceSpan: number;
  readonly l1Coverage: number;
  readonly fileLength: number;
  /** Clusters of one step of a write at most. */
  readonly maxStepClusters: number;
  /** Data lies in an external data file. */
  readonly keepsDataApart: boolean;
  /** Zeros give host space back. */
  readonly frees: boolean;
  readonly hasTable: (l1Index: number) => boolean;
  /** What is stored for the guest cluster of this number. Throws {@link UnknownCluster} where that is not known. */
  readonly clusterAt: (cluster: number) => StoredCluster;
  /** True where plain data is stored at an offset, so that a write changes no byte around it. */
  readonly isDataAt: (offset: number) => boolean;
}

/** Thrown where the tables do not tell which host cluster is meant: damaged or encrypted images. */
export class UnknownCluster extends Error {}

/** One step of a write. */
export interface WriteStep {
  /** Guest offset that the next step begins at. */
  readonly next: number;
  /** Clusters of compressed data that are given back once the step's data is written. */
  readonly released: readonly ClusterRange[];
}

/** A target's file. */
export class TargetFile {
  readonly clusters: HostClusters;
  readonly #stored: StoredTarget;
  /** Guest clusters that an event changed in part, and their host clusters: another event may come to them. */
  #changed: Map<number, number> = new Map();
  #tables: Set<number> = new Set();
  /** Guest clusters with subclusters that were marked as zeros, of those that snapshots share. */
  #marked: Set<number> = new Set();
  #length: number;
  /** Clusters were taken in groups, so that free clusters may have been passed over. */
  takesGroups = false;
  /** A new cluster was written in part. */
  writesParts = false;
  takesAny = false;
  releasesAny = false;

  constructor(stored: StoredTarget, clusters: HostClusters) {
    this.#stored = stored;
    this.clusters = clusters;
    this.#length = stored.fileLength;
  }

  /** The same file, to be changed apart. */
  clone(): TargetFile {
    const copy = new TargetFile(this.#stored, this.clusters.clone());
    copy.#changed = new Map(this.#changed);
    copy.#tables = new Set(this.#tables);
    copy.#marked = new Set(this.#marked);
    copy.#length = this.#length;
    return copy;
  }

  /** Bytes of the file. */
  get length(): number {
    return Math.max(this.#length, this.clusters.writtenEnd * this.#stored.clusterSize);
  }

  /** Where the last cluster in use ends, in bytes. */
  get imageEnd(): number {
    return this.clusters.end * this.#stored.clusterSize;
  }

  /** True where the events since the notes were reset come to the same in every order, once nothing free is left ahead. */
  get isOrderless(): boolean {
    return !this.releasesAny && !this.writesParts && !this.clusters.hasGrownTable;
  }

  /** What decides on everything that follows, as a text. */
  get fingerprint(): string {
    const changed = [...this.#changed].sort(([a], [b]) => a - b);
    const tables = [...this.#tables].sort((a, b) => a - b);
    return `${this.length};${changed};${tables};${this.clusters.fingerprint}`;
  }

  /** Forgets what was noted of the events so far. */
  resetNotes(): void {
    this.takesGroups = false;
    this.writesParts = false;
    this.takesAny = false;
    this.releasesAny = false;
  }

  /**
   * How many clusters an event takes, all in one step, whatever other requests do before it; undefined where that is not
   * all it does. Requests of whole clusters do not overlap.
   */
  takenBy({ kind, start, end }: HostEvent): number | undefined {
    const { sliceSpan, clusterSize, maxStepClusters, keepsDataApart, l1Coverage, hasTable } = this.#stored;
    if (end - start > maxStepClusters * clusterSize) return undefined;
    if (kind !== 'write' || start % clusterSize !== 0 || end % clusterSize !== 0) return undefined;
    for (let at = start; at < end; at = (Math.floor(at / l1Coverage) + 1) * l1Coverage) {
      const table = Math.floor(at / l1Coverage);
      if (!this.#tables.has(table) && !hasTable(table)) return undefined;
    }
    if (keepsDataApart) return 0;
    let taken = 0;
    for (let at = start; at < end; at += clusterSize) {
      const { host, compressed } = this.#clusterAt(at / clusterSize);
      if (compressed !== undefined || this.#changed.has(at / clusterSize)) return undefined;
      if (host < 0) taken++;
      else if (this.clusters.countOf(host) !== 1) return undefined;
    }
    const isInOneSlice = Math.floor(start / sliceSpan) === Math.floor((end - 1) / sliceSpan);
    return taken === 0 || (taken * clusterSize === end - start && isInOneSlice) ? taken : undefined;
  }

  /**
   * Where a write lies that is within one guest cluster: the host cluster, -1 where it takes one and writes all of it, and
   * undefined for other events, compressed clusters, and where an L2 table is needed first.
   */
  placeWithin({ kind, start, end }: HostEvent): number | undefined {
    const { clusterSize, unit, l1Coverage, hasTable, keepsDataApart } = this.#stored;
    const cluster = Math.floor(start / clusterSize);
    if (kind !== 'write' || Math.ceil(end / clusterSize) !== cluster + 1 || keepsDataApart) return undefined;
    const table = Math.floor(start / l1Coverage);
    if (!this.#tables.has(table) && !hasTable(table)) return undefined;
    const { host, compressed } = this.#clusterAt(cluster);
    if (compressed !== undefined || (host >= 0 && this.clusters.countOf(host) !== 1)) return undefined;
    return host < 0 && unit < clusterSize ? undefined : host;
  }

  /** True where an event may give clusters back, whenever it comes. */
  mayRelease({ kind, start, end }: HostEvent): boolean {
    const { clusterSize, keepsDataApart } = this.#stored;
    if (kind === 'mark' || keepsDataApart) return false;
    for (let cluster = Math.floor(start / clusterSize); cluster * clusterSize < end; cluster++) {
      const { host, compressed } = this.#clusterAt(cluster);
      if (compressed !== undefined || (kind === 'zero' && host >= 0)) return true;
    }
    return false;
  }

  /** True where the next step of a write changes neither tables nor what is free, whenever it comes. */
  staysInPlace(start: number, end: number): boolean {
    const { clusterSize } = this.#stored;
    const last = Math.ceil(end / clusterSize) - 1;
    let cluster = Math.floor(start / clusterSize);
    const { host } = this.#clusterAt(cluster);
    if (host < 0) return false;
    const first = cluster;
    while (cluster < last && this.#clusterAt(cluster + 1).host === host + cluster + 1 - first) cluster++;
    return cluster === last || this.#clusterAt(cluster + 1).host >= 0;
  }

  /** Takes an event whole, one step after the other. */
  apply(event: HostEvent): void {
    const { kind, start, end } = event;
    if (kind === 'zero') this.zero(start, end);
    if (kind === 'mark') this.mark(start, end);
    if (kind !== 'write') return;
    for (let at = start; at < end; ) {
      const { next, released } = this.write(at, end);
      this.release(released);
      at = next;
    }
  }

  /** A new L1 table of `entries` takes the place of one of `oldClusters`. Source: qcow2_grow_l1_table. */
  moveL1(entries: number, old: ClusterRange): void {
    this.takeBytes(entries * 8);
    this.release([old]);
  }

  /** Takes clusters for `bytes` bytes that are written to them, side by side. */
  takeBytes(bytes: number): void {
    const { clusterSize } = this.#stored;
    if (bytes === 0) return;
    this.takesAny = true;
    const first = this.clusters.take(Math.ceil(bytes / clusterSize));
    this.#length = Math.max(this.#length, first * clusterSize + bytes);
  }

  /** Has an L2 table for all of [start, end). */
  mark(start: number, end: number): void {
    const { sliceSpan, clusterSize } = this.#stored;
    const cluster = Math.floor(start / clusterSize);
    if (end <= (cluster + 1) * clusterSize && this.#clusterAt(cluster).shared !== undefined)
      this.#marked.add(cluster);
    for (let at = start; at < end; at = (Math.floor(at / sliceSpan) + 1) * sliceSpan) this.#needTable(at);
  }

  /** Marks whole clusters as zeros. */
  zero(start: number, end: number): void {
    const { sliceSpan, clusterSize, frees, keepsDataApart } = this.#stored;
    for (let at = start; at < end; at += clusterSize) {
      if (at === start || at % sliceSpan === 0) this.#needTable(at);
      if (keepsDataApart) continue;
      const cluster = at / clusterSize;
      const { host, compressed } = this.#clusterAt(cluster);
      if (compressed !== undefined) this.release([compressed]);
      else if (host >= 0 && frees) this.release([{ first: host, count: 1 }]);
      else continue;
      if (end - at < clusterSize || this.#changed.has(cluster)) this.#changed.set(cluster, -1);
    }
  }

  /** Gives clusters back. */
  release(ranges: readonly ClusterRange[]): void {
    for (const { first, count } of ranges) this.clusters.release(first, count);
    if (ranges.length > 0) this.releasesAny = true;
  }

  /** Writes data from `start` on as far as its host clusters are neighbors, at most up to `last` and in one step. */
  write(start: number, last: number): WriteStep {
    const { sliceSpan, clusterSize, keepsDataApart, maxStepClusters } = this.#stored;
    const end = Math.min(last, (Math.floor(start / clusterSize) + maxStepClusters) * clusterSize);
    const released: ClusterRange[] = [];
    /** Host cluster that the next piece has to begin in, -1 for any. */
    let expected = -1;
    let at = start;
    while (at < end) {
      const limit = Math.min(end, (Math.floor(at / sliceSpan) + 1) * sliceSpan);
      this.#needTable(at);
      if (keepsDataApart) {
        at = limit;
        continue;
      }
      const cluster = Math.floor(at / clusterSize);
      const most = Math.ceil(limit / clusterSize) - cluster;
      const { host } = this.#clusterAt(cluster);
      if (host >= 0 && expected >= 0 && host !== expected) break;
      const piece = host >= 0 ? this.#keep(cluster, most) : this.#allocate(cluster, most, expected, released);
      if (piece.count === 0) break;
      const next = Math.min(limit, (cluster + piece.count) * clusterSize);
      this.#writePiece(at, next, piece, host < 0);
      expected = piece.first + piece.count;
      at = next;
    }
    return { next: at, released };
  }

  /** Clusters from `cluster` on that are overwritten in place: neighbors in the file, too. */
  #keep(cluster: number, most: number): ClusterRange {
    const first = this.#clusterAt(cluster).host;
    let count = 1;
    while (count < most && this.#clusterAt(cluster + count).host === first + count) count++;
    for (let i = 0; i < count; i++) if (this.clusters.countOf(first + i) !== 1) throw new UnknownCluster();
    return { first, count };
  }

  /** New clusters for those from `cluster` on that have none, where `expected` says where it has to be. */
  #allocate(cluster: number, most: number, expected: number, released: ClusterRange[]): ClusterRange {
    let wanted = 0;
    while (wanted < most && this.#clusterAt(cluster + wanted).host < 0) wanted++;
    this.takesAny = true;
    if (wanted > 1 || expected >= 0) this.takesGroups = true;
    const first = expected < 0 ? this.clusters.take(wanted) : expected;
    const count = expected < 0 ? wanted : this.clusters.takeAt(expected, wanted);
    for (let i = 0; i < count; i++) {
      const { compressed } = this.#clusterAt(cluster + i);
      if (compressed !== undefined) released.push(compressed);
    }
    return { first, count };
  }

  /** Notes where [start, end) went, and how far the file reaches then. */
  #writePiece(start: number, end: number, { first, count }: ClusterRange, isNew: boolean): void {
    const { clusterSize, unit, isDataAt } = this.#stored;
    const cluster = Math.floor(start / clusterSize);
    const last = cluster + count - 1;
    const inside = end - last * clusterSize;
    const copiedTo = isNew && inside < clusterSize ? this.#copiedTo(last) : 0;
    // The rest of a unit is copied from below; where plain data was there, it stays.
    const isExact = !isNew && isDataAt(end - 1);
    const written = isExact ? inside : Math.max(copiedTo, Math.ceil(inside / unit) * unit);
    if (isNew && written < clusterSize) this.writesParts = true;
    this.#length = Math.max(this.#length, (first + count - 1) * clusterSize + written);
    if (start % clusterSize !== 0) this.#changed.set(cluster, first);
    if (end % clusterSize !== 0) this.#changed.set(last, first + count - 1);
  }

  /** Bytes up to which the data of a cluster is copied to the new one that takes its place. */
  #copiedTo(cluster: number): number {
    const { compressed, shared } = this.#clusterAt(cluster);
    if (compressed !== undefined) return this.#stored.clusterSize;
    if (shared !== undefined && this.#marked.has(cluster)) throw new UnknownCluster();
    return shared?.dataEnd ?? 0;
  }

  #clusterAt(cluster: number): StoredCluster {
    const host = this.#changed.get(cluster);
    if (host !== undefined) return { host };
    const stored = this.#stored.clusterAt(cluster);
    // A flag says that snapshots share it, and its refcount has to say the same.
    if (stored.shared !== undefined && this.clusters.countOf(stored.shared.host) < 2)
      throw new UnknownCluster();
    return stored;
  }

  #needTable(offset: number): void {
    const { l1Coverage, hasTable, clusterSize } = this.#stored;
    const index = Math.floor(offset / l1Coverage);
    if (this.#tables.has(index) || hasTable(index)) return;
    this.#tables.add(index);
    this.takesAny = true;
    const first = this.clusters.take(1);
    this.#length = Math.max(this.#length, (first + 1) * clusterSize);
  }
}
