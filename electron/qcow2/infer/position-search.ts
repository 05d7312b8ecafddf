/** What the searches for positions of L2 tables in the L1 table work on and find. */
import type { NumberedFileSystem } from '../../guest/landmarks/landmark.ts';
import type { Volume } from '../../guest/landmarks/volume.ts';
import type { Qcow2Image } from '../read/image.ts';

/** The image, and its tables with and without a known position. */
export interface PositionSearch {
  readonly image: Qcow2Image;
  /** Entries of the L1 table. */
  readonly entries: number;
  /** By entry, the cluster of the L2 table that has that position. */
  readonly placed: ReadonlyMap<number, { readonly cluster: number }>;
  /** Clusters of the L2 tables that have none. */
  readonly open: readonly number[];
  /** Bytes of data that are looked through for blocks that say their place, of all tables together. */
  readonly sampleBytes: number;
}

/** The position that was found for an L2 table: its entry in the L1 table. */
export interface TablePosition {
  readonly index: number;
  readonly cluster: number;
  /** What shows it, in a few words. */
  readonly how: string;
  /** Something else may have that place, and what would tell is lost. */
  readonly isGuess?: boolean;
}

/** A file system whose beginning is known. */
export interface Root {
  readonly volume: Volume;
  readonly file: NumberedFileSystem;
  /** The table that is the only one which can hold the beginning. */
  readonly tentative?: { readonly index: number; readonly table: number; readonly type: string };
}
