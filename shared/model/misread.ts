/** Ranges that other readers of qcow2 get wrong. Plain values only. */

/**
 * `hole-bit`: a copier that copies each layer alone and skips what NBD's base:allocation calls a hole, so that zeros of a
 * layer are gone from the copy. `offset-only`: a decoder that looks at the host offset of an L2 entry alone. `allocated`: a
 * list of allocated clusters by the copied flag or the host offset, for clusters of 64 KiB and without compressed ones.
 */
export const MISREAD_READERS = ['hole-bit', 'offset-only', 'allocated'] as const;

/** One of {@link MISREAD_READERS}. */
export type MisreadReader = (typeof MISREAD_READERS)[number];

/**
 * What is read in place of the content: older data of the layers `below`, `stale` bytes of the host cluster in place of
 * zeros, `garbage`: bytes that belong elsewhere or are compressed; or nothing: the layer is `refused` as a whole.
 */
export type MisreadResult = 'below' | 'stale' | 'garbage' | 'refused';

/** One range of one layer. Offsets of the guest, in bytes. */
export interface MisreadRow {
  readonly layer: number;
  readonly start: number;
  readonly length: number;
  readonly reads: MisreadResult;
}
