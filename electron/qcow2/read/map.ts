/**
 * The metadata witness: what one image says of each guest offset, one page at a time and in any order.
 *
 * An entry that qemu accepts means what it means to qemu. What is lost is UNREADABLE and DAMAGED for its own range only:
 * the range of an invalid entry or table, and data past the end of the file. Three things differ from qemu on purpose: it
 * reads missing L2 tables and missing data as zeros, and fails a whole request for one invalid entry.
 */
import { assert } from '../../../shared/assert.ts';
import { CowscopeError, errorRecord } from '../../../shared/error.ts';
import { PageWriter, type WordSet } from '../../../shared/extent/page.ts';
import { MAX_PAGE_EXTENTS } from '../../../shared/extent/table.ts';
import { findSnapshot } from '../../../shared/model/layer.ts';
import { BAD, NOT_READ, registerKinds, UNALLOCATED } from '../format/entry.ts';
import { checkL1Entry } from '../format/entry-rules.ts';
import { recognizeContent } from '../format/table-content.ts';
import type { TableStage } from './ahead/table-stage.ts';
import { EntryTable, type PartCache } from './entry-table.ts';
import { MapFindings, OVERWRITTEN } from './findings/map-findings.ts';
import { entryRulesOf, type Qcow2Image } from './image.ts';
import { l2OffsetAt } from './l1.ts';
import { decodeStandard } from './l2.ts';
import { entriesInFile, findL2Entries, heldL2Entries, NO_TABLE, reportEntry } from './l2-lookup.ts';
import type { Qcow2Map } from './map-state.ts';
import { decodeV1 } from './qcow1.ts';
import { type ImageSource, sizeNow } from './source.ts';
import { decodeExtended } from './subclusters.ts';
import { createTableReader } from './table-reader.ts';

/** Units in a page at most: a writer counts them in 31 bits. */
const MAX_PAGE_UNITS = 2 ** 31 - 1;

/** How to map an image. */
export interface ImageMapOptions {
  /** The word set of the table that the pages go into, empty yet: the map puts its own words there. */
  readonly words: WordSet;
  /** Keep host offsets too. */
  readonly hosts?: boolean;
  /** The external data file of an image that has one, where it is open: what lies past its end is reported. */
  readonly dataFile?: ImageSource;
  /** Id or name of the internal snapshot to map instead of the active disk. */
  readonly snapshotId?: string;
  /** Where findings go; other maps of the same disk may share it. */
  readonly findings?: MapFindings;
  /** Keeps parts of the L1 table; maps of a chain share one. */
  readonly cache?: PartCache;
  /** Where tables are read ahead on slow storage; maps of a chain share one. */
  readonly stage?: TableStage;
  /** Most extents of a page; default {@link MAX_PAGE_EXTENTS}. */
  readonly maxExtents?: number;
}

/**
 * Prepares the map of an image or of one of its snapshots; reads nothing yet.
 * Throws QCOW2_SNAPSHOT_UNKNOWN, QCOW2_SNAPSHOT_UNUSABLE or QCOW2_READ_FAILED.
 */
export function createMap(image: Qcow2Image, options: ImageMapOptions): Qcow2Map {
  const { source, header, geometry } = image;
  const view = viewToMap(image, options.snapshotId);
  registerKinds(options.words);
  const needed = Math.ceil(view.size / geometry.l1Coverage);
  const l1Entries = Math.min(view.l1Size, needed);
  const rules = entryRulesOf(image);
  const fileSize = sizeNow(source);
  const dataSource = rules.dataFile ? options.dataFile : source;
  const map: Qcow2Map = {
    source,
    dataSource,
    geometry,
    rules,
    size: view.size,
    l1: new EntryTable(source, view.l1TableOffset, l1Entries, options.cache),
    l1Entries,
    // qemu takes a snapshot's disk past its L1 table as unallocated; the active table must reach the end.
    pastL1: view.snapshot ? UNALLOCATED : BAD,
    noTable: image.inferred?.inference.isPartial === true && !view.snapshot ? BAD : UNALLOCATED,
    target: {
      rules,
      encrypted: header.cryptMethod !== 0,
      fileSize: dataSource === undefined ? Number.POSITIVE_INFINITY : sizeNow(dataSource),
      onUnusualEntry(hi, lo, zeroBits, allocBits, guest) {
        map.unusualEntries++;
        reportEntry(map, { hi, lo, zeroBits, allocBits }, guest);
      },
    },
    writer: new PageWriter(options.hosts === true, geometry.clusterSize / geometry.subclusters),
    reader: createTableReader(options.stage),
    findings: options.findings ?? new MapFindings(),
    maxExtents: options.maxExtents ?? MAX_PAGE_EXTENTS,
    unusualEntries: 0,
    lastStart: -1,
    unusualBefore: 0,
    repeated: { first: 0, end: 0 },
    heldIndex: -1,
    heldTable: 0,
    lastEnd: -1, // a first page promises no second one: the window's reading jumps from page to page
    fileSize,
    hasFreshSize: true,
  };
  return map;
}

