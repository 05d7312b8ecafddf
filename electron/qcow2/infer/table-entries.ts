/** Whether bytes can be a table of an image, entry by entry: what is found by content is judged here alone. */
import { compressedRange } from '../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, ENTRY_RESERVED_HI, entryOffset } from '../format/entry.ts';
import type { ClusterBytes } from './stored-refcounts.ts';

/** What entries are judged by. */
export interface TableRules {
  readonly clusterBits: number;
  /** Length of the file in bytes. */
  readonly fileLength: number;
  /** By cluster; an entry cannot name a cluster that is not counted. */
  readonly refcounts: ClusterBytes;
  /** The data lies in an external file, in which space is neither counted nor bounded. */
  readonly hasDataFile?: boolean;
}

/** What bytes can be, by their entries. */
export interface TableGuess {
  /** An L2 table of 8-byte entries, one of 16-byte entries, and an L1 table. */
  isStandard: boolean;
  isExtended: boolean;
  isL1: boolean;
  /** Words of 8 bytes that are not zero. */
  used: number;
}

/** Of no bytes yet: all is possible. */
export function newTableGuess(withExtended: boolean): TableGuess {
  return { isStandard: true, isExtended: withExtended, isL1: true, used: 0 };
}

/** True while the bytes can be something. */
export function canBeTable({ isStandard, isExtended, isL1 }: TableGuess): boolean {
  return isStandard || isExtended || isL1;
}

/** Looks at bytes [at, end) of a table, multiples of 16 long; ends early where they are of no table. */
export function inspectEntries(
  guess: TableGuess,
  rules: TableRules,
  view: DataView,
  at: number,
  end: number,
): void {
  for (; at < end && canBeTable(guess); at += 16) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    const nextHi = view.getUint32(at + 8);
    const nextLo = view.getUint32(at + 12);
    if ((hi | lo | nextHi | nextLo) === 0) continue;
    const first = judge(rules, hi, lo);
    const second = judge(rules, nextHi, nextLo);
    guess.isStandard &&= isL2Entry(first) && isL2Entry(second);
    guess.isL1 &&= isL1Entry(first) && isL1Entry(second);
    guess.isExtended &&= isL2Entry(first) && isBitmapOf(first, nextHi, nextLo);
    guess.used += (first === EMPTY ? 0 : 1) + ((nextHi | nextLo) === 0 ? 0 : 1);
  }
}

const BAD = -1;
const EMPTY = 0;
const NAMES_CLUSTER = 1;
/** Names a cluster with the copied flag, and the cluster is shared: only an L1 table of a snapshot has such entries. */
const STALE = 2;
const ZERO = 3;
const COMPRESSED = 4;

function isL2Entry(kind: number): boolean {
  return kind !== BAD && kind !== STALE;
}

function isL1Entry(kind: number): boolean {
  return kind === EMPTY || kind === NAMES_CLUSTER || kind === STALE;
}

/** What one entry can be. */
function judge(rules: TableRules, hi: number, lo: number): number {
  const { clusterBits, fileLength, refcounts } = rules;
  if ((hi | lo) === 0) return EMPTY;
  if ((hi & ENTRY_COMPRESSED_HI) !== 0) {
    const { offset } = compressedRange(hi, lo, clusterBits);
    const isCounted = offset < fileLength && (refcounts[Math.floor(offset / 2 ** clusterBits)] as number) > 0;
    return hi >>> 31 === 0 && isCounted ? COMPRESSED : BAD;
  }
  const host = entryOffset(hi, lo);
  if ((hi & ENTRY_RESERVED_HI) !== 0 || (lo & (2 ** clusterBits - 1) & ~1) !== 0) return BAD;
  if (rules.hasDataFile === true && (hi >>> 31 === 1 || host !== 0))
    return (lo & 1) === 1 ? ZERO : NAMES_CLUSTER;
  if (host === 0) return hi === 0 && lo === 1 ? ZERO : BAD;
  if (host >= fileLength) return BAD;
  const stored = refcounts[host / 2 ** clusterBits] as number;
  if (stored === 0) return BAD;
  if ((lo & 1) === 1) return ZERO;
  return hi >>> 31 === 1 && stored !== 1 ? STALE : NAMES_CLUSTER;
}

/** True if two words can be the subclusters of an entry of that kind. Source: qcow2 specification, "Extended L2 Entries". */
function isBitmapOf(kind: number, zeroBits: number, allocBits: number): boolean {
  if (kind === ZERO || (zeroBits & allocBits) !== 0) return false;
  if (kind === EMPTY) return allocBits === 0;
  return kind !== COMPRESSED || (zeroBits | allocBits) === 0;
}
