/** Standard L2 tables straight into a page: run-length as they are decoded, nothing allocated per entry. */
import type { PageWriter } from '../../../shared/extent/page.ts';
import { compressedRange } from '../format/compressed.ts';
import {
  BAD,
  COMPRESSED_DATA,
  DATA,
  ENTRY_COMPRESSED_HI,
  ENTRY_RESERVED_HI,
  ENTRY_RESERVED_LO,
  type EntryRules,
  entryKind,
  entryOffset,
  LOST_COMPRESSED,
  LOST_DATA,
  OFFSET_HI,
  ZERO_ALLOCATED,
} from '../format/entry.ts';

/** What decides the meaning of entries, and what is called for unusual ones. */
export interface DecodeTarget {
  readonly rules: EntryRules;
  /** Push -1 for every host offset: qemu names none where the bytes at the host are not the guest's. */
  readonly encrypted: boolean;
  /** Length of the file that holds the data: what lies past it is lost. Infinity where it is not known. */
  fileSize: number;
  /** Called for each entry that may be invalid, before its kind is decided: it may find that the file has grown. */
  readonly onUnusualEntry: (
    hi: number,
    lo: number,
    zeroBits: number,
    allocBits: number,
    guestOffset: number,
  ) => void;
}

/**
 * Adds `count` entries found at `at` in `view` to a writer whose unit is a cluster. The first is for guest offset `guest`,
 * `start` is the guest offset of the page's first byte.
 */
export function decodeStandard(
  target: DecodeTarget,
  view: DataView,
  at: number,
  count: number,
  guest: number,
  start: number,
  writer: PageWriter,
): void {
  writer.reserve(count + 1); // the loops store an extent before they know whether it counts
  const first = ((guest - start) / target.rules.clusterSize) | 0;
  const { hosts } = writer;
  writer.count =
    hosts === undefined
      ? collectRuns(target, view, at, count, first, guest, writer)
      : collectWithHosts(target, view, at, count, first, guest, writer, hosts);
}

/** What a loop compares the first kind with. */
const NO_KIND = 0xffff;

/** The bits that force full decoding of an entry. With none of them set, bit 0 "has host" and bit 1 "is zero" give its kind. */
function unusualBits({ rules }: DecodeTarget): { oddHi: number; oddLo: number } {
  if (rules.dataFile) return { oddHi: -1, oddLo: -1 };
  const zeroFlag = rules.version < 3 ? 0 : 1;
  return { oddHi: ENTRY_RESERVED_HI | ENTRY_COMPRESSED_HI, oddLo: rules.clusterSize - 1 - zeroFlag };
}

/**
 * Stores the runs of entries of one code; returns the writer's new count. The loops do not
 * branch on the content of entries: a mispredicted branch would cost as much as four entries. Four entries per iteration
 * take a quarter less time than two, until one is not plain.
 */
function collectRuns(
  target: DecodeTarget,
  view: DataView,
  at: number,
  count: number,
  first: number,
  guest: number,
  { starts, codes, count: before }: PageWriter,
): number {
  const { clusterSize, clusterBits } = target.rules;
  const highShift = 32 - clusterBits;
  const { oddHi: unusualHi, oddLo } = unusualBits(target);
  // Of the offset only bits that a cluster's number of 31 bits has room for.
  const oddHi = unusualHi | (OFFSET_HI & ~(2 ** (clusterBits - 1) - 1));
  const lastCluster = (Math.min(Math.floor(target.fileSize / clusterSize), 2 ** 31) - 1) | 0;
  let n = before;
  let last = n > 0 ? (codes[n - 1] as number) : NO_KIND;
  let i = 0;
  for (; i + 3 < count; i += 4, at += 32) {
    const hi0 = view.getInt32(at);
    const lo0 = view.getInt32(at + 4);
    const hi1 = view.getInt32(at + 8);
    const lo1 = view.getInt32(at + 12);
    const hi2 = view.getInt32(at + 16);
    const lo2 = view.getInt32(at + 20);
    const hi3 = view.getInt32(at + 24);
    const lo3 = view.getInt32(at + 28);
    const cluster0 = (hi0 << highShift) | (lo0 >>> clusterBits);
    const cluster1 = (hi1 << highShift) | (lo1 >>> clusterBits);
    const cluster2 = (hi2 << highShift) | (lo2 >>> clusterBits);
    const cluster3 = (hi3 << highShift) | (lo3 >>> clusterBits);
    // Negative where one of them lies past the end of the file.
    const room =
      (lastCluster - cluster0) |
      (lastCluster - cluster1) |
      (lastCluster - cluster2) |
      (lastCluster - cluster3);
    const odd = ((hi0 | hi1 | hi2 | hi3) & oddHi) | ((lo0 | lo1 | lo2 | lo3) & oddLo);
    if ((odd | (room >>> 31)) !== 0) break;
    const kind0 = plainKind(cluster0, lo0);
    const kind1 = plainKind(cluster1, lo1);
    const kind2 = plainKind(cluster2, lo2);
    const kind3 = plainKind(cluster3, lo3);
    const start = first + i;
    starts[n] = start;
    codes[n] = kind0;
    n += (0 - (kind0 ^ last)) >>> 31;
    starts[n] = start + 1;
    codes[n] = kind1;
    n += (0 - (kind1 ^ kind0)) >>> 31;
    starts[n] = start + 2;
    codes[n] = kind2;
    n += (0 - (kind2 ^ kind1)) >>> 31;
    starts[n] = start + 3;
    codes[n] = kind3;
    n += (0 - (kind3 ^ kind2)) >>> 31;
    last = kind3;
  }
  for (; i < count; i++, at += 8) {
    const hi = view.getInt32(at);
    const lo = view.getInt32(at + 4);
    const cluster = (hi << highShift) | (lo >>> clusterBits);
    let kind = plainKind(cluster, lo);
    if (((hi & oddHi) | (lo & oddLo) | ((lastCluster - cluster) >>> 31)) !== 0)
      kind = decodeFully(target, hi >>> 0, lo >>> 0, guest + i * clusterSize);
    starts[n] = first + i;
    codes[n] = kind;
    n += (0 - (kind ^ last)) >>> 31;
    last = kind;
  }
  return n;
}

