/** Where the loader of an axis gets its data. The loader knows no more of the data than what is declared here. */
import type { Result } from '../../shared/result.ts';
import type { Viewport } from '../axis/viewport.ts';
import type { TileSpan } from './level.ts';

/** One tile of one track: 256 columns of 2**level bytes. */
export interface AxisTile {
  readonly track: number;
  /** The columns start at `tile` * 256 columns. */
  readonly tile: number;
  /** Entries that touch each column, at least. */
  readonly runs: ArrayLike<number>;
}

/** The exact entries of one track in a range. */
export interface AxisEntries {
  readonly track: number;
}

/** Tiles of every track. `version` grows whenever anything was read. */
export interface TilesAnswer<T extends AxisTile> {
  readonly level: number;
  readonly version: number;
  readonly tiles: readonly T[];
}

/** Exact entries of every track up to the offset `end`, or that there are too many to list. */
export type EntriesAnswer<E extends AxisEntries> =
  | { readonly tooMany: true; readonly version: number }
  | {
      readonly tooMany: false;
      readonly version: number;
      readonly end: number;
      readonly tracks: readonly E[];
    };

/** What an axis shows, requested in parts. */
export interface AxisSource<T extends AxisTile, E extends AxisEntries> {
  /** Bytes of the axis. */
  readonly size: number;
  /** Most tiles of one request, and most entries (all tracks together) of one answer. */
  readonly maxTiles: number;
  readonly maxEntries: number;
  tiles(span: TileSpan): Promise<Result<TilesAnswer<T>>>;
  /** The entries of whole bytes [start, end). */
  entries(range: Viewport): Promise<Result<EntriesAnswer<E>>>;
}
