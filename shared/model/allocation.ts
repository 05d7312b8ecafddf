/** Where the bytes of an image file went. All numbers are bytes of whole clusters, but for the file's own length. */

/** Every cluster up to the image's end is in one of these, and what lies behind it in the last. */
export interface SpaceAccount {
  /** Data of the active disk, whether or not snapshots share it. */
  readonly data: number;
  /** Data and saved machine state that only snapshots hold. */
  readonly snapshots: number;
  /** Header, L1 and L2 tables, refcounts, snapshot table, encryption header. */
  readonly tables: number;
  /** Bitmap directory, bitmap tables and their bits. */
  readonly bitmaps: number;
  /** Counted as used, and nothing refers to it. */
  readonly unreferenced: number;
  /** Free inside the image: not counted and not referred to. */
  readonly free: number;
  /** Behind the image's end. */
  readonly pastEnd: number;
}

/** What only one internal snapshot holds, and by how much the snapshot table becomes shorter: deleting it frees this. */
export interface SnapshotShare {
  readonly data: number;
  readonly tables: number;
}

/** How an image uses its file. */
export interface Allocation {
  readonly fileLength: number;
  /** Where the last cluster that is counted or referred to ends, as `qemu-img check` tells it. */
  readonly imageEnd: number;
  /** Clusters with a refcount above 0. */
  readonly allocated: number;
  /** Clusters whose refcount is above their references, as `qemu-img check` counts leaks; absent where it is not known. */
  readonly leaked?: number;
  /** Why leaks are not known: what could not be read may refer to the clusters that nothing else refers to. */
  readonly unknownLeaks?: string;
  /** In an image whose references are not all known, what they refer to counts as unreferenced or free. */
  readonly account: SpaceAccount;
  /** One for each snapshot of the table; absent where references are not all known. */
  readonly shares?: readonly SnapshotShare[];
}

/** How an image uses its file, or the reason why that is not known; `why` is the end of the sentence "not measured: …". */
export type AllocationReply =
  | { readonly measured: true; readonly allocation: Allocation }
  | { readonly measured: false; readonly why: string };
