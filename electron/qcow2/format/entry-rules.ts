/** Rules that L1 and L2 entries may break. They are called for unusual entries only, which are few. */
import { formatOffset } from '../../../shared/text/offset.ts';
import { exactOf, hex64 } from './bytes.ts';
import { compressedRange, compressedRangeV1, exactCompressedOffset } from './compressed.ts';
import {
  ENTRY_COMPRESSED_HI,
  ENTRY_COPIED_HI,
  ENTRY_RESERVED_HI,
  ENTRY_RESERVED_LO,
  type EntryRules,
  entryOffset,
  keepsHostSpace,
} from './entry.ts';

/**
 * The consequence of a fault. `invalid`: qemu fails the request, and what the entry is about cannot be read. `pastEnd`: it
 * leads past the end of the file, and what lay there is lost. `cut`: the file ends inside its cluster. `spare`: host
 * space past the end of the file that holds no data. `unusual`: bits are set that must be zero, and qemu ignores them.
 */
export type FaultKind = 'invalid' | 'pastEnd' | 'cut' | 'spare' | 'unusual';

/** One thing that is wrong with an entry. */
export interface EntryFault {
  readonly code: string;
  readonly kind: FaultKind;
  /** The sentence, made only when wanted: an overwritten table has thousands. */
  readonly what: () => string;
}

/** The code of entries that lead past the end of the file. */
export const PAST_END = 'QCOW2_PAST_END';

/** The raw words of an L2 entry; the bitmap's halves are 0 without extended L2. */
export interface RawEntry {
  readonly hi: number;
  readonly lo: number;
  readonly zeroBits: number;
  readonly allocBits: number;
}

/**
 * What is wrong with an L2 entry, or undefined; the first thing in the order in which qemu would stop.
 * `fileSize` is the length of the file that holds the data, Infinity for an external data file that is not open.
 */
export function checkEntry(
  rules: EntryRules,
  entry: RawEntry,
  guestOffset: number,
  fileSize: number,
): EntryFault | undefined {
  const { hi, lo, zeroBits, allocBits } = entry;
  if (rules.version === 1) return checkEntryV1(rules, entry, fileSize);
  if (hi & ENTRY_COMPRESSED_HI) return checkCompressed(rules, entry, fileSize);

  const host = entryOffset(hi, lo);
  if (!rules.extendedL2 && lo & 1 && rules.version < 3)
    return invalid('QCOW2_ZERO_IN_V2', () => 'an L2 entry has the zero flag, which version 2 does not have');
  if (host % rules.clusterSize !== 0)
    return invalid(
      'QCOW2_ENTRY_UNALIGNED',
      () => `an L2 entry points at ${formatOffset(host)}, which is not a cluster boundary`,
    );
  if (rules.dataFile && host !== guestOffset && keepsHostSpace(rules, hi, lo))
    return invalid(
      'QCOW2_DATA_FILE_OFFSET',
      () =>
        `an L2 entry points at ${formatOffset(host)} of the data file, where only the guest's own offset can be`,
    );
  if (zeroBits & allocBits)
    return invalid('QCOW2_SUBCLUSTER_BOTH', () => 'a subcluster is marked as allocated and as zero at once');
  if (allocBits !== 0 && !keepsHostSpace(rules, hi, lo))
    return invalid(
      'QCOW2_SUBCLUSTER_NOWHERE',
      () => 'a subcluster is marked as allocated in a cluster that has no host offset',
    );
  if (lostSubclusters(rules, entry, fileSize) !== 0) return pastEnd('data', entry, fileSize, rules);
  const isPlainData = keepsHostSpace(rules, hi, lo) && !rules.extendedL2 && !(lo & 1);
  if (isPlainData && host + rules.clusterSize > fileSize)
    return {
      code: 'QCOW2_CLUSTER_CUT',
      kind: 'cut',
      what: () =>
        `the file ends at ${formatOffset(fileSize)}, inside the data cluster at ${formatOffset(host)}`,
    };
  if (host >= fileSize)
    return {
      code: 'QCOW2_SPACE_PAST_END',
      kind: 'spare',
      what: () => `an L2 entry reserves host space at ${formatOffset(host)}, past the end of the file`,
    };
  if (hi & ENTRY_RESERVED_HI || lo & (rules.extendedL2 ? ENTRY_RESERVED_LO | 1 : ENTRY_RESERVED_LO))
    return unusual('an L2 entry has reserved bits set');
  return undefined;
}

/**
 * The subclusters of an entry whose data lies past the end of the file, one bit each; without extended L2 bit 0 stands
 * for the cluster. Entries that are compressed or invalid have none.
 */
export function lostSubclusters(rules: EntryRules, entry: RawEntry, fileSize: number): number {
  const { hi, lo, allocBits } = entry;
  const host = entryOffset(hi, lo);
  if (hi & ENTRY_COMPRESSED_HI || host + rules.clusterSize <= fileSize) return 0;
  if (!keepsHostSpace(rules, hi, lo)) return 0;
  if (!rules.extendedL2) return host >= fileSize && !(lo & 1) ? 1 : 0;
  const subclusterSize = rules.clusterSize / 32;
  const inFile = Math.max(0, Math.ceil((fileSize - host) / subclusterSize));
  return inFile === 32 ? 0 : (allocBits & (-1 << inFile)) >>> 0; // a shift by 32 would shift by 0
}

