/** What is wrong with an L1 or L2 entry. Asked for the few entries that are odd, never for the many that are not. */
import type { Severity } from '../../../shared/model/layer.ts';
import { hex, hex64 } from './bytes.ts';
import { compressedRange, compressedRangeV1 } from './compressed.ts';
import {
  ENTRY_COMPRESSED_HI,
  ENTRY_COPIED_HI,
  ENTRY_RESERVED_HI,
  ENTRY_RESERVED_LO,
  type EntryRules,
  entryOffset,
  keepsHostSpace,
} from './entry.ts';

/** A code, how bad it is, and the sentence (made only when wanted: a ruined table has thousands). */
export interface EntryProblem {
  readonly code: string;
  readonly severity: Severity;
  readonly what: () => string;
}

/** The code of data that lies past the end of the file: a file that grows may undo it. */
export const DATA_OUTSIDE = 'QCOW2_DATA_OUTSIDE';

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
): EntryProblem | undefined {
  const { hi, lo, zeroBits, allocBits } = entry;
  if (rules.version === 1) return problemV1(rules, hi, lo, fileSize);
  if (hi & ENTRY_COMPRESSED_HI) return compressedProblem(rules, entry, fileSize);

  const host = entryOffset(hi, lo);
  if (!rules.extendedL2 && lo & 1 && rules.version < 3)
    return damage('QCOW2_ZERO_IN_V2', () => 'an L2 entry has the zero flag, which version 2 does not have');
  if (host % rules.clusterSize !== 0)
    return damage(
      'QCOW2_ENTRY_UNALIGNED',
      () => `an L2 entry points at ${hex(host)}, which is not a cluster boundary`,
    );
  if (rules.dataFile && host !== guestOffset && keepsHostSpace(rules, hi, lo))
    return damage(
      'QCOW2_DATA_FILE_OFFSET',
      () => `an L2 entry points at ${hex(host)} of the data file, where only the guest's own offset can be`,
    );
  if (zeroBits & allocBits)
    return damage('QCOW2_SUBCLUSTER_BOTH', () => 'a subcluster is marked as allocated and as zero at once');
  if (allocBits !== 0 && !keepsHostSpace(rules, hi, lo))
    return damage(
      'QCOW2_SUBCLUSTER_NOWHERE',
      () => 'a subcluster is marked as allocated in a cluster that has no host offset',
    );
  if (host >= fileSize) return outside('data', host, fileSize, rules);
  if (hi & ENTRY_RESERVED_HI || lo & (rules.extendedL2 ? ENTRY_RESERVED_LO | 1 : ENTRY_RESERVED_LO))
    return reserved('an L2 entry has reserved bits set');
  return undefined;
}

function compressedProblem(rules: EntryRules, entry: RawEntry, fileSize: number): EntryProblem | undefined {
  const { hi, lo, zeroBits, allocBits } = entry;
  if (rules.dataFile)
    return damage(
      'QCOW2_COMPRESSED_WITH_DATA_FILE',
      () => 'an L2 entry is compressed though the data lies in a file of its own',
    );
  const { offset } = compressedRange(hi, lo, rules.clusterBits);
  if (offset >= fileSize) return outside('compressed data', offset, fileSize, rules);
  if (zeroBits | allocBits) return reserved('a compressed cluster has subcluster bits set');
  if (hi & ENTRY_COPIED_HI) return reserved('a compressed cluster has the copied flag set');
  return undefined;
}

function problemV1(rules: EntryRules, hi: number, lo: number, fileSize: number): EntryProblem | undefined {
  const host = hi & 0x80000000 ? compressedRangeV1(hi, lo, rules.clusterBits).offset : hi * 2 ** 32 + lo;
  return host >= fileSize ? outside('data', host, fileSize, rules) : undefined;
}

/** What is wrong with the L1 entry of an L2 table at `host`, or undefined. Version 1 keeps no rule but the file's end. */
export function checkL1Entry(
  rules: EntryRules,
  hi: number,
  lo: number,
  host: number,
  fileSize: number,
): EntryProblem | undefined {
  if (rules.version > 1 && host % rules.clusterSize !== 0)
    return damage(
      'QCOW2_L1_UNALIGNED',
      () => `an L1 entry points at ${hex(host)}, which is not a cluster boundary`,
    );
  if (host >= fileSize)
    return damage(
      'QCOW2_L2_OUTSIDE',
      () => `an L2 table would lie at ${hex(host)}, past the end of the file at ${hex(fileSize)}`,
    );
  if (rules.version > 1 && (hi & 0x7f000000 || lo & 0x1ff))
    return reserved('an L1 entry has reserved bits set');
  return undefined;
}

/** The evidence of an entry: its raw value, both words with extended L2. */
export function entryText(rules: EntryRules, { hi, lo, zeroBits, allocBits }: RawEntry): string {
  return rules.extendedL2 ? `${hex64(hi, lo)} ${hex64(zeroBits, allocBits)}` : hex64(hi, lo);
}

function outside(what: string, host: number, fileSize: number, { dataFile }: EntryRules): EntryProblem {
  const file = dataFile ? 'data file' : 'file';
  return damage(
    DATA_OUTSIDE,
    () => `${what} would lie at ${hex(host)}, past the end of the ${file} at ${hex(fileSize)}`,
  );
}

function damage(code: string, what: () => string): EntryProblem {
  return { code, severity: 'damage', what };
}

function reserved(what: string): EntryProblem {
  return { code: 'QCOW2_ENTRY_RESERVED', severity: 'note', what: () => what };
}
