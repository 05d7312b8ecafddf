/** What the L1 and L2 tables themselves show, counted as qemu's check_refcounts_l1, _l2 and check_oflag_copied count it. */
import { type Cause, type FindingCollector, guestRange } from '../../../shared/finding-collector.ts';
import { formatCount } from '../../../shared/text/offset.ts';
import { hex64 } from '../format/bytes.ts';
import { compressedRange } from '../format/compressed.ts';
import {
  ENTRY_COMPRESSED_HI,
  ENTRY_COPIED_HI,
  ENTRY_RESERVED_HI,
  ENTRY_RESERVED_LO,
  type EntryRules,
  entryOffset,
} from '../format/entry.ts';
import { hasDataFile } from '../format/header.ts';
import { recognizeContent } from '../format/table-content.ts';
import type { L2Tables } from '../layout/l2-tables.ts';
import type { RefcountBlocks } from '../layout/refcount-blocks.ts';
import type { TableVisitor } from '../layout/reference-sink.ts';
import { referEntries } from '../layout/references.ts';
import { invalidTableId } from '../read/findings/map-causes.ts';
import { OVERWRITTEN } from '../read/findings/map-findings.ts';
import { entryRulesOf, type Qcow2Image } from '../read/image.ts';
import type { ClusterCounts } from './cluster-counts.ts';
import { PlainEntries, type PlainTable } from './plain-entries.ts';
import { KEEP_EVIDENCE } from './rules/advice.ts';
import { addHiddenEntry } from './rules/hidden-entries.ts';
import type { TableNames } from './table-names.ts';

/** Refcounts of clusters past the end of the file that are looked up; others count as 0. */
const MAX_LOOKUPS = 2 ** 16;

/** Tables that are remembered as overwritten. */
const MAX_OVERWRITTEN = 2 ** 16;

/** Something that a table's entries show, beside what they refer to. */
const FLAG = { unusual: 1, notEmpty: 2, copiedAlone: 4 } as const;

