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
 * branch on the content of entries: a mispredicted branch would cost as much as four entries. Two entries per iteration
 * take a quarter less time, until one has unusual bits.
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
  const { clusterSize } = target.rules;
  const { oddHi, oddLo } = unusualBits(target);
  // The first cluster that the file does not hold in full, in two halves: the loops compare integers, never doubles.
  const end = Math.min(target.fileSize - (target.fileSize % clusterSize), 2 ** 56 - 1);
  const endHi = Math.floor(end / 2 ** 32) | 0;
  const endLo = end >>> 0;
  let n = before;
  let last = n > 0 ? (codes[n - 1] as number) : NO_KIND;
  let i = 0;
  for (; i + 1 < count; i += 2, at += 16) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    const nextHi = view.getUint32(at + 8);
    const nextLo = view.getUint32(at + 12);
    if ((((hi | nextHi) & oddHi) | ((lo | nextLo) & oddLo)) !== 0) break;
    if (isPast(hi & OFFSET_HI, lo, endHi, endLo) || isPast(nextHi & OFFSET_HI, nextLo, endHi, endLo)) break;
    const kind = plainKind(hi, lo);
    const nextKind = plainKind(nextHi, nextLo);
    starts[n] = first + i;
    codes[n] = kind;
    n += (0 - (kind ^ last)) >>> 31;
    starts[n] = first + i + 1;
    codes[n] = nextKind;
    n += (0 - (nextKind ^ kind)) >>> 31;
    last = nextKind;
  }
  for (; i < count; i++, at += 8) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    let kind = plainKind(hi, lo);
    if (((hi & oddHi) | (lo & oddLo)) !== 0 || isPast(hi & OFFSET_HI, lo, endHi, endLo))
      kind = decodeFully(target, hi, lo, guest + i * clusterSize);
    starts[n] = first + i;
    codes[n] = kind;
    n += (0 - (kind ^ last)) >>> 31;
    last = kind;
  }
  return n;
}

/** The kind of an entry without unusual bits: see {@link unusualBits}. */
function plainKind(hi: number, lo: number): number {
  const host = (hi & OFFSET_HI) | (lo >>> 9); // not the offset, but 0 where it is, and never negative
  return ((0 - host) >>> 31) | ((lo & 1) << 1);
}

/** True if the offset of these two halves is not below that of the other two. */
function isPast(hostHi: number, lo: number, endHi: number, endLo: number): boolean {
  return hostHi >= endHi && (hostHi > endHi || lo >= endLo);
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
