/** L1 tables: where the L2 tables lie. */
import { viewOf } from '../format/bytes.ts';
import { entryOffset } from '../format/entry.ts';
import { type ImageSource, readBytes } from './source.ts';

/** The part of an L1 table that describes guest data and that the file holds. */
export interface L1Table {
  /** Where the table lies in the file. */
  readonly fileOffset: number;
  /** Entries in memory. */
  readonly count: number;
  readonly view: DataView;
}

/**
 * The first `entries` entries of the L1 table at `fileOffset`, fewer where the file ends before; at most 32 MiB, which
 * the caller has checked. Throws QCOW2_READ_FAILED.
 */
export function readL1(source: ImageSource, fileOffset: number, entries: number): L1Table {
  const bytes = readBytes(source, fileOffset, entries * 8);
  return { fileOffset, count: Math.floor(bytes.length / 8), view: viewOf(bytes) };
}

/** Offset of the L2 table of an L1 entry, 0 where there is none. Reserved bits are ignored, as qemu does. */
export function l2OffsetAt(l1: L1Table, index: number): number {
  return entryOffset(l1.view.getUint32(index * 8), l1.view.getUint32(index * 8 + 4));
}