const COPIED_ALONE: Cause = {
  id: 'QCOW2_COPIED_ALONE',
  code: 'QCOW2_COPIED_ALONE',
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'an L2 entry has' : `${formatCount(count)} L2 entries have`} the copied flag and ${count === 1 ? 'names' : 'name'} no cluster: qemu reads nothing there, and what ${count === 1 ? 'it' : 'they'} named may be lost`,
  advice: KEEP_EVIDENCE,
};

/** What the tables are checked with. */
export interface TableChecksInput {
  readonly image: Qcow2Image;
  readonly tables: L2Tables;
  readonly names: TableNames;
  readonly counts: ClusterCounts;
  readonly blocks: RefcountBlocks;
  readonly collector: FindingCollector;
  readonly fileLength: number;
}

/** Counts over all tables of an image, and remembers the tables that need a closer look. */
export class TableChecks implements TableVisitor {
  /** Entries that qemu counts as corruptions, and copied flags that contradict the stored refcount. */
  corruptions = 0;
  wrongCopied = 0;
  allocated = 0;
  fragmented = 0;
  compressed = 0;
  /** Numbers of the tables with unusual entries, without any, or that could not be read whole; ascending. */
  readonly flagged: number[] = [];
  /** Numbers of the active tables that were overwritten. */
  readonly #overwritten = new Set<number>();
  /** A bit for each table, by its number: set where it has entries that a later pass counts. */
  readonly #unfinished: Uint8Array;
  readonly #image: Qcow2Image;
  readonly #tables: L2Tables;
  readonly #names: TableNames;
  readonly #collector: FindingCollector;
  readonly #rules: EntryRules;
  readonly #counts: ClusterCounts;
  readonly #blocks: RefcountBlocks;
  readonly #fileLength: number;
  readonly #hasDataFile: boolean;
  /** True where bit 0 of an entry is the zero flag. */
  readonly #hasZeroFlag: boolean;
  readonly #plain: PlainEntries;
  #lookups = 0;
  /** Invalid entries of all tables so far. */
  #invalidSeen = 0;

  constructor(input: TableChecksInput) {
    const { image, tables, names, counts, blocks, collector, fileLength } = input;
    this.#image = image;
    this.#tables = tables;
    this.#unfinished = new Uint8Array(Math.ceil(tables.offsets.length / 8));
    this.#names = names;
    this.#counts = counts;
    this.#blocks = blocks;
    this.#collector = collector;
    this.#rules = entryRulesOf(image);
    this.#fileLength = fileLength;
    this.#hasDataFile = hasDataFile(image.header);
    const { geometry, header } = image;
    this.#hasZeroFlag = header.version >= 3 && geometry.entrySize === 8;
    this.#plain = new PlainEntries({
      geometry,
      counts,
      fileLength,
      areInFile: !this.#hasDataFile,
      hasZeroFlag: this.#hasZeroFlag,
    });
  }

  readonly countsEntries = true;

  visitTable(index: number, view: DataView, at: number): void {
    const tables = this.#tables;
    const counts = this.#counts;
    const image = this.#image;
    const { clusterSize, entrySize } = image.geometry;
    const activeTimes = tables.activeTimes[index] as number;
    const scan: TableScan = {
      view,
      times: tables.times[index] as number,
      activeTimes,
      owner: tables.owners[index] as number,
      // Where the refcount of a table is not known, qemu does not look at its entries' flags.
      checksCopied: activeTimes > 0 && this.storedRefcount(tables.offsets[index] as number) !== undefined,
      seen: this.#hasDataFile ? FLAG.unusual : 0,
      next: 0,
      singlyUpTo: 0,
    };
    const before = this.#invalidSeen;
    counts.touchedElsewhere = false;
    const end = at + clusterSize;
    for (let here = this.#countPlain(scan, at, end); here < end; ) {
      const rest = { view, at: here, end: here + entrySize };
      referEntries(image, counts, rest, scan.times, scan.owner, () => {});
      if (scan.checksCopied) this.#checkCopied(scan, here);
      if (counts.pass === 1) this.#countEntry(scan, here);
      here = this.#countPlain(scan, here + entrySize, end);
    }
    this.#setUnfinished(index, counts.touchedElsewhere);
    if (counts.pass === 1) this.#noteTable(index, view, at, scan.seen, this.#invalidSeen - before);
  }

  /** False for a table all of whose entries were counted by the passes before: it need not be read again. */
  isUnfinished(index: number): boolean {
    return (((this.#unfinished[index >>> 3] as number) >>> (index & 7)) & 1) === 1;
  }

  #setUnfinished(index: number, isUnfinished: boolean): void {
    const bit = 1 << (index & 7);
    const others = (this.#unfinished[index >>> 3] as number) & ~bit;
    this.#unfinished[index >>> 3] = isUnfinished ? others | bit : others;
  }

  /** Remembers what is to be looked at more closely. */
  #noteTable(index: number, view: DataView, at: number, seen: number, invalid: number): void {
    if ((seen & FLAG.unusual) !== 0) {
      const length = this.#image.geometry.clusterSize;
      const isOverwritten = invalid >= OVERWRITTEN || recognizeContent({ view, at, length }) !== undefined;
      const isActive = (this.#tables.activeTimes[index] as number) > 0;
      if (isActive && isOverwritten && this.#overwritten.size < MAX_OVERWRITTEN) this.#overwritten.add(index);
      if (!this.#overwritten.has(index)) this.#addHidden(index, view, at);
    }
    if ((seen & FLAG.copiedAlone) !== 0) this.#addCopiedAlone(index, view, at);
    if ((seen & FLAG.unusual) !== 0 || (seen & FLAG.notEmpty) === 0)
      if (this.flagged.at(-1) !== index) this.flagged.push(index);
  }

  missTable(index: number): void {
    if (this.#counts.pass === 1) this.flagged.push(index);
  }

  /** The id of the finding which says that a table was overwritten; empty for other tables. */
  doubtOf(index: number): string {
    if (!this.#overwritten.has(index)) return '';
    return invalidTableId(this.#tables.offsets[index] as number);
  }

  /** The refcount that qemu would compare a copied flag with; undefined where it cannot be read, -1 if another pass has it. */
  storedRefcount(host: number): number | undefined {
    const cluster = Math.floor(host / this.#image.geometry.clusterSize);
    if (cluster < this.#counts.clusters) return this.#counts.storedOf(cluster);
    if (this.#counts.pass > 1 || ++this.#lookups > MAX_LOOKUPS) return undefined;
    return this.#blocks.refcountOf(cluster);
  }

  /** Entries that have the copied flag and name no cluster: qemu takes them as unallocated. */
  #addCopiedAlone(index: number, view: DataView, at: number): void {
    const { geometry, header } = this.#image;
    const { clusterSize, entrySize, l2Entries } = geometry;
    const start = this.#names.guestOf(index);
    for (let i = 0; i < l2Entries; i++) {
      const hi = view.getUint32(at + i * entrySize);
      const lo = view.getUint32(at + i * entrySize + 4);
      if ((hi & ENTRY_COMPRESSED_HI) !== 0 || hi >>> 31 === 0 || entryOffset(hi, lo) !== 0) continue;
      if ((lo & 1) === 1 && entrySize === 8) continue; // zeros
      const fileOffset = (this.#tables.offsets[index] as number) + i * entrySize;
      const guest = start + i * clusterSize;
      this.#collector.add(COPIED_ALONE, {
        ...(start < 0 ? {} : guestRange(guest, guest + clusterSize, header.size)),
        host: [fileOffset, 8],
        evidence: {
          source: `L2 entry ${i}`,
          fileOffset,
          value: hex64(hi, lo),
          bits: 'copied, no host offset',
        },
      });
    }
  }

  /** Looks closely at the entries of a table that no map of the active disk shows. */
  #addHidden(index: number, view: DataView, at: number): void {
    const { geometry, header } = this.#image;
    const { clusterSize, entrySize, l2Entries } = geometry;
    const start = this.#names.guestOf(index);
    const isOutside = start >= 0;
    const first = isOutside ? Math.max(0, Math.ceil((header.size - start) / clusterSize)) : 0;
    for (let i = first; i < l2Entries; i++) {
      const here = at + i * entrySize;
      const entry = {
        hi: view.getUint32(here),
        lo: view.getUint32(here + 4),
        zeroBits: entrySize === 16 ? view.getUint32(here + 8) : 0,
        allocBits: entrySize === 16 ? view.getUint32(here + 12) : 0,
      };
      addHiddenEntry(this.#collector, {
        rules: this.#rules,
        entry,
        fileOffset: (this.#tables.offsets[index] as number) + i * entrySize,
        index: i,
        owner: isOutside ? '' : this.#names.ownerName(this.#tables.owners[index] as number),
        isOutside,
        fileLength: this.#hasDataFile ? Number.POSITIVE_INFINITY : this.#fileLength,
      });
    }
  }

  /** Counts the plain entries from `at` on, up to `end`; returns where the first other one lies. */
  #countPlain(scan: TableScan, at: number, end: number): number {
    const plain = this.#plain;
    const stopped = plain.count(scan, at, end);
    if (scan.checksCopied) this.wrongCopied += plain.wrongCopied * scan.activeTimes;
    if (this.#counts.pass === 1) {
      this.allocated += plain.allocated * scan.activeTimes;
      this.fragmented += plain.fragmented * scan.activeTimes;
    }
    if (plain.hasUsed) scan.seen |= FLAG.notEmpty;
    return stopped;
  }

  /** Looks at the copied flag of the entry at `at`: whether it says otherwise than the refcount. */
  #checkCopied({ view, activeTimes }: TableScan, at: number): void {
    const hi = view.getUint32(at);
    if ((hi & ENTRY_COMPRESSED_HI) !== 0) return;
    const host = entryOffset(hi, view.getUint32(at + 4));
    const isCopied = hi >>> 31 === 1;
    if (host === 0) return;
    if (this.#hasDataFile) {
      // All of its clusters count as referred to once.
      if (!isCopied && this.#counts.pass === 1) this.wrongCopied += activeTimes;
      return;
    }
    const stored = this.storedRefcount(host);
    if (stored !== undefined && stored >= 0 && (stored === 1) !== isCopied) this.wrongCopied += activeTimes;
  }

  /** Counts what is wrong with the entry at `at`, whatever refers to its cluster. */
  #countEntry(scan: TableScan, at: number): void {
    const { view, times, activeTimes } = scan;
    const { clusterSize, clusterBits, entrySize } = this.#image.geometry;
    const isExtended = entrySize === 16;
    const fileLength = this.#hasDataFile ? Number.POSITIVE_INFINITY : this.#fileLength;
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    const zeroBits = isExtended ? view.getUint32(at + 8) : 0;
    const allocBits = isExtended ? view.getUint32(at + 12) : 0;
    if ((hi | lo | zeroBits | allocBits) === 0) return;
    scan.seen |= FLAG.notEmpty;
    const countInvalid = () => {
      this.corruptions += times;
      this.#invalidSeen++;
      scan.seen |= FLAG.unusual;
    };
    if ((hi & ENTRY_COMPRESSED_HI) !== 0) {
      if ((hi & ENTRY_COPIED_HI) !== 0) {
        this.corruptions += times;
        scan.seen |= FLAG.unusual;
      }
      if (this.#hasDataFile) {
        countInvalid();
        return;
      }
      if ((zeroBits | allocBits) !== 0) {
        this.corruptions += times;
        scan.seen |= FLAG.unusual;
        return;
      }
      if (compressedRange(hi, lo, clusterBits).offset >= fileLength) scan.seen |= FLAG.unusual;
      this.allocated += activeTimes;
      this.compressed += activeTimes;
      this.fragmented += activeTimes;
      return;
    }
    if ((hi & ENTRY_RESERVED_HI) !== 0 || (lo & ENTRY_RESERVED_LO) !== 0) this.corruptions += times;
    const oddLow = ENTRY_RESERVED_LO | (this.#hasZeroFlag ? 0 : 1);
    if ((hi & ENTRY_RESERVED_HI) !== 0 || (lo & oddLow) !== 0) scan.seen |= FLAG.unusual;
    const host = entryOffset(hi, lo);
    const isZero = !isExtended && (lo & 1) === 1;
    if (host === 0 && !(this.#hasDataFile && hi >>> 31 === 1 && !isZero)) {
      if (allocBits !== 0) countInvalid();
      else if (hi >>> 31 === 1 && !isZero) scan.seen |= FLAG.copiedAlone;
      return;
    }
    if ((zeroBits & allocBits) !== 0) countInvalid();
    if (host % clusterSize !== 0) countInvalid();
    if (host + clusterSize > fileLength) scan.seen |= FLAG.unusual;
    this.allocated += activeTimes;
    if (scan.next !== 0 && host !== scan.next) this.fragmented += activeTimes;
    scan.next = host + clusterSize;
  }
}

/** How far a table was looked at. Its times are the L1 entries of all disks that name it. */
interface TableScan extends PlainTable {
  /** Those of the active disk. */
  readonly activeTimes: number;
  readonly checksCopied: boolean;
  /** What was seen, as FLAG bits. */
  seen: number;
}
