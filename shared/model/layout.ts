/** What each cluster of an image file holds, and what refers to it. Offsets and lengths are bytes of the file. */

/**
 * What a cluster holds. `data`, `compressed` and `zero` are those of the active disk, whether or not snapshots share
 * them; `zero` is host space behind a zero cluster. `snapshotData` and `snapshotTable` are held by snapshots alone.
 * `clash` is used as two things that exclude each other, `leaked` is counted and not referred to, `free` is neither and
 * lies before the image's end, `tail` lies behind it.
 */
export const HOST_KINDS = [
  'header',
  'refcountTable',
  'refcountBlock',
  'l1Table',
  'l2Table',
  'data',
  'compressed',
  'zero',
  'snapshotTable',
  'snapshotData',
  'bitmap',
  'encryption',
  'clash',
  'leaked',
  'free',
  'tail',
] as const;

export type HostKind = (typeof HOST_KINDS)[number];

/** Neighboring clusters of one kind. */
export interface HostRun {
  readonly start: number;
  readonly length: number;
  readonly kind: HostKind;
}

/** A whole file by kinds. The sums together are the file's length. */
export interface HostLayout {
  readonly fileLength: number;
  readonly clusterSize: number;
  /** Where the last cluster that is counted or referred to ends, at most a cluster behind the file's end. */
  readonly imageEnd: number;
  readonly sums: Readonly<Record<HostKind, number>>;
  /** What could not be followed: what it refers to counts as leaked or free. */
  readonly unknown: readonly string[];
  /**
   * Bytes at most of the file that `qemu-img convert` writes of this layer, with clusters of the same size and with the
   * backing file kept, if there is one; absent where that is not known, and where damage is.
   */
  readonly copyBytes?: number;
}

/** Something that refers to a cluster. */
export interface ClusterUser {
  readonly kind: HostKind;
  /** What it is and where it is written, in words. Untrusted text. */
  readonly what: string;
  /** Of an L2 table its own offset, of data that of the table whose entry refers to it. */
  readonly table?: number;
  /** Of data: the number of the entry in the table. */
  readonly entry?: number;
  /** What the table or the entry is for, on each disk that uses the table. */
  readonly places?: readonly GuestPlace[];
}

/** Where a reference lies on a disk: the active one, or that of a snapshot by its name (untrusted text). */
export interface GuestPlace {
  readonly snapshot?: string;
  readonly l1Index: number;
  readonly start: number;
  readonly length: number;
}

/** One cluster of a file and everything that refers to it. */
export interface HostCluster {
  readonly start: number;
  readonly length: number;
  readonly kind: HostKind;
  /** Absent where it cannot be read. */
  readonly refcount?: number;
  /** References, of which the first are in `users`. */
  readonly references: number;
  readonly users: readonly ClusterUser[];
}

/** Columns of one tile of a file: 256 of 2**level bytes. */
export interface HostTile {
  readonly track: 0;
  readonly tile: number;
  /** Runs of one kind that touch each column; 0 past the end of the file. */
  readonly runs: Uint32Array;
  /** For each column the share of each kind of HOST_KINDS, 0 to 1; less than 1 together where the file ends in it. */
  readonly shares: Float32Array;
}

/** Tiles of a file. A file is mapped once, so its version is always the same. */
export interface HostTilesReply {
  readonly level: number;
  readonly version: 0;
  readonly tiles: readonly HostTile[];
}

/** Runs of a file in order: where each starts, and the index of its kind in HOST_KINDS. Each ends where the next starts. */
export interface HostRuns {
  readonly track: 0;
  readonly starts: Float64Array;
  readonly kinds: Uint8Array;
}

/** The runs from the one that holds the first byte asked for up to `end`, or that they are too many to list. */
export type HostRunsReply =
  | { readonly tooMany: true; readonly version: 0 }
  | {
      readonly tooMany: false;
      readonly version: 0;
      readonly end: number;
      readonly tracks: readonly [HostRuns];
    };

/**
 * The layout of a layer's file, or the reason why there is none; `why` is the end of the sentence "not mapped: …". `dataRuns` are the
 * separate runs of data of the active disk: how fragmented the file is.
 */
export type HostLayoutReply =
  | { readonly mapped: true; readonly layout: HostLayout; readonly dataRuns: number }
  | { readonly mapped: false; readonly why: string };