function viewToMap(image: Qcow2Image, snapshotId: string | undefined) {
  const { header, source } = image;
  if (snapshotId === undefined)
    return { size: header.size, l1TableOffset: header.l1TableOffset, l1Size: header.l1Size, snapshot: false };
  const found = findSnapshot(image.snapshots, snapshotId);
  if (found === undefined)
    throw new CowscopeError({
      code: 'QCOW2_SNAPSHOT_UNKNOWN',
      what: `there is no snapshot with the id or name ${JSON.stringify(snapshotId)}`,
      subject: source.path,
      advice: 'list the snapshots with `cowscope layers`',
    });
  if (found.unusable !== undefined)
    throw new CowscopeError({
      code: 'QCOW2_SNAPSHOT_UNUSABLE',
      what: `the L1 table of snapshot ${JSON.stringify(snapshotId)} ${found.unusable}`,
      subject: source.path,
      advice: 'choose another snapshot, or the active disk',
    });
  return { size: found.diskSize, l1TableOffset: found.l1TableOffset, l1Size: found.l1Size, snapshot: true };
}

/**
 * The extents of guest offsets [start, end), relative to `start`, in codes of the map's words: in the map's own
 * writer, until the next call. `start` must be a multiple of the cluster size, `end` at most the map's size or a
 * multiple too. Does not throw for anything the file holds: what cannot be read is UNREADABLE and becomes a finding.
 */
export function mapPage(map: Qcow2Map, start: number, end: number): PageWriter {
  const { geometry, writer } = map;
  assert(start % geometry.clusterSize === 0 && start < end, 'a page starts on a cluster boundary');
  assert((end - start) / writer.unit <= MAX_PAGE_UNITS, 'a page has a bounded number of units');
  const readAheadTo = start === map.lastEnd ? map.size : end;
  map.lastEnd = end;
  map.hasFreshSize = false;
  map.lastStart = start;
  map.unusualBefore = map.unusualEntries;
  writer.begin();
  for (let guest = start; guest < end; ) {
    if (writer.count > map.maxExtents) {
      writer.push(guest - start, NOT_READ);
      map.findings.addTooMany(map, guest, end);
      break;
    }
    guest = pushNext(map, guest, start, end, readAheadTo);
  }
  return writer;
}

/** Pushes what lies at `guest` in the page [start, end), as far as one step goes; returns where that stopped. */
function pushNext(map: Qcow2Map, guest: number, start: number, end: number, readAheadTo: number): number {
  const { l1, writer } = map;
  const { l1Coverage } = map.geometry;
  const l1Index = Math.floor(guest / l1Coverage);
  if (l1Index >= l1.count) return pushPastL1(map, l1Index, guest, start, end);
  const emptyEnd = map.findings.emptyUntil(guest);
  if (emptyEnd > guest) {
    writer.push(guest - start, UNALLOCATED);
    return Math.min(end, emptyEnd);
  }
  const tableEnd = Math.min(end, (l1Index + 1) * l1Coverage);
  const held = guest > l1Index * l1Coverage ? heldL2Entries(map, l1Index, guest, tableEnd) | 0 : NO_TABLE;
  if (held >= 0) {
    pushEntries(map, held, guest, tableEnd, start, end);
    return tableEnd;
  }
  const lastEntry = Math.min(l1.endOfPart(l1Index), Math.ceil(end / l1Coverage));
  try {
    const used = l1.nextUsed(l1Index, lastEntry);
    if (used > l1Index) {
      writer.push(guest - start, map.noTable);
      return Math.min(end, used * l1Coverage);
    }
  } catch (error) {
    map.findings.addFailedL1(map, l1Index, lastEntry, errorRecord(error).what);
    writer.push(guest - start, BAD);
    return Math.min(end, lastEntry * l1Coverage);
  }
  // File offsets are doubles; what is left of them within the buffer must be integers, or the loops are a third slower.
  const at = findL2Entries(map, guest, tableEnd, readAheadTo) | 0;
  if (at < 0) {
    writer.push(guest - start, at === NO_TABLE ? map.noTable : BAD);
    return tableEnd;
  }
  const before = writer.count;
  const unusual = map.unusualEntries;
  pushEntries(map, at, guest, tableEnd, start, end);
  const isWhole = guest === l1Index * l1Coverage && tableEnd === guest + l1Coverage;
  if (!isWhole || map.unusualEntries > unusual) return tableEnd;
  return repeatTable(map, l1Index, lastEntry, before, start, end);
}

