/** Tables of 8-byte entries, read in parts as they are needed: L1 tables and bitmap tables may have millions of entries. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { CowscopeError } from '../../../shared/error.ts';
import { type ImageSource, readFully, sizeNow } from './source.ts';

/** Entries in a part. One part of an L1 table with 64 KiB clusters covers 2 TiB. */
const PART_ENTRIES = 4096;
const PART_BYTES = PART_ENTRIES * 8;
/** Memory of the parts that a cache keeps by default. */
const DEFAULT_CACHE_BYTES = 2 ** 25;

/** A part in memory: its first entry and its bytes. */
interface Part {
  readonly table: EntryTable;
  readonly index: number;
  readonly view: DataView;
}

/**
 * Bounds the memory of the parts that tables keep: one cache serves all layers of a chain. The part that was read first
 * goes first. Parts without any used entry take no memory.
 */
export class PartCache {
  readonly #most: number;
  /** In the order read; entries before `#oldest` are gone. */
  #parts: Part[] = [];
  #oldest = 0;

  constructor(bytes = DEFAULT_CACHE_BYTES) {
    this.#most = Math.max(1, Math.floor(bytes / PART_BYTES));
  }

  /** Bytes held now. */
  get bytes(): number {
    return (this.#parts.length - this.#oldest) * PART_BYTES;
  }

  /** Keeps a part, and lets the oldest one go where there are too many. */
  add(part: Part): void {
    if (this.#parts.length - this.#oldest === this.#most) {
      const oldest = this.#parts[this.#oldest++] as Part;
      oldest.table.forget(oldest.index);
    }
    if (this.#oldest > this.#most) {
      this.#parts = this.#parts.slice(this.#oldest);
      this.#oldest = 0;
    }
    this.#parts.push(part);
  }
}

/** One table in the file. */
export class EntryTable {
  /** Where it lies in the file. */
  readonly fileOffset: number;
  /** Entries that the file held when the table was opened; more are not read. */
  readonly count: number;
  readonly #source: ImageSource;
  readonly #cache: PartCache;
  readonly #parts: (DataView | undefined)[] = [];
  /** A bit for each part that was read and has no used entry. */
  readonly #isEmpty: Uint8Array;
  #current = -1;
  /** Memory of a part that was empty, for the next one. */
  #spare: Uint8Array | undefined;
  #view = dataViewOf(new Uint8Array(0));

  /** The first `entries` entries of the table at `fileOffset`; fewer where the file ends before. Throws QCOW2_READ_FAILED. */
  constructor(source: ImageSource, fileOffset: number, entries: number, cache = new PartCache()) {
    this.#source = source;
    this.#cache = cache;
    this.fileOffset = fileOffset;
    this.count = Math.max(0, Math.min(entries, Math.floor((sizeNow(source) - fileOffset) / 8)));
    this.#isEmpty = new Uint8Array(Math.ceil(this.count / PART_ENTRIES / 8));
  }

  /** High 32 bits of an entry below `count`. Throws QCOW2_READ_FAILED. */
  hi(index: number): number {
    const at = this.#locate(index);
    return at < 0 ? 0 : this.#view.getUint32(at);
  }

  /** Low 32 bits of an entry below `count`. Throws QCOW2_READ_FAILED. */
  lo(index: number): number {
    const at = this.#locate(index);
    return at < 0 ? 0 : this.#view.getUint32(at + 4);
  }

  /** The first entry of [index, end) that is not zero, `end` where there is none. Throws QCOW2_READ_FAILED. */
  nextUsed(index: number, end: number): number {
    while (index < end) {
      const at = this.#locate(index);
      const partEnd = Math.min(end, (Math.floor(index / PART_ENTRIES) + 1) * PART_ENTRIES);
      if (at >= 0) {
        const found = nextNonZero(this.#view, at, at + (partEnd - index) * 8);
        if (found >= 0) return index + (found - at) / 8;
      }
      index = partEnd;
    }
    return end;
  }

  /** Of [index, end), the first entry whose value differs from that of `index`; `end` where none does. Throws QCOW2_READ_FAILED. */
  endOfRun(index: number, end: number): number {
    const hi = this.hi(index);
    const lo = this.lo(index);
    if ((hi | lo) === 0) return this.nextUsed(index, end);
    let at = index + 1;
    while (at < end && this.lo(at) === lo && this.hi(at) === hi) at++;
    return at;
  }

  /** First entry after the part that `index` lies in, at most `count`: what could not be read ends there. */
  endOfPart(index: number): number {
    return Math.min(this.count, (Math.floor(index / PART_ENTRIES) + 1) * PART_ENTRIES);
  }

  /** Drops a part from memory: it is read again when it is needed. For the cache. */
  forget(part: number): void {
    this.#parts[part] = undefined;
    if (this.#current === part) this.#current = -1;
  }

  /** Offset of an entry in the current view, -1 where its part is known to be zeros. */
  #locate(index: number): number {
    const part = Math.floor(index / PART_ENTRIES);
    if (part !== this.#current) {
      if (this.#knowsEmpty(part)) return -1;
      const held = this.#parts[part] ?? this.#load(part);
      if (held === undefined) return -1;
      this.#view = held;
      this.#current = part;
    }
    return (index - part * PART_ENTRIES) * 8;
  }

  #knowsEmpty(part: number): boolean {
    return (((this.#isEmpty[part >>> 3] as number) >>> (part & 7)) & 1) === 1;
  }

  #load(index: number): DataView | undefined {
    const position = this.fileOffset + index * PART_BYTES;
    const memory = this.#spare ?? new Uint8Array(PART_BYTES);
    const bytes = memory.subarray(0, (this.count - index * PART_ENTRIES) * 8);
    if (readFully(this.#source, bytes, position) < bytes.length)
      throw new CowscopeError({
        code: 'QCOW2_READ_FAILED',
        what: 'the file became shorter while it was read',
        subject: this.#source.path,
        advice: 'open it again',
      });
    const view = dataViewOf(bytes);
    if (nextNonZero(view, 0, bytes.length) < 0) {
      this.#spare = memory;
      this.#isEmpty[index >>> 3] = (this.#isEmpty[index >>> 3] as number) | (1 << (index & 7));
      return undefined;
    }
    this.#spare = undefined;
    this.#parts[index] = view;
    this.#cache.add({ table: this, index, view });
    return view;
  }
}

/** Offset of the first 8 bytes in [at, end) that are not all zero, -1 where there are none; both multiples of 8. */
function nextNonZero(view: DataView, at: number, end: number): number {
  for (; at < end; at += 8) if ((view.getUint32(at) | view.getUint32(at + 4)) !== 0) return at;
  return -1;
}
