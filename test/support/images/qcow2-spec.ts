/** What an image is to hold, for qcow2-builder.ts. */

/** What a guest cluster is where a word says it all. */
export type SimpleKind = 'unallocated' | 'data' | 'zeroHole' | 'zeroAllocated';

/** One guest cluster. `index` counts clusters of the guest. */
export type ClusterSpec =
  | { readonly index: number; readonly kind: SimpleKind; readonly content?: Uint8Array }
  /** Deflated as qemu does it; `content` is a whole cluster. */
  | { readonly index: number; readonly kind: 'compressed'; readonly content: Uint8Array }
  /** Extended L2 only: bit i is subcluster i. Host space is given unless `host` is false. */
  | {
      readonly index: number;
      readonly kind: 'subclusters';
      readonly alloc: number;
      readonly zero: number;
      readonly host?: boolean;
      readonly content?: Uint8Array;
    }
  /** A raw entry, right or wrong; its references are not counted. */
  | { readonly index: number; readonly kind: 'entry'; readonly entry: bigint; readonly bitmap?: bigint };

/** The clusters of a disk: ascending by index, or a function of the index. */
export type Clusters = Iterable<ClusterSpec> | ((index: number) => SimpleKind);

/** An internal snapshot. Without `clusters` it shares every table with the active disk. */
export interface SnapshotSpec {
  readonly id: string;
  readonly name: string;
  readonly clusters?: Clusters;
  /** Virtual size when it was taken. Default: the image's. */
  readonly diskSize?: number;
  readonly vmStateSize?: number;
  /** Unix seconds. */
  readonly date?: number;
  /** Bytes of extra data: 0, 8, 16 or 24. Default 24. */
  readonly extraDataSize?: number;
}

/** A stored dirty bitmap. */
export interface BitmapSpec {
  readonly name: string;
  /** Bytes of the guest a bit covers. Default 64 KiB. */
  readonly granularity?: number;
  /** Dirty guest ranges as [start, end). */
  readonly dirty?: readonly (readonly [number, number])[];
  /** Flag auto. Default true. */
  readonly enabled?: boolean;
  readonly inUse?: boolean;
}

/** An image. */
export interface ImageSpec {
  /** Virtual size in bytes. */
  readonly size: number;
  readonly clusters?: Clusters;
  /** Default 3. */
  readonly version?: 2 | 3;
  /** Default 16: 64 KiB. */
  readonly clusterBits?: number;
  readonly extendedL2?: boolean;
  /** 1, 2, 4 … 64. Default 16. */
  readonly refcountBits?: number;
  readonly backingFile?: string;
  readonly backingFormat?: string;
  /** Name of an external data file. Data clusters then lie at their guest offset there; nothing is written to it. */
  readonly dataFile?: string;
  readonly dataFileRaw?: boolean;
  readonly snapshots?: readonly SnapshotSpec[];
  readonly bitmaps?: readonly BitmapSpec[];
  /** More header extensions, after the others. */
  readonly extensions?: readonly { readonly type: number; readonly data: Uint8Array }[];
  /** Feature bits to set in addition to those that follow from the rest. */
  readonly incompatible?: bigint;
  readonly compatible?: bigint;
  readonly autoclear?: bigint;
  /** Keep all L2 tables of the active disk together, before the data, as preallocated images have them. */
  readonly l2Together?: boolean;
  /** Data clusters out of order: the n-th lies at place(n) (each value below `count` once) of one region. */
  readonly scatter?: { readonly count: number; readonly place: (n: number) => number };
}
