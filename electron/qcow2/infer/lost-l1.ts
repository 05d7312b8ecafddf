/**
 * The L1 table of an image that lost it, from the L2 tables that are left. Which range of the guest a table describes is
 * not in the table itself: that follows from other evidence only, and stays open without it.
 */
import { dataViewOf } from '../../../shared/bytes.ts';
import { type Confidence, type InferredFact, leastSure } from '../../../shared/model/inference.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { ENTRY_RESERVED_HI, entryOffset } from '../format/entry.ts';
import { hasDataFile, hasExtendedL2 } from '../format/header.ts';
import { MAX_L1_BYTES } from '../format/limits.ts';
import { LimitPassed } from '../layout/read-limit.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { sizeNow } from '../read/source.ts';
import { BEGINNING_BYTES, beginsDisk, dividesWhole, endsDisk, SECTOR_SIZES } from './disk-ends.ts';
import { findL1Tables, type L1Candidate } from './l1-candidates.ts';
import { MAX_SCANNED_CLUSTERS } from './lost-header.ts';
import { beginsContainer, beginsWholeDisk, positionsByFileSystems } from './positions-by-file-systems.ts';
import type { Proposal } from './reading.ts';
import { type ClusterBytes, countedReferences, storedRefcounts } from './stored-refcounts.ts';
import { TableData } from './table-data.ts';
import {
  entriesOf,
  markTargets,
  type OnProgress,
  readCluster,
  type ScanResult,
  scanForTables,
} from './table-scan.ts';

/** Copied entries of a table that is compared with the tables of snapshots. */
const MAX_COMPARED = 64;
/** Tables of which data is read. */
const MAX_LOOKED_AT = 4096;
const BOOT_RECORD_BYTES = 512;
const NOTHING = new Uint8Array();
/** Bytes of data that are looked through for blocks of file systems that say their place, and rounds that are made of it. */
const MAX_SAMPLED_BYTES = 2 ** 28;
const MAX_ROUNDS = 16;
/** Places of tables that a fact lists. */
const MAX_LISTED = 8;

/** Why a table that the stored L1 table names has that place. */
const IN_PLACE = 'its entry in the L1 table is still in place';

/** An L1 table that was put together, as far as it could be. */
export interface L1Proposal extends Proposal {
  /** L2 tables that were found, and those with a place; `confidence` is that of the places. */
  readonly found: number;
  readonly placed: number;
  readonly confidence: Confidence;
  /** True where every place is that of an entry that is still in the stored table. */
  readonly isAsStored: boolean;
  /** What `qemu-img check` would count although the table is right: its own clusters, and those of an earlier one. */
  readonly expected: { readonly corruptions: number; readonly leaks: number };
}

/**
 * L1 tables that the image may have had: first the one that places tables by evidence alone, then, where there is one,
 * that with the remaining tables in the order of the file; none where the one that is
 * stored is in order, or nothing is left of it. Throws LimitPassed and QCOW2_READ_FAILED.
 */
export function* proposeL1(image: Qcow2Image, onProgress?: OnProgress): SlicedWork<readonly L1Proposal[]> {
  const { header, geometry, source } = image;
  // The header names no place where a table can lie, and as good as no entries.
  const isMisplaced = header.l1Size === 0 && image.findings.some(({ code }) => code === 'QCOW2_L1_TABLE');
  const entries = isMisplaced ? geometry.l1Needed : Math.min(header.l1Size, geometry.l1Needed);
  const clusters = Math.ceil(sizeNow(source) / geometry.clusterSize);
  if (header.version === 1 || entries === 0 || entries * 8 > MAX_L1_BYTES) return [];
  if (clusters > MAX_SCANNED_CLUSTERS) throw new LimitPassed('the file has too many clusters');
  const rest: Qcow2Image = { ...image, header: { ...header, l1Size: 0 } };
  const refcounts = yield* storedRefcounts(rest, sizeNow(source), clusters);
  // Tables are recognized by their refcounts: where not even the header is counted once, those are lost too.
  if (refcounts[0] !== 1) return [];
  const references = yield* countedReferences(rest, sizeNow(source), clusters);
  const rules = {
    clusterBits: geometry.clusterBits,
    fileLength: sizeNow(source),
    refcounts,
    hasDataFile: hasDataFile(header),
  };
  // Free clusters, too: an L1 table that was moved leaves its old place behind.
  const scan = yield* scanForTables(source, rules, cluster => references[cluster] === 0, onProgress);
  const rebuild = yield* L1Rebuild.of(image, { entries, isMisplaced, refcounts, references, scan });
  return rebuild.isStoredTableSound() ? [] : yield* rebuild.propose();
}

