/** From an L1 entry to the L2 entries in memory: read ahead, bounded, and told apart where there is nothing to read. */
import { errorRecord } from '../../../shared/error.ts';
import { hex, hex64 } from '../format/bytes.ts';
import { checkEntry, checkL1Entry, DATA_OUTSIDE, entryText, type RawEntry } from '../format/entry-rules.ts';
import { tableIndexOf } from '../format/geometry.ts';
import { makeProblem } from '../format/problems.ts';
import { l2OffsetAt } from './l1.ts';
import type { Qcow2Map } from './map.ts';
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
        plannedLength(map, l1Index, position, length, guestEnd, readAheadTo),
      );
    } catch (error) {
      reportTable(map, 'QCOW2_READ_FAILED', errorRecord(error).what, l1Index);
      return BAD_TABLE;
    }
    if (reader.length < reader.asked)
      setFileSize(map, Math.min(map.fileSize, reader.position + reader.length));
  }
  if (table >= map.fileSize) return isTable(map, l1Index, table) ? position - reader.position : BAD_TABLE;
  if (position + length > map.fileSize)
    reportTable(
      map,
      'QCOW2_L2_CUT',
      `the file ends at ${hex(map.fileSize)}, inside the L2 table at ${hex(table)}; the rest of it counts as zeros`,
      l1Index,
    );
  return position - reader.position;
}

/** True if an L2 table can lie at `table`; a file that has grown is looked at again. */
function isTable(map: Qcow2Map, l1Index: number, table: number): boolean {
  const { l1, rules } = map;
  if (table >= map.fileSize) setFileSize(map, sizeNow(map.source));
  const hi = l1.view.getUint32(l1Index * 8);
  const lo = l1.view.getUint32(l1Index * 8 + 4);
  const problem = checkL1Entry(rules, hi, lo, table, map.fileSize);
  if (problem === undefined) return true;
  const fileOffset = l1.fileOffset + l1Index * 8;
  if (map.problems.count(problem.code, fileOffset))
    map.report(
      makeProblem(problem.severity, problem.code, problem.what(), map.source.path, {
        fileOffset,
        guestOffset: l1Index * map.geometry.l1Coverage,
        entry: hex64(hi, lo),
      }),
    );
  return problem.severity !== 'damage';
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
  const last = Math.min(l1.count, Math.ceil(readAheadTo / geometry.l1Coverage));
  for (let index = l1Index + 1; index < last; index++) {
    const table = l2OffsetAt(l1, index);
    if (table === 0) continue;
    const tableEnd = table + entriesUpTo(index, index * geometry.l1Coverage);
    if (table < end || table > end + READ_THROUGH_BYTES || tableEnd > limit) break;
    end = tableEnd;
  }
  return end - position;
}

/** Records that the L1 table ends before the disk does: once, at its first missing entry. */
export function reportPastL1(map: Qcow2Map): void {
  const { count } = map.l1;
  const what =
    count >= map.l1Entries
      ? `the L1 table has ${count} entries and ends before the disk does`
      : `the file ends inside the L1 table, at its entry ${count}`;
  reportTable(map, 'QCOW2_L1_CUT', what, count);
}

/** Records what is wrong with an L2 entry, if anything is. */
export function reportL2Entry(map: Qcow2Map, entry: RawEntry, guestOffset: number): void {
  let problem = checkEntry(map.rules, entry, guestOffset, map.target.fileSize);
  const { dataSource } = map;
  if (problem?.code === DATA_OUTSIDE && dataSource !== undefined && map.problems.wants(DATA_OUTSIDE)) {
    const size = sizeNow(dataSource);
    if (map.rules.dataFile) map.target.fileSize = size;
    else setFileSize(map, size);
    problem = checkEntry(map.rules, entry, guestOffset, map.target.fileSize);
  }
  if (problem === undefined) return;
  const { l1Index, l2Index } = tableIndexOf(map.geometry, guestOffset);
  const fileOffset = l2OffsetAt(map.l1, l1Index) + l2Index * map.geometry.entrySize;
  if (!map.problems.count(problem.code, fileOffset)) return;
  const place = { fileOffset, guestOffset, entry: entryText(map.rules, entry) };
  map.report(makeProblem(problem.severity, problem.code, problem.what(), map.source.path, place));
}

function reportTable(map: Qcow2Map, code: string, what: string, l1Index: number): void {
  const fileOffset = map.l1.fileOffset + l1Index * 8;
  if (!map.problems.count(code, fileOffset)) return;
  const guestOffset = l1Index * map.geometry.l1Coverage;
  map.report(makeProblem('damage', code, what, map.source.path, { fileOffset, guestOffset }));
}

function setFileSize(map: Qcow2Map, fileSize: number): void {
  map.fileSize = fileSize;
  if (!map.rules.dataFile) map.target.fileSize = fileSize;
}
