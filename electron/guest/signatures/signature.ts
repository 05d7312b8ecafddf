/** What a signature is, and the places where signatures lie. */
import { uint64At } from '../../../shared/bytes.ts';
import type { Range } from '../../../shared/model/finding.ts';
import { hexDigits, trimmedText, uuidOf } from '../little-endian.ts';

/** What a signature tells beside its type. */
export interface SignatureDetails {
  /** Instead of the type of the rule. */
  readonly type?: string;
  readonly label?: string;
  readonly uuid?: string;
  /** Bytes that are covered. */
  readonly size?: number;
}

/** How one kind of content is recognized. */
export interface Signature {
  /** As blkid(8) names it. */
  readonly type: string;
  /** Where the magic bytes lie, and which they are. */
  readonly magics: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  /** Reads more of it; undefined where what surrounds the magic bytes does not belong to it. Default: nothing more. */
  read?(bytes: Uint8Array, view: DataView): SignatureDetails | undefined;
}

/** Bytes from the beginning of a range in which all signatures of {@link Signature} lie. */
export const HEAD_BYTES = 0x11000;

/**
 * The parts of these bytes that are read: what lies between them has no signature. Sectors of boot records and super blocks,
 * the ends of pages of 4 to 64 KiB (swap), the volume descriptors at 32 KiB (ISO 9660), and the super block at 64 KiB (btrfs).
 */
export const HEAD_PARTS: readonly Range[] = [
  [0, 0x2000],
  [0x3e00, 0x200],
  [0x7e00, 0x2200],
  [0xfe00, 0x1200],
];

/** ASCII text as bytes. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, character => character.charCodeAt(0));
}

/** Digits as bytes. */
export function hexBytes(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], pair => Number.parseInt(pair, 16));
}

/** A rule with one place of its magic bytes. */
export function signature(
  type: string,
  at: number,
  bytes: Uint8Array,
  read?: (bytes: Uint8Array, view: DataView) => SignatureDetails | undefined,
): Signature {
  return { type, magics: [{ at, bytes }], ...(read === undefined ? {} : { read }) };
}

/** The label of `length` bytes at `at`. */
export function labelAt(bytes: Uint8Array, at: number, length: number): string {
  return trimmedText(bytes.subarray(at, at + length));
}

/** The UUID at `at`. */
export function uuidAt(bytes: Uint8Array, at: number): string {
  return uuidOf(bytes.subarray(at, at + 16));
}

/** A serial number of 4 bytes as FAT and exFAT show it; empty where it is 0. */
export function serialAt(bytes: Uint8Array, at: number): string {
  const digits = hexDigits(Uint8Array.from(bytes.subarray(at, at + 4)).reverse()).toUpperCase();
  return digits === '00000000' ? '' : `${digits.slice(0, 4)}-${digits.slice(4)}`;
}

/** A stored number of units of so many bytes, in bytes; not exact where it is larger than any disk. */
export function bytesAt(view: DataView, at: number, unit: number, littleEndian = true): number {
  return uint64At(view, at, littleEndian) * unit;
}
