/**
 * A page: the extents of one fixed, aligned span of the guest's offsets, packed into typed arrays.
 *
 * Every layer's table is cut into pages of one span, so that pages can be read in any order, replaced one by one,
 * swept across layers independently and dropped when memory is short. Within a page starts ascend from 0 with no
 * gaps; an extent ends where the next one starts, the last at the end of the page. Starts are kept in units of
 * 2**shift bytes in the narrowest array that holds them: 3 bytes an extent for whole clusters of a usual chain.
 */

/** Packed extents of one page. Offsets are relative to the page's first byte. */
export interface Page {
  /** Number of extents, at least 1. */
  readonly count: number;
  /** Starts are in units of 2**shift bytes (0..31). */
  readonly shift: number;
  /** Ascending, first is 0. */
  readonly starts: Uint16Array | Uint32Array | Float64Array;
  /** Index of each extent's word in the table's {@link WordSet}. */
  readonly codes: Uint8Array | Uint16Array;
  /** Host offset of each extent's first byte, -1 where it has none; only in pages made for host offsets. */
  readonly hosts?: Float64Array;
}

const MAX_CODES = 0x10000;
/** Words below this (every word of one layer without marks) are looked up in an array instead of a map. */
const SMALL_WORDS = 0x800;

/** The small dictionary of words that one table uses; a page stores the index (code) instead of the word. */
export class WordSet {
  /** The word of each code. */
  readonly words: number[] = [];
  readonly #small = new Int32Array(SMALL_WORDS).fill(-1);
  readonly #large = new Map<number, number>();

  /** The code of `word`, added when new. Throws RangeError past 65,536 different words (callers bound their words). */
  code(word: number): number {
    const key = word >>> 0;
    const known = key < SMALL_WORDS ? (this.#small[key] as number) : (this.#large.get(key) ?? -1);
    return known >= 0 ? known : this.#add(key);
  }

  #add(key: number): number {
    const code = this.words.length;
    if (code >= MAX_CODES) throw new RangeError('too many different extent words in one table');
    if (key < SMALL_WORDS) this.#small[key] = code;
    else this.#large.set(key, code);
    this.words.push(key);
    return code;
  }

  /** The word of `code`. */
  word(code: number): number {
    return this.words[code] as number;
  }
}

/**
 * Collects the extents of one page in ascending order, coalescing equal neighbours, and packs them.
 *
 * One writer is reused for page after page: `begin`, any number of `push`, `seal`. With `hosts` on, extents coalesce
 * only where the host offset runs on too.
 */
export class PageWriter {
  /** Extents pushed so far. */
  count = 0;
  #starts = new Float64Array(4096);
  #codes = new Uint16Array(4096);
  #hosts: Float64Array | undefined;

  constructor(withHosts = false) {
    if (withHosts) this.#hosts = new Float64Array(4096);
  }

  /** Forgets what was pushed and starts a new page. */
  begin(): void {
    this.count = 0;
  }

  /**
   * Adds an extent that starts `start` bytes into the page. Starts must ascend and the first must be 0; the extent
   * runs to the next start. An extent equal to its predecessor is coalesced. `host` is the host offset of its first
   * byte, or -1 for none; it is ignored unless the writer keeps hosts.
   */
  push(start: number, code: number, host = -1): void {
    const n = this.count;
    if (n > 0 && this.#codes[n - 1] === code) {
      const hosts = this.#hosts;
      if (hosts === undefined) return;
      const previous = hosts[n - 1] as number;
      if (
        host < 0
          ? previous < 0
          : previous >= 0 && previous + (start - (this.#starts[n - 1] as number)) === host
      )
        return;
    }
    if (n === this.#starts.length) this.#grow();
    this.#starts[n] = start;
    this.#codes[n] = code;
    if (this.#hosts !== undefined) this.#hosts[n] = host;
    this.count = n + 1;
  }

  /** Takes the last extent back. */
  pop(): void {
    this.count--;
  }

  /**
   * Adds the first `n` extents of two arrays: the same as pushing each in turn, and faster. Neighbours in the arrays must
   * differ already; only the first may equal what was pushed last. Not for a writer that keeps hosts.
   */
  pushAll(starts: Float64Array, codes: Uint16Array, n: number): void {
    const skip = n > 0 && this.count > 0 && this.#codes[this.count - 1] === codes[0] ? 1 : 0;
    while (this.count + n > this.#starts.length) this.#grow();
    this.#starts.set(starts.subarray(skip, n), this.count);
    this.#codes.set(codes.subarray(skip, n), this.count);
    this.count += n - skip;
  }

  /** Packs what was pushed into a page of its own memory. At least one extent must have been pushed. */
  seal(): Page {
    const n = this.count;
    const from = this.#starts;
    let low = 0;
    let maxCode = 0;
    for (let i = 0; i < n; i++) {
      low |= from[i] as number;
      const code = this.#codes[i] as number;
      if (code > maxCode) maxCode = code;
    }
    const shift = trailingZeros(low);
    const starts = packStarts(from, n, 2 ** shift);
    const codes = maxCode < 256 ? new Uint8Array(this.#codes.subarray(0, n)) : this.#codes.slice(0, n);
    const page = { count: n, shift, starts, codes };
    return this.#hosts === undefined ? page : { ...page, hosts: this.#hosts.slice(0, n) };
  }

  #grow(): void {
    const size = this.#starts.length * 2;
    const starts = new Float64Array(size);
    starts.set(this.#starts);
    this.#starts = starts;
    const codes = new Uint16Array(size);
    codes.set(this.#codes);
    this.#codes = codes;
    if (this.#hosts !== undefined) {
      const hosts = new Float64Array(size);
      hosts.set(this.#hosts);
      this.#hosts = hosts;
    }
  }
}

function packStarts(from: Float64Array, n: number, unit: number): Page['starts'] {
  const last = (from[n - 1] as number) / unit;
  const starts =
    last <= 0xffff ? new Uint16Array(n) : last <= 0xffffffff ? new Uint32Array(n) : new Float64Array(n);
  const scale = 1 / unit; // a power of two: the product is exact
  for (let i = 0; i < n; i++) starts[i] = (from[i] as number) * scale;
  return starts;
}

/** Zero bits below the lowest set bit of a whole number up to 2^53, at most 31. */
export function trailingZeros(value: number): number {
  const low = value | 0; // ToInt32 keeps the low 32 bits
  return low === 0 ? 31 : 31 - Math.clz32(low & -low);
}

/** A page that is one extent with one code over its whole span. */
export function uniformPage(code: number): Page {
  return {
    count: 1,
    shift: 31,
    starts: new Uint16Array(1),
    codes: code < 256 ? Uint8Array.of(code) : Uint16Array.of(code),
  };
}

/** Start of extent `i`, in bytes from the page's first byte. */
export function pageStart(page: Page, i: number): number {
  return (page.starts[i] as number) * 2 ** page.shift;
}

/** Index of the extent that holds `offset` (bytes from the page's first byte, within the page). */
export function pageIndexAt(page: Page, offset: number): number {
  const target = offset / 2 ** page.shift;
  let low = 0;
  let high = page.count - 1;
  while (low < high) {
    const mid = (low + high + 1) >>> 1;
    if ((page.starts[mid] as number) <= target) low = mid;
    else high = mid - 1;
  }
  return low;
}