/** Pushes the entries at `at` in the map's reader for guest offsets [guest, tableEnd) of the page [start, end). */
function pushEntries(
  map: Qcow2Map,
  at: number,
  guest: number,
  tableEnd: number,
  start: number,
  end: number,
): void {
  const { target, writer, rules, geometry } = map;
  const { view } = map.reader;
  const wanted = Math.ceil((tableEnd - guest) / geometry.clusterSize) | 0;
  const count = entriesInFile(map, at, wanted) | 0;
  const before = writer.count;
  const unusual = map.unusualEntries;
  if (isAllZero(view, at, count * geometry.entrySize)) {
    if (count > 0) writer.push(guest - start, UNALLOCATED);
  } else if (rules.extendedL2) decodeExtended(target, view, at, count, guest, start, end, writer);
  else if (rules.version === 1) decodeV1(target, view, at, count, guest, start, writer);
  else decodeStandard(target, view, at, count, guest, start, writer);
  if (count < wanted) {
    const cutAt = guest + count * geometry.clusterSize;
    writer.push(cutAt - start, BAD);
    map.findings.addCutTable(map, cutAt, tableEnd);
  }
  const isEmpty = writer.count <= before + 1 && writer.codes[writer.count - 1] === UNALLOCATED;
  const bytes = { view, at, length: count * geometry.entrySize };
  if (
    map.unusualEntries - unusual >= OVERWRITTEN &&
    rules.version > 1 &&
    recognizeContent(bytes) !== undefined
  ) {
    // What its entries seem to say is chance: zeros and data among them are no more true than the rest.
    writer.count = before;
    writer.push(guest - start, BAD);
  }
  map.findings.endTable(map, guest, tableEnd, isEmpty, bytes);
}

/** True if `length` bytes at `at` are zeros: a table in a hole of the file has no entry worth decoding. */
function isAllZero(view: DataView, at: number, length: number): boolean {
  for (const end = at + length; at < end; at += 8)
    if ((view.getUint32(at) | view.getUint32(at + 4)) !== 0) return false;
  return true;
}

/**
 * A table that was decoded for L1 entry `l1Index`, and whose extents are in the writer from `before` on, pushed again for
 * the following entries that name it too; returns where that stopped. No honest image has such entries.
 */
function repeatTable(
  map: Qcow2Map,
  l1Index: number,
  lastEntry: number,
  before: number,
  start: number,
  end: number,
): number {
  const { l1, writer, geometry, findings } = map;
  const { l1Coverage } = geometry;
  const whole = Math.min(lastEntry, Math.floor(end / l1Coverage));
  const runEnd = l1Index + 1 < whole ? l1.endOfRun(l1Index, whole) : l1Index + 1;
  const base = l1Index * l1Coverage - start;
  const first = before < writer.count && writer.startAt(before) === base ? before : before - 1;
  const count = writer.count;
  if (count - first === 1 && writer.codes[first] === UNALLOCATED) {
    // Its extent goes on over all of the run, whose pages need not be mapped then: see entrylessStretch.
    findings.endEmptyTables(map, l1Index + 1, runEnd < whole ? runEnd : repeatedEnd(map, l1Index, runEnd));
    return runEnd * l1Coverage;
  }
  let index = l1Index + 1;
  for (; index < runEnd && writer.count <= map.maxExtents; index++) {
    const shift = (index - l1Index) * l1Coverage;
    for (let i = first; i < count; i++) {
      const at = Math.max(base, writer.startAt(i));
      const host = writer.hostAt(i);
      writer.push(at + shift, writer.codes[i] as number, host < 0 ? -1 : host + at - writer.startAt(i));
    }
    findings.endTable(map, index * l1Coverage, (index + 1) * l1Coverage, false);
  }
  return index * l1Coverage;
}

