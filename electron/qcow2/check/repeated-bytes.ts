/** Finds repeated numbers with the comparison of the C library, several times as fast as a loop over numbers. */
import { Buffer } from 'node:buffer';

/** A loop compares shorter stretches faster than a call does. */
const MIN_BYTES = 1024;

/**
 * True if each of the bytes [start, end) of `memory` is the same as the one `period` bytes before it, as far as that lies
 * in the stretch too. False also for stretches so short that a loop over them is faster.
 */
export function repeats(memory: ArrayBufferLike, start: number, end: number, period: number): boolean {
  const length = end - start - period;
  if (length < MIN_BYTES) return false;
  const bytes = Buffer.from(memory, start, length + period);
  return bytes.compare(bytes, 0, length, period, length + period) === 0;
}

/**
 * The first of refcounts (index, end) that may differ from the one at `index`, `end` where none does; looks at 32 bits at
 * once, and only as far as whole words of equal refcounts go.
 */
export function endOfEqualRefcounts(
  view: DataView,
  at: number,
  index: number,
  end: number,
  bits: number,
): number {
  const perWord = 32 / bits;
  const words = Math.floor((end - index) / perWord);
  if (bits > 32 || index % perWord !== 0 || words === 0) return index + 1;
  const start = at + (index * bits) / 8;
  const first = view.getInt32(start);
  if (!hasEqualRefcounts(first, bits)) return index + 1;
  if (repeats(view.buffer, view.byteOffset + start, view.byteOffset + start + words * 4, 4))
    return index + words * perWord;
  let same = 1;
  while (same < words && view.getInt32(start + same * 4) === first) same++;
  return index + same * perWord;
}

/** True if all refcounts in 32 bits are the same. */
function hasEqualRefcounts(word: number, bits: number): boolean {
  return ((word << bits) | (word >>> (32 - bits))) === word;
}
