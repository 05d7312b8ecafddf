/** What takes the references and refcounts of an image while they are walked. */

/** Takes everything that an image's tables refer to. */
export interface ReferenceSink {
  /** `times` references of `owner` to every cluster of [offset, offset + length), as `use` (a bit of CLUSTER_USE). */
  refer(offset: number, length: number, times: number, owner: number, use: number): void;
  /** The same for a compressed stream: several of them may lie in one cluster. */
  referStream(offset: number, length: number, times: number, owner: number, use: number): void;
  /** The refcount block that entry `index` of the refcount table names; comes after everything else. */
  referBlock(offset: number, index: number): void;
}

/** Takes the refcounts that an image stores. */
export interface RefcountSink {
  /** Clusters of the file. */
  readonly clusters: number;
  /** True if a refcount of one of clusters [first, end) still has to be seen in this pass. */
  wantsRefcounts(first: number, end: number): boolean;
  /** The refcount of a cluster, where it is not 0; exact up to 2^53. */
  takeRefcount(cluster: number, refcount: number): void;
  /** Instead of that, if it is there: those in a block at `at` of `view`, `bits` wide, of clusters from `first` on. */
  takeRefcounts?(view: DataView, at: number, first: number, count: number, bits: number): void;
  /** Clusters [first, end) whose refcounts cannot be read. */
  missRefcounts?(first: number, end: number): void;
}

/** Is shown the L2 tables of all disks while they are walked, in the order of the file. */
export interface TableVisitor {
  /** True for one that counts itself what entries refer to: they are not handed to the sink then. Default false. */
  readonly countsEntries?: boolean;
  /** Table number `index` of the list, `at` bytes into `view`; what refers to it was counted. */
  visitTable(index: number, view: DataView, at: number): void;
  /** A table that the system could not read, or that the file ends in. */
  missTable(index: number, what: string): void;
}
