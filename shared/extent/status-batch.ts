/**
 * What a walk over an NBD export gives to its decoder: raw status lists, one per context, over one range.
 * Plain data: the payloads' buffers may be transferred to another thread.
 */
import type { ErrorRecord } from '../error.ts';

/** The extents of one context from the batch's offset on. */
export interface StatusList {
  /** Index in the connection's list of negotiated contexts. */
  readonly contextIndex: number;
  /** Entries are u64 length, u64 flags (16 bytes) instead of u32 length, u32 flags (8 bytes). */
  readonly wide: boolean;
  /**
   * Big-endian entries in ascending order, the only view of its ArrayBuffer. No length is zero. Their lengths add up
   * to at least the batch's `covered`; what lies past it is to be cut off by the reader. Wide lengths are whole u64
   * values: compare before adding, they may exceed 2^53.
   */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Status of [offset, offset + covered) in bytes, each context asked for exactly once unless `unreadable` is set. */
export interface StatusBatch {
  readonly offset: number;
  /** Bytes covered by every list, at least 1. */
  readonly covered: number;
  /** Empty where `unreadable` is set. */
  readonly lists: readonly StatusList[];
  /** Why the server could not say anything about this range. */
  readonly unreadable?: ErrorRecord;
  /** The range was not searched for what can be read in it: parts of it may be readable. */
  readonly isGivenUp?: boolean;
}

/** The ArrayBuffers of a batch, for a transfer list. */
export function statusBatchBuffers(batch: StatusBatch): ArrayBuffer[] {
  return batch.lists.map(list => list.payload.buffer);
}
