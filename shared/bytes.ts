/** Reads from untrusted bytes, of images and of the wire. */

/** A view of exactly these bytes. */
export function dataViewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The unsigned 64-bit number at `at`, big-endian by default. Exact up to 2^53 - 1; larger numbers are rounded, and stay
 * larger than that. Throws RangeError where the view ends before.
 */
export function uint64At(view: DataView, at: number, littleEndian = false): number {
  const high = view.getUint32(littleEndian ? at + 4 : at, littleEndian);
  return high * 2 ** 32 + view.getUint32(littleEndian ? at : at + 4, littleEndian);
}
