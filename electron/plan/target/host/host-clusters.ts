/**
 * Which host clusters of an image file qemu takes next, and what it gives back.
 * Source: qemu's block/qcow2-refcount.c (alloc_clusters_noref, update_refcount, alloc_refcount_block,
 * qcow2_refcount_area), compared with qemu 7.2 and 10.0. Numbers count clusters unless they say otherwise.
 */

/** The refcounts of a file before a job. */
export interface StoredRefcounts {
  /** Bytes of a cluster. */
  readonly clusterSize: number;
  readonly refcountBits: number;
  /** The refcount of each cluster from the first on; those behind are 0. */
  readonly counts: Uint16Array;
  /** First cluster of the refcount table, and how many it has. */
  readonly tableStart: number;
  readonly tableClusters: number;
  /** True where the refcount table entry of this number names a block. */
  readonly hasBlock: (index: number) => boolean;
}

/** Bytes of an entry of the refcount table. */
const TABLE_ENTRY_BYTES = 8;

/** The clusters of one file while a job takes them and gives them back. */
export class HostClusters {
  readonly #stored: StoredRefcounts;
  /** Clusters that one refcount block counts. */
  readonly #perBlock: number;
  readonly #entriesPerCluster: number;
  #counts: Uint16Array;
  /** The counts are another's, too: they are copied before one is changed. */
  #isShared = true;
  /** End of the last cluster in use. */
  #end: number;
  /** Two hashes of the counts that changed: they tell states of one file from each other. */
  #hash = 0;
  #otherHash = 0;
  /** Where the next search begins: qemu's free_cluster_index, 0 when an image is opened. */
  #next = 0;
  #newBlocks: Set<number> = new Set();
  #tableStart: number;
  #tableClusters: number;
  #writtenEnd = 0;
  #hasGrownTable = false;

  constructor(stored: StoredRefcounts) {
    this.#stored = stored;
    this.#perBlock = (stored.clusterSize * 8) / stored.refcountBits;
    this.#entriesPerCluster = stored.clusterSize / TABLE_ENTRY_BYTES;
    this.#counts = stored.counts;
    this.#end = usedEnd(stored.counts, stored.counts.length);
    this.#tableStart = stored.tableStart;
    this.#tableClusters = stored.tableClusters;
  }

