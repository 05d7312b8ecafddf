/** Big-endian reads from untrusted bytes, and how values are written in findings. */
import { formatOffset } from '../../../shared/text/offset.ts';

/** An unsigned whole number as a number where that is exact, else as a bigint. */
export function exactNumber(value: bigint): number | bigint {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** The unsigned 64-bit number at `at`, as {@link exactNumber}. */
export function exactAt(view: DataView, at: number): number | bigint {
  return exactNumber(view.getBigUint64(at));
}

/** The unsigned 64-bit number at `at` as a raw value: `0x` and its digits, exactly. */
export function hexAt(view: DataView, at: number): string {
  return `0x${view.getBigUint64(at).toString(16)}`;
}

/** The unsigned 64-bit offset at `at` as text, exactly. */
export function offsetTextAt(view: DataView, at: number): string {
  return formatOffset(view.getBigUint64(at));
}

/** A 64-bit entry as `0x` and 16 digits. */
export function hex64(hi: number, lo: number): string {
  return `0x${(hi >>> 0).toString(16).padStart(8, '0')}${(lo >>> 0).toString(16).padStart(8, '0')}`;
}

/** The unsigned 64-bit number of two halves, exactly. */
export function exactOf(hi: number, lo: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** A number as `0x` and its digits: a raw value or an id. Offsets in sentences are those of formatOffset. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The text in these bytes up to the first NUL, as qemu reads a name; bytes that are not UTF-8 become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(untilNul(bytes));
}

/** The bytes up to the first NUL. */
export function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