function checkCompressed(rules: EntryRules, entry: RawEntry, fileSize: number): EntryFault | undefined {
  const { hi, lo, zeroBits, allocBits } = entry;
  if (rules.dataFile)
    return invalid(
      'QCOW2_COMPRESSED_WITH_DATA_FILE',
      () => 'an L2 entry is compressed though the data lies in an external data file',
    );
  const { offset } = compressedRange(hi, lo, rules.clusterBits);
  if (offset >= fileSize) return pastEnd('compressed data', entry, fileSize, rules);
  if (zeroBits | allocBits) return unusual('a compressed cluster has subcluster bits set');
  if (hi & ENTRY_COPIED_HI) return unusual('a compressed cluster has the copied flag set');
  return undefined;
}

function checkEntryV1(rules: EntryRules, entry: RawEntry, fileSize: number): EntryFault | undefined {
  const host = hostOfV1(rules, entry.hi, entry.lo);
  return host >= fileSize ? pastEnd('data', entry, fileSize, rules) : undefined;
}

function hostOfV1(rules: EntryRules, hi: number, lo: number): number {
  return hi & 0x80000000 ? compressedRangeV1(hi, lo, rules.clusterBits).offset : hi * 2 ** 32 + lo;
}

/** What is wrong with the L1 entry of an L2 table at `host`, or undefined. Version 1 keeps no rule but the file's end. */
export function checkL1Entry(
  rules: EntryRules,
  hi: number,
  lo: number,
  host: number,
  fileSize: number,
): EntryFault | undefined {
  if (rules.version > 1 && host % rules.clusterSize !== 0)
    return invalid(
      'QCOW2_L1_UNALIGNED',
      () => `an L1 entry points at ${formatOffset(host)}, which is not a cluster boundary`,
    );
  if (host >= fileSize)
    return {
      code: PAST_END,
      kind: 'pastEnd',
      what: () =>
        `an L2 table would lie at ${formatOffset(host)}, past the end of the file at ${formatOffset(fileSize)}`,
    };
  if (rules.version > 1 && (hi & 0x7f000000 || lo & 0x1ff))
    return unusual('an L1 entry has reserved bits set');
  return undefined;
}

/** The end of the least that must be there of what an entry refers to: a whole cluster, or the first sector of a stream. */
export function reachOf(rules: EntryRules, { hi, lo }: RawEntry): number {
  if (rules.version === 1) return hostOfV1(rules, hi, lo) + (hi & 0x80000000 ? 1 : rules.clusterSize);
  if (hi & ENTRY_COMPRESSED_HI) {
    const reach = compressedRange(hi, lo, rules.clusterBits).offset + 1;
    // Above 2^53 a number is exact for whole sectors only.
    return Number.isSafeInteger(reach) ? reach : compressedRange(hi, lo & ~0x1ff, rules.clusterBits).offset;
  }
  return entryOffset(hi, lo) + rules.clusterSize;
}

/** The raw value of an entry: both words with extended L2. */
export function entryText(rules: EntryRules, { hi, lo, zeroBits, allocBits }: RawEntry): string {
  return rules.extendedL2 ? `${hex64(hi, lo)} ${hex64(zeroBits, allocBits)}` : hex64(hi, lo);
}

/** The host offset in an L2 entry, exactly: numbers lose digits above 2^53. */
export function exactHost({ version, clusterBits }: EntryRules, { hi, lo }: RawEntry): bigint {
  const compressedHi = version === 1 ? 0x80000000 : ENTRY_COMPRESSED_HI;
  if (hi & compressedHi) return exactCompressedOffset(hi, lo, clusterBits, version);
  return version === 1 ? exactOf(hi, lo) : BigInt(entryOffset(hi, lo));
}

/** The bits of an entry by name: the flags that are set and the host offset. */
export function entryBits(rules: EntryRules, entry: RawEntry): string {
  const { hi, lo } = entry;
  if (rules.version === 1)
    return `${hi & 0x80000000 ? 'compressed, ' : ''}host offset ${formatOffset(exactHost(rules, entry))}`;
  const compressed = (hi & ENTRY_COMPRESSED_HI) !== 0;
  const names: string[] = [];
  if (hi & ENTRY_COPIED_HI) names.push('copied');
  if (compressed) names.push('compressed');
  if (!compressed && !rules.extendedL2 && lo & 1) names.push('zero');
  names.push(`host offset ${formatOffset(exactHost(rules, entry))}`);
  if (!compressed && (hi & ENTRY_RESERVED_HI || lo & ENTRY_RESERVED_LO)) names.push('reserved bits');
  return names.join(', ');
}

function pastEnd(what: string, entry: RawEntry, fileSize: number, rules: EntryRules): EntryFault {
  const file = rules.dataFile ? 'data file' : 'file';
  return {
    code: PAST_END,
    kind: 'pastEnd',
    what: () =>
      `${what} would lie at ${formatOffset(exactHost(rules, entry))}, past the end of the ${file} at ${formatOffset(fileSize)}`,
  };
}

function invalid(code: string, what: () => string): EntryFault {
  return { code, kind: 'invalid', what };
}

function unusual(what: string): EntryFault {
  return { code: 'QCOW2_ENTRY_RESERVED', kind: 'unusual', what: () => what };
}
