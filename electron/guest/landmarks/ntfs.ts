/**
 * NTFS: the copy of the boot sector behind the volume, and the records of the master file table, which are numbered. Source:
 * the layouts of Linux (fs/ntfs3/ntfs.h).
 */
import { hasText, u64, viewOf } from '../little-endian.ts';
import { isPowerWithin, type Landmark, type NumberedFileSystem, type ReadVolume } from './landmark.ts';

const BOOT_BYTES = 512;
const DATA_ATTRIBUTE = 0x80;
const END_OF_ATTRIBUTES = 0xffffffff;
const RECORD_NUMBER_AT = 0x2c;
/** An update sequence counts in sectors of this size, whatever the device has. */
const SEQUENCE_SECTOR_BYTES = 512;
/** The first records have copies elsewhere. */
const FIRST_UNIQUE_RECORD = 4;
/** Fragments of the master file table that are read. */
const MAX_RUNS = 4096;

interface Boot {
  readonly sectorBytes: number;
  readonly clusterBytes: number;
  readonly recordBytes: number;
  readonly sectors: number;
  readonly tableCluster: number;
  /** Where copies of the first records lie. */
  readonly mirrorCluster: number;
  readonly serial: bigint;
}

/** Clusters of a file: so many of them, from the one at `cluster` on. */
interface Run {
  readonly cluster: number;
  readonly clusters: number;
}

/** Opens the file system by its boot sector. */
export function openNtfs(read: ReadVolume): NumberedFileSystem | undefined {
  const bytes = read(0, BOOT_BYTES);
  const boot = bytes === undefined ? undefined : parseBoot(bytes);
  if (boot === undefined) return undefined;
  const { clusterBytes, sectorBytes, sectors, tableCluster } = boot;
  const record = read(tableCluster * clusterBytes, boot.recordBytes);
  const runs = record === undefined ? [] : runsOfTable(boot, record);
  return {
    type: 'ntfs',
    size: (sectors + 1) * sectorBytes, // the copy of the boot sector lies behind it
    landmarks: [copyOfBoot(boot), ...firstRecords(boot)],
    placesOf: (piece, view, at) => placesOf(boot, runs, piece, view, at),
  };
}

function parseBoot(bytes: Uint8Array): Boot | undefined {
  if (bytes.length < BOOT_BYTES || !hasText(bytes, 3, 'NTFS    ')) return undefined;
  const view = viewOf(bytes);
  const sectorBytes = view.getUint16(11, true);
  const perCluster = view.getUint8(13);
  const perRecord = view.getInt8(0x40);
  const sectorsOfCluster = perCluster > 128 ? 2 ** (256 - perCluster) : perCluster;
  const clusterBytes = sectorBytes * sectorsOfCluster;
  const recordBytes = perRecord > 0 ? perRecord * clusterBytes : 2 ** -perRecord;
  const boot = {
    sectorBytes,
    clusterBytes,
    recordBytes,
    sectors: u64(view, 0x28),
    tableCluster: u64(view, 0x30),
    mirrorCluster: u64(view, 0x38),
    serial: view.getBigUint64(0x48, true),
  };
  const isSane =
    isPowerWithin(sectorBytes, 256, 4096) &&
    isPowerWithin(clusterBytes, 512, 2 ** 21) &&
    isPowerWithin(recordBytes, 512, 65_536) &&
    Number.isSafeInteger(boot.sectors * sectorBytes) &&
    boot.tableCluster * clusterBytes < boot.sectors * sectorBytes;
  return isSane ? boot : undefined;
}

function copyOfBoot(boot: Boot): Landmark {
  return {
    at: boot.sectors * boot.sectorBytes,
    length: BOOT_BYTES,
    identify: identifyBoot,
    identity: bootIdentity(boot),
    isPermanent: true,
  };
}

function identifyBoot(bytes: Uint8Array): string | undefined {
  const boot = parseBoot(bytes);
  return boot === undefined ? undefined : bootIdentity(boot);
}

function bootIdentity({ serial, sectors, tableCluster, clusterBytes }: Boot): string {
  return `boot sector ${serial} ${sectors} ${tableCluster} ${clusterBytes}`;
}

