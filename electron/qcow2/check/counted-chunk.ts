/**
 * The counts of the clusters of one chunk. Clusters are numbered within their chunk.
 *
 * Most chunks are counted in order: one refcount for all clusters, then one reference to each. Such a chunk is kept as two
 * stretches of equal counters. Any other order gives it a counter for each cluster.
 */
import { CHUNK_CLUSTERS } from '../layout/cluster-chunks.ts';
import {
  isConsistent,
  MANY_REFERENCES,
  REFERENCES,
  STORED,
  STORED_ONCE,
  STORED_SHIFT,
  STORED_UNREADABLE,
  STORED_WIDE,
  takesPlainly,
} from './counter-bits.ts';
import { repeats } from './repeated-bytes.ts';

/** Clusters that are compared with each other in one go, where a stretch does not end with equal ones. */
const STRETCH_CLUSTERS = 2 ** 12;
/** Number of clusters from which `fill` is faster than a loop. */
const MIN_FILL = 16;

/** The clusters of one chunk: a counter of 16 bits for each, see `counter-bits.ts`. */
export class CountedChunk {
  /** References and refcounts of clusters with many. */
  wideReferences: Uint32Array | undefined;
  wideStored: Uint32Array | undefined;
  /** The suspicion of each cluster, once the rules have judged it. */
  suspicions: Uint8Array | undefined;
  #counters: Uint16Array | undefined;
  /** The same memory, two clusters at once. */
  #pairs: Int32Array | undefined;
  /** Without counters: [0, #referred) have one counter, [#referred, #stored) another one, and what follows is 0. */
  #referred = 0;
  #referredCounter = 0;
  #stored = 0;
  #storedCounter = 0;

  /** True where there is a counter for each cluster in memory. */
  get hasCounters(): boolean {
    return this.#counters !== undefined;
  }

  /** A counter for each cluster, in memory from now on. */
  get counters(): Uint16Array {
    return this.#counters ?? this.#makeCounters();
  }

  /** The counter of one cluster. */
  counterAt(at: number): number {
    if (this.#counters !== undefined) return this.#counters[at] as number;
    if (at < this.#referred) return this.#referredCounter;
    return at < this.#stored ? this.#storedCounter : 0;
  }

  /** References of a cluster. */
  referencesAt(at: number): number {
    const references = this.counterAt(at) & REFERENCES;
    return references === MANY_REFERENCES ? (this.wideReferences?.[at] ?? references) : references;
  }

  /** The refcount that is stored for a cluster; undefined where it cannot be read. */
  storedAt(at: number): number | undefined {
    const code = (this.counterAt(at) & STORED) >>> STORED_SHIFT;
    if (code === STORED_UNREADABLE) return undefined;
    return code === STORED_WIDE ? (this.wideStored?.[at] ?? code) : code;
  }

  /** Sets the code of the stored refcount of clusters [from, to), of which nothing else is known yet. */
  storeRun(from: number, to: number, code: number): void {
    const counter = code << STORED_SHIFT;
    const goesOn = from === this.#stored && (from === 0 || counter === this.#storedCounter);
    if (this.#counters === undefined && this.#referred === 0 && goesOn) {
      this.#stored = to;
      this.#storedCounter = counter;
      return;
    }
    const { counters } = this;
    if (to - from >= MIN_FILL) counters.fill(counter, from, to);
    else for (let at = from; at < to; at++) counters[at] = counter;
  }

  /**
   * Counts `times` references as `use` to each of clusters [from, to), where that changes nothing else of any of them.
   * Returns for how many of them `isCopied` is not whether their refcount is 1; -1 if one of the clusters is not so
   * plain, and counts nothing then.
   */
  referRun(from: number, to: number, times: number, use: number, isCopied: boolean): number {
    if (this.goesOn(from, to, times, use))
      return ((this.#storedCounter & STORED) === STORED_ONCE) === isCopied ? 0 : to - from;
    const { counters } = this;
    const head = this.endOfSame(from, to);
    for (let at = from; at < to; at = at === from ? head : this.endOfSame(at, to))
      if (!takesPlainly(counters[at] as number, times, use)) return -1;
    let wrong = 0;
    for (let at = from; at < to; ) {
      const counter = counters[at] as number;
      const same = at === from ? head : this.endOfSame(at, to);
      if (((counter & STORED) === STORED_ONCE) !== isCopied) wrong += same - at;
      counters.fill((counter + times) | use, at, same);
      at = same;
    }
    return wrong;
  }

  /** Counts references to clusters that follow on those counted before, like them. False, and nothing is counted, elsewhere. */
  goesOn(from: number, to: number, times: number, use: number): boolean {
    if (this.#counters !== undefined || from !== this.#referred || to > this.#stored) return false;
    const counter = (this.#storedCounter + times) | use;
    if (from > 0 && counter !== this.#referredCounter) return false;
    if (!takesPlainly(this.#storedCounter, times, use)) return false;
    this.#referred = to;
    this.#referredCounter = counter;
    return true;
  }

  /** Of the clusters (at, end) the first that differs from the one at `at`; `end` where none does. */
  endOfSame(at: number, end: number): number {
    const counters = this.#counters;
    if (counters === undefined) {
      if (at < this.#referred) return Math.min(this.#referred, end);
      return at < this.#stored ? Math.min(this.#stored, end) : end;
    }
    const { buffer } = counters;
    if (repeats(buffer, 2 * at, 2 * end, 2)) return end;
    while (end - at > STRETCH_CLUSTERS && repeats(buffer, 2 * at, 2 * (at + STRETCH_CLUSTERS), 2))
      at += STRETCH_CLUSTERS - 1;
    this.#pairs ??= new Int32Array(buffer);
    const pairs = this.#pairs;
    const counter = counters[at] as number;
    let i = at + 1;
    if ((i & 1) !== 0 && i < end) {
      if (counters[i] !== counter) return i;
      i++;
    }
    const pair = counter | (counter << 16);
    const last = end >>> 1;
    let p = i >>> 1;
    while (p < last && pairs[p] === pair) p++;
    for (i = Math.max(i, 2 * p); i < end && counters[i] === counter; i++);
    return i;
  }

  /** The first cluster from `at` on whose 16 bits do not agree with themselves; the chunk's end where all do. */
  nextOdd(at: number): number {
    while (at < CHUNK_CLUSTERS && isConsistent(this.counterAt(at))) at = this.endOfSame(at, CHUNK_CLUSTERS);
    return at;
  }

  /** The last of clusters [0, end) that is counted or referred to, where its refcount can be read; -1 where none is. */
  lastUsed(end: number): number {
    const most = this.#counters === undefined ? Math.min(end, Math.max(this.#referred, this.#stored)) : end;
    for (let at = most - 1; at >= 0; at--) {
      const counter = this.counterAt(at);
      if (counter !== 0 && (counter & STORED) !== STORED_UNREADABLE << STORED_SHIFT) return at;
    }
    return -1;
  }

  #makeCounters(): Uint16Array {
    const counters = new Uint16Array(CHUNK_CLUSTERS);
    counters.fill(this.#referredCounter, 0, this.#referred);
    counters.fill(this.#storedCounter, this.#referred, this.#stored);
    this.#counters = counters;
    return counters;
  }
}