/** The end of the run of L1 entries from `first` on that name one table; `known` where they cannot be read so far. */
function repeatedEnd(map: Qcow2Map, first: number, known: number): number {
  const { l1, l1Entries } = map;
  try {
    // Kept, so that a run is looked through once and not for every page of it.
    if (first < map.repeated.first || first >= map.repeated.end)
      map.repeated = { first, end: l1.endOfRun(first, Math.min(l1.count, l1Entries)) };
    return map.repeated.end;
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return known; // reported where the page is mapped
  }
}

/** Pushes what lies past the L1 entries in memory, up to `end` or to where they would end; returns where it stopped. */
function pushPastL1(map: Qcow2Map, l1Index: number, guest: number, start: number, end: number): number {
  const isCut = l1Index < map.l1Entries;
  if (isCut) map.findings.addCutL1(map);
  map.writer.push(guest - start, isCut ? BAD : map.pastL1);
  return isCut ? Math.min(end, map.l1Entries * map.geometry.l1Coverage) : end;
}

/**
 * Names the entries that describe the guest's range from `start` to `end`: a part of one sound L2 table, or such a table
 * named by each of several L1 entries, as no honest image has it. Where nothing in one range of a name is unusual, all
 * others hold the same. Undefined for other ranges.
 */
export function tablePart(map: Qcow2Map, start: number, end: number): string | undefined {
  const { l1Coverage } = map.geometry;
  const index = Math.floor(start / l1Coverage);
  const from = start - index * l1Coverage;
  const isPart = end <= (index + 1) * l1Coverage;
  if (!isPart && (from > 0 || end % l1Coverage > 0)) return undefined;
  const table = soundTable(map, index);
  if (table === undefined) return undefined;
  return isPart || repeatedEnd(map, index, index) * l1Coverage >= end ? `${table}+${from}` : undefined;
}

/** True if the page mapped last is the one from `start` on, and nothing in it was unusual: no entry, and no empty table. */
export function wasPlain(map: Qcow2Map, start: number): boolean {
  const { writer } = map;
  const isKnown = map.lastStart === start && map.unusualEntries === map.unusualBefore;
  const isEmpty = writer.count === 1 && writer.codes[0] === UNALLOCATED;
  return isKnown && !isEmpty && writer.count <= map.maxExtents;
}

/** File offset of the L2 table of an L1 entry; undefined where there is none, or nothing that is sound. */
function soundTable({ l1, rules, geometry, fileSize }: Qcow2Map, index: number): number | undefined {
  if (index >= l1.count) return undefined;
  try {
    const table = l2OffsetAt(l1, index);
    const isSound = checkL1Entry(rules, l1.hi(index), l1.lo(index), table, fileSize) === undefined;
    const isWhole = table + geometry.l2Entries * geometry.entrySize <= fileSize;
    return table !== 0 && isSound && isWhole ? table : undefined;
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return undefined; // reported where the page is mapped
  }
}

/** Guest offsets up to `end` that no L2 table describes, and what they are: a kind of format/entry.ts. */
export interface TablelessStretch {
  readonly end: number;
  readonly kind: number;
}

/**
 * The stretch at `guest`, below the map's size, that no L2 table describes; undefined where there is a table. Looks at
 * one part of the L1 table after the other until one is used.
 */
function tablelessStretch(map: Qcow2Map, guest: number): TablelessStretch | undefined {
  const { l1, l1Entries, geometry, size } = map;
  const first = Math.floor(guest / geometry.l1Coverage);
  if (first >= l1.count) {
    if (first >= l1Entries) return { end: size, kind: map.pastL1 };
    map.findings.addCutL1(map);
    return { end: Math.min(size, l1Entries * geometry.l1Coverage), kind: BAD };
  }
  let index = first;
  try {
    index = l1.nextUsed(first, l1.count);
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return undefined; // reported where the page is mapped
  }
  return index === first
    ? undefined
    : { end: Math.min(size, index * geometry.l1Coverage), kind: map.noTable };
}

/**
 * The stretch at `guest`, below the map's size, in which no L2 table has an entry: as {@link tablelessStretch}, or one empty
 * table is named again and again. Undefined where neither is known.
 */
export function entrylessStretch(map: Qcow2Map, guest: number): TablelessStretch | undefined {
  const end = Math.min(map.size, map.findings.emptyUntil(guest));
  return end > guest ? { end, kind: UNALLOCATED } : tablelessStretch(map, guest);
}
