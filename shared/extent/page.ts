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
  readonly starts: Uint16Array | Int32Array | Float64Array;
  /** Index of each extent's word in the table's {@link WordSet}. */
  readonly codes: Uint8Array | Uint16Array;
  /** Host offset of each extent's first byte, -1 where it has none; only in pages made for host offsets. */
  readonly hosts?: Float64Array;
}

const MAX_CODES = 0x10000;
/** Words below this (every word of one layer without marks) are looked up in an array instead of a map. */
const SMALL_WORDS = 0x800;
/** What a set has before its first word: a chain may have a set for each of 65,535 bitmaps. */
const NO_CODES = new Int32Array(SMALL_WORDS).fill(-1);

/** The small dictionary of words that one table uses; a page stores the index (code) instead of the word. */
export class WordSet {
  /** The word of each code. */
  readonly words: number[] = [];
  #small = NO_CODES;
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
    if (this.#small === NO_CODES) this.#small = NO_CODES.slice();
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

/** Extents that a new writer has room for: few, since a chain may have a writer for each of 65,535 bitmaps. */
const ROOM = 64;

/**
 * Collects the extents of one page in ascending order, coalescing equal neighbors, and packs them.
 *
 * One writer is reused for page after page: `begin`, any number of `push`, then `seal` or `peek`. With hosts, extents
 * coalesce only where the host offset runs on too.
 */
export class PageWriter {
  /** Extents so far, their starts in units, their codes and, in a writer that keeps them, their host offsets. */
  count = 0;
  starts: Int32Array | Float64Array;
  codes = new Uint16Array(ROOM);
  hosts: Float64Array | undefined;
  /** Bytes of a unit, a power of two. */
  readonly unit: number;

  /** Every start is a multiple of `unit` bytes. Where that is more than one byte, a page has less than 2^31 units. */
  constructor(withHosts = false, unit = 1) {
    this.unit = unit;
    this.starts = unit === 1 ? new Float64Array(ROOM) : new Int32Array(ROOM);
    if (withHosts) this.hosts = new Float64Array(ROOM);
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
    const { hosts, unit } = this;
    if (n > 0 && this.codes[n - 1] === code) {
      if (hosts === undefined) return;
      const previous = hosts[n - 1] as number;
      if (
        host < 0
          ? previous < 0
          : previous >= 0 && previous + (start - (this.starts[n - 1] as number) * unit) === host
      )
        return;
    }
    if (n === this.codes.length) this.reserve(1); // a call that is rare is not inlined into the loops that push
    this.starts[n] = start / unit;
    this.codes[n] = code;
    if (this.hosts !== undefined) this.hosts[n] = host;
    this.count = n + 1;
  }

  /** Start of extent `i`, in bytes from the page's first byte. */
  startAt(i: number): number {
    return (this.starts[i] as number) * this.unit;
  }

  /** Host offset of extent `i`, -1 where it has none or none are kept. */
  hostAt(i: number): number {
    return this.hosts === undefined ? -1 : (this.hosts[i] as number);
  }

  /** Bytes of memory that the writer holds. */
  get byteLength(): number {
    return this.starts.byteLength + this.codes.byteLength + (this.hosts?.byteLength ?? 0);
  }

  /** Takes the last extent back. */
  pop(): void {
    this.count--;
  }

  /** Ensures capacity for `more` extents. The caller writes the arrays directly and then increases `count`. */
  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.codes.length) return;
    const size = Math.max(needed, this.codes.length * 2);
    this.starts = copiedInto(this.starts, this.unit === 1 ? new Float64Array(size) : new Int32Array(size));
    this.codes = copiedInto(this.codes, new Uint16Array(size));
    if (this.hosts !== undefined) this.hosts = copiedInto(this.hosts, new Float64Array(size));
  }

  /** What was pushed as a page in the writer's own memory: it holds until the next `begin`. */
  peek(): Page {
    const n = this.count;
    const page = {
      count: n,
      shift: trailingZeros(this.unit),
      starts: this.starts.subarray(0, n),
      codes: this.codes.subarray(0, n),
    };
    return this.hosts === undefined ? page : { ...page, hosts: this.hosts.subarray(0, n) };
  }

  /** Packs what was pushed into a page with separate memory. At least one extent must have been pushed. */
  seal(): Page {
    const page = this.peek();
    const { starts, codes, count } = page;
    let anyStart = 0;
    let anyCode = 0;
    for (let i = 0; i < count; i++) {
      anyStart |= starts[i] as number;
      anyCode |= codes[i] as number;
    }
    const more = Math.min(trailingZeros(anyStart), 31 - page.shift);
    return {
      count,
      shift: page.shift + more,
      starts: packStarts(starts, 2 ** -more),
      codes: anyCode < 256 ? new Uint8Array(codes) : codes.slice(),
      ...(page.hosts === undefined ? {} : { hosts: page.hosts.slice() }),
    };
  }
}

/** `into` with what `from` held at its beginning: the memory of something that grows. */
export function copiedInto<T extends { set(from: T): void }>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Starts times `scale`, a power of two that leaves them whole, in the narrowest array. */
function packStarts(from: Page['starts'], scale: number): Page['starts'] {
  const n = from.length;
  const last = (from[n - 1] as number) * scale;
  const starts =
    last <= 0xffff ? new Uint16Array(n) : last <= 0x7fffffff ? new Int32Array(n) : new Float64Array(n);
  if (scale === 1) starts.set(from);
  else for (let i = 0; i < n; i++) starts[i] = (from[i] as number) * scale;
  return starts;
}

/** Zero bits below the lowest set bit of a whole number up to 2^53, at most 31. */
export function trailingZeros(value: number): number {
  const low = value | 0; // ToInt32 keeps the low 32 bits
  return low === 0 ? 31 : 31 - Math.clz32(low & -low);
}

/** Bytes of memory that a page's arrays take. */
export function pageBytes({ starts, codes, hosts }: Page): number {
  return starts.byteLength + codes.byteLength + (hosts?.byteLength ?? 0);
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
