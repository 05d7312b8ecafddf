/** Ranges of a comparison in memory: ten bytes each, found by offset and by their number among those of some kinds. */
import type { Relation } from '../../../shared/compare/differences.ts';
import { contentOf } from '../../../shared/compare/differences.ts';
import { stateIndexOf } from '../../../shared/extent/flags.ts';
import type { RowSide } from './difference-rows.ts';

/** Every relation, the kinds of differences first. Their bits make up masks. */
export const RELATIONS = ['content', 'mayDiffer', 'unreadable', 'length', 'state', 'same'] as const;

/** What ranges of one code are. */
export interface RangeKind {
  readonly relation: Relation;
  readonly a: RowSide;
  readonly b: RowSide;
}

/** One range. */
export interface ComparedRange extends RangeKind {
  readonly start: number;
  readonly end: number;
}

/** Ranges kept at most: 40 MB. */
const MAX_RANGES = 4_000_000;
/** Codes are 16-bit numbers. */
const MAX_CODES = 65_536;
/** Ranges whose kinds are counted together. */
const BLOCK_RANGES = 4096;

/** The mask of some relations. */
export function maskOf(relations: readonly Relation[]): number {
  return relations.reduce((mask, relation) => mask | (1 << RELATIONS.indexOf(relation)), 0);
}

/** Ranges in ascending order, without gaps from 0 on. */
export class RangeTable {
  count = 0;
  /** Where the last range ends. */
  end = 0;
  /** There is no room for what comes after `end`. */
  isFull = false;
  /** Bytes of each relation. */
  readonly bytes = new Float64Array(RELATIONS.length);
  /** Bytes that have to be read to compare what was not compared, of both sides together. */
  unread = 0;
  readonly #kinds: RangeKind[] = [];
  readonly #codes = new Map<string, number>();
  /** By code: the number of its relation. */
  readonly #relations = new Uint8Array(MAX_CODES);
  #starts = new Float64Array(1024);
  #codeOf = new Uint16Array(1024);
  /** For each block, ranges of each relation before it. */
  #before: Uint32Array[] = [];
  readonly #ranges = new Uint32Array(RELATIONS.length);

  /** Adds the range from the end of the last one on. What finds no room is left out, and so is all after it. */
  add(end: number, relation: Relation, a: RowSide, b: RowSide): void {
    if (this.isFull) return;
    const code = this.#codeFor(relation, a, b);
    const goesOn = this.count > 0 && this.#codeOf[this.count - 1] === code;
    if (code < 0 || (!goesOn && this.count === MAX_RANGES)) {
      this.isFull = true;
      return;
    }
    const number = RELATIONS.indexOf(relation);
    const length = end - this.end;
    this.bytes[number] = (this.bytes[number] as number) + length;
    if (relation === 'mayDiffer') this.unread += length * sidesWithData(a, b);
    if (!goesOn) {
      this.#reserve();
      if (this.count % BLOCK_RANGES === 0) this.#before.push(this.#ranges.slice());
      this.#starts[this.count] = this.end;
      this.#codeOf[this.count] = code;
      this.#ranges[number] = (this.#ranges[number] as number) + 1;
      this.count++;
    }
    this.end = end;
  }

  /** The range of a number below `count`. */
  at(index: number): ComparedRange {
    return { ...this.kindAt(index), start: this.startAt(index), end: this.startAt(index + 1) };
  }

  /** What a range is. Allocates nothing: a picture goes over millions. */
  kindAt(index: number): RangeKind {
    return this.#kinds[this.#codeOf[index] as number] as RangeKind;
  }

  /** Where a range begins; that of number `count` is the end of the last one. */
  startAt(index: number): number {
    return index < this.count ? (this.#starts[index] as number) : this.end;
  }

  /** The number of the range that holds an offset below `end`; `count` for one past it. */
  indexAt(offset: number): number {
    if (offset >= this.end) return this.count;
    let low = 0;
    for (let high = this.count - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** How many of the ranges before number `index` are of the relations in a mask. */
  countBefore(index: number, mask: number): number {
    const block = Math.floor(index / BLOCK_RANGES);
    const counted = this.#before[block];
    let sum = sumOf(counted ?? this.#ranges, mask);
    if (counted === undefined) return sum;
    for (let i = block * BLOCK_RANGES; i < index; i++) if (this.#isOf(i, mask)) sum++;
    return sum;
  }

  /** The number of the first range from `index` on that is of the mask; `count` where there is none. */
  nextOf(index: number, mask: number): number {
    let i = index;
    while (i < this.count && !this.#isOf(i, mask)) {
      // A whole block without any is passed over.
      const block = i / BLOCK_RANGES;
      const here = this.#before[block];
      const isEmpty =
        here !== undefined && sumOf(this.#before[block + 1] ?? this.#ranges, mask) === sumOf(here, mask);
      i += isEmpty ? Math.min(BLOCK_RANGES, this.count - i) : 1;
    }
    return i;
  }

  /** The number of the last range before `index` that is of the mask; -1 where there is none. */
  previousOf(index: number, mask: number): number {
    const rank = this.countBefore(index, mask);
    return rank === 0 ? -1 : this.nth(rank - 1, mask);
  }

  /** The number of the `n`th range of the mask, from 0; `count` where there are not so many. */
  nth(n: number, mask: number): number {
    let low = 0;
    for (let high = this.#before.length - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if (sumOf(this.#before[middle] as Uint32Array, mask) <= n) low = middle;
      else high = middle - 1;
    }
    const counted = this.#before[low];
    let left = n - (counted === undefined ? 0 : sumOf(counted, mask));
    let index = this.nextOf(low * BLOCK_RANGES, mask);
    while (left > 0 && index < this.count) {
      index = this.nextOf(index + 1, mask);
      left--;
    }
    return index;
  }

  #isOf(index: number, mask: number): boolean {
    return ((mask >> (this.#relations[this.#codeOf[index] as number] as number)) & 1) === 1;
  }

  #codeFor(relation: Relation, a: RowSide, b: RowSide): number {
    const key = `${relation} ${stateIndexOf(a.word)} ${a.owner} ${stateIndexOf(b.word)} ${b.owner}`;
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const code = this.#kinds.length;
    if (code === MAX_CODES) return -1;
    this.#kinds.push({
      relation,
      a: { word: a.word, owner: a.owner },
      b: { word: b.word, owner: b.owner },
    });
    this.#codes.set(key, code);
    this.#relations[code] = RELATIONS.indexOf(relation);
    return code;
  }

  #reserve(): void {
    if (this.count < this.#starts.length) return;
    const starts = new Float64Array(this.count * 2);
    starts.set(this.#starts);
    this.#starts = starts;
    const codes = new Uint16Array(this.count * 2);
    codes.set(this.#codeOf);
    this.#codeOf = codes;
  }
}

function sumOf(counts: Uint32Array, mask: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) if ((mask >> i) & 1) sum += counts[i] as number;
  return sum;
}

function sidesWithData(a: RowSide, b: RowSide): number {
  return Number(contentOf(a.word) === 'data') + Number(contentOf(b.word) === 'data');
}
