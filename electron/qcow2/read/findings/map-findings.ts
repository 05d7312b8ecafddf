/** What is wrong with the L1 and L2 tables of one layer, collected while it is mapped page by page, each place once. */
import {
  type Cause,
  type CausePlace,
  FindingCollector,
  guestRange,
} from '../../../../shared/finding-collector.ts';
import { type FindingEvidence, MAX_FINDING_PLACES } from '../../../../shared/model/finding.ts';
import { RangeSet } from '../../../../shared/range-set.ts';
import { countOf, formatCount, formatOffset } from '../../../../shared/text/offset.ts';
import { hex, hex64 } from '../../format/bytes.ts';
import { type EntryRules, entryOffset } from '../../format/entry.ts';
import {
  checkEntry,
  type EntryFault,
  entryBits,
  entryText,
  lostSubclusters,
  type RawEntry,
  reachOf,
} from '../../format/entry-rules.ts';
import { type Geometry, tableIndexOf } from '../../format/geometry.ts';
import { recognizeContent, type TableBytes } from '../../format/table-content.ts';
import { type L1Table, l2OffsetAt } from '../l1.ts';
import { InvalidEntries, PastEnd } from './map-causes.ts';

/** What findings are made from: the tables and files of a map. */
export interface MappedTables {
  readonly geometry: Geometry;
  readonly rules: EntryRules;
  /** Virtual size in bytes of what is mapped. */
  readonly size: number;
  readonly l1: L1Table;
  /** Entries that the L1 table has for this disk. */
  readonly l1Entries: number;
  /** Length of the image file as last seen. */
  readonly fileSize: number;
  readonly target: {
    /** The same of the file that holds the data. */
    readonly fileSize: number;
  };
}

/** An entry with something wrong that waits until the rest of its table is known. */
interface PendingEntry {
  readonly entry: RawEntry;
  readonly fault: EntryFault;
  readonly guestOffset: number;
}

/** L2 tables with invalid entries that become a finding each; the rest of them share one. */
const MAX_INVALID_TABLES = 256;
/**
 * A table with so few entries that are invalid whatever the file's length was overwritten if they are half of it, or if half
 * of what it holds has something wrong.
 */
const FEW_INVALID = 4;
/** With so many it was overwritten. */
export const OVERWRITTEN = MAX_FINDING_PLACES;

/**
 * Collects the findings of one layer's tables. Maps of the same layer share one collector: what was counted in a part of
 * the disk is not counted again when that part is read again, by this map or another.
 */
export class MapFindings {
  readonly collector: FindingCollector;
  /** Guest offsets whose entries were read, and L1 entries that were reported. */
  readonly #entriesRead = new RangeSet();
  readonly #tablesReported = new RangeSet();
  /** Guest offsets whose L2 table is there and says nothing of them. */
  readonly #emptyParts = new RangeSet();
  /** Guest offsets that one empty L2 table stands for, since further L1 entries name it: no honest image has any. */
  readonly #emptyRuns = new RangeSet();
  readonly #invalidTables = new Map<number, InvalidEntries>();
  readonly #pastEnd = new PastEnd('file');
  readonly #pastDataFileEnd = new PastEnd('data file');
  #pending: PendingEntry[] = [];
  /** Neighbors of one cause that are added as one place of the guest. */
  #run: { readonly cause: Cause; readonly start: number; end: number; count: number } | undefined;

  constructor(collector = new FindingCollector()) {
    this.collector = collector;
  }

