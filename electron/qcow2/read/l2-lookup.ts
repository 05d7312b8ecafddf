/** Locates the L2 entries of a guest range: bounded read-ahead, and distinct results for "no table" and "bad table". */
import { CowscopeError, errorRecord } from '../../../shared/error.ts';
import { checkL1Entry, type RawEntry, reachOf } from '../format/entry-rules.ts';
import { tableIndexOf } from '../format/geometry.ts';
import { l2OffsetAt } from './l1.ts';
import type { Qcow2Map } from './map-state.ts';
import { sizeNow } from './source.ts';
import { holdsTable, loadTable, READ_AHEAD_BYTES } from './table-reader.ts';

/** There is no L2 table: nothing is allocated. */
export const NO_TABLE = -1;
/** There should be an L2 table and it cannot be read. */
const BAD_TABLE = -2;

// Two L2 tables with less than this between them are read in one go: cheaper than a second read.
const READ_THROUGH_BYTES = 2 ** 14;

/**
 * Offset in the map's reader of the L2 entries for guest offsets [guest, guestEnd), which lie under one L1 entry; or
 * NO_TABLE or BAD_TABLE. Tables up to guest offset `readAheadTo` may be read along.
 */
export function findL2Entries(map: Qcow2Map, guest: number, guestEnd: number, readAheadTo: number): number {
  const { l1, geometry, reader } = map;
  const { l1Index, l2Index } = tableIndexOf(geometry, guest);
  map.heldIndex = -1;
  const table = l2OffsetAt(l1, l1Index);
  if (table === 0) return NO_TABLE;
  if (!isTable(map, l1Index, table)) return BAD_TABLE;

  const position = table + l2Index * geometry.entrySize;
  const length = Math.ceil((guestEnd - guest) / geometry.clusterSize) * geometry.entrySize;
  if (!holdsTable(reader, position, length)) {
    try {
      loadTable(
        reader,
        map.source,
        position,
        stagedLength(map, position, length) ??
          heldLength(
            map,
            position,
            length,
            plannedLength(map, l1Index, position, length, guestEnd, readAheadTo),
          ),
      );
    } catch (error) {
      map.findings.addFailedTable(map, l1Index, errorRecord(error).what);
      return BAD_TABLE;
    }
    if (reader.length < reader.asked)
      setFileSize(map, Math.min(map.fileSize, reader.position + reader.length));
  }
  if (table >= map.fileSize) return isTable(map, l1Index, table) ? position - reader.position : BAD_TABLE;
  map.heldIndex = l1Index;
  map.heldTable = table;
  return position - reader.position;
}

/**
 * The same for guest offsets under L1 entry `l1Index`, where they belong to the table that was looked up last and are in
 * memory; NO_TABLE where they have to be looked up. Most pages of a window are a part of the table before.
 */
export function heldL2Entries(map: Qcow2Map, l1Index: number, guest: number, guestEnd: number): number {
  const { geometry, reader, heldTable } = map;
  const { l1Coverage, clusterSize, entrySize, l2Entries } = geometry;
  if (map.heldIndex !== l1Index || heldTable + l2Entries * entrySize > map.fileSize) return NO_TABLE;
  const position = heldTable + Math.floor((guest - l1Index * l1Coverage) / clusterSize) * entrySize;
  const length = Math.ceil((guestEnd - guest) / clusterSize) * entrySize;
  return holdsTable(reader, position, length) ? position - reader.position : NO_TABLE;
}

/** How many of `count` entries at `at` in the map's reader the file holds in full. */
export function entriesInFile({ reader, geometry }: Qcow2Map, at: number, count: number): number {
  return Math.min(count, Math.max(0, Math.floor((reader.length - at) / geometry.entrySize)));
}

/** True if an L2 table can lie at `table`; where it cannot, that is reported. A file that has grown is looked at again. */
function isTable(map: Qcow2Map, l1Index: number, table: number): boolean {
  const { l1, rules } = map;
  if (table >= map.fileSize) refreshSize(map);
  const fault = checkL1Entry(rules, l1.hi(l1Index), l1.lo(l1Index), table, map.fileSize);
  if (fault === undefined) return true;
  map.findings.addTable(map, l1Index, fault);
  return fault.kind === 'unusual';
}

/** Bytes that were read ahead at `position`, where they hold the `length` needed. */
function stagedLength({ source, reader: { stage } }: Qcow2Map, position: number, length: number) {
  const staged = stage?.isUseful === true ? stage.lengthAt(source, position) : 0;
  return staged >= length ? Math.min(staged, Math.max(length, READ_AHEAD_BYTES)) : undefined;
}

/** Of `planned` bytes as many as the source holds, and at least the `length` needed. */
function heldLength({ source }: Qcow2Map, position: number, length: number, planned: number): number {
  const held = source.heldUpTo?.(position) ?? Number.POSITIVE_INFINITY;
  return Math.max(length, Math.min(planned, held - position));
}

/**
 * Bytes to read at `position`: the `length` needed, and on through the following tables while they lie close behind each
 * other and are wanted.
 */
function plannedLength(
  map: Qcow2Map,
  l1Index: number,
  position: number,
  length: number,
  guestEnd: number,
  readAheadTo: number,
): number {
  const { l1, geometry } = map;
  const limit = position + Math.max(length, READ_AHEAD_BYTES);
  const entriesUpTo = (index: number, from: number) =>
    Math.ceil((Math.min((index + 1) * geometry.l1Coverage, readAheadTo) - from) / geometry.clusterSize) *
    geometry.entrySize;
  let end = position + length;
  if (readAheadTo > guestEnd) end = Math.min(limit, end + Math.max(0, entriesUpTo(l1Index, guestEnd)));
  const last = Math.min(l1.endOfPart(l1Index), Math.ceil(readAheadTo / geometry.l1Coverage));
  for (let index = l1Index + 1; index < last; index++) {
    const table = l2OffsetAt(l1, index);
    if (table === 0) continue;
    const tableEnd = table + entriesUpTo(index, index * geometry.l1Coverage);
    if (table < end || table > end + READ_THROUGH_BYTES || tableEnd > limit) break;
    end = tableEnd;
  }
  return end - position;
}

/** Reports what is wrong with an L2 entry, if anything is. */
export function reportEntry(map: Qcow2Map, entry: RawEntry, guestOffset: number): void {
  if (reachOf(map.rules, entry) > map.target.fileSize) refreshSize(map);
  map.findings.addEntry(map, entry, guestOffset);
}

/** Asks for the length of the files again, once a page. Where the system does not tell it, the last one known holds. */
function refreshSize(map: Qcow2Map): void {
  if (map.hasFreshSize) return;
  map.hasFreshSize = true;
  try {
    setFileSize(map, sizeNow(map.source));
    if (map.rules.dataFile && map.dataSource !== undefined) map.target.fileSize = sizeNow(map.dataSource);
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
  }
}

function setFileSize(map: Qcow2Map, fileSize: number): void {
  map.fileSize = fileSize;
  if (!map.rules.dataFile) map.target.fileSize = fileSize;
}
