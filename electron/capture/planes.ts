/**
 * The codec `planes` for tables of 64-bit entries: a byte for each word says whether it is 0, 1 or another number. Of the
 * other words the difference from the one before follows, one plane of bytes after the other, high bytes first. Entries of a
 * table count up, so that most planes are runs of one byte.
 *
 * Raw deflate with run lengths alone: it is as short for such planes as the search for longer matches, and its output is the
 * same with every zlib, while that of the search is not.
 */
import { dataViewOf } from '../../shared/bytes.ts';

/** Kinds of words. */
const ZERO = 0;
const ONE = 1;
const OTHER = 2;

/** Strategy 3 is Z_RLE: matches at a distance of 1 alone. */
const DEFLATE = { level: 6, memLevel: 8, windowBits: 15, strategy: 3 } as const;

/** Loaded when the first frame is coded: the engine's thread starts without it. */
const zlib = () => process.getBuiltinModule('node:zlib');

/** The bytes coded; `stride` is how many words lie between a word and the one that it is compared with: 1 or 2. */
export function encodePlanes(bytes: Uint8Array, stride: 1 | 2): Uint8Array {
  const words = Math.floor(bytes.length / 8);
  const view = dataViewOf(bytes);
  const kinds = new Uint8Array(words);
  let others = 0;
  for (let i = 0; i < words; i++) {
    const kind = kindOf(view.getUint32(8 * i), view.getUint32(8 * i + 4));
    kinds[i] = kind;
    if (kind === OTHER) others++;
  }
  const planes = new Uint8Array(words + 8 * others + (bytes.length - 8 * words));
  planes.set(kinds);
  planes.set(bytes.subarray(8 * words), words + 8 * others);
  const before = { hi: [0, 0], lo: [0, 0] };
  for (let i = 0, at = words; i < words; i++) {
    if (kinds[i] !== OTHER) continue;
    const hi = view.getUint32(8 * i);
    const lo = view.getUint32(8 * i + 4);
    const turn = i % stride;
    const differenceLo = (lo - (before.lo[turn] as number)) | 0;
    const borrow = lo < (before.lo[turn] as number) ? 1 : 0;
    const differenceHi = (hi - (before.hi[turn] as number) - borrow) | 0;
    before.hi[turn] = hi;
    before.lo[turn] = lo;
    // The sign goes into the lowest bit: small differences of both signs are small numbers.
    const sign = differenceHi >> 31;
    const foldedHi = ((differenceHi << 1) | (differenceLo >>> 31)) ^ sign;
    const foldedLo = (differenceLo << 1) ^ sign;
    for (let plane = 0; plane < 4; plane++) {
      planes[at + plane * others] = foldedHi >>> (24 - 8 * plane);
      planes[at + (plane + 4) * others] = foldedLo >>> (24 - 8 * plane);
    }
    at++;
  }
  return zlib().deflateRawSync(planes, DEFLATE);
}

function kindOf(hi: number, lo: number): number {
  if (hi !== 0) return OTHER;
  return lo === 0 ? ZERO : lo === 1 ? ONE : OTHER;
}

/** The `length` bytes that were coded; undefined for what is no such code. Takes a bounded multiple of `length` in memory. */
export function decodePlanes(stored: Uint8Array, length: number, stride: 1 | 2): Uint8Array | undefined {
  const words = Math.floor(length / 8);
  let planes: Uint8Array;
  try {
    planes = zlib().inflateRawSync(stored, { maxOutputLength: Math.max(1, words + length) });
  } catch {
    return undefined;
  }
  let others = 0;
  for (let i = 0; i < words; i++) {
    const kind = planes[i] as number;
    if (kind > OTHER) return undefined;
    if (kind === OTHER) others++;
  }
  if (planes.length !== words + 8 * others + (length - 8 * words)) return undefined;
  const bytes = new Uint8Array(length);
  bytes.set(planes.subarray(words + 8 * others), 8 * words);
  const view = new DataView(bytes.buffer);
  const before = { hi: [0, 0], lo: [0, 0] };
  for (let i = 0, at = words; i < words; i++) {
    if (planes[i] === ONE) view.setUint32(8 * i + 4, 1);
    if (planes[i] !== OTHER) continue;
    let foldedHi = 0;
    let foldedLo = 0;
    for (let plane = 0; plane < 4; plane++) {
      foldedHi = (foldedHi << 8) | (planes[at + plane * others] as number);
      foldedLo = (foldedLo << 8) | (planes[at + (plane + 4) * others] as number);
    }
    at++;
    const sign = -(foldedLo & 1);
    const differenceLo = ((foldedLo >>> 1) | (foldedHi << 31)) ^ sign;
    const differenceHi = (foldedHi >>> 1) ^ sign;
    const turn = i % stride;
    const lo = (before.lo[turn] as number) + (differenceLo >>> 0);
    const hi = (before.hi[turn] as number) + (differenceHi >>> 0) + (lo > 0xffff_ffff ? 1 : 0);
    before.lo[turn] = lo >>> 0;
    before.hi[turn] = hi >>> 0;
    view.setUint32(8 * i, hi >>> 0);
    view.setUint32(8 * i + 4, lo >>> 0);
  }
  return bytes;
}
