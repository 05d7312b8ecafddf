/**
 * Refcounts as they lie in a block: numbers of 1 to 64 bits, those below 8 bits packed from the least significant bit.
 * Source: qcow2 specification, "Host cluster management".
 */
import { uint64At } from '../../../shared/bytes.ts';

/** Bits of a refcount table entry that hold the block's offset; the others are reserved. */
export const REFCOUNT_OFFSET_LO = 0xfffffe00;

/** The refcount at `index` of the block that begins at `at`, `bits` wide; exact up to 2^53 - 1. */
export function refcountAt(view: DataView, at: number, index: number, bits: number): number {
  switch (bits) {
    case 16:
      return view.getUint16(at + index * 2);
    case 8:
      return view.getUint8(at + index);
    case 32:
      return view.getUint32(at + index * 4);
    case 64:
      return uint64At(view, at + index * 8);
    default: {
      const bit = index * bits;
      return (view.getUint8(at + (bit >>> 3)) >>> (bit & 7)) & (2 ** bits - 1);
    }
  }
}

/** The first of refcounts [index, end) that may not be 0, `end` where all are; looks at 32 bits at once. */
export function nextRefcount(view: DataView, at: number, index: number, end: number, bits: number): number {
  const perWord = Math.max(1, 32 / bits);
  const step = bits / 8;
  while (index < end) {
    if (index % perWord !== 0) return index;
    const offset = at + index * step;
    if (bits > 32 ? uint64At(view, offset) !== 0 : view.getUint32(offset) !== 0) return index;
    index += perWord;
  }
  return end;
}
