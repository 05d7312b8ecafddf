/** What a dirty bitmap says of the guest's disk, as its track in the window shows it. */
import type { BitmapChoice } from '../context.ts';

/** Bits of a column of {@link BitmapMarks}; a column that is clean throughout has none. */
export const BITMAP_COLUMN = { dirty: 1, unknown: 2 } as const;

/** A bitmap in columns of equal width. */
export interface BitmapMarks extends BitmapChoice {
  /** For each column the bits of {@link BITMAP_COLUMN} that occur in it. */
  readonly columns: Uint8Array;
}

/** Bytes of the disk that a bitmap marks as changed, and those of which it does not tell. */
export interface BitmapSums extends BitmapChoice {
  readonly dirty: number;
  readonly unknown: number;
}
