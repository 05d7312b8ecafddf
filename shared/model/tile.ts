/** Tiles: columns of equal power-of-two spans of the axis, summed per part. */
import { PARTS, partBits } from '../extent/parts.ts';

/** Columns in a tile. */
export const TILE_COLUMNS = 256;

const FIRST_MARK = PARTS.length;

/**
 * Bits of a column's `present` mask by the marks that they stand for. The low bits are the parts in the order of PARTS
 * (shared/extent/parts.ts): what hides an extent is part of what it is, so those marks are the bits of several parts. The
 * others have a bit each; they must be seen, and get at least one device pixel at every zoom.
 */
export const PRESENT = {
  overrides: 1 << FIRST_MARK,
  holeOverrides: 1 << (FIRST_MARK + 1),
  shadowed: partBits(({ variant }) => variant === 'shadowed'),
  dirty: 1 << (FIRST_MARK + 2),
  /** A bitmap tells nothing here: never the same as clean. */
  dirtyUnknown: 1 << (FIRST_MARK + 4),
  damaged: 1 << (FIRST_MARK + 3),
  overridden: partBits(({ variant }) => variant === 'overridden'),
} as const;

/** Columns of one tile of one track. All arrays have TILE_COLUMNS elements, `shares` one row of them for each part. */
export interface TileColumns {
  readonly track: number;
  readonly tile: number;
  /** Parts and marks present in each column: see PRESENT. 0 past the end of the axis. */
  readonly present: Uint32Array;
  /** The parts that occur in the tile, ascending. */
  readonly parts: Uint8Array;
  /** For each of `parts` its share of every column; those of a column sum to 255 where anything is present. */
  readonly shares: Uint8Array;
  /** Extents that touch each column, at least (capped at 2^32-1). */
  readonly runs: Uint32Array;
  /** Guest track only: layer index (or depth) that owns most of the column, -1 none. Empty for other tracks. */
  readonly owners: Int16Array;
}

/** The level whose columns are at most one device pixel wide: the floor of the power of two. At least 0. */
export function levelFor(bytesPerColumn: number): number {
  return Math.max(0, Math.floor(Math.log2(bytesPerColumn)));
}

/** Bytes in one tile of a level. */
export function tileBytes(level: number): number {
  return TILE_COLUMNS * 2 ** level;
}