  /** An L2 entry with something wrong; it counts once its table ends. `guestOffset` is that of its cluster. */
  addEntry(tables: MappedTables, entry: RawEntry, guestOffset: number): void {
    if (this.#entriesRead.has(guestOffset)) return;
    const fault = checkEntry(tables.rules, entry, guestOffset, tables.target.fileSize);
    if (fault !== undefined) this.#pending.push({ entry, fault, guestOffset });
  }

  /**
   * Ends the part of one L2 table for guest offsets [start, end): what was added since the last end belongs to it. It is
   * empty where no entry of it allocates anything. `bytes` are that part of the table, for the first L1 entry that names it.
   */
  endTable(tables: MappedTables, start: number, end: number, isEmpty: boolean, bytes?: TableBytes): void {
    if (this.#pending.length > 0) this.#addPending(tables, start, end, bytes);
    if (isEmpty && !this.#entriesRead.has(start)) this.#addEmptyPart(tables, start, end);
    this.#entriesRead.add(start, end - start);
  }

  /** L1 entries [from, to) that name a table that was read whole for another one, and in which no entry allocates anything. */
  endEmptyTables(tables: MappedTables, from: number, to: number): void {
    const { rules, geometry } = tables;
    const { l1Coverage } = geometry;
    if (this.#entriesRead.covers(from * l1Coverage, to * l1Coverage)) return;
    this.#emptyRuns.add(from * l1Coverage, (to - from) * l1Coverage);
    let index = from;
    while (this.#entriesRead.covers(index * l1Coverage, (index + 1) * l1Coverage)) index++;
    const isSplit = this.#entriesRead.touches(index * l1Coverage, to * l1Coverage);
    for (; index < to && (isSplit || this.collector.wantsEvidence(EMPTY_TABLES.id)); index++)
      this.endTable(tables, index * l1Coverage, (index + 1) * l1Coverage, true);
    if (index === to) return;
    this.#entriesRead.add(index * l1Coverage, (to - index) * l1Coverage);
    if (rules.version < 3) return;
    this.#emptyParts.add(index * l1Coverage, (to - index) * l1Coverage);
    this.#tablesReported.add(index, to - index);
    this.collector.add(EMPTY_TABLES, {
      ...spanOf(tables, index, to),
      ...l1Entries(tables, index, to),
      count: to - index,
    });
  }

  /** The end of the guest offsets from `guest` on for which {@link endEmptyTables} was called; `guest` where there are none. */
  emptyUntil(guest: number): number {
    return this.#emptyRuns.endFrom(guest);
  }

  /** An L1 entry whose L2 table cannot lie where it says, or that is unusual. */
  addTable(tables: MappedTables, l1Index: number, fault: EntryFault): void {
    if (!this.#reportOnce(l1Index)) return;
    const { geometry } = tables;
    const place = { ...spanOf(tables, l1Index, l1Index + 1), ...l1EntryPlace(tables, l1Index) };
    if (fault.kind === 'invalid') this.collector.add(badL1(fault), place);
    else if (fault.kind === 'unusual') this.collector.add(RESERVED_BITS, place);
    else {
      const tableBytes = geometry.l2Entries * geometry.entrySize;
      this.#pastEnd.addTable(tables.fileSize, l2OffsetAt(tables.l1, l1Index) + tableBytes);
      this.collector.add(this.#pastEnd, place);
    }
  }

  /** An L2 table that the system could not read. */
  addFailedTable(tables: MappedTables, l1Index: number, what: string): void {
    if (!this.#reportOnce(l1Index)) return;
    this.collector.add(tableReadFailed(what), {
      ...spanOf(tables, l1Index, l1Index + 1),
      ...l1EntryPlace(tables, l1Index),
    });
  }

  /** L1 entries [from, to) that the system could not read. */
  addFailedL1(tables: MappedTables, from: number, to: number, what: string): void {
    if (!this.#reportOnce(from)) return;
    this.#tablesReported.add(from, to - from);
    this.collector.add(l1ReadFailed(what), {
      ...spanOf(tables, from, to),
      ...l1Entries(tables, from, to),
    });
  }

  /** Guest offsets [start, end) that were not read: their page has more extents than are kept. */
  addTooMany(tables: MappedTables, start: number, end: number): void {
    if (this.#entriesRead.has(start)) return;
    this.#entriesRead.add(start, end - start);
    this.collector.add(TOO_MANY, guestRange(start, end, tables.size));
  }

  /** The entries of an L2 table for guest offsets [start, end), which lie past the end of the file. */
  addCutTable(tables: MappedTables, start: number, end: number): void {
    if (this.#entriesRead.has(start)) return;
    const { geometry, fileSize } = tables;
    const { l1Index, l2Index } = tableIndexOf(geometry, start);
    const offset = l2OffsetAt(tables.l1, l1Index);
    const isFirst = l2Index === 0 || offset + l2Index * geometry.entrySize <= fileSize;
    if (isFirst) this.#pastEnd.addTable(fileSize, offset + geometry.l2Entries * geometry.entrySize);
    this.collector.add(this.#pastEnd, {
      ...guestRange(start, end, tables.size),
      ...(isFirst ? l1EntryPlace(tables, l1Index) : {}),
      count: isFirst ? 1 : 0,
    });
  }

  /** The L1 entries that lie past the end of the file. */
  addCutL1(tables: MappedTables): void {
    const { l1, l1Entries, fileSize } = tables;
    if (!this.#reportOnce(l1.count)) return;
    this.#pastEnd.addL1(fileSize, l1.fileOffset, l1.count, l1Entries);
    this.collector.add(this.#pastEnd, {
      ...spanOf(tables, l1.count, l1Entries),
      host: [l1.fileOffset + l1.count * 8, (l1Entries - l1.count) * 8],
      evidence: {
        source: 'size of the file',
        value: hex(fileSize),
        bits: `L1 table at ${formatOffset(l1.fileOffset)}, ${countOf(l1Entries, 'entry', 'entries')}`,
      },
    });
  }

  /** A table that is empty in all its parts. Discards of what was never written, and commits, leave such tables, too. */
  #addEmptyPart(tables: MappedTables, start: number, end: number): void {
    if (tables.rules.version < 3) return; // which has no zero flag
    this.#emptyParts.add(start, end - start);
    const { l1Coverage } = tables.geometry;
    const l1Index = Math.floor(start / l1Coverage);
    const spanEnd = Math.min((l1Index + 1) * l1Coverage, tables.size);
    if (!this.#emptyParts.covers(l1Index * l1Coverage, spanEnd) || !this.#reportOnce(l1Index)) return;
    this.collector.add(EMPTY_TABLES, {
      ...spanOf(tables, l1Index, l1Index + 1),
      ...(this.collector.wantsEvidence(EMPTY_TABLES.id)
        ? l1EntryPlace(tables, l1Index)
        : l1Entries(tables, l1Index, l1Index + 1)),
    });
  }

  #reportOnce(l1Index: number): boolean {
    if (this.#tablesReported.has(l1Index)) return false;
    this.#tablesReported.add(l1Index, 1);
    return true;
  }

  /**
   * Entries of one table that are invalid whatever the file's length are one cause. In a table that was overwritten
   * those that lead past the end of the file belong to it too; else they tell that the file was cut.
   */
  #addPending(tables: MappedTables, start: number, end: number, bytes?: TableBytes): void {
    const pending = this.#pending;
    this.#pending = [];
    const table = l2OffsetAt(
      tables.l1,
      tableIndexOf(tables.geometry, (pending[0] as PendingEntry).guestOffset).l1Index,
    );
    const content =
      pending.length >= OVERWRITTEN && tables.rules.version > 1 && bytes !== undefined
        ? recognizeContent(bytes)
        : undefined;
    if (content !== undefined && this.#invalidTables.size < MAX_INVALID_TABLES) {
      this.#addOverwritten(tables, table, content, pending, guestRange(start, end, tables.size));
      return;
    }
    const invalid = pending.filter(({ fault }) => fault.kind === 'invalid').length;
    const entries = (bytes?.length ?? Number.POSITIVE_INFINITY) / tables.geometry.entrySize;
    const isOverwritten =
      invalid + (this.#invalidTables.get(table)?.count ?? 0) >= OVERWRITTEN ||
      (invalid >= FEW_INVALID &&
        (2 * invalid >= entries || 2 * pending.length >= usedEntries(bytes, tables)));
    for (const found of pending) {
      const { fault, entry, guestOffset } = found;
      if (isOverwritten && (fault.kind === 'unusual' || fault.kind === 'spare'))
        this.#addEntryPlace(this.#invalidEntries(tables, table, fault), tables, found); // qemu reads data there
      else if (isOverwritten && fault.kind !== 'cut')
        this.#addPlace(tables, this.#invalidEntries(tables, table, fault), found);
      else if (fault.kind === 'unusual') this.#addPlace(tables, RESERVED_BITS, found);
      else if (fault.kind === 'spare') this.#addPlace(tables, SPACE_PAST_END, found);
      else if (fault.kind === 'cut') this.#addCutCluster(tables, found);
      else if (fault.kind === 'invalid')
        this.#addPlace(tables, this.#invalidEntries(tables, table, fault), found);
      else this.#addPastEnd(tables, entry, guestOffset, found);
    }
    this.#flushRun(tables);
  }

  /** A table that holds something else: all of its range is lost, whatever its entries seem to say. */
  #addOverwritten(
    tables: MappedTables,
    table: number,
    content: string,
    pending: readonly PendingEntry[],
    range: Pick<CausePlace, 'guest'>,
  ): void {
    const cause = this.#invalidTables.get(table) ?? new InvalidEntries(table, tables.geometry.l2Entries);
    this.#invalidTables.set(table, cause);
    cause.recognize(content);
    this.collector.add(cause, { ...range, count: 0 });
    for (const found of pending) {
      cause.addFault(found.fault);
      this.#addEntryPlace(cause, tables, found);
    }
  }

  /** The cause of an entry of this table that is invalid. */
  #invalidEntries(tables: MappedTables, table: number, fault: EntryFault): Cause {
    const known = this.#invalidTables.get(table);
    const key = known !== undefined || this.#invalidTables.size < MAX_INVALID_TABLES ? table : -1;
    const cause = known ?? this.#invalidTables.get(key) ?? new InvalidEntries(key, tables.geometry.l2Entries);
    this.#invalidTables.set(key, cause);
    cause.addFault(fault);
    return cause;
  }

  /** Adds an entry without its guest range, which is added apart from it or is not lost. */
  #addEntryPlace(cause: Cause, tables: MappedTables, found: PendingEntry): void {
    this.collector.add(cause, this.collector.wantsEvidence(cause.id) ? entryPlace(tables, found) : {});
  }

  /** Adds the cluster of an entry: one by one while it is listed, then in runs of neighbors. */
  #addPlace(tables: MappedTables, cause: Cause, found: PendingEntry): void {
    const { guestOffset } = found;
    const end = guestOffset + tables.geometry.clusterSize;
    if (this.collector.wantsEvidence(cause.id)) {
      const place = { ...guestRange(guestOffset, end, tables.size), ...entryPlace(tables, found) };
      this.collector.add(cause, place);
    } else if (this.#run?.cause === cause && this.#run.end === guestOffset) {
      this.#run.end = end;
      this.#run.count++;
    } else {
      this.#flushRun(tables);
      this.#run = { cause, start: guestOffset, end, count: 1 };
    }
  }

  #flushRun({ size }: MappedTables): void {
    if (this.#run === undefined) return;
    const { cause, start, end, count } = this.#run;
    this.#run = undefined;
    this.collector.add(cause, { ...guestRange(start, end, size), count });
  }

  /** The part of a cluster that lies past the end of the file, where the disk reaches so far. */
  #addCutCluster(tables: MappedTables, found: PendingEntry): void {
    const { entry, guestOffset } = found;
    const inFile = tables.target.fileSize - entryOffset(entry.hi, entry.lo);
    const cut = guestRange(guestOffset + inFile, guestOffset + tables.geometry.clusterSize, tables.size);
    if (cut.guest !== undefined) this.collector.add(CUT_CLUSTER, { ...cut, ...entryPlace(tables, found) });
  }

  /** Data past the end of the file: with extended L2 only the subclusters that are lost are at risk. */
  #addPastEnd(tables: MappedTables, entry: RawEntry, guestOffset: number, found: PendingEntry): void {
    const { rules, geometry, target } = tables;
    const cause = rules.dataFile ? this.#pastDataFileEnd : this.#pastEnd;
    cause.addData(target.fileSize, reachOf(rules, entry));
    const lost = rules.extendedL2 ? lostSubclusters(rules, entry, target.fileSize) : 0;
    if (lost === 0) {
      this.#addPlace(tables, cause, found);
      return;
    }
    const size = geometry.clusterSize / 32;
    this.#addEntryPlace(cause, tables, found);
    for (let sub = 0; sub < 32; sub++) {
      if (((lost >>> sub) & 1) === 0) continue;
      const start = guestOffset + sub * size;
      this.collector.add(cause, { ...guestRange(start, start + size, tables.size), count: 0 });
    }
  }
}

/** Entries of a part of a table that say anything; all of it where the part is not at hand. */
function usedEntries(bytes: TableBytes | undefined, { geometry }: MappedTables): number {
  if (bytes === undefined) return Number.POSITIVE_INFINITY;
  const { view, at, length } = bytes;
  let used = 0;
  for (let entry = at; entry < at + length; entry += geometry.entrySize)
    if ((view.getUint32(entry) | view.getUint32(entry + 4)) !== 0) used++;
  return used;
}

/** Where an L2 entry lies in the file, and what it says. */
function entryPlace(
  { geometry, rules, l1 }: MappedTables,
  { entry, guestOffset, fault }: PendingEntry,
): CausePlace {
  const { l1Index, l2Index } = tableIndexOf(geometry, guestOffset);
  const fileOffset = l2OffsetAt(l1, l1Index) + l2Index * geometry.entrySize;
  const evidence: FindingEvidence = {
    source: `L2 entry ${l2Index}`,
    fileOffset,
    value: entryText(rules, entry),
    bits: `${entryBits(rules, entry)}: ${fault.what()}`,
  };
  return { host: [fileOffset, geometry.entrySize], evidence };
}

/** The guest range under L1 entries [from, to). */
function spanOf({ geometry, size }: MappedTables, from: number, to: number): CausePlace {
  return guestRange(from * geometry.l1Coverage, to * geometry.l1Coverage, size);
}

/** Where L1 entries [from, to) lie in the file. */
function l1Entries({ l1 }: MappedTables, from: number, to: number): CausePlace {
  return { host: [l1.fileOffset + from * 8, (to - from) * 8] };
}

function l1EntryPlace({ l1 }: MappedTables, l1Index: number): CausePlace {
  const fileOffset = l1.fileOffset + l1Index * 8;
  return {
    host: [fileOffset, 8],
    evidence: {
      source: `L1 entry ${l1Index}`,
      fileOffset,
      value: hex64(l1.hi(l1Index), l1.lo(l1Index)),
      bits: `L2 table at ${formatOffset(l2OffsetAt(l1, l1Index))}`,
    },
  };
}

const RESERVED_BITS: Cause = {
  id: 'QCOW2_ENTRY_RESERVED',
  code: 'QCOW2_ENTRY_RESERVED',
  severity: 'hazard',
  what: count =>
    `${entries(count)} bits set that must be zero; qemu ignores them when it reads, and qemu-img check calls the image corrupt`,
  advice: 'find out which program wrote the image: qemu never sets these bits',
  risksData: false,
};

const SPACE_PAST_END: Cause = {
  id: 'QCOW2_SPACE_PAST_END',
  code: 'QCOW2_SPACE_PAST_END',
  severity: 'hazard',
  what: count =>
    `${entries(count)} host space past the end of the file and ${count === 1 ? 'holds' : 'hold'} no data there`,
  advice: 'see whether the file was cut short: data of other clusters may have lain there',
  risksData: false,
};

const CUT_CLUSTER: Cause = {
  id: 'QCOW2_CLUSTER_CUT',
  code: 'QCOW2_CLUSTER_CUT',
  severity: 'hazard',
  what: () =>
    'the file ends inside a data cluster, and the rest of that cluster reads as zeros; qemu leaves no such file',
  advice: 'compare the length of the file with that of the original: it may have been cut',
};

const EMPTY_TABLES: Cause = {
  id: 'QCOW2_L2_EMPTY',
  code: 'QCOW2_L2_EMPTY',
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'an L2 table is there and holds' : `${formatCount(count)} L2 tables are there and hold`} no entry: left by discards or a commit, or wiped, or not written back before a crash; old data of the layers below may show in its place then`,
  advice:
    'do not start the machine before you know; if `cowscope layers` counts unreferenced clusters, they may be what these tables held, and `qemu-img check -r` would free them',
};

const TOO_MANY: Cause = {
  id: 'QCOW2_TOO_MANY_EXTENTS',
  code: 'QCOW2_TOO_MANY_EXTENTS',
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'a part' : `${formatCount(count)} parts`} of the disk ${count === 1 ? 'was' : 'were'} not read: for a disk of this size it has more extents than fit in memory`,
  advice: 'compare the size with what the layers above and below say: the header may be damaged',
  risksData: false,
};

function l1ReadFailed(what: string): Cause {
  return {
    id: 'QCOW2_L1_READ_FAILED',
    code: 'QCOW2_L1_READ_FAILED',
    severity: 'corruption',
    what: () => `a part of the L1 table: ${what}`,
    advice: 'check the disk or the file system that holds the file, then open it again',
  };
}

function entries(count: number): string {
  return count === 1 ? 'an entry of its tables has' : `${formatCount(count)} entries of its tables have`;
}

function badL1(fault: EntryFault): Cause {
  const first = fault.what();
  return {
    id: fault.code,
    code: fault.code,
    severity: 'corruption',
    what: count =>
      count === 1
        ? first
        : `${formatCount(count)} entries of the L1 table are invalid; in the first, ${first}`,
    advice:
      'do not start the machine, and work on a copy of the file: `qemu-img check -r` frees what the lost tables refer to',
  };
}

function tableReadFailed(first: string): Cause {
  return {
    id: 'QCOW2_TABLE_READ_FAILED',
    code: 'QCOW2_TABLE_READ_FAILED',
    severity: 'corruption',
    what: count =>
      count === 1
        ? `an L2 table: ${first}`
        : `${formatCount(count)} L2 tables could not be read; the first: ${first}`,
    advice: 'check the disk or the file system that holds the file, then open it again',
  };
}
