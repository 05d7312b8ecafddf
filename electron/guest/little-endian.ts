/** Reads from untrusted bytes of a guest's disk, whose tables are little-endian. */
import { dataViewOf } from '../../shared/bytes.ts';

/** Bytes as lower-case digits. */
export function hexDigits(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** 16 bytes as a UUID in the order in which they stand (RFC 9562); empty where all are 0. */
export function uuidOf(bytes: Uint8Array): string {
  if (bytes.every(byte => byte === 0)) return '';
  const digits = hexDigits(bytes);
  return [0, 8, 12, 16, 20].map((from, i, all) => digits.slice(from, all[i + 1] ?? 32)).join('-');
}

/** 16 bytes as a GUID: the first three fields are little-endian (UEFI 2.10, appendix A). */
export function guidOf(bytes: Uint8Array): string {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return uuidOf(Uint8Array.from(order, i => bytes[i] ?? 0));
}

/** The text in these bytes up to the first NUL, without spaces around it; bytes that are not UTF-8 become U+FFFD. */
export function trimmedText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end)).trim();
}

/** The UTF-16LE text in these bytes up to the first NUL. Halves of surrogate pairs stay, for fronts to escape. */
export function utf16Of(bytes: Uint8Array): string {
  const view = dataViewOf(bytes);
  const units: number[] = [];
  for (let at = 0; at + 2 <= bytes.length; at += 2) {
    const unit = view.getUint16(at, true);
    if (unit === 0) break;
    units.push(unit);
  }
  return String.fromCharCode(...units);
}

/** True if the ASCII text stands at `at`. */
export function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  if (at + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