  /** The same clusters, to be changed apart. */
  clone(): HostClusters {
    // The new one looks for the end from here.
    const copy = new HostClusters({ ...this.#stored, counts: this.#counts.subarray(0, this.#end) });
    this.#isShared = true;
    copy.#hash = this.#hash;
    copy.#otherHash = this.#otherHash;
    copy.#next = this.#next;
    copy.#newBlocks = new Set(this.#newBlocks);
    copy.#tableStart = this.#tableStart;
    copy.#tableClusters = this.#tableClusters;
    copy.#writtenEnd = this.#writtenEnd;
    copy.#hasGrownTable = this.#hasGrownTable;
    return copy;
  }

  /** End of the last cluster in use. */
  get end(): number {
    return this.#end;
  }

  /** True where a cluster before the last one in use is free. */
  get hasHoles(): boolean {
    return this.#counts.subarray(0, this.end).includes(0);
  }

  /** The first `limit` free clusters before the last one in use. */
  firstFree(limit: number): number[] {
    const free: number[] = [];
    const { end } = this;
    for (let at = this.#counts.indexOf(0); at >= 0 && at < end && free.length < limit; ) {
      free.push(at);
      at = this.#counts.indexOf(0, at + 1);
    }
    return free;
  }

  /** Has the next search begin at a cluster: in a program that has taken clusters before. */
  searchFrom(cluster: number): void {
    this.#next = cluster;
  }

  /** True where the next search may find a free cluster before the last one in use. */
  get hasFreeAhead(): boolean {
    return this.#counts.subarray(this.#next, this.end).includes(0);
  }

  /** End of the last cluster that refcounts were written to. */
  get writtenEnd(): number {
    return this.#writtenEnd;
  }

  /** True once the refcount table was replaced by a larger one. */
  get hasGrownTable(): boolean {
    return this.#hasGrownTable;
  }

  /** What decides on everything that follows, as a text: equal for states of one file that behave alike. */
  get fingerprint(): string {
    const blocks = [...this.#newBlocks].sort((a, b) => a - b);
    const counts = `${this.#hash},${this.#otherHash}`;
    return `${this.#next},${this.#tableStart},${this.#writtenEnd},${this.#end},${blocks}:${counts}`;
  }

  /** The refcount of a cluster. */
  countOf(cluster: number): number {
    return this.#counts[cluster] ?? 0;
  }

  /** True where giving back one use of each of these ranges frees no cluster. */
  keepsUsed(ranges: readonly { readonly first: number; readonly count: number }[]): boolean {
    const uses = new Map<number, number>();
    for (const { first, count } of ranges)
      for (let cluster = first; cluster < first + count; cluster++)
        uses.set(cluster, (uses.get(cluster) ?? 0) + 1);
    return [...uses].every(([cluster, count]) => this.countOf(cluster) > count);
  }

  /** Takes `count` neighboring clusters and returns the first. */
  take(count: number): number {
    for (;;) {
      const first = this.#find(count);
      if (this.#use(first, count)) return first;
    }
  }

  /** Takes the free clusters from `first` on, at most `count`, and returns how many there were. */
  takeAt(first: number, count: number): number {
    for (;;) {
      let found = 0;
      while (found < count && this.countOf(first + found) === 0) found++;
      if (this.#use(first, found)) return found;
    }
  }

  /** Gives back one use of each of `count` clusters. */
  release(first: number, count: number): void {
    for (let cluster = first; cluster < first + count; cluster++) {
      this.#set(cluster, Math.max(0, this.countOf(cluster) - 1));
      if (this.countOf(cluster) === 0) this.#next = Math.min(this.#next, cluster);
    }
  }

  /** The first `count` free neighbors from where the last search ended: free ones that are too few are passed over. */
  #find(count: number): number {
    for (let found = 0; found < count; )
      if (this.countOf(this.#next++) === 0) found++;
      else found = 0;
    return this.#next - count;
  }

  /** Counts clusters as used. False where a refcount block had to be made first: the search then starts over. */
  #use(first: number, count: number): boolean {
    for (let cluster = first; cluster < first + count; cluster++) {
      const isFirstOfBlock = cluster === first || cluster % this.#perBlock === 0;
      if (isFirstOfBlock && !this.#hasBlockFor(cluster)) {
        this.#makeBlock(cluster);
        this.#next = Math.min(this.#next, first);
        for (let undone = first; undone < cluster; undone++) this.#set(undone, this.countOf(undone) - 1);
        return false;
      }
      this.#set(cluster, this.countOf(cluster) + 1);
    }
    return true;
  }

  #hasBlockFor(cluster: number): boolean {
    const index = Math.floor(cluster / this.#perBlock);
    return this.#newBlocks.has(index) || this.#stored.hasBlock(index);
  }

  /** Makes the refcount block that counts `cluster`, or another one that it needs first. */
  #makeBlock(cluster: number): void {
    const index = Math.floor(cluster / this.#perBlock);
    const block = this.#find(1);
    if (Math.floor(block / this.#perBlock) === index) this.#set(block, 1);
    else if (!this.#use(block, 1)) return;
    this.#newBlocks.add(index);
    this.#writtenEnd = Math.max(this.#writtenEnd, block + 1);
    if (index >= this.#tableClusters * this.#entriesPerCluster) this.#growTable(Math.max(cluster, block) + 1);
  }

  /** A larger refcount table, with the blocks that count it, where the first block begins that counts nothing yet. */
  #growTable(usedEnd: number): void {
    const perBlock = this.#perBlock;
    const firstIndex = Math.ceil(usedEnd / perBlock);
    const start = firstIndex * perBlock;
    const blocks = this.#blocksFor(start);
    const entries = blocks + Math.ceil(blocks / 2);
    const clusters = Math.ceil(entries / this.#entriesPerCluster);
    let tableStart = start;
    for (let index = firstIndex; index < blocks; index++)
      if (!this.#hasBlockFor(index * perBlock)) {
        this.#newBlocks.add(index);
        tableStart++;
      }
    const end = tableStart + clusters;
    for (let cluster = start; cluster < end; cluster++) this.#set(cluster, 1);
    this.#writtenEnd = Math.max(this.#writtenEnd, end);
    const [oldStart, oldClusters] = [this.#tableStart, this.#tableClusters];
    this.#tableStart = tableStart;
    this.#tableClusters = clusters;
    this.#hasGrownTable = true;
    this.release(oldStart, oldClusters);
  }

  /** Refcount blocks that count `clusters` and a table for them with room to spare: qcow2_refcount_metadata_size. */
  #blocksFor(clusters: number): number {
    let wanted = clusters;
    let isGenerous = true;
    let blocks = 0;
    let table = 0;
    for (let last = -1, sum = 0; sum !== last; ) {
      last = sum;
      blocks = Math.ceil((wanted + table + blocks) / this.#perBlock);
      table = Math.ceil(blocks / this.#entriesPerCluster);
      sum = wanted + blocks + table;
      if (sum !== last || !isGenerous) continue;
      wanted += Math.ceil(table / 2);
      isGenerous = false;
      sum = 0;
    }
    return blocks;
  }

  #set(cluster: number, count: number): void {
    const isLonger = cluster >= this.#counts.length;
    if (this.#isShared || isLonger) {
      const room = isLonger ? Math.ceil(this.#counts.length * 1.25) : this.#counts.length;
      const own = new Uint16Array(Math.max(64, cluster + 1, room));
      own.set(this.#counts);
      this.#counts = own;
      this.#isShared = false;
    }
    const before = this.#counts[cluster] as number;
    this.#counts[cluster] = count;
    this.#hash ^= hashOf(cluster, before, HASH_FACTOR) ^ hashOf(cluster, count, HASH_FACTOR);
    this.#otherHash ^= hashOf(cluster, before, OTHER_HASH_FACTOR) ^ hashOf(cluster, count, OTHER_HASH_FACTOR);
    if (count > 0) this.#end = Math.max(this.#end, cluster + 1);
    else if (cluster + 1 === this.#end) this.#end = usedEnd(this.#counts, this.#end);
  }
}

const HASH_FACTOR = 0x7feb352d;
const OTHER_HASH_FACTOR = 0x2c1b3c6d;

/** A hash of a cluster's count, mixed as lowbias32 does it. */
function hashOf(cluster: number, count: number, factor: number): number {
  if (count === 0) return 0;
  let hash = Math.imul(cluster + 1, 0x9e3779b1) ^ Math.imul(count, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), factor);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}

/** End of the last cluster in use before `from`. */
function usedEnd(counts: Uint16Array, from: number): number {
  let end = from;
  while (end > 0 && counts[end - 1] === 0) end--;
  return end;
}
