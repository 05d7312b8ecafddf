/** Tiles: columns of equal power-of-two spans of the axis, summed per state. */

/** Columns in a tile. */
export const TILE_COLUMNS = 256;

/**
 * Bits of a column's `present` mask: bits 0-9 are the states in the order of STATES (shared/extent/flags.ts), the
 * rest are marks. Must-see marks get at least one device pixel at every zoom.
 */
export const PRESENT = {
  overrides: 1 << 10,
  holeOverrides: 1 << 11,
  shadowed: 1 << 12,
  dirty: 1 << 13,
  damaged: 1 << 14,
  overridden: 1 << 15,
} as const;

/** Columns of one tile of one track. All arrays have TILE_COLUMNS (x states where said) elements. */
export interface TileColumns {
  readonly track: number;
  readonly tile: number;
  /** States and marks present in each column: see PRESENT. 0 past the end of the axis. */
  readonly present: Uint16Array;
  /** For each column one share per state in the order of STATES; they sum to 255 where anything is present. */
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
