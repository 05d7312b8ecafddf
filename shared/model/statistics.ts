/** Sums over a range of a track, and what to seek on one. */

/** What to look for from an offset. */
export type SeekKind =
  | 'change'
  | 'override'
  | 'holeOverride'
  | 'dirty'
  | 'damaged'
  | { readonly state: number };

/** Sums of one track over a range. Indexes of `bytes`, `runs` … are those of STATES. */
export interface TrackStatistics {
  readonly track: number;
  readonly bytes: readonly number[];
  readonly runs: readonly number[];
  readonly shortest: readonly number[];
  readonly longest: readonly number[];
  readonly median: readonly number[];
  readonly overrideBytes: number;
  readonly holeOverrideBytes: number;
  readonly shadowedBytes: number;
  readonly overriddenBytes: number;
  readonly dirtyBytes: number;
  readonly dirtyUnknownBytes: number;
}

/** Bytes of one track over a range, by part as in a column. */
export interface TrackBytes {
  readonly track: number;
  /** By part: the indexes are those of PARTS (shared/extent/parts.ts). */
  readonly parts: readonly number[];
  /** What the guest reads of this layer (or depth), without what is lost; on the guest's track what it reads of any. */
  readonly read: number;
}

/** Sums of one dirty bitmap, in bytes of the guest. */
export interface BitmapTotals {
  readonly layer: number;
  /** Untrusted text. */
  readonly name: string;
  readonly dirty: number;
  /** How much of the dirty bytes reads as zeros: written as such, discarded, or stored nowhere. */
  readonly zero: number;
  /** Bytes of which the bitmap tells nothing. */
  readonly unknown: number;
}

/** Sums of the merged map. */
export interface MapTotals {
  /** Bytes of the guest per state, by state index. */
  readonly states: readonly number[];
  /** Bytes owned by each layer, base first; the last element counts what no layer owns. */
  readonly owners: readonly number[];
  readonly overrides: number;
  readonly holeOverrides: number;
  /** Bytes of each layer that a shorter layer above hides, base first. */
  readonly shadowed: readonly number[];
  readonly overridden: readonly number[];
  readonly extents: number;
  /** The bitmaps that were read, base first; of a layer with very many the first ones. */
  readonly bitmaps: readonly BitmapTotals[];
}
