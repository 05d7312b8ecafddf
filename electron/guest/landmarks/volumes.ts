/** The volumes of a disk: its partitions, what LVM makes of them, or the disk itself. */
import { parseGptCopy } from '../gpt.ts';
import { isExtended, MBR_BYTES, type MbrEntry, PROTECTIVE, parseExtendedRecord, parseMbr } from '../mbr.ts';
import type { ReadVolume } from './landmark.ts';
import { logicalVolumes } from './lvm.ts';
import { readerOf, type Volume, volumeOf } from './volume.ts';

const SECTOR_SIZES = [512, 4096] as const;
/** Logical partitions that are followed. */
const MAX_LOGICAL = 256;
/** Partitions that are looked at. */
const MAX_PARTITIONS = 64;

/** The volumes that a disk of `size` bytes is divided into, as far as that can be read; none where it cannot. */
export function volumesOf(read: ReadVolume, size: number): Volume[] {
  const parts = divisionOf(read, size).slice(0, MAX_PARTITIONS);
  return parts.flatMap(volume => logicalVolumes(readerOf(volume, read), volume) ?? [volume]);
}

function divisionOf(read: ReadVolume, size: number): Volume[] {
  const first = read(0, MBR_BYTES);
  const mbr = first === undefined ? undefined : parseMbr(first);
  const isProtected = mbr?.entries.some(({ type }) => type === PROTECTIVE) === true;
  if (mbr !== undefined && !isProtected)
    return mbr.entries.flatMap(entry => (isExtended(entry.type) ? logical(entry, read) : [partition(entry)]));
  const found = SECTOR_SIZES.flatMap(sectorSize =>
    [1, Math.floor(size / sectorSize) - 1].flatMap(sector => {
      const table = parseGptCopy(read, sector, sectorSize);
      return table === undefined ? [] : [{ table, sectorSize }];
    }),
  );
  const [gpt] = found;
  if (gpt !== undefined)
    return gpt.table.entries
      .filter(({ first: from, last }) => from > 0 && last >= from)
      .map(({ first: from, last }) => volumeOf(from * gpt.sectorSize, (last + 1 - from) * gpt.sectorSize));
  return isProtected ? [] : [volumeOf(0, size)];
}

function partition({ start, sectors }: MbrEntry, from = 0): Volume {
  return volumeOf((from + start) * 512, sectors * 512);
}

/** Logical partitions: each boot record has one, and leads to the next record. */
function logical(extended: MbrEntry, read: ReadVolume): Volume[] {
  const volumes: Volume[] = [];
  const seen = new Set<number>();
  for (let at: number | undefined = extended.start; at !== undefined && !seen.has(at); ) {
    if (seen.add(at).size > MAX_LOGICAL) break;
    const bytes = read(at * 512, MBR_BYTES);
    const entries: readonly MbrEntry[] = bytes === undefined ? [] : parseExtendedRecord(bytes);
    const [own, next] = [
      entries.find(({ type }) => !isExtended(type)),
      entries.find(({ type }) => isExtended(type)),
    ];
    if (own !== undefined && own.index < 2) volumes.push(partition(own, at));
    at = next === undefined ? undefined : extended.start + next.start;
  }
  return volumes;
}
