/** Finds the two copies of a GPT, whatever the sector size, and tells which one is used. */
import { hasGptSignature } from '../../shared/partition-marks.ts';
import { type Gpt, isWholeHeader, otherCopyOf, readGptCopy } from './gpt.ts';
import type { DiskParts } from './guest-reader.ts';
import { GPT_BACKUP_MISPLACED, GPT_COPIES_DIFFER, headerDamaged, TableNotes } from './table-notes.ts';

/** Sizes of logical sectors that disks have, the usual one first. */
const SECTOR_SIZES = [512, 4096] as const;
/** Where the primary header lies: UEFI 2.10, section 5.3.1. */
const PRIMARY_SECTOR = 1;

/** A GPT that is there, whether it can be used or not. */
export interface LocatedGpt {
  readonly sectorSize: number;
  /** The copy that is used: the primary one where it is whole. Undefined where neither is. */
  readonly table: Gpt | undefined;
  readonly notes: TableNotes;
}

/** The GPT of the disk. `evenAtEnd`: also look for a backup where there is no trace of a primary header. */
export async function findGpt(parts: DiskParts, evenAtEnd: boolean): Promise<LocatedGpt | undefined> {
  const sectorSize = await findSectorSize(parts, evenAtEnd);
  return sectorSize === undefined ? undefined : locate(parts, sectorSize);
}

async function findSectorSize(parts: DiskParts, evenAtEnd: boolean): Promise<number | undefined> {
  const begun: number[] = [];
  for (const size of SECTOR_SIZES) {
    const header = await parts.read(size, size);
    if (isWholeHeader(header, PRIMARY_SECTOR)) return size;
    if (hasGptSignature(header)) begun.push(size);
  }
  if (evenAtEnd || begun.length > 0)
    for (const size of SECTOR_SIZES) {
      const last = lastSector(parts, size);
      if (isWholeHeader(await parts.read(last * size, size), last)) return size;
    }
  return begun[0];
}

function lastSector(parts: DiskParts, sectorSize: number): number {
  return Math.floor(parts.size / sectorSize) - 1;
}

async function locate(parts: DiskParts, sectorSize: number): Promise<LocatedGpt> {
  const notes = new TableNotes();
  const context = { parts, sectorSize, notes };
  const header = await parts.read(PRIMARY_SECTOR * sectorSize, sectorSize);
  const primary = await readGptCopy(header, PRIMARY_SECTOR, 'primary', context);
  const last = lastSector(parts, sectorSize);
  let sector = primary?.other ?? last;
  let copy = await parts.read(sector * sectorSize, sectorSize);
  // A damaged header may still tell where the other copy is, on a disk that was resized.
  const otherSector = header === undefined || !hasGptSignature(header) ? undefined : otherCopyOf(header);
  if (primary === undefined && otherSector !== undefined && !hasGptSignature(copy)) {
    const other = await parts.read(otherSector * sectorSize, sectorSize);
    if (hasGptSignature(other)) [sector, copy] = [otherSector, other];
  }
  let backup: Gpt | undefined;
  if ((sector + 1) * sectorSize > parts.size)
    notes.add(headerDamaged('backup', `sector ${sector} lies past the end of the disk`));
  else backup = await readGptCopy(copy, sector, 'backup', context);
  if (backup !== undefined && sector !== last)
    notes.add(GPT_BACKUP_MISPLACED, {
      guest: [sector * sectorSize, sectorSize],
      proof: ['sector of the backup', `${sector}; the last one of the disk is ${last}`],
    });
  if (primary !== undefined && backup !== undefined && differ(primary, backup))
    notes.add(GPT_COPIES_DIFFER, { guest: [sector * sectorSize, sectorSize] });
  return { sectorSize, table: primary ?? backup, notes };
}

function differ(a: Gpt, b: Gpt): boolean {
  return (
    a.listCrc !== b.listCrc ||
    a.diskGuid !== b.diskGuid ||
    a.firstUsable !== b.firstUsable ||
    a.lastUsable !== b.lastUsable
  );
}
