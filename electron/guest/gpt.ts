/** The GUID partition table: UEFI 2.10, section 5.3. */
import { crc32 } from 'node:zlib';
import { dataViewOf, uint64At } from '../../shared/bytes.ts';
import { hasGptSignature } from '../../shared/partition-marks.ts';
import type { DiskParts } from './guest-reader.ts';
import { guidOf, utf16Of } from './little-endian.ts';
import { entriesDamaged, headerDamaged, type TableNotes } from './table-notes.ts';

const HEADER_BYTES = 92;
/** Most bytes of a list of partitions that are read: 8,192 entries of the usual size. */
const MAX_LIST_BYTES = 2 ** 20;
const EMPTY_TYPE = '';

/** One entry that is in use. */
export interface GptEntry {
  /** From 0. */
  readonly index: number;
  readonly typeGuid: string;
  readonly guid: string;
  /** Sectors; the last one belongs to the partition. */
  readonly first: number;
  readonly last: number;
  readonly name: string;
}

/** A copy of the table that is whole. */
export interface Gpt {
  readonly diskGuid: string;
  /** Sector of the other copy's header. */
  readonly other: number;
  readonly firstUsable: number;
  readonly lastUsable: number;
  readonly entries: readonly GptEntry[];
  /** Equal for equal lists. */
  readonly listCrc: number;
}

interface Header {
  readonly other: number;
  readonly firstUsable: number;
  readonly lastUsable: number;
  readonly diskGuid: string;
  readonly listSector: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  readonly listCrc: number;
}

/** True for a header that can be used at this sector. */
export function isWholeHeader(bytes: Uint8Array | undefined, sector: number): boolean {
  return bytes !== undefined && typeof parseHeader(bytes, sector) !== 'string';
}

/** Where the other copy is said to be by a header that may be damaged; undefined for a number that is no sector. */
export function otherCopyOf(bytes: Uint8Array): number | undefined {
  const other = uint64At(dataViewOf(bytes), 32, true);
  return Number.isSafeInteger(other) ? other : undefined;
}

/** Reads the copy whose header is in `bytes`, the sector `sector`. Undefined with a note where it cannot be used. */
export async function readGptCopy(
  bytes: Uint8Array | undefined,
  sector: number,
  which: 'primary' | 'backup',
  { parts, sectorSize, notes }: { parts: DiskParts; sectorSize: number; notes: TableNotes },
): Promise<Gpt | undefined> {
  const place = sector * sectorSize < parts.size ? { guest: [sector * sectorSize, sectorSize] as const } : {};
  if (bytes === undefined) {
    notes.add(headerDamaged(which, 'it could not be read'), place);
    return undefined;
  }
  const header = parseHeader(bytes, sector);
  if (typeof header === 'string') {
    notes.add(headerDamaged(which, header), place);
    return undefined;
  }
  const length = header.entryCount * header.entryBytes;
  const at = header.listSector * sectorSize;
  const listPlace = at + length <= parts.size && length > 0 ? { guest: [at, length] as const } : {};
  const damaged = (why: string) => {
    notes.add(entriesDamaged(which, why), listPlace);
    return undefined;
  };
  if (length > MAX_LIST_BYTES) return damaged(`it has ${length} bytes, more than any program writes`);
  if (at + length > parts.size) return damaged('it lies past the end of the disk');
  const list = await parts.read(at, length);
  if (list === undefined) return damaged('it could not be read');
  const crc = crc32(list);
  if (crc !== header.listCrc)
    return damaged(`its checksum is ${hex(crc)} and should be ${hex(header.listCrc)}`);
  return { ...header, entries: entriesOf(list, header.entryBytes) };
}

/** The copy whose header is in `sector`, where both its header and its list are whole. */
export function parseGptCopy(
  read: (offset: number, length: number) => Uint8Array | undefined,
  sector: number,
  sectorSize: number,
): Gpt | undefined {
  const bytes = read(sector * sectorSize, sectorSize);
  const header = bytes === undefined ? '' : parseHeader(bytes, sector);
  if (typeof header === 'string') return undefined;
  const length = header.entryCount * header.entryBytes;
  const list = length > MAX_LIST_BYTES ? undefined : read(header.listSector * sectorSize, length);
  if (list === undefined || crc32(list) !== header.listCrc) return undefined;
  return { ...header, entries: entriesOf(list, header.entryBytes) };
}

/** The header, or why it cannot be used. */
function parseHeader(bytes: Uint8Array, sector: number): Header | string {
  if (!hasGptSignature(bytes)) return `there is none at sector ${sector}`;
  const view = dataViewOf(bytes);
  const size = view.getUint32(12, true);
  if (size < HEADER_BYTES || size > bytes.length) return `it claims a length of ${size} bytes`;
  const covered = Uint8Array.from(bytes.subarray(0, size));
  covered.fill(0, 16, 20); // its own checksum counts as 0
  const stored = view.getUint32(16, true);
  const crc = crc32(covered);
  if (crc !== stored) return `its checksum is ${hex(crc)} and should be ${hex(stored)}`;
  const own = uint64At(view, 24, true);
  if (own !== sector) return `it lies at sector ${sector} and says that it is at ${own}`;
  const entryBytes = view.getUint32(84, true);
  // 128 times a power of 2.
  if (entryBytes < 128 || (entryBytes & (entryBytes - 1)) !== 0)
    return `it claims entries of ${entryBytes} bytes`;
  return {
    other: uint64At(view, 32, true),
    firstUsable: uint64At(view, 40, true),
    lastUsable: uint64At(view, 48, true),
    diskGuid: guidOf(bytes.subarray(56, 72)),
    listSector: uint64At(view, 72, true),
    entryCount: view.getUint32(80, true),
    entryBytes,
    listCrc: view.getUint32(88, true),
  };
}

function entriesOf(list: Uint8Array, entryBytes: number): GptEntry[] {
  const entries: GptEntry[] = [];
  for (let index = 0; (index + 1) * entryBytes <= list.length; index++) {
    const entry = list.subarray(index * entryBytes, (index + 1) * entryBytes);
    const typeGuid = guidOf(entry.subarray(0, 16));
    if (typeGuid === EMPTY_TYPE) continue;
    const view = dataViewOf(entry);
    entries.push({
      index,
      typeGuid,
      guid: guidOf(entry.subarray(16, 32)),
      first: uint64At(view, 32, true),
      last: uint64At(view, 40, true),
      name: utf16Of(entry.subarray(56, 128)),
    });
  }
  return entries;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