interface Remains {
  /** Entries that the L1 table has for this disk. */
  readonly entries: number;
  /** No L1 table can lie where the header says. */
  readonly isMisplaced: boolean;
  readonly refcounts: ClusterBytes;
  /** References of everything but the active disk. */
  readonly references: ClusterBytes;
  readonly scan: ScanResult;
  /** By cluster, 1 where one of the L2 tables that were found names it. */
  readonly named: Uint8Array;
}

/** An entry of the table that lies where the header says. */
interface StoredEntry {
  readonly index: number;
  readonly cluster: number;
  /** It names a counted cluster in the way that an L1 entry does. */
  readonly isPlausible: boolean;
  readonly leadsToTable: boolean;
}

interface StoredTable {
  readonly entries: readonly StoredEntry[];
  /** The file ends in it. */
  readonly isCut: boolean;
}

interface Placed {
  readonly cluster: number;
  readonly confidence: Confidence;
  readonly how: string;
}

/** Finds a place for each L2 table, the surest evidence first. */
class L1Rebuild {
  readonly #image: Qcow2Image;
  readonly #remains: Remains;
  readonly #clusterBits: number;
  /** L2 tables of the active disk alone that have no place yet. */
  readonly #open: Set<number>;
  readonly #places = new Map<number, Placed>();
  readonly #stored: StoredTable;
  readonly #oldTables: readonly L1Candidate[];
  /** The earlier L1 table that places were taken from. */
  #usedOldTable: L1Candidate | undefined;

