/**
 * What a safe rebase by qemu-img writes, in its order: it goes over the target once and compares what is read before and
 * after. Source: img_rebase and compare_buffers of qemu-img.c, compared with qemu 7.2 and 10.0.
 */
import { type SlicedWork, shouldYield } from '../../qcow2/read/sliced-work.ts';
import { passOver, readsZero, statusAbove } from '../layers/block-status.ts';
import { type ChainContent, ContentUnknown } from '../layers/chain-content.ts';
import type { LayerRuns } from '../layers/layer-runs.ts';

/** Bytes that are compared at once: IO_BUF_SIZE of qemu-img.c. */
const BUFFER_BYTES = 2 ** 21;
/** Bytes of a sector: the smallest part that is distinguished where writes are not aligned. */
const SECTOR_BYTES = 512;
/** Writes that are listed at most. */
const MAX_WRITES = 2 ** 20;
const WORD_BYTES = 4;

/** A rebase of layer `target` onto `base`, -1 for none. */
export interface RebaseWork {
  readonly runs: readonly LayerRuns[];
  readonly target: number;
  readonly base: number;
  /** Bytes of the target's smallest unit of allocation. */
  readonly unit: number;
  /** This qemu compares and writes whole units. */
  readonly alignsWrites: boolean;
  /** This qemu keeps to its buffer where it extends a range to whole units. */
  readonly keepsToBuffer: boolean;
}

/** One write of guest offsets [start, end). */
export interface RebaseWrite {
  readonly start: number;
  readonly end: number;
  /** Written as zeros. */
  readonly zero: boolean;
}

/** All writes of a rebase. */
export interface RebaseWrites {
  readonly writes: readonly RebaseWrite[];
  /** qemu-img aborts when it comes to this guest offset, because the range there is larger than its buffer. */
  readonly overflowsAt?: number;
}

/** The writes in ascending order; undefined where the content is not known or there are too many. Throws QCOW2_READ_FAILED. */
export function* rebaseWrites(work: RebaseWork, content: ChainContent): SlicedWork<RebaseWrites | undefined> {
  const comparison = new Comparison(work, content);
  try {
    yield* comparison.run();
  } catch (error) {
    if (!(error instanceof ContentUnknown)) throw error;
    return undefined;
  }
  const { writes, overflowsAt } = comparison;
  return overflowsAt === undefined ? { writes } : { writes, overflowsAt };
}

class Comparison {
  readonly #work: RebaseWork;
  readonly #content: ChainContent;
  readonly #size: number;
  readonly #oldSize: number;
  readonly #newSize: number;
  readonly #old = new Uint8Array(2 * BUFFER_BYTES);
  readonly #new = new Uint8Array(2 * BUFFER_BYTES);
  readonly #oldWords = new Int32Array(this.#old.buffer);
  readonly #newWords = new Int32Array(this.#new.buffer);
  /** The target holds everything before this offset that was written, rounded to whole units. */
  #heldTo = 0;
  readonly writes: RebaseWrite[] = [];
  overflowsAt: number | undefined;

  constructor(work: RebaseWork, content: ChainContent) {
    const { runs, target, base } = work;
    this.#work = work;
    this.#content = content;
    this.#size = runs[target]?.size ?? 0;
    this.#oldSize = runs[target - 1]?.size ?? 0;
    this.#newSize = runs[base]?.size ?? 0;
  }