/** The kind of an entry without unusual bits, by the number of its cluster: see {@link unusualBits}. */
function plainKind(cluster: number, lo: number): number {
  return ((0 - cluster) >>> 31) | ((lo & 1) << 1);
}

/** As {@link collectRuns}, with the host offset of each run, which must run on too. */
function collectWithHosts(
  target: DecodeTarget,
  view: DataView,
  at: number,
  count: number,
  first: number,
  guest: number,
  { starts, codes, count: before }: PageWriter,
  hosts: Float64Array,
): number {
  const { encrypted, fileSize } = target;
  const { clusterSize } = target.rules;
  const { oddHi, oddLo } = unusualBits(target);
  let n = before;
  let last = NO_KIND;
  let expected = -1;
  if (n > 0) {
    last = codes[n - 1] as number;
    const host = hosts[n - 1] as number;
    if (host >= 0) expected = host + (first - (starts[n - 1] as number)) * clusterSize;
  }
  for (let i = 0; i < count; i++, at += 8) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    const offset = entryOffset(hi, lo);
    let kind = (offset === 0 ? 0 : 1) | ((lo & 1) << 1);
    if (((hi & oddHi) | (lo & oddLo)) !== 0 || offset + clusterSize > fileSize)
      kind = decodeFully(target, hi, lo, guest + i * clusterSize);
    const named = !encrypted && (kind === DATA || kind === LOST_DATA || kind === ZERO_ALLOCATED);
    const host = named ? offset : -1;
    if (kind !== last || host !== expected) {
      starts[n] = first + i;
      codes[n] = kind;
      hosts[n] = host;
      n++;
      last = kind;
    }
    expected = named ? offset + clusterSize : -1;
  }
  return n;
}

/** The kind of an unusual entry, which is reported where something may be wrong with it. */
function decodeFully(target: DecodeTarget, hi: number, lo: number, guestOffset: number): number {
  const kind = entryKind(target.rules, hi, lo, guestOffset);
  if (needsFullDecode(target, kind, hi, lo)) target.onUnusualEntry(hi, lo, 0, 0, guestOffset);
  if (kind === DATA) return entryOffset(hi, lo) >= target.fileSize ? LOST_DATA : DATA;
  return kind === COMPRESSED_DATA ? compressedKind(target, hi, lo) : kind;
}

/** The kind of a compressed entry: lost where its stream would begin past the end of the file. */
export function compressedKind({ rules, fileSize }: DecodeTarget, hi: number, lo: number): number {
  return compressedRange(hi, lo, rules.clusterBits).offset >= fileSize ? LOST_COMPRESSED : COMPRESSED_DATA;
}

/** True if an entry of this kind is to be reported: it is bad, has reserved bits set or leads past the end of the file. */
export function needsFullDecode(target: DecodeTarget, kind: number, hi: number, lo: number): boolean {
  if (kind === BAD) return true;
  if (kind === COMPRESSED_DATA)
    return hi >= 0x80000000 || compressedRange(hi, lo, target.rules.clusterBits).offset >= target.fileSize;
  return (
    ((hi & ENTRY_RESERVED_HI) | (lo & ENTRY_RESERVED_LO)) !== 0 ||
    entryOffset(hi, lo) + target.rules.clusterSize > target.fileSize
  );
}
