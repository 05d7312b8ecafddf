/**
 * What is counted of one cluster, in 16 bits, and how many clusters in a row have the same.
 *
 * Its uses are in the upper six bits (those of USE and the two below), its stored refcount in bits 4 to 7, its references
 * in bits 0 to 3. Numbers that do not fit are kept beside.
 */
import { CHUNK_CLUSTERS } from '../layout/cluster-chunks.ts';
import { USE } from '../layout/cluster-uses.ts';
import { repeats } from './repeated-bytes.ts';

/** A compressed stream lies in the cluster. */
export const STREAM = 0x0400;
/** Two tables, two bitmaps, or two clusters of the active disk are in the cluster. */
export const DOUBLE = 0x0800;
export const REFERENCES = 0x000f;
/** As many references, or more: the wide counts have them. */
export const MANY_REFERENCES = 15;
export const STORED_SHIFT = 4;
export const STORED = 0x00f0;
/** A stored refcount of 1. */
export const STORED_ONCE = 1 << STORED_SHIFT;
/** Stored refcounts from here on are none. */
export const STORED_UNREADABLE = 14;
export const STORED_WIDE = 15;
/** Uses of which a second one in the same cluster is wrong. */
export const EXCLUSIVE = USE.table | USE.bitmap | USE.data;

/** The clusters of one chunk. */
export interface Chunk {
  readonly words: Uint16Array;
  /** The same memory, two clusters at once. */
  readonly pairs: Int32Array;
  /** References and refcounts of clusters with many. */
  wideReferences?: Uint32Array;
  wideStored?: Uint32Array;
  /** The suspicion of each cluster, once the rules have judged it. */
  suspicions?: Uint8Array;
}

/** A chunk of which nothing is counted. */
export function newChunk(): Chunk {
  const words = new Uint16Array(CHUNK_CLUSTERS);
  return { words, pairs: new Int32Array(words.buffer) };
}

/** References of a cluster. */
export function referencesAt({ words, wideReferences }: Chunk, at: number): number {
  const references = (words[at] as number) & REFERENCES;
  return references === MANY_REFERENCES ? (wideReferences?.[at] ?? references) : references;
}

/** The refcount that is stored for a cluster; undefined where it cannot be read. */
export function storedAt({ words, wideStored }: Chunk, at: number): number | undefined {
  const code = ((words[at] as number) & STORED) >>> STORED_SHIFT;
  if (code === STORED_UNREADABLE) return undefined;
  return code === STORED_WIDE ? (wideStored?.[at] ?? code) : code;
}

/** True if more than one kind of thing is in the cluster, or two that exclude each other. */
export function isShared(word: number): boolean {
  const isData = (word & (USE.data | USE.snapshotData)) !== 0;
  const kinds = (word & (USE.table | USE.bitmap | STREAM)) | (isData ? USE.data : 0);
  return (word & DOUBLE) !== 0 || (kinds & (kinds - 1)) !== 0;
}

/** True if `times` more references as `use` change nothing in a cluster but its count and its uses. */
export function takesPlainly(word: number, times: number, use: number): boolean {
  return (
    (word & REFERENCES) + times < MANY_REFERENCES &&
    (word & use & EXCLUSIVE) === 0 &&
    (word & STORED) !== STORED_UNREADABLE << STORED_SHIFT
  );
}

/** Clusters that are compared with each other in one go, where a stretch does not end with equal ones. */
const STRETCH_CLUSTERS = 2 ** 12;

/** Of the clusters (at, end) of a chunk the first that differs from the one at `at`; `end` where none does. */
export function endOfSame({ words, pairs }: Chunk, at: number, end: number): number {
  const { buffer } = words;
  if (repeats(buffer, 2 * at, 2 * end, 2)) return end;
  while (end - at > STRETCH_CLUSTERS && repeats(buffer, 2 * at, 2 * (at + STRETCH_CLUSTERS), 2))
    at += STRETCH_CLUSTERS - 1;
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

/** The first cluster of a chunk from `at` on whose 16 bits do not agree with themselves; the chunk's end where all do. */
export function nextOdd(chunk: Chunk, at: number): number {
  while (at < CHUNK_CLUSTERS && isConsistent(chunk.words[at] as number))
    at = endOfSame(chunk, at, CHUNK_CLUSTERS);
  return at;
}

/** True if a cluster has as many references as its refcount says, and uses that go together. */
function isConsistent(word: number): boolean {
  const stored = (word & STORED) >>> STORED_SHIFT;
  return (word & REFERENCES) === stored && stored < STORED_UNREADABLE && !isShared(word);
}