  *run(): SlicedWork<void> {
    let steps = 0;
    for (let offset = 0; offset < this.#size && this.overflowsAt === undefined; ) {
      if (shouldYield(steps++)) yield;
      const held = Math.min(this.#heldTo, this.#size);
      const next = offset < held ? held : this.#skipped(offset);
      if (next > offset) {
        offset = next;
        continue;
      }
      const [start, end] = this.#range(offset);
      if (this.#compares(start, end)) yield; // millions of bytes were read
      offset = end;
    }
  }

  /** The end of what qemu leaves alone from `offset` on, where the tables tell; `offset` where it has to compare. */
  #skipped(offset: number): number {
    const { runs, target, base } = this.#work;
    const top = statusAbove(runs, target, target, offset, this.#size - offset);
    // What cannot be read is not cut into slices: a header may claim petabytes of it.
    if (top.damaged) return offset + passOver(runs, target, target, offset, this.#size - offset).length;
    if (top.layer === target) return offset + top.length;
    const between = passOver(runs, target - 1, base + 1, offset, top.length);
    if (between.layer >= 0) return offset;
    // With a new base, ranges end where a layer changes.
    if (base >= 0) return offset + between.length;
    // Without one they end at slices and buffers: only where all of it reads as zeros are they passed over together.
    const span = (runs[target] as LayerRuns).sliceSpan;
    const far = passOver(runs, target, 0, offset, this.#size - offset);
    if (far.layer >= 0) return offset;
    const end = Math.floor((offset + far.length) / span) * span;
    return end > offset ? end : offset;
  }

  /** The range that is compared next. */
  #range(offset: number): [start: number, end: number] {
    const { runs, target, base, unit, alignsWrites, keepsToBuffer } = this.#work;
    const most = Math.min(BUFFER_BYTES, this.#size - offset);
    let { length } = statusAbove(runs, target, target, offset, most);
    if (base >= 0) length = statusAbove(runs, target - 1, base + 1, offset, length).length;
    if (!alignsWrites) return [offset, offset + this.#clipped(offset, length)];
    const start = Math.floor(offset / unit) * unit;
    const end = Math.min(this.#size, Math.ceil((offset + length) / unit) * unit);
    if (keepsToBuffer) return [start, Math.min(end, start + BUFFER_BYTES)];
    if (end - start > BUFFER_BYTES) this.overflowsAt = start;
    return [start, end];
  }

  /** A range that ends where the old or the new backing file does. */
  #clipped(offset: number, length: number): number {
    let clipped = length;
    if (offset < this.#oldSize) clipped = Math.min(clipped, this.#oldSize - offset);
    if (offset < this.#newSize) clipped = Math.min(clipped, this.#newSize - offset);
    return clipped;
  }

  /** Compares [start, end) and notes what is written. True where content was read. */
  #compares(start: number, end: number): boolean {
    const { runs, target, base, unit, alignsWrites } = this.#work;
    if (this.overflowsAt !== undefined) return false;
    if (readsZero(runs, target - 1, start, end) && readsZero(runs, base, start, end)) return false;
    const length = end - start;
    if (length % WORD_BYTES !== 0) throw new ContentUnknown('not whole sectors');
    this.#content.read(target - 1, start, this.#old.subarray(0, length));
    this.#content.read(base, start, this.#new.subarray(0, length));
    const part = alignsWrites ? unit : SECTOR_BYTES;
    let isPastOld = start >= this.#oldSize;
    for (let at = 0; at < length; ) {
      const from = at;
      const differs = this.#differs(at, Math.min(length, at + part));
      do at = Math.min(length, at + part);
      while (at < length && this.#differs(at, Math.min(length, at + part)) === differs);
      if (differs) this.#note({ start: start + from, end: start + at, zero: isPastOld });
      if (alignsWrites && start + at >= this.#oldSize) isPastOld = true;
    }
    return true;
  }

  #differs(from: number, to: number): boolean {
    for (let i = from / WORD_BYTES; i < to / WORD_BYTES; i++)
      if (this.#oldWords[i] !== this.#newWords[i]) return true;
    return false;
  }

  #note(write: RebaseWrite): void {
    if (this.writes.length === MAX_WRITES) throw new ContentUnknown('too many writes');
    this.writes.push(write);
    this.#heldTo = Math.ceil(write.end / this.#work.unit) * this.#work.unit;
  }
}
