/** CRC-32C (Castagnoli), as file systems of Linux use it. RFC 3720, section 12.1. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** The register after these bytes, from what it was before: neither inverted at the beginning nor at the end. */
export function crc32c(before: number, bytes: Uint8Array): number {
  let value = before;
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
  return value >>> 0;
}
