/**
 * NTFS: the copy of the boot sector behind the volume, and the records of the master file table, which are numbered. Source:
 * the layouts of Linux (fs/ntfs3/ntfs.h).
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { hasText } from '../little-endian.ts';
import {
  isPowerWithin,
  type Landmark,
  lazily,
  type NumberedFileSystem,
  type ReadVolume,
} from './landmark.ts';
import {
  type ClusterRun,
  creationTime,
  isNumberedRecord,
  offsetInVolume,
  RECORD_NUMBER_AT,
  runsOfRecord,
} from './ntfs-records.ts';

const BOOT_BYTES = 512;
/** The record of the bitmap of clusters. */
const BITMAP_RECORD = 6;
/** Bytes of that bitmap that are read at once, and such pieces that are kept. */
const BITMAP_PIECE_BYTES = 4096;
const MAX_KEPT = 64;
/** The first records have copies elsewhere: so many, and more where a cluster holds more. */
const MIN_COPIED_RECORDS = 4;
/** Clusters have numbers of 32 bits in Windows. */
const MAX_CLUSTERS = 2 ** 32;

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

/** Opens the file system by its boot sector. */
export function openNtfs(read: ReadVolume): NumberedFileSystem | undefined {
  const bytes = read(0, BOOT_BYTES);
  const boot = bytes === undefined ? undefined : parseBoot(bytes);
  if (boot === undefined) return undefined;
  const { clusterBytes, sectorBytes, sectors, tableCluster } = boot;
  const runs = lazily(() => {
    const record = read(tableCluster * clusterBytes, boot.recordBytes);
    return record === undefined ? [] : runsOfRecord(record, boot.recordBytes, 0);
  });
  const isUsed = lazily(() => usedClusters(boot, runs(), read));
  return {
    type: 'ntfs',
    size: (sectors + 1) * sectorBytes, // the copy of the boot sector lies behind it
    landmarks: () => [copyOfBoot(boot), ...firstRecords(boot, read)],
    placesOf: (piece, view, at) => placesOf(boot, runs(), piece, view, at),
    isUsed: (offset, length) => isUsed()(offset, length),
  };
}

function parseBoot(bytes: Uint8Array): Boot | undefined {
  if (bytes.length < BOOT_BYTES || !hasText(bytes, 3, 'NTFS    ')) return undefined;
  const view = dataViewOf(bytes);
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
    sectors: uint64At(view, 0x28, true),
    tableCluster: uint64At(view, 0x30, true),
    mirrorCluster: uint64At(view, 0x38, true),
    serial: view.getBigUint64(0x48, true),
  };
  const isSane =
    isPowerWithin(sectorBytes, 256, 4096) &&
    isPowerWithin(clusterBytes, 512, 2 ** 21) &&
    isPowerWithin(recordBytes, 512, 65_536) &&
    boot.sectors * sectorBytes <= MAX_CLUSTERS * clusterBytes &&
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

/**
 * The first record describes the table itself, and there is a copy of it. Many volumes have their table in the same cluster,
 * and tell it by the time when it was made: that of one of the two must be known.
 */
function firstRecords(boot: Boot, read: ReadVolume): Landmark[] {
  const { recordBytes, clusterBytes } = boot;
  const identify = (bytes: Uint8Array) => tableIdentity(boot, bytes);
  const places = [boot.tableCluster, boot.mirrorCluster].flatMap(cluster =>
    cluster > 0 ? [cluster * clusterBytes] : [],
  );
  const known = places.flatMap(at => {
    const bytes = read(at, recordBytes);
    return (bytes === undefined ? undefined : identify(bytes)) ?? [];
  });
  const [identity] = known;
  if (identity === undefined) return [];
  return places.map(at => ({ at, length: recordBytes, identify, identity, isPermanent: true }));
}

function tableIdentity(boot: Boot, bytes: Uint8Array): string | undefined {
  const { recordBytes, clusterBytes, tableCluster } = boot;
  const [first] = runsOfRecord(bytes, recordBytes, 0);
  const time = creationTime(bytes, recordBytes);
  return first?.cluster === tableCluster && time !== undefined
    ? `master file table ${clusterBytes} ${recordBytes} ${tableCluster} ${time}`
    : undefined;
}

function placesOf(
  { clusterBytes, recordBytes }: Boot,
  runs: readonly ClusterRun[],
  bytes: Uint8Array,
  view: DataView,
  at: number,
): readonly number[] {
  if (!isNumberedRecord(bytes, view, at)) return [];
  const number = view.getUint32(at + RECORD_NUMBER_AT, true);
  if (number < Math.max(MIN_COPIED_RECORDS, clusterBytes / recordBytes)) return [];
  const place = offsetInVolume(runs, number * recordBytes, clusterBytes);
  return place === undefined ? [] : [place];
}

/** Whether clusters are in use, by the bitmap of the volume. */
function usedClusters(
  { clusterBytes, recordBytes }: Boot,
  table: readonly ClusterRun[],
  read: ReadVolume,
): NonNullable<NumberedFileSystem['isUsed']> {
  // Smaller clusters than a piece may be in several places.
  if (clusterBytes < BITMAP_PIECE_BYTES) return () => undefined;
  const at = offsetInVolume(table, BITMAP_RECORD * recordBytes, clusterBytes);
  const record = at === undefined ? undefined : read(at, recordBytes);
  const runs = record === undefined ? [] : runsOfRecord(record, recordBytes, BITMAP_RECORD);
  const pieces = new Map<number, Uint8Array | undefined>();
  const pieceOf = (piece: number): Uint8Array | undefined => {
    if (pieces.has(piece)) return pieces.get(piece);
    const place = offsetInVolume(runs, piece * BITMAP_PIECE_BYTES, clusterBytes);
    const bytes = place === undefined ? undefined : read(place, BITMAP_PIECE_BYTES);
    if (pieces.size === MAX_KEPT) pieces.clear();
    pieces.set(piece, bytes);
    return bytes;
  };
  return (offset, length) => {
    let isKnown = true;
    for (
      let cluster = Math.floor(offset / clusterBytes);
      cluster * clusterBytes < offset + length;
      cluster++
    ) {
      const byte = cluster >>> 3;
      const piece = pieceOf(Math.floor(byte / BITMAP_PIECE_BYTES));
      if (piece === undefined) isKnown = false;
      else if ((((piece[byte % BITMAP_PIECE_BYTES] as number) >>> (cluster & 7)) & 1) === 1) return true;
    }
    return isKnown ? false : undefined;
  };
}
