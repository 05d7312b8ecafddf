/**
 * The master boot record and the extended boot records that it leads to. UEFI 2.10, section 5.2, describes the record;
 * extended partitions are read and counted as Linux does (block/partitions/msdos.c).
 */
import { dataViewOf } from '../../shared/bytes.ts';
import { hasBootMark } from '../../shared/partition-marks.ts';
import type { DiskParts } from './guest-reader.ts';
import { hasText, hexDigits } from './little-endian.ts';
import { chainBroken, PARTITION_INVALID, PARTITIONS_TOO_MANY, type TableNotes } from './table-notes.ts';

/** Bytes of the record, whatever the sector size. */
export const MBR_BYTES = 512;
/** The type of the partition that protects a GPT. */
export const PROTECTIVE = 0xee;
const EXTENDED: readonly number[] = [0x05, 0x0f, 0x85];
/** Extended boot records that are followed: more than a disk can name partitions for. */
const MAX_BOOT_RECORDS = 256;

/** One entry of a boot record, in sectors. */
export interface MbrEntry {
  /** 0 to 3. */
  readonly index: number;
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
}

/** A master boot record. */
export interface Mbr {
  /** The entries that are in use. */
  readonly entries: readonly MbrEntry[];
  /** The 32-bit signature of the disk as 8 digits; empty where it is 0. */
  readonly diskId: string;
}

/** A partition in sectors. */
export interface MbrPartition {
  readonly number: number;
  readonly kind: 'primary' | 'extended' | 'logical';
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
}

/** The record in the first bytes of a disk; undefined where there is none that divides it. */
export function parseMbr(bytes: Uint8Array): Mbr | undefined {
  if (!hasBootMark(bytes) || isVolumeBoot(bytes)) return undefined;
  for (let i = 0; i < 4; i++) {
    const flag = bytes[446 + 16 * i];
    if (flag !== 0 && flag !== 0x80) return undefined;
  }
  const entries = entriesOf(bytes);
  if (entries.length === 0) return undefined;
  const id = dataViewOf(bytes).getUint32(440, true);
  return { entries, diskId: id === 0 ? '' : id.toString(16).padStart(8, '0') };
}

/** The boot sector of a file system ends as a boot record does, and its code stands where entries would. */
function isVolumeBoot(bytes: Uint8Array): boolean {
  if (['NTFS    ', 'EXFAT   ', '-FVE-FS-'].some(name => hasText(bytes, 3, name))) return true;
  const isFat = hasText(bytes, 54, 'FAT') || hasText(bytes, 82, 'FAT32');
  const sectorBytes = dataViewOf(bytes).getUint16(11, true);
  return isFat && [512, 1024, 2048, 4096].includes(sectorBytes);
}

/** The entries of an extended boot record that are in use; none where it has no signature. */
export function parseExtendedRecord(bytes: Uint8Array): MbrEntry[] {
  return hasBootMark(bytes) ? entriesOf(bytes) : [];
}

/** The entries that are in use: those with a type and a length. */
function entriesOf(bytes: Uint8Array): MbrEntry[] {
  const view = dataViewOf(bytes);
  const entries: MbrEntry[] = [];
  for (let index = 0; index < 4; index++) {
    const at = 446 + 16 * index;
    const type = view.getUint8(at + 4);
    const sectors = view.getUint32(at + 12, true);
    if (type !== 0 && sectors !== 0)
      entries.push({ index, type, start: view.getUint32(at + 8, true), sectors });
  }
  return entries;
}

/** True for the type of a partition that holds logical ones. */
export function isExtended(type: number): boolean {
  return EXTENDED.includes(type);
}

/** The partitions of a record with the logical ones, at most `most`. Follows the chain of each extended partition. */
export async function readMbrPartitions(
  mbr: Mbr,
  parts: DiskParts,
  sectorSize: number,
  notes: TableNotes,
  most: number,
): Promise<MbrPartition[]> {
  const found: MbrPartition[] = [];
  const logical: MbrPartition[] = [];
  for (const { index, type, start, sectors } of mbr.entries) {
    if (start === 0) {
      notes.add(PARTITION_INVALID, {
        proof: [`entry ${index + 1} of the boot record`, 'begins at sector 0'],
      });
      continue;
    }
    const kind = isExtended(type) ? 'extended' : 'primary';
    found.push({ number: index + 1, kind, type, start, sectors });
    if (kind === 'extended') await followChain({ start, sectors, parts, sectorSize, notes, most, logical });
  }
  return [...found, ...logical];
}

interface Chain {
  /** The extended partition, in sectors. */
  readonly start: number;
  readonly sectors: number;
  readonly parts: DiskParts;
  readonly sectorSize: number;
  readonly notes: TableNotes;
  readonly most: number;
  /** Gets the logical partitions. */
  readonly logical: MbrPartition[];
}

/** Follows extended boot records: each has one partition, counted from the record, and the place of the next record. */
async function followChain({
  start,
  sectors,
  parts,
  sectorSize,
  notes,
  most,
  logical,
}: Chain): Promise<void> {
  const seen = new Set<number>();
  let record: number | undefined = start;
  while (record !== undefined) {
    const at: number = record * sectorSize;
    const guest = { guest: [at, MBR_BYTES] as const };
    if (seen.has(record)) return notes.add(chainBroken('a boot record leads back to an earlier one'), guest);
    if (seen.size >= MAX_BOOT_RECORDS) return notes.add(PARTITIONS_TOO_MANY, guest);
    seen.add(record);
    if (at + MBR_BYTES > parts.size)
      return notes.add(chainBroken('a boot record lies past the end of the disk'));
    const bytes = await parts.read(at, MBR_BYTES);
    if (bytes === undefined) return notes.add(chainBroken('a boot record could not be read'), guest);
    if (!hasBootMark(bytes)) {
      const proof = ['last bytes of the boot record', `0x${hexDigits(bytes.subarray(510, 512))}`] as const;
      return notes.add(chainBroken('a boot record has no signature'), { ...guest, proof });
    }
    const entries = entriesOf(bytes);
    for (const { index, type, start: from, sectors: length } of entries) {
      if (isExtended(type)) continue;
      // The last two entries are unused; Linux takes them only where they lie inside of the extended partition.
      const end = record + from + length;
      if (index >= 2 && (end > start + sectors || record + from < start)) continue;
      if (logical.length + 4 >= most) return notes.add(PARTITIONS_TOO_MANY, guest);
      const number = 5 + logical.length;
      logical.push({ number, kind: 'logical', type, start: record + from, sectors: length });
    }
    const next = entries.find(({ type }) => isExtended(type));
    if (next !== undefined && next.start >= sectors)
      return notes.add(chainBroken('a boot record lies outside of the extended partition'), guest);
    record = next === undefined ? undefined : start + next.start;
  }
}
