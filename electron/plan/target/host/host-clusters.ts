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
    // A file may have a hole of any length behind its clusters.
    this.#counts = stored.counts.slice(0, usedEnd(stored.counts));
    this.#tableStart = stored.tableStart;
    this.#tableClusters = stored.tableClusters;
  }

  /** The same clusters, to be changed apart. */
  clone(): HostClusters {
    const copy = new HostClusters({ ...this.#stored, counts: this.#counts });
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
    return usedEnd(this.#counts);
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

  /** What decides on everything that follows, as a text: equal for states that behave alike. */
  get fingerprint(): string {
    const counts = this.#counts.subarray(0, this.end);
    const blocks = [...this.#newBlocks].sort((a, b) => a - b);
    return `${this.#next},${this.#tableStart},${this.#writtenEnd},${blocks}:${textOf(counts)}`;
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
    if (cluster >= this.#counts.length) {
      const larger = new Uint16Array(Math.max(64, cluster + 1, Math.ceil(this.#counts.length * 1.25)));
      larger.set(this.#counts);
      this.#counts = larger;
    }
    this.#counts[cluster] = count;
  }
}

/** End of the last cluster in use. */
function usedEnd(counts: Uint16Array): number {
  let end = counts.length;
  while (end > 0 && counts[end - 1] === 0) end--;
  return end;
}

/** Characters that String.fromCharCode takes at once. */
const TEXT_PART = 4096;

function textOf(counts: Uint16Array): string {
  let text = '';
  for (let at = 0; at < counts.length; at += TEXT_PART)
    text += String.fromCharCode(...counts.subarray(at, at + TEXT_PART));
  return text;
}
