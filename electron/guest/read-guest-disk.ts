/** Reads what a guest keeps on its disk: the partition table, and what each partition holds by its signature. */
import { compareFindings, type Range } from '../../shared/model/finding.ts';
import {
  type GuestDisk,
  type GuestPartition,
  MAX_PARTITIONS,
  type ProbedRange,
} from '../../shared/model/guest/guest-disk.ts';
import { formatOffset } from '../../shared/text/offset.ts';
import { findGpt, type LocatedGpt } from './find-gpt.ts';
import type { Gpt } from './gpt.ts';
import { DiskParts, type GuestReader } from './guest-reader.ts';
import { MBR_BYTES, type Mbr, PROTECTIVE, parseMbr, readMbrPartitions } from './mbr.ts';
import { gptTypeName, mbrTypeName } from './partition-types.ts';
import { probeContent } from './signatures/probe-content.ts';
import {
  FILE_SYSTEM_TOO_LARGE,
  GPT_IGNORED,
  GUEST_NOT_READ,
  HYBRID_MBR,
  headerDamaged,
  NO_PROTECTIVE_MBR,
  PARTITION_INVALID,
  PARTITION_PAST_END,
  PARTITIONS_OVERLAP,
  PARTITIONS_TOO_MANY,
  TableNotes,
} from './table-notes.ts';

/** A partition before its content is looked at. */
type BarePartition = Omit<GuestPartition, keyof ProbedRange>;

/** How the disk is divided, and the notes about that. */
interface Division
  extends Pick<GuestDisk, 'scheme' | 'sectorSize' | 'sectorSizeFrom' | 'diskId' | 'isUsable'> {
  readonly partitions: readonly GuestPartition[];
  readonly notes: TableNotes;
}

/**
 * Reads the disk. A few sectors are read for the table, and some 24 KiB for each partition, at most MAX_PARTITIONS of them.
 * What cannot be read is a note. Rejects only where the reader was closed meanwhile.
 */
export async function readGuestDisk(reader: GuestReader): Promise<GuestDisk> {
  const parts = new DiskParts(reader);
  const first = await parts.read(0, MBR_BYTES);
  const mbr = first === undefined ? undefined : parseMbr(first);
  const whole = await probeContent(parts, 0, parts.size);
  const { notes, ...division } = await divide(parts, mbr, whole);
  const isKnown =
    division.isUsable && (first !== undefined || division.scheme !== 'none' || parts.size < MBR_BYTES);
  noteRanges(notes, division, parts.size, whole);
  const noted = new Set<number>();
  for (const { range, why } of parts.unread) {
    if (noted.has(range[0])) continue;
    noted.add(range[0]);
    notes.add(GUEST_NOT_READ, { guest: range, proof: [`guest ${formatOffset(range[0])}`, why] });
  }
  return {
    size: parts.size,
    ...division,
    isUsable: isKnown,
    gaps: isKnown && division.scheme !== 'none' ? gapsOf(division.partitions, parts.size) : [],
    whole,
    findings: [...notes.list()].sort(compareFindings),
  };
}

/** By a GPT, by the master boot record, or not at all. */
async function divide(parts: DiskParts, mbr: Mbr | undefined, whole: ProbedRange): Promise<Division> {
  const isProtected = mbr?.entries.some(({ type }) => type === PROTECTIVE) === true;
  // Without a boot record a table in the last sector counts only where nothing else was found: it may be an old one.
  const gpt = await findGpt(parts, isProtected || (mbr === undefined && whole.content === undefined));
  if (gpt !== undefined && (isProtected || (mbr === undefined && whole.content === undefined))) {
    const isHybrid = mbr?.entries.some(({ type }) => type !== PROTECTIVE) === true;
    if (!isProtected) gpt.notes.add(NO_PROTECTIVE_MBR, { guest: [0, MBR_BYTES] });
    if (isHybrid) gpt.notes.add(HYBRID_MBR, { guest: [0, MBR_BYTES] });
    return byGpt(parts, gpt);
  }
  const division = mbr === undefined || isProtected ? undivided(isProtected) : await byMbr(parts, mbr);
  if (gpt?.table !== undefined) division.notes.add(GPT_IGNORED, { guest: [gpt.sectorSize, gpt.sectorSize] });
  return division;
}

/** A disk without a table, or one whose boot record announces a GPT of which nothing is left. */
function undivided(isProtected: boolean): Division {
  const notes = new TableNotes();
  if (isProtected)
    for (const which of ['primary', 'backup']) notes.add(headerDamaged(which, 'nothing is left of it'));
  return {
    scheme: isProtected ? 'gpt' : 'none',
    sectorSize: 512,
    sectorSizeFrom: 'assumed',
    diskId: '',
    isUsable: !isProtected,
    partitions: [],
    notes,
  };
}

async function byGpt(parts: DiskParts, { table, sectorSize, notes }: LocatedGpt): Promise<Division> {
  const bare = table === undefined ? [] : gptPartitions(table, sectorSize, notes);
  const left = bare.length - MAX_PARTITIONS;
  if (left > 0) notes.add(PARTITIONS_TOO_MANY, { count: left });
  return {
    scheme: 'gpt',
    sectorSize,
    sectorSizeFrom: 'table',
    diskId: table?.diskGuid ?? '',
    isUsable: table !== undefined,
    partitions: await probeAll(parts, bare.slice(0, MAX_PARTITIONS)),
    notes,
  };
}

