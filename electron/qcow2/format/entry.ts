/**
 * What one L2 entry means: the single place that knows, used by the map, the inspector and the tests.
 * Source: qcow2 specification, "L2 table entry" and "Extended L2 Entries"; qemu's qcow2_get_cluster_type and
 * qcow2_get_host_offset decide what is refused and what is only reserved.
 */
import { assert } from '../../../shared/assert.ts';
import {
  ABSENT,
  COMPRESSED,
  DAMAGED,
  HOLE,
  LOCAL,
  RESERVED,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../../../shared/extent/flags.ts';
import type { WordSet } from '../../../shared/extent/page.ts';

/**
 * Kinds of clusters and subclusters, as the index of their word in {@link FLAGS_OF_KIND}. The first four are a standard entry's
 * two questions: bit 0, whether it has a host offset, and bit 1, whether it has the zero flag.
 */
export const UNALLOCATED = 0;
export const DATA = 1;
export const ZERO_HOLE = 2;
export const ZERO_ALLOCATED = 3;
export const COMPRESSED_DATA = 4;
export const RESERVED_SPACE = 5;
export const BAD = 6;
/** Data and compressed data that would lie past the end of the file: this layer decides, and what it held is lost. */
export const LOST_DATA = 7;
export const LOST_COMPRESSED = 8;
/** Not read: the page has more extents than are kept. */
export const NOT_READ = 9;

/** The extent word of each kind. */
export const FLAGS_OF_KIND: readonly number[] = [
  ABSENT | HOLE | ZERO,
  LOCAL,
  LOCAL | HOLE | ZERO,
  LOCAL | HOLE | ZERO | RESERVED,
  LOCAL | COMPRESSED,
  ABSENT | HOLE | ZERO | RESERVED,
  UNREADABLE | DAMAGED,
  LOCAL | UNREADABLE | DAMAGED,
  LOCAL | COMPRESSED | UNREADABLE | DAMAGED,
  UNREAD,
];

/** Makes the kinds the codes of a word set that has no words yet, so that what is decoded needs no translation. */
export function registerKinds(words: WordSet): void {
  FLAGS_OF_KIND.forEach((word, kind) => {
    assert(words.code(word) === kind, 'each map has a separate word set');
  });
}

/** Bits 56 to 62 of an entry without bit 62: reserved. */
export const ENTRY_RESERVED_HI = 0x3f000000;
/** Bits 1 to 8 of a standard entry: reserved. */
export const ENTRY_RESERVED_LO = 0x1fe;
/** Bit 62: the cluster is compressed. */
export const ENTRY_COMPRESSED_HI = 0x40000000;
/** Bit 63 of an L1 or L2 entry. */
export const ENTRY_COPIED_HI = 0x80000000;
/** Bits 32 to 55 of the offset in an L1 or L2 entry. */
export const OFFSET_HI = 0x00ffffff;
/** Bits 9 to 31 of the offset in an L1 or L2 entry. */
export const OFFSET_LO = 0xfffffe00;

/** The properties of an image that decide the meaning of its entries. */
export interface EntryRules {
  readonly version: number;
  readonly clusterBits: number;
  readonly clusterSize: number;
  readonly extendedL2: boolean;
  /** Guest data lies in an external data file. */
  readonly dataFile: boolean;
}

/** The host offset in an L1 or L2 entry in bytes, 0 for none. A multiple of 512 below 2^56, so exact. */
export function entryOffset(hi: number, lo: number): number {
  return (hi & OFFSET_HI) * 2 ** 32 + ((lo & OFFSET_LO) >>> 0);
}

/** True if an entry of a bitmap table is one that qemu accepts (check_table_entry in qcow2-bitmap.c). */
export function isValidBitmapEntry(hi: number, lo: number, clusterSize: number): boolean {
  if ((hi & 0xff000000) !== 0 || (lo & ENTRY_RESERVED_LO) !== 0) return false;
  const host = entryOffset(hi, lo);
  return host === 0 || ((lo & 1) === 0 && host % clusterSize === 0);
}

/** True if an entry that is not compressed keeps host space: in a data file, offset 0 does with the copied flag. */
export function keepsHostSpace(rules: EntryRules, hi: number, lo: number): boolean {
  if (entryOffset(hi, lo) !== 0) return true;
  return rules.dataFile && (hi & ENTRY_COPIED_HI) !== 0 && !hasZeroFlag(rules, lo);
}

function hasZeroFlag(rules: EntryRules, lo: number): boolean {
  return !rules.extendedL2 && (lo & 1) === 1;
}

/**
 * The kind of a standard entry for the guest cluster at `guestOffset`, or of the cluster as a whole in extended L2,
 * where DATA and UNALLOCATED are then split by the bitmap. BAD where qemu fails the request.
 */
export function entryKind(rules: EntryRules, hi: number, lo: number, guestOffset: number): number {
  if (hi & ENTRY_COMPRESSED_HI) return rules.dataFile ? BAD : COMPRESSED_DATA;
  const zero = hasZeroFlag(rules, lo);
  if (zero && rules.version < 3) return BAD;
  if (!keepsHostSpace(rules, hi, lo)) return zero ? ZERO_HOLE : UNALLOCATED;
  const host = entryOffset(hi, lo);
  if (host % rules.clusterSize !== 0) return BAD;
  if (rules.dataFile && host !== guestOffset) return BAD;
  return zero ? ZERO_ALLOCATED : DATA;
}

/**
 * The kind of one subcluster. `kind` is the cluster's from {@link entryKind}; `zeroBits` and `allocBits` are the high and
 * low half of the entry's second word.
 */
export function subclusterKind(kind: number, zeroBits: number, allocBits: number, index: number): number {
  if (kind === DATA) {
    if (zeroBits & allocBits) return BAD;
    if ((zeroBits >>> index) & 1) return ZERO_ALLOCATED;
    return (allocBits >>> index) & 1 ? DATA : RESERVED_SPACE;
  }
  if (kind === UNALLOCATED) {
    if (allocBits !== 0) return BAD;
    return (zeroBits >>> index) & 1 ? ZERO_HOLE : UNALLOCATED;
  }
  return kind;
}
