/** What is free where the files of a target lie. */

/** A file of the target, and what is free where it lies. Bytes. */
export interface FileRoom {
  readonly name: string;
  readonly free: number;
  /** Tells one file system from another. */
  readonly disk: number;
  readonly length: number;
  /** What the file takes there: less than its length where it has holes. */
  readonly stored: number;
}

/** The files of a target that lie on file systems: neither a device nor one of which that is not known is here. */
export interface TargetRoom {
  readonly image?: FileRoom;
  /** The external data file. */
  readonly dataFile?: FileRoom;
}