  private constructor(
    image: Qcow2Image,
    remains: Remains,
    oldTables: readonly L1Candidate[],
    tables: readonly number[],
  ) {
    this.#image = image;
    this.#remains = remains;
    this.#clusterBits = image.geometry.clusterBits;
    this.#oldTables = oldTables;
    this.#open = new Set(tables.filter(cluster => this.#fitsDataFile(cluster)));
    this.#stored = this.#readStored();
    // Entries that lead to empty tables look like those of an L2 table.
    if (!this.#isNamedAsTable) for (const cluster of this.#ownPlace()) this.#open.delete(cluster);
  }

  /** Clusters of the L1 table that the header names. */
  #ownPlace(): number[] {
    const { header, geometry } = this.#image;
    const first = Math.floor(header.l1TableOffset / geometry.clusterSize);
    const count = Math.ceil((Math.min(header.l1Size, this.#remains.entries) * 8) / geometry.clusterSize);
    return Array.from({ length: count }, (_, i) => first + i);
  }

  /** Reads all tables that were found, to tell L1 tables, L2 tables and data apart. */
  static *of(image: Qcow2Image, remains: Omit<Remains, 'named'>): SlicedWork<L1Rebuild> {
    const { source, geometry, header } = image;
    const { clusterBits, clusterSize } = geometry;
    const { scan, refcounts, references } = remains;
    // A place where an L1 table lay may be free now.
    const mayBeL1 = (cluster: number) => (refcounts[cluster] ?? 2) <= 1 && references[cluster] === 0;
    const oldTables = yield* findL1Tables({ source, scan, clusterBits, mayBeL1 });
    const isOld = (cluster: number) =>
      oldTables.some(old => cluster >= old.cluster && cluster < old.cluster + old.clusters);
    const width = hasExtendedL2(header) ? 'isExtended' : 'isStandard';
    const tables = scan.tables
      .filter(table => table[width] && refcounts[table.cluster] === 1 && !isOld(table.cluster))
      .map(({ cluster }) => cluster);
    // What a table names is data, whatever that looks like.
    const named = new Uint8Array(refcounts.length);
    for (const cluster of hasDataFile(header) ? [] : tables) {
      yield;
      markTargets(dataViewOf(readCluster(source, cluster, clusterSize)), cluster, geometry, named);
    }
    // Data that looks like an L1 table is named by an L2 table.
    const isData = ({ cluster, clusters }: L1Candidate) =>
      named.subarray(cluster, cluster + clusters).includes(1);
    return new L1Rebuild(
      image,
      { ...remains, named },
      oldTables.filter(old => !isData(old)),
      tables.filter(cluster => named[cluster] === 0),
    );
  }

  /**
   * True if every used entry of the stored table may name an L2 table, and there is no other table or no room for one: L2
   * tables that were overwritten are no loss of the L1 table, and other tables are those of a lost snapshot then.
   */
  isStoredTableSound(): boolean {
    const { entries, isCut } = this.#stored;
    if (isCut || this.#isNamedAsTable || !entries.every(({ isPlausible }) => isPlausible)) return false;
    const named = new Set(entries.map(({ cluster }) => cluster));
    const isFull = entries.length === this.#remains.entries && !this.#isReplaced;
    return isFull || [...this.#open].every(cluster => named.has(cluster));
  }

  /** True where something else lies: entries that lead to data, or a table that an earlier L1 table names. */
  get #isReplaced(): boolean {
    const { entries } = this.#stored;
    const leading = entries.filter(({ leadsToTable }) => leadsToTable).length;
    return 2 * leading < entries.length || this.#isNamedAsTable;
  }

  /** True where an earlier L1 table names the place of the stored one. */
  get #isNamedAsTable(): boolean {
    return this.#oldTables.some(old => this.#namesL1(old));
  }

  /** True of a table that is counted, and names the place of the stored one: a program wrote through it after a resize. */
  #namesL1({ cluster, clusters }: L1Candidate): boolean {
    const { source, header, geometry } = this.#image;
    if (this.#remains.refcounts[cluster] !== 1) return false;
    const place = header.l1TableOffset / geometry.clusterSize;
    const parts = Array.from({ length: clusters }, (_, part) => cluster + part);
    return parts.some(part =>
      entriesOf(source, part, this.#clusterBits).some(({ target }) => target === place),
    );
  }

  *propose(): SlicedWork<L1Proposal[]> {
    this.#placeStored();
    this.#placeShared();
    this.#placeByData();
    this.#placeByDataFile();
    this.#placeLast();
    this.#placeByOldTables();
    this.#placeByDisk();
    this.#placeLast();
    yield* this.#placeByFileSystems();
    this.#placeLast();
    if (this.#open.size === 0 && this.#places.size === 0) return [];
    const first = this.#proposal();
    return this.#placeInOrder() ? [first, this.#proposal()] : [first];
  }

  #proposal(): L1Proposal {
    const { size } = this.#places;
    const found = size + this.#open.size;
    const places = [...this.#places.values()];
    const confidences = places.map(({ confidence }) => confidence);
    return {
      ...this.#pieces(),
      facts: this.#facts(found),
      found,
      placed: size,
      confidence: leastSure(confidences),
      isAsStored: places.every(({ how }) => how === IN_PLACE),
    };
  }

  #entriesOf(cluster: number) {
    return entriesOf(this.#image.source, cluster, this.#clusterBits, this.#image.geometry.entrySize);
  }

  #place(index: number, cluster: number, confidence: Confidence, how: string): void {
    if (index >= this.#remains.entries || this.#places.has(index)) return;
    this.#open.delete(cluster);
    this.#places.set(index, { cluster, confidence, how });
  }

  /** The used entries of the table that is stored, and whether the file ends in it. */
  #readStored(): StoredTable {
    const { source, header } = this.#image;
    const { entries, refcounts, references, scan } = this.#remains;
    const isTable = new Set(scan.tables.map(({ cluster }) => cluster));
    for (const { cluster } of this.#snapshotEntries()) isTable.add(cluster);
    const table = new EntryTable(source, header.l1TableOffset, entries);
    const used: StoredEntry[] = [];
    if (this.#remains.isMisplaced) return { entries: used, isCut: false };
    const end = table.count;
    for (let index = table.nextUsed(0, end); index < end; index = table.nextUsed(index + 1, end)) {
      const hi = table.hi(index);
      const lo = table.lo(index);
      const cluster = entryOffset(hi, lo) / 2 ** this.#clusterBits;
      const isPlain = (hi & (ENTRY_RESERVED_HI | 0x40000000)) === 0 && (lo & 0x1ff) === 0 && cluster > 0;
      const stored = refcounts[cluster] ?? 0;
      // The refcount of a table that snapshots share is one above their references to it.
      const isShared = (references[cluster] ?? 0) > 0 && stored > (references[cluster] as number);
      const leadsToTable = isShared || isTable.has(cluster) || scan.zeros[cluster] === 1;
      const isFlagRight = stored > 0 && (stored === 1) === (hi >>> 31 === 1);
      used.push({ index, cluster, isPlausible: isPlain && isFlagRight, leadsToTable });
    }
    return { entries: used, isCut: end < entries };
  }

  /** Entries that are still in place. */
  #placeStored(): void {
    if (this.#isReplaced) return;
    for (const { index, cluster, isPlausible } of this.#stored.entries)
      if (isPlausible) this.#place(index, cluster, 'certain', IN_PLACE);
  }

  /** Tables that the active disk shares with snapshots: their refcount is one above the references of the snapshots. */
  #placeShared(): void {
    const { refcounts, references } = this.#remains;
    for (const { index, cluster } of this.#snapshotEntries())
      if ((refcounts[cluster] as number) > (references[cluster] as number))
        this.#place(
          index,
          cluster,
          'certain',
          'a snapshot shares it, and its refcount is one higher than that explains',
        );
  }

  /** A table that was copied for a write keeps most of the entries of the one that a snapshot still has. */
  #placeByData(): void {
    const shared = new Map<string, number>();
    for (const cluster of this.#open) {
      const common = this.#entriesOf(cluster).filter(({ isCopied }) => !isCopied);
      for (const { index, target } of common.slice(0, MAX_COMPARED))
        shared.set(`${index} ${target}`, cluster);
    }
    if (shared.size === 0) return;
    const seen = new Set<number>();
    for (const { index, cluster: table } of this.#snapshotEntries()) {
      if (seen.has(table)) continue;
      seen.add(table);
      for (const entry of this.#entriesOf(table)) {
        const cluster = shared.get(`${entry.index} ${entry.target}`);
        if (cluster === undefined || !this.#open.has(cluster)) continue;
        this.#place(index, cluster, 'certain', 'it shares data with the table that a snapshot has there');
      }
    }
  }

  /** L1 entries of all snapshots. */
  *#snapshotEntries(): Generator<{ readonly index: number; readonly cluster: number }> {
    const { source, snapshots } = this.#image;
    for (const { unusable, l1TableOffset, l1Size } of snapshots) {
      if (unusable !== undefined) continue;
      const table = new EntryTable(source, l1TableOffset, Math.min(l1Size, this.#remains.entries));
      for (
        let at = table.nextUsed(0, table.count);
        at < table.count;
        at = table.nextUsed(at + 1, table.count)
      ) {
        const host = entryOffset(table.hi(at), table.lo(at));
        const cluster = host / 2 ** this.#clusterBits;
        if (Number.isInteger(cluster) && cluster < this.#remains.refcounts.length)
          yield { index: at, cluster };
      }
    }
  }

  /** True unless entries name other places of a data file than their own. */
  #fitsDataFile(cluster: number): boolean {
    if (!hasDataFile(this.#image.header)) return true;
    const [first, ...rest] = this.#entriesOf(cluster);
    if (first === undefined) return false;
    const start = first.target - first.index;
    return (
      start % this.#image.geometry.l2Entries === 0 &&
      rest.every(({ target, index }) => target - index === start)
    );
  }

  /** With a data file each cluster lies at its own offset of the guest. */
  #placeByDataFile(): void {
    if (!hasDataFile(this.#image.header)) return;
    for (const cluster of [...this.#open]) {
      const [first] = this.#entriesOf(cluster);
      if (first === undefined) continue;
      const index = Math.floor(first.target / this.#image.geometry.l2Entries);
      this.#place(index, cluster, 'certain', 'its entries name their own offsets in the data file');
    }
  }

  /** Where as many tables are open as places, those that only one place can hold; the last range may be a short one. */
  #placeLast(): void {
    const { entries } = this.#remains;
    const { l2Entries, l1Coverage, clusterSize, entrySize } = this.#image.geometry;
    if (this.#open.size !== entries - this.#places.size || this.#open.size > 64) return;
    const last = entries - 1;
    if (!this.#places.has(last)) {
      const room = Math.ceil((this.#image.header.size - last * l1Coverage) / clusterSize);
      const fits = [...this.#open].filter(cluster => {
        const bytes = readCluster(this.#image.source, cluster, clusterSize);
        return room >= l2Entries || bytes.subarray(room * entrySize).every(byte => byte === 0);
      });
      const [only] = fits;
      if (fits.length === 1 && only !== undefined && this.#open.size > 1)
        this.#place(last, only, 'certain', 'no other table fits in the last range of the disk');
    }
    const [only] = this.#open;
    if (this.#open.size !== 1 || only === undefined) return;
    for (let index = 0; index < entries; index++)
      if (!this.#places.has(index)) this.#place(index, only, 'certain', 'it is the only place left');
  }

  /** Where there are as many tables as places: in the order of the file. True if that placed any. */
  #placeInOrder(): boolean {
    const { entries } = this.#remains;
    if (this.#open.size === 0 || this.#open.size !== entries - this.#places.size) return false;
    const tables = [...this.#open].sort((a, b) => a - b).values();
    for (let index = 0; index < entries; index++) {
      if (this.#places.has(index)) continue;
      const { value } = tables.next();
      if (value !== undefined)
        this.#place(
          index,
          value,
          'guess',
          'in the order of the file, as a program leaves them that writes a disk from front to back',
        );
    }
    return true;
  }

  /** L1 tables of earlier times. The one that knows most of the open tables is believed, as far as it goes. */
  #placeByOldTables(): void {
    const { source, geometry } = this.#image;
    const lists = this.#oldTables.map(({ cluster, clusters, tables }) => {
      const list: { index: number; target: number }[] = [];
      for (let part = 0; part < clusters; part++)
        for (const { index, target } of entriesOf(source, cluster + part, this.#clusterBits))
          if (this.#open.has(target)) list.push({ index: part * (geometry.clusterSize / 8) + index, target });
      return { cluster, clusters, tables, list };
    });
    const [best] = lists.toSorted((a, b) => b.list.length - a.list.length);
    if (best === undefined) return;
    const at = formatOffset(best.cluster * geometry.clusterSize);
    const how = this.#remains.isMisplaced
      ? `an L1 table at ${at}, which the header does not name, names it there`
      : `an earlier L1 table at ${at} names it there`;
    for (const { index, target } of best.list) {
      if (!this.#open.has(target)) continue;
      this.#usedOldTable = best;
      this.#place(index, target, 'likely', how);
    }
  }

  /** The first and the last table of a disk with partitions. */
  #placeByDisk(): void {
    const { header, geometry } = this.#image;
    if (hasDataFile(header)) return;
    const last = this.#remains.entries - 1;
    const end = header.size - last * geometry.l1Coverage;
    const behind = this.#openTables(table => {
      const data = new TableData(this.#image, table);
      return SECTOR_SIZES.some(size => endsDisk(data.read(end - size, size) ?? NOTHING, header.size));
    });
    const first = this.#beginning();
    if (first !== undefined) this.#place(0, first, 'likely', 'its first cluster holds a partition table');
    if (behind.length === 1 && this.#open.has(behind[0] as number))
      this.#place(
        last,
        behind[0] as number,
        'likely',
        'it holds the copy of a GPT that lies at the end of a disk',
      );
  }

  /**
   * The table that begins with the partition table of the disk. A file may hold a smaller disk with one: it counts only
   * where no other table can be the first one, which the tables of an overlay cannot tell.
   */
  #beginning(): number | undefined {
    const image = this.#image;
    const beginningOf = (table: number) => {
      const data = new TableData(image, table);
      return data.read(0, BEGINNING_BYTES) ?? data.read(0, BOOT_RECORD_BYTES) ?? NOTHING;
    };
    const divided = this.#openTables(table => beginsDisk(beginningOf(table)));
    const whole = divided.filter(table => dividesWhole(beginningOf(table), image.header.size));
    const isAlone = divided.length === 1 && image.header.backingFileSize === 0;
    const [first] = whole.length > 0 ? whole : isAlone ? divided : [];
    if (first === undefined || whole.length > 1) return undefined;
    const isRival = (table: number) =>
      table !== first &&
      (beginsWholeDisk(image, table) || (whole.length === 0 && beginsContainer(image, table)));
    return this.#openTables(isRival).length > 0 ? undefined : first;
  }

  /** By what file systems say of their parts; what was found tells more, until nothing is found. */
  *#placeByFileSystems(): SlicedWork<void> {
    const { header } = this.#image;
    if (hasDataFile(header) || header.cryptMethod !== 0) return;
    let sampleBytes = MAX_SAMPLED_BYTES;
    let isNew = true;
    for (let round = 0; isNew && round < MAX_ROUNDS && this.#open.size > 0; round++) {
      sampleBytes /= 2; // all rounds together have the bound
      const found = yield* positionsByFileSystems({
        image: this.#image,
        entries: this.#remains.entries,
        placed: this.#places,
        open: [...this.#open].slice(0, MAX_LOOKED_AT),
        sampleBytes,
      });
      for (const { index, cluster, how, isGuess = false } of found)
        this.#place(index, cluster, isGuess ? 'guess' : 'likely', how);
      isNew = found.length > 0;
    }
  }

  #openTables(isWanted: (cluster: number) => boolean): number[] {
    return [...this.#open].slice(0, MAX_LOOKED_AT).filter(isWanted);
  }

  /** The table lies where the header says, or behind the file where an L2 table was found in that place. */
  #pieces(): Pick<L1Proposal, 'pieces' | 'expected'> {
    const { header, geometry, source } = this.#image;
    const { clusterSize } = geometry;
    const bytes = this.#encode();
    const clusters = Math.ceil(bytes.length / clusterSize);
    const first = header.l1TableOffset / clusterSize;
    const isTaken =
      this.#remains.named.subarray(first, first + clusters).includes(1) ||
      [...this.#places.values()].some(({ cluster }) => cluster >= first && cluster < first + clusters);
    const isOld = ({ cluster }: { cluster: number }) =>
      cluster !== first && this.#remains.refcounts[cluster] === 1;
    const leaks =
      this.#usedOldTable === undefined
        ? 0
        : this.#oldTables.filter(isOld).reduce((sum, old) => sum + old.clusters, 0);
    if (this.#remains.isMisplaced) return this.#misplacedPieces(bytes, leaks);
    if (!isTaken)
      return { pieces: [{ offset: header.l1TableOffset, bytes }], expected: { corruptions: 0, leaks } };
    const offset = Math.ceil(sizeNow(source) / clusterSize) * clusterSize;
    const field = new Uint8Array(8);
    new DataView(field.buffer).setBigUint64(0, BigInt(offset));
    const pieces = [
      { offset: 40, bytes: field }, // l1_table_offset
      { offset, bytes },
    ];
    return { pieces, expected: { corruptions: clusters, leaks } };
  }

  /** The header names the table that was found, where that is the whole one; else one behind the file. */
  #misplacedPieces(bytes: Uint8Array, leaks: number): Pick<L1Proposal, 'pieces' | 'expected'> {
    const { clusterSize } = this.#image.geometry;
    const found = this.#usedOldTable;
    const isWhole =
      found !== undefined &&
      this.#open.size === 0 &&
      this.#oldTables.length === 1 &&
      found.clusters * clusterSize >= bytes.length &&
      found.tables === this.#places.size;
    const offset =
      isWhole && found !== undefined
        ? found.cluster * clusterSize
        : Math.ceil(sizeNow(this.#image.source) / clusterSize) * clusterSize;
    const fields = new Uint8Array(12);
    const view = new DataView(fields.buffer);
    view.setUint32(0, bytes.length / 8); // l1_size
    view.setBigUint64(4, BigInt(offset)); // l1_table_offset
    const header = { offset: 36, bytes: fields };
    if (isWhole) return { pieces: [header], expected: { corruptions: 0, leaks: 0 } };
    const clusters = Math.ceil(bytes.length / clusterSize);
    return { pieces: [header, { offset, bytes }], expected: { corruptions: clusters, leaks } };
  }

  #encode(): Uint8Array {
    const { header, geometry } = this.#image;
    const { isMisplaced, entries } = this.#remains;
    // A header may claim more entries than any table has.
    const bytes = new Uint8Array(Math.min((isMisplaced ? entries : header.l1Size) * 8, MAX_L1_BYTES));
    const view = new DataView(bytes.buffer);
    for (const [index, { cluster }] of this.#places) {
      const copied = this.#remains.refcounts[cluster] === 1 ? 1n << 63n : 0n;
      view.setBigUint64(index * 8, copied | BigInt(cluster * geometry.clusterSize));
    }
    return bytes;
  }

  #facts(found: number): InferredFact[] {
    const { entries } = this.#remains;
    const counts = new Map<string, { confidence: Confidence; count: number }>();
    for (const { how, confidence } of this.#places.values())
      counts.set(how, { confidence, count: (counts.get(how)?.count ?? 0) + 1 });
    const tables = `${found} of at most ${entries}`;
    const how = 'counted clusters that nothing else refers to, and that hold L2 entries';
    const facts: InferredFact[] = [{ name: 'L2 tables', value: tables, confidence: 'likely', how }];
    for (const [reason, { confidence, count }] of counts)
      facts.push({ name: 'placed', value: `${count} of ${found}`, confidence, how: reason });
    if (this.#open.size > 0)
      facts.push({
        name: 'not placed',
        value: `${this.#open.size} of ${found}: ${this.#listOpen()}`,
        confidence: 'certain',
        how: 'nothing tells which range of the guest they describe',
      });
    return facts;
  }

  /** Where the tables without a place lie. */
  #listOpen(): string {
    const places = [...this.#open].map(cluster => formatOffset(cluster * this.#image.geometry.clusterSize));
    const more = places.length - MAX_LISTED;
    return `${places.slice(0, MAX_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }
}
