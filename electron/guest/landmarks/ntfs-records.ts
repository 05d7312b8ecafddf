/** Records of the master file table of NTFS, and where they say that the data of files lies. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { hasText } from '../little-endian.ts';

const STANDARD_INFORMATION = 0x10;
const DATA_ATTRIBUTE = 0x80;
const END_OF_ATTRIBUTES = 0xffffffff;
/** Where a record has its number. */
export const RECORD_NUMBER_AT = 0x2c;
/** An update sequence counts in sectors of this size, whatever the device has. */
const SEQUENCE_SECTOR_BYTES = 512;
/** Fragments of a file that are read. */
const MAX_RUNS = 4096;

/** Clusters of a file: so many of them, from the one at `cluster` on. */
export interface ClusterRun {
  readonly cluster: number;
  readonly clusters: number;
}

/** Where byte `offset` of a file lies in the volume; undefined behind its end. */
export function offsetInVolume(
  runs: readonly ClusterRun[],
  offset: number,
  clusterBytes: number,
): number | undefined {
  let left = offset;
  for (const { cluster, clusters } of runs) {
    const length = clusters * clusterBytes;
    if (left < length) return cluster * clusterBytes + left;
    left -= length;
  }
  return undefined;
}

/** True for a record with a number: its update sequence lies behind that. */
export function isNumberedRecord(bytes: Uint8Array, view: DataView, at: number): boolean {
  return at + 0x30 <= bytes.length && hasText(bytes, at, 'FILE') && view.getUint16(at + 4, true) >= 0x30;
}

/** Where the data of the file with that record lies; empty where these bytes are not that record. */
export function runsOfRecord(stored: Uint8Array, recordBytes: number, number: number): ClusterRun[] {
  for (const { view, at, end } of attributesOf(stored, recordBytes)) {
    if (view.getUint32(RECORD_NUMBER_AT, true) !== number) return [];
    const isUnnamed = view.getUint8(at + 9) === 0;
    const isElsewhere = view.getUint8(at + 8) === 1;
    if (view.getUint32(at, true) === DATA_ATTRIBUTE && isUnnamed && isElsewhere && at + 0x22 <= end)
      return parseRuns(view, at + view.getUint16(at + 0x20, true), end);
  }
  return [];
}

/** When the file with that record was made, in units of 100 ns since 1601; undefined where the record does not say. */
export function creationTime(stored: Uint8Array, recordBytes: number): bigint | undefined {
  for (const { view, at, end } of attributesOf(stored, recordBytes)) {
    const content = at + view.getUint16(at + 0x14, true);
    const isHere = view.getUint8(at + 8) === 0;
    if (view.getUint32(at, true) === STANDARD_INFORMATION && isHere && content + 8 <= end)
      return view.getBigUint64(content, true);
  }
  return undefined;
}

/** An attribute: bytes [at, end) of a record. */
interface Attribute {
  readonly view: DataView;
  readonly at: number;
  readonly end: number;
}

/** The attributes of a record; none where these bytes are none. */
function attributesOf(stored: Uint8Array, recordBytes: number): Attribute[] {
  if (stored.length < recordBytes || !isNumberedRecord(stored, dataViewOf(stored), 0)) return [];
  const view = dataViewOf(withLastBytes(stored));
  const attributes: Attribute[] = [];
  for (let at = view.getUint16(0x14, true); at + 24 <= recordBytes; ) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at, true) === END_OF_ATTRIBUTES || length < 24) break;
    attributes.push({ view, at, end: Math.min(at + length, recordBytes) });
    at += length;
  }
  return attributes;
}

/** The record with the last two bytes of each sector, which are kept in its update sequence, where they belong. */
function withLastBytes(stored: Uint8Array): Uint8Array {
  const record = Uint8Array.from(stored);
  const view = dataViewOf(record);
  const from = view.getUint16(4, true);
  for (let sector = 1; sector < view.getUint16(6, true); sector++) {
    const [at, kept] = [sector * SEQUENCE_SECTOR_BYTES - 2, from + 2 * sector];
    if (at + 2 > record.length || kept + 2 > SEQUENCE_SECTOR_BYTES) break;
    view.setUint16(at, view.getUint16(kept, true), true);
  }
  return record;
}

/** Runs as they are stored: a byte with two lengths, the number of clusters, and the distance to the cluster before. */
function parseRuns(view: DataView, from: number, end: number): ClusterRun[] {
  const runs: ClusterRun[] = [];
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
