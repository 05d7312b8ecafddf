/**
 * The counts of the clusters of one chunk. Clusters are numbered within their chunk.
 *
 * Most chunks are counted in order: one refcount for all clusters, then one reference to each. Such a chunk is kept as two
 * stretches of equal words. Any other order gives it a word for each cluster.
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
} from './cluster-words.ts';
import { repeats } from './repeated-bytes.ts';

/** Clusters that are compared with each other in one go, where a stretch does not end with equal ones. */
const STRETCH_CLUSTERS = 2 ** 12;
/** Number of clusters from which `fill` is faster than a loop. */
const MIN_FILL = 16;

/** The clusters of one chunk: a word of 16 bits for each, see `cluster-words.ts`. */
export class CountedChunk {
  /** References and refcounts of clusters with many. */
  wideReferences: Uint32Array | undefined;
  wideStored: Uint32Array | undefined;
  /** The suspicion of each cluster, once the rules have judged it. */
  suspicions: Uint8Array | undefined;
  #words: Uint16Array | undefined;
  /** The same memory, two clusters at once. */
  #pairs: Int32Array | undefined;
  /** Without words: [0, #referred) have one word, [#referred, #stored) another one, and what follows is 0. */
  #referred = 0;
  #referredWord = 0;
  #stored = 0;
  #storedWord = 0;

  /** True where there is a word for each cluster in memory. */
  get hasWords(): boolean {
    return this.#words !== undefined;
  }

  /** A word for each cluster, in memory from now on. */
  get words(): Uint16Array {
    return this.#words ?? this.#makeWords();
  }

  /** The word of one cluster. */
  wordAt(at: number): number {
    if (this.#words !== undefined) return this.#words[at] as number;
    if (at < this.#referred) return this.#referredWord;
    return at < this.#stored ? this.#storedWord : 0;
  }

  /** References of a cluster. */
  referencesAt(at: number): number {
    const references = this.wordAt(at) & REFERENCES;
    return references === MANY_REFERENCES ? (this.wideReferences?.[at] ?? references) : references;
  }

  /** The refcount that is stored for a cluster; undefined where it cannot be read. */
  storedAt(at: number): number | undefined {
    const code = (this.wordAt(at) & STORED) >>> STORED_SHIFT;
    if (code === STORED_UNREADABLE) return undefined;
    return code === STORED_WIDE ? (this.wideStored?.[at] ?? code) : code;
  }

  /** Sets the code of the stored refcount of clusters [from, to), of which nothing else is known yet. */
  storeRun(from: number, to: number, code: number): void {
    const word = code << STORED_SHIFT;
    const goesOn = from === this.#stored && (from === 0 || word === this.#storedWord);
    if (this.#words === undefined && this.#referred === 0 && goesOn) {
      this.#stored = to;
      this.#storedWord = word;
      return;
    }
    const { words } = this;
    if (to - from >= MIN_FILL) words.fill(word, from, to);
    else for (let at = from; at < to; at++) words[at] = word;
  }

  /**
   * Counts `times` references as `use` to each of clusters [from, to), where that changes nothing else of any of them.
   * Returns for how many of them `isCopied` is not whether their refcount is 1; -1 if one of the clusters is not so
   * plain, and counts nothing then.
   */
  referRun(from: number, to: number, times: number, use: number, isCopied: boolean): number {
    if (this.goesOn(from, to, times, use))
      return ((this.#storedWord & STORED) === STORED_ONCE) === isCopied ? 0 : to - from;
    const { words } = this;
    const head = this.endOfSame(from, to);
    for (let at = from; at < to; at = at === from ? head : this.endOfSame(at, to))
      if (!takesPlainly(words[at] as number, times, use)) return -1;
    let wrong = 0;
    for (let at = from; at < to; ) {
      const word = words[at] as number;
      const same = at === from ? head : this.endOfSame(at, to);
      if (((word & STORED) === STORED_ONCE) !== isCopied) wrong += same - at;
      words.fill((word + times) | use, at, same);
      at = same;
    }
    return wrong;
  }

  /** Counts references to clusters that follow on those counted before, like them. False, and nothing is counted, elsewhere. */
  goesOn(from: number, to: number, times: number, use: number): boolean {
    if (this.#words !== undefined || from !== this.#referred || to > this.#stored) return false;
    const word = (this.#storedWord + times) | use;
    if (from > 0 && word !== this.#referredWord) return false;
    if (!takesPlainly(this.#storedWord, times, use)) return false;
    this.#referred = to;
    this.#referredWord = word;
    return true;
  }

  /** Of the clusters (at, end) the first that differs from the one at `at`; `end` where none does. */
  endOfSame(at: number, end: number): number {
    const words = this.#words;
    if (words === undefined) {
      if (at < this.#referred) return Math.min(this.#referred, end);
      return at < this.#stored ? Math.min(this.#stored, end) : end;
    }
    const { buffer } = words;
    if (repeats(buffer, 2 * at, 2 * end, 2)) return end;
    while (end - at > STRETCH_CLUSTERS && repeats(buffer, 2 * at, 2 * (at + STRETCH_CLUSTERS), 2))
      at += STRETCH_CLUSTERS - 1;
    this.#pairs ??= new Int32Array(buffer);
    const pairs = this.#pairs;
    const word = words[at] as number;
    let i = at + 1;
    if ((i & 1) !== 0 && i < end) {
      if (words[i] !== word) return i;
      i++;
    }
    const pair = word | (word << 16);
    const last = end >>> 1;
    let p = i >>> 1;
    while (p < last && pairs[p] === pair) p++;
    for (i = Math.max(i, 2 * p); i < end && words[i] === word; i++);
    return i;
  }

  /** The first cluster from `at` on whose 16 bits do not agree with themselves; the chunk's end where all do. */
  nextOdd(at: number): number {
    while (at < CHUNK_CLUSTERS && isConsistent(this.wordAt(at))) at = this.endOfSame(at, CHUNK_CLUSTERS);
    return at;
  }

  /** The last of clusters [0, end) that is counted or referred to, where its refcount can be read; -1 where none is. */
  lastUsed(end: number): number {
    const most = this.#words === undefined ? Math.min(end, Math.max(this.#referred, this.#stored)) : end;
    for (let at = most - 1; at >= 0; at--) {
      const word = this.wordAt(at);
      if (word !== 0 && (word & STORED) !== STORED_UNREADABLE << STORED_SHIFT) return at;
    }
    return -1;
  }

  #makeWords(): Uint16Array {
    const words = new Uint16Array(CHUNK_CLUSTERS);
    words.fill(this.#referredWord, 0, this.#referred);
    words.fill(this.#storedWord, this.#referred, this.#stored);
    this.#words = words;
    return words;
  }
}
