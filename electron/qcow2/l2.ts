/** Standard L2 tables straight into a page: run-length as they are decoded, nothing allocated per entry. */
import type { PageWriter } from '../../shared/extent/page.ts';
import { compressedRange } from './compressed.ts';
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
  OFFSET_HI,
  UNALLOCATED,
  ZERO_ALLOCATED,
  ZERO_HOLE,
} from './entry.ts';

/** Where decoded entries go and what is told of odd ones. */
export interface DecodeTarget {
  readonly rules: EntryRules;
  /** Code in the page's word set, by kind. */
  readonly codes: Uint16Array;
  /** The writer keeps host offsets. */
  readonly hosts: boolean;
  /** Push -1 for every host offset: qemu names none where the bytes at the host are not the guest's. */
  readonly encrypted: boolean;
  /** Length of the file: data at or past it is reported through {@link odd}. Infinity for an external data file. */
  fileSize: number;
  /** Told of each entry that may have something wrong; returns nothing, decides nothing. */
  readonly odd: (hi: number, lo: number, zeroBits: number, allocBits: number, guestOffset: number) => void;
}

// Runs are collected here before they go to the writer: storing into arrays at hand costs half of a call for each run.
const RUNS = 8192;
const runStarts = new Float64Array(RUNS);
const runCodes = new Uint16Array(RUNS);

/**
 * Pushes `count` entries found at `at` in `view`. The first is for guest offset `guest`, `start` is the guest offset of
 * the page's first byte.
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
  const { clusterSize } = target.rules;
  if (target.hosts) decodeWithHosts(target, view, at, count, guest, start, writer);
  else
    for (let done = 0; done < count; done += RUNS) {
      const some = Math.min(RUNS, count - done);
      const first = guest - start + done * clusterSize;
      writer.pushAll(runStarts, runCodes, collectRuns(target, view, at + done * 8, some, first, start));
    }
}

/** Collects the runs of at most RUNS entries; returns how many there are. `first` is relative to the page's `start`. */
function collectRuns(
  target: DecodeTarget,
  view: DataView,
  at: number,
  count: number,
  first: number,
  start: number,
): number {
  const { rules, codes, fileSize, odd } = target;
  const { clusterSize } = rules;
  const data = codes[DATA] as number;
  const unallocated = codes[UNALLOCATED] as number;
  const zeroHole = codes[ZERO_HOLE] as number;
  const zeroAllocated = codes[ZERO_ALLOCATED] as number;
  // An entry with none of these bits is data or unallocated; with bit 0 alone it is one of the zero kinds.
  const oddHi = rules.dataFile ? -1 : ENTRY_RESERVED_HI | ENTRY_COMPRESSED_HI;
  const oddLo = rules.dataFile ? -1 : (clusterSize - 1) | ENTRY_RESERVED_LO;
  const zeroOnly = rules.version >= 3 && !rules.dataFile ? 1 : 0;
  // The first host offset past the end in two halves: integers, so that the loop never compares doubles.
  const end = Math.min(fileSize, 2 ** 56 - 1);
  const endHi = Math.floor(end / 2 ** 32) | 0;
  const endLo = end >>> 0;

  const starts = runStarts;
  const runs = runCodes;
  let n = 0;
  let last = -1;
  for (let i = 0; i < count; i++, at += 8) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    const strange = (hi & oddHi) | (lo & oddLo);
    const hostHi = hi & OFFSET_HI;
    let code: number;
    if (strange === 0) {
      if ((hostHi | lo) === 0) code = unallocated;
      else {
        code = data;
        if (hostHi >= endHi && (hostHi > endHi || lo >= endLo))
          odd(hi, lo, 0, 0, start + first + i * clusterSize);
      }
    } else if (strange === zeroOnly) {
      if (hostHi === 0 && lo === 1) code = zeroHole;
      else {
        code = zeroAllocated;
        if (hostHi >= endHi && (hostHi > endHi || lo >= endLo))
          odd(hi, lo, 0, 0, start + first + i * clusterSize);
      }
    } else {
      const kind = entryKind(rules, hi, lo, start + first + i * clusterSize);
      code = codes[kind] as number;
      if (isSuspect(target, kind, hi, lo)) odd(hi, lo, 0, 0, start + first + i * clusterSize);
    }
    if (code !== last) {
      starts[n] = first + i * clusterSize;
      runs[n++] = code;
      last = code;
    }
  }
  return n;
}

function decodeWithHosts(
  target: DecodeTarget,
  view: DataView,
  at: number,
  count: number,
  guest: number,
  start: number,
  writer: PageWriter,
): void {
  const { rules, codes, encrypted, fileSize, odd } = target;
  const { clusterSize } = rules;
  const oddHi = rules.dataFile ? -1 : ENTRY_RESERVED_HI | ENTRY_COMPRESSED_HI;
  const oddLo = rules.dataFile ? -1 : (clusterSize - 1) | ENTRY_RESERVED_LO;
  const first = guest - start;
  for (let i = 0; i < count; i++, at += 8) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    const offset = entryOffset(hi, lo);
    let kind = offset === 0 ? UNALLOCATED : DATA;
    if (((hi & oddHi) | (lo & oddLo)) !== 0) {
      kind = entryKind(rules, hi, lo, guest + i * clusterSize);
      if (isSuspect(target, kind, hi, lo)) odd(hi, lo, 0, 0, guest + i * clusterSize);
    } else if (offset >= fileSize) odd(hi, lo, 0, 0, guest + i * clusterSize);
    const named = !encrypted && (kind === DATA || kind === ZERO_ALLOCATED);
    writer.push(first + i * clusterSize, codes[kind] as number, named ? offset : -1);
  }
}

/** True if an entry of this kind deserves a closer look: it is bad, has reserved bits set or lies past the end. */
export function isSuspect(target: DecodeTarget, kind: number, hi: number, lo: number): boolean {
  if (kind === BAD) return true;
  if (kind === COMPRESSED_DATA)
    return hi >= 0x80000000 || compressedRange(hi, lo, target.rules.clusterBits).offset >= target.fileSize;
  return (
    ((hi & ENTRY_RESERVED_HI) | (lo & ENTRY_RESERVED_LO)) !== 0 || entryOffset(hi, lo) >= target.fileSize
  );
}