/** The first record describes the table itself, and so where it begins; there is a copy of it. */
function firstRecords(boot: Boot): Landmark[] {
  const identify = (bytes: Uint8Array) => {
    const [first] = runsOfTable(boot, bytes);
    return first === undefined ? undefined : tableIdentity(boot, first.cluster);
  };
  const clusters = [boot.tableCluster, boot.mirrorCluster].filter(cluster => cluster > 0);
  return clusters.map(cluster => ({
    at: cluster * boot.clusterBytes,
    length: boot.recordBytes,
    identify,
    identity: tableIdentity(boot, boot.tableCluster),
    isPermanent: true,
  }));
}

function tableIdentity({ clusterBytes, recordBytes }: Boot, cluster: number): string {
  return `master file table ${clusterBytes} ${recordBytes} ${cluster}`;
}

/** Where the table lies, by its own record; empty where these bytes are no such record. */
function runsOfTable({ recordBytes }: Boot, stored: Uint8Array): Run[] {
  if (stored.length < recordBytes || !isRecord(stored, viewOf(stored), 0)) return [];
  const view = viewOf(withLastBytes(stored));
  if (view.getUint32(RECORD_NUMBER_AT, true) !== 0) return [];
  for (let at = view.getUint16(0x14, true); at + 24 <= recordBytes; ) {
    const type = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (type === END_OF_ATTRIBUTES || length < 24) break;
    const isUnnamed = view.getUint8(at + 9) === 0;
    const end = Math.min(at + length, recordBytes);
    if (type === DATA_ATTRIBUTE && isUnnamed && view.getUint8(at + 8) === 1 && at + 0x22 <= end)
      return parseRuns(view, at + view.getUint16(at + 0x20, true), end);
    at += length;
  }
  return [];
}

/** The record with the last two bytes of each sector, which are kept in its update sequence, where they belong. */
function withLastBytes(stored: Uint8Array): Uint8Array {
  const record = Uint8Array.from(stored);
  const view = viewOf(record);
  const from = view.getUint16(4, true);
  for (let sector = 1; sector < view.getUint16(6, true); sector++) {
    const [at, kept] = [sector * SEQUENCE_SECTOR_BYTES - 2, from + 2 * sector];
    if (at + 2 > record.length || kept + 2 > SEQUENCE_SECTOR_BYTES) break;
    view.setUint16(at, view.getUint16(kept, true), true);
  }
  return record;
}

/** Runs as they are stored: a byte with two lengths, the number of clusters, and the distance to the cluster before. */
function parseRuns(view: DataView, from: number, end: number): Run[] {
  const runs: Run[] = [];
  let cluster = 0;
  for (let at = from; at < end && runs.length < MAX_RUNS; ) {
    const lengths = view.getUint8(at);
    const [forCount, forDistance] = [lengths & 0xf, lengths >>> 4];
    if (lengths === 0 || forCount === 0 || forCount > 6 || forDistance > 6) break;
    if (at + 1 + forCount + forDistance > end || forDistance === 0) break;
    const clusters = numberAt(view, at + 1, forCount);
    const distance = numberAt(view, at + 1 + forCount, forDistance);
    const limit = 2 ** (8 * forDistance - 1);
    cluster += distance >= limit ? distance - 2 * limit : distance;
    if (cluster < 0) break;
    runs.push({ cluster, clusters });
    at += 1 + forCount + forDistance;
  }
  return runs;
}

/** An unsigned number of at most 6 bytes. */
function numberAt(view: DataView, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
  return value;
}

/** True for a record with a number: its update sequence lies behind that. */
function isRecord(bytes: Uint8Array, view: DataView, at: number): boolean {
  return at + 0x30 <= bytes.length && hasText(bytes, at, 'FILE') && view.getUint16(at + 4, true) >= 0x30;
}

function placesOf(
  { clusterBytes, recordBytes }: Boot,
  runs: readonly Run[],
  bytes: Uint8Array,
  view: DataView,
  at: number,
): readonly number[] {
  if (!isRecord(bytes, view, at)) return [];
  const number = view.getUint32(at + RECORD_NUMBER_AT, true);
  if (number < FIRST_UNIQUE_RECORD) return [];
  let offset = number * recordBytes;
  for (const { cluster, clusters } of runs) {
    const length = clusters * clusterBytes;
    if (offset < length) return [cluster * clusterBytes + offset];
    offset -= length;
  }
  return [];
}