function gptPartitions(table: Gpt, sectorSize: number, notes: TableNotes): BarePartition[] {
  const partitions: BarePartition[] = [];
  for (const { index, typeGuid, guid, first, last, name } of table.entries) {
    const start = first * sectorSize;
    const end = (last + 1) * sectorSize;
    const number = index + 1;
    if (first === 0 || last < first || !Number.isSafeInteger(end)) {
      notes.add(PARTITION_INVALID, { proof: [`entry ${number} of the GPT`, `sectors ${first} to ${last}`] });
      continue;
    }
    const typeName = gptTypeName(typeGuid);
    const length = end - start;
    partitions.push({ number, kind: 'gpt', start, length, type: typeGuid, typeName, name, uuid: guid });
  }
  return partitions;
}

/** A boot record does not tell the size of a sector: what lies where partitions would begin does. */
async function byMbr(parts: DiskParts, mbr: Mbr): Promise<Division> {
  const inSectors512 = await byMbrOf(parts, mbr, 512);
  if (inSectors512.sectorSizeFrom === 'signatures') return inSectors512;
  const inSectors4096 = await byMbrOf(parts, mbr, 4096);
  return inSectors4096.sectorSizeFrom === 'signatures' ? inSectors4096 : inSectors512;
}

async function byMbrOf(parts: DiskParts, mbr: Mbr, sectorSize: number): Promise<Division> {
  const notes = new TableNotes();
  const found = await readMbrPartitions(mbr, parts, sectorSize, notes, MAX_PARTITIONS);
  const bare = found.map(
    ({ number, kind, type, start, sectors }): BarePartition => ({
      number,
      kind,
      start: start * sectorSize,
      length: sectors * sectorSize,
      type: `0x${type.toString(16).padStart(2, '0')}`,
      typeName: mbrTypeName(type),
      name: '',
      uuid: mbr.diskId === '' ? '' : `${mbr.diskId}-${number.toString(16).padStart(2, '0')}`,
    }),
  );
  const partitions = await probeAll(parts, bare);
  const isProven = partitions.some(({ content }) => content !== undefined);
  const sectorSizeFrom = isProven ? 'signatures' : 'assumed';
  return { scheme: 'mbr', sectorSize, sectorSizeFrom, diskId: mbr.diskId, isUsable: true, partitions, notes };
}

async function probeAll(parts: DiskParts, bare: readonly BarePartition[]): Promise<GuestPartition[]> {
  const partitions: GuestPartition[] = [];
  for (const partition of [...bare].sort(byStart)) {
    const { kind, start, length } = partition;
    // An extended partition begins with a boot record and holds nothing beside others.
    const probed = kind === 'extended' || start >= parts.size ? {} : await probeContent(parts, start, length);
    partitions.push({ ...partition, ...probed });
  }
  return partitions;
}

function byStart(a: BarePartition, b: BarePartition): number {
  return a.start - b.start || b.length - a.length || a.number - b.number;
}

/** Notes about where partitions and file systems lie. */
function noteRanges(
  notes: TableNotes,
  { partitions, scheme }: Omit<Division, 'notes'>,
  size: number,
  whole: ProbedRange,
): void {
  noteOverlaps(
    notes,
    partitions.filter(({ kind }) => kind !== 'logical'),
  );
  noteOverlaps(
    notes,
    partitions.filter(({ kind }) => kind === 'logical'),
  );
  for (const { number, start, length, content } of partitions) {
    const title = `partition ${number}`;
    if (start + length > size)
      notes.add(PARTITION_PAST_END, {
        ...(start < size ? { guest: [start, size - start] as const } : {}),
        proof: [`end of ${title}`, `${start + length} bytes on a disk of ${size}`],
      });
    noteTooLarge(notes, title, [start, length], content?.size);
  }
  if (scheme === 'none') noteTooLarge(notes, 'the disk', [0, size], whole.content?.size);
}

function noteTooLarge(
  notes: TableNotes,
  title: string,
  [start, length]: Range,
  covered: number | undefined,
): void {
  if (covered === undefined || covered <= length) return;
  notes.add(FILE_SYSTEM_TOO_LARGE, {
    guest: [start, length],
    proof: [`file system in ${title}`, `${covered} bytes in a range of ${length}`],
  });
}

/** `partitions` are in order of their start. */
function noteOverlaps(notes: TableNotes, partitions: readonly GuestPartition[]): void {
  let last: GuestPartition | undefined;
  for (const partition of partitions) {
    if (last !== undefined && partition.start < last.start + last.length) {
      const length = Math.min(last.start + last.length - partition.start, partition.length);
      const proof = [`start of partition ${partition.number}`, `inside of partition ${last.number}`] as const;
      notes.add(PARTITIONS_OVERLAP, { guest: [partition.start, length], proof });
    }
    if (last === undefined || partition.start + partition.length > last.start + last.length) last = partition;
  }
}

/** What no partition has; extended ones hold only what their logical partitions have. */
function gapsOf(partitions: readonly GuestPartition[], size: number): Range[] {
  const gaps: Range[] = [];
  let end = 0;
  for (const { kind, start, length } of partitions) {
    if (kind === 'extended') continue;
    if (start > end && end < size) gaps.push([end, Math.min(start, size) - end]);
    end = Math.max(end, start + length);
  }
  if (end < size) gaps.push([end, size - end]);
  return gaps;
}
