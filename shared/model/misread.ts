/** Ranges that other readers of qcow2 get wrong. Plain values only. */

/**
 * `hole-bit`: a copier that copies each layer alone and skips what NBD's base:allocation calls a hole, so that zeros of a
 * layer are gone from the copy. `offset-only`: a decoder that looks at the host offset of an L2 entry alone.
 */
export const MISREAD_READERS = ['hole-bit', 'offset-only'] as const;

/** One of {@link MISREAD_READERS}. */
export type MisreadReader = (typeof MISREAD_READERS)[number];

/**
 * What is read in place of the content: older data of the layers `below`, `stale` bytes of the host cluster in place of
 * zeros, or `garbage`: bytes that belong elsewhere or are compressed.
 */
export type MisreadResult = 'below' | 'stale' | 'garbage';

/** One range of one layer. Offsets of the guest, in bytes. */
export interface MisreadRow {
  readonly layer: number;
  readonly start: number;
  readonly length: number;
  readonly reads: MisreadResult;
}
