/** L1 tables: where the L2 tables lie. */
import { entryOffset } from '../format/entry.ts';
import type { EntryTable } from './entry-table.ts';

/** The part of an L1 table that describes guest data and that the file holds. */
export type L1Table = EntryTable;

/**
 * Offset of the L2 table of an L1 entry, 0 where there is none. Reserved bits are ignored, as qemu does.
 * Throws QCOW2_READ_FAILED.
 */
export function l2OffsetAt(l1: L1Table, index: number): number {
  return entryOffset(l1.hi(index), l1.lo(index));
}
