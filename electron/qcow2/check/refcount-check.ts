/** The comparison of refcounts with references, a pass at a time. */
import { type Cause, type FindingCollector, guestRange } from '../../../shared/finding-collector.ts';
import type { CheckCounts } from '../../../shared/model/check.ts';
import { countOf, formatCount } from '../../../shared/text/offset.ts';
import { hex, hex64 } from '../format/bytes.ts';
import { entryOffset } from '../format/entry.ts';
import { hasDataFile } from '../format/header.ts';
import type { L2Tables } from '../layout/l2-tables.ts';
import type { ReadLimit } from '../layout/read-limit.ts';
import type { RefcountBlocks } from '../layout/refcount-blocks.ts';
import type { References } from '../layout/references.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import type { ImageSource } from '../read/source.ts';
import { ClusterCounts } from './cluster-counts.ts';
import type { DeepInput } from './deep.ts';
import { Referrers } from './referrers.ts';
import { KEEP_EVIDENCE } from './rules/advice.ts';
import { checkBitmapTables } from './rules/bitmaps.ts';
import { addCopiedFlag } from './rules/copied-flags.ts';
import { type ForeignTable, ForeignTables } from './rules/foreign-tables.ts';
import { isMisplaced, MISPLACED_REFCOUNTS, MisplacedRefcounts } from './rules/misplaced-refcounts.ts';
import { findOrphans } from './rules/orphan-tables.ts';
import { addOverlap, addTableInData, overlapCode, SNAPSHOT_TABLE } from './rules/overlaps.ts';
import { OverwrittenBlocks } from './rules/overwritten-blocks.ts';
import { addPastEnd } from './rules/past-end.ts';
import { BLOCK_CODE, checkRefcountTable, NO_BLOCKS_CODE } from './rules/refcount-blocks.ts';
import { RefcountRules } from './rules/refcounts.ts';
import { findTwinL1 } from './rules/twin-l1.ts';
import { isExplained, isSharedInDoubt, Suspects } from './suspects.ts';
import { TableChecks } from './table-checks.ts';
import { TableNames } from './table-names.ts';

const FLAGS_ALONE: Cause = {
  id: 'QCOW2_L1_FLAGS_ALONE',
  code: 'QCOW2_L1_FLAGS_ALONE',
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'an L1 entry has' : `${formatCount(count)} L1 entries have`} bits set and name no L2 table: qemu reads nothing there, and what they named may be lost`,
  advice: KEEP_EVIDENCE,
};

const SHARED_TABLE: Cause = {
  id: 'QCOW2_L2_SHARED',
  code: 'QCOW2_L2_SHARED',
  severity: 'corruption',
  what: count =>
    `${count === 1 ? 'an L2 table is' : `${formatCount(count)} L2 tables are`} named by several L1 entries: these ranges of the guest show the same data, and a write to one changes all`,
  advice: KEEP_EVIDENCE,
};

/** What is compared. */
export interface RefcountCheckInput {
  readonly image: Qcow2Image;
  readonly collector: FindingCollector;
  readonly blocks: RefcountBlocks;
  readonly references: References;
  readonly tables: L2Tables;
  readonly fileLength: number;
  readonly maxChunks: number | undefined;
}

/** Counts, compares and explains. */
export class RefcountCheck {
  readonly #input: RefcountCheckInput;
  readonly #counts: ClusterCounts;
  readonly #entries: TableChecks;
  readonly #names: TableNames;
  readonly #suspects = new Suspects();
  readonly #rules: RefcountRules;
  readonly #overwritten: OverwrittenBlocks;
  /** Corruptions of L1 tables, the refcount table and snapshot tables. */
  #corruptions = 0;
  #badBlocks: ReadonlySet<number> = new Set();
  #hasNoBlocks = false;
  /** Entries of the refcount table that are not zero, and those of them that name no usable block. */
  #usedBlocks = 0;
  #unusableBlocks = 0;
  /** Set where the refcount table is none. */
  #misplaced: MisplacedRefcounts | undefined;
  /** L2 tables whose entries belong elsewhere, by their numbers. */
  #foreign: ReadonlyMap<number, ForeignTable> = new Map();
  /** By the number of an L2 table the finding which says that one reference to it is too many. */
  #twins: ReadonlyMap<number, string> = new Map();
  /** Numbers of the L2 tables whose active L1 entry has reserved bits. */
  readonly #reservedL1 = new Set<number>();
  #wanted: ReadonlySet<number> | undefined;

  constructor(input: RefcountCheckInput) {
    const { image, tables, blocks, fileLength, collector, maxChunks } = input;
    const { geometry, header } = image;
    this.#input = input;
    const names = new TableNames(image, tables);
    this.#names = names;
    this.#counts = new ClusterCounts(
      { fileLength, clusterSize: geometry.clusterSize, maxRefcount: 2 ** header.refcountBits - 1 },
      reference => addPastEnd(collector, image, fileLength, reference, owner => names.ownerName(owner)),
      maxChunks,
    );
    this.#entries = new TableChecks({
      image,
      tables,
      names,
      counts: this.#counts,
      blocks,
      collector,
      fileLength,
    });
    this.#overwritten = new OverwrittenBlocks(collector, image, blocks, this.#counts);
    const explain = (cluster: number, stored: number) => {
      if (this.#misplaced !== undefined) return MISPLACED_REFCOUNTS;
      return (stored === 0 ? this.#explainZero(cluster) : '') || this.#overwritten.idFor(cluster);
    };
    this.#rules = new RefcountRules(collector, blocks, this.#suspects, explain, {
      clusterSize: geometry.clusterSize,
      refcountBits: header.refcountBits,
    });
  }

  /** Checks the refcount table, the L1 entries and the bitmap tables, which need no counted references. Throws QCOW2_READ_FAILED. */
  *prepare(): SlicedWork<void> {
    const { image, collector, blocks } = this.#input;
    yield* this.#names.read();
    const table = yield* checkRefcountTable(collector, blocks, image.header.refcountTableOffset);
    this.#corruptions += table.corruptions;
    this.#badBlocks = table.bad;
    this.#hasNoBlocks = table.used === 0 && blocks.entries > 0;
    this.#usedBlocks = table.used;
    this.#unusableBlocks = table.corruptions;
    const { header, snapshots } = image;
    this.#corruptions += snapshots.filter(({ unusable }) => unusable !== undefined).length;
    if (header.version >= 3)
      this.#corruptions += snapshots.filter(({ extraDataSize }) => extraDataSize < 16).length;
    if (hasDataFile(header) && snapshots.length > 0) this.#corruptions++;
    yield* this.#checkL1Entries();
    this.#findSharedTables();
    this.#corruptions += yield* checkBitmapTables(collector, image);
  }

  /** Reads the refcounts and walks the references of as many clusters as fit in memory. Throws LimitPassed. */
  *runPass(newLimit: () => ReadLimit): SlicedWork<void> {
    const { blocks, references } = this.#input;
    const limit = newLimit();
    yield* blocks.read(this.#counts, limit);
    const isLater = this.#counts.pass > 1;
    const isWanted = isLater ? (table: number) => this.#entries.isUnfinished(table) : undefined;
    yield* references.walk(this.#counts, limit, this.#entries, isWanted);
    if (!isLater) this.#findMisplacedRefcounts();
    const wrongBefore = this.#entries.wrongCopied;
    yield* this.#checkL1Copied();
    const hasSuspects = yield* this.#counts.compare(found => this.#rules.judge(found));
    if (hasSuspects || this.#entries.wrongCopied > 0 || wrongBefore > 0) yield* this.#explain(newLimit);
  }

  /** Looks for tables that nothing refers to; before the first pass ends, while references are known. */
  *findOrphans(): SlicedWork<void> {
    const { image, collector, fileLength, tables } = this.#input;
    if (hasDataFile(image.header)) return;
    yield* findOrphans(collector, {
      image,
      fileLength,
      leaked: this.#rules.leakedClusters,
      tail: this.#counts.highest + 1,
      isDiskEmpty: tables.activeTimes.every(times => times === 0),
      isL2Table: cluster => this.#names.indexOf(cluster * image.geometry.clusterSize) >= 0,
      isReferred: cluster => this.#counts.storedOf(cluster) === -1 || this.#counts.referencesOf(cluster) > 0,
    });
  }

  /** Ends a pass. True if another one has to follow. */
  nextPass(): boolean {
    this.#suspects.clear();
    return this.#counts.nextPass();
  }

  /** True unless refcounts could not be read. */
  get isComplete(): boolean {
    return this.#rules.checkErrors === 0 && !this.#hasNoBlocks;
  }

  get whyIncomplete(): string {
    if (this.#hasNoBlocks)
      return 'the refcount table names no block: references were compared with each other alone, and what is leaked is not known';
    return `the refcounts of ${countOf(this.#rules.checkErrors, 'cluster')} cannot be read`;
  }

  /** What a deep check reads. */
  deepInput(dataFile: ImageSource | undefined): DeepInput {
    const { image, tables, collector } = this.#input;
    const isGarbage = (index: number) => this.#doubtOf(index) !== '';
    return { image, tables, names: this.#names, collector, dataFile, isGarbage };
  }

  /** The L2 tables of all disks. */
  get tables(): L2Tables {
    return this.#input.tables;
  }

  /** L2 tables whose entries belong elsewhere. */
  get foreign(): readonly ForeignTable[] {
    return [...this.#foreign.values()];
  }

  /** Clusters that nothing refers to, although they are counted. */
  get leaked(): number {
    return this.#rules.leaked;
  }

  /** True for an L2 table that has something unusual, or none that a table could be. */
  needsScan(tableOffset: number): boolean {
    const index = this.#names.indexOf(tableOffset);
    this.#wanted ??= new Set([...this.#entries.flagged, ...this.#reservedL1]);
    return index < 0 || this.#wanted.has(index);
  }

  /** The numbers of `qemu-img check`. */
  counts(): CheckCounts {
    const { geometry, header } = this.#input.image;
    const { allocated, fragmented, compressed, corruptions, wrongCopied } = this.#entries;
    return {
      corruptions:
        this.#corruptions +
        corruptions +
        wrongCopied +
        this.#counts.pastEnd +
        this.#counts.sharedBlocks +
        this.#rules.corruptions,
      leaks: this.#rules.leaks,
      checkErrors: this.#rules.checkErrors,
      imageEnd: (this.#counts.highest + 1) * geometry.clusterSize,
      totalClusters: Math.ceil(header.size / geometry.clusterSize),
      allocatedClusters: allocated,
      fragmentedClusters: fragmented,
      compressedClusters: compressed,
    };
  }

  /** Walks everything a second time for the clusters under suspicion, and adds what is wrong with them. */
  *#explain(newLimit: () => ReadLimit): SlicedWork<void> {
    const { image, tables, references, collector } = this.#input;
    const { clusterSize } = image.geometry;
    const refcountTable = image.header.refcountTableOffset / clusterSize;
    if (this.#counts.pass === 1 && this.#misplaced === undefined) yield* this.#findWrongTables(newLimit());
    const referrers = new Referrers({
      image,
      tables,
      collector,
      names: this.#names,
      counts: this.#counts,
      suspects: this.#suspects,
      doubtOf: index => this.#doubtOf(index),
      twinOf: index => this.#twins.get(index) ?? '',
      doubtOfRefcounts: this.#misplaced === undefined ? '' : MISPLACED_REFCOUNTS,
    });
    yield* references.walk(referrers, newLimit(), referrers);
    for (const suspect of this.#suspects.all()) {
      if (suspect.cluster === refcountTable) this.#misplaced?.nameHolder(suspect);
      if (isExplained(suspect)) {
        this.#rules.addLow(suspect, suspect.doubt);
        if (suspect.doubt === SNAPSHOT_TABLE) addTableInData(collector, suspect, clusterSize);
      } else {
        const isClash = suspect.isShared && !isSharedInDoubt(suspect);
        if (isClash) addOverlap(collector, suspect, clusterSize);
        this.#rules.addLow(suspect, isClash ? overlapCode(suspect) : '');
      }
    }
  }

  /** Finds out whether the refcount table is one, once everything was counted that refers to its place. */
  #findMisplacedRefcounts(): void {
    const { image, collector } = this.#input;
    const { header, geometry } = image;
    if (header.refcountTableClusters === 0) return;
    const state = {
      used: this.#usedBlocks,
      bad: this.#unusableBlocks,
      shared: this.#counts.sharedBlocks,
      references: this.#counts.referencesOf(header.refcountTableOffset / geometry.clusterSize),
      headerRefcount: this.#counts.storedOf(0),
    };
    // Data is no proof where other tables are damaged: an entry that belongs elsewhere may name the place of the table.
    const isTable = this.#isTableAt(header.refcountTableOffset);
    if (!isTable && (this.#usedBlocks === 0 || this.#entries.flagged.length > 0)) return;
    if (isMisplaced(state)) this.#misplaced = MisplacedRefcounts.add(collector, image);
  }

  /** True where an L1 table or an L2 table lies. */
  #isTableAt(offset: number): boolean {
    const { references } = this.#input;
    const isL1 = (place: { readonly offset: number }) => place.offset === offset;
    return references.l1Tables.some(isL1) || this.#names.indexOf(offset) >= 0;
  }

  /** Looks for tables that were written over others, by the clusters under suspicion. */
  *#findWrongTables(limit: ReadLimit): SlicedWork<void> {
    const { image, tables, references, collector, fileLength } = this.#input;
    if (this.#suspects.size === 0 || hasDataFile(image.header)) return;
    const [names, suspects] = [this.#names, this.#suspects];
    const hasLeaks = this.#rules.leaked > 0;
    const places = references.l1Tables;
    this.#twins = yield* findTwinL1(collector, { image, places, names, suspects, hasLeaks });
    const unusual = new Set(this.#entries.flagged);
    const visitor = new ForeignTables({
      image,
      tables,
      names,
      suspects,
      fileLength,
      leaked: this.#rules.leaked,
      isUnusual: index => unusual.has(index),
      isOverwritten: index => this.#entries.doubtOf(index) !== '' || this.#twins.has(index),
    });
    yield* references.walk(visitor, limit, visitor);
    this.#foreign = new Map(visitor.addTo(collector).map(table => [table.index, table]));
  }

  /** The id of the finding which says that the entries of a table are not to be believed; empty for other tables. */
  #doubtOf(index: number): string {
    return this.#entries.doubtOf(index) || (this.#foreign.get(index)?.id ?? '');
  }

  /** L2 tables that several L1 entries of the active disk name: ranges of the guest that show the same data. */
  #findSharedTables(): void {
    const { tables, collector, image } = this.#input;
    const { clusterSize, l1Coverage } = image.geometry;
    for (let index = 0; index < tables.offsets.length; index++) {
      const times = tables.activeTimes[index] as number;
      if (times < 2) continue;
      const host = tables.offsets[index] as number;
      const guest = this.#names.guestOf(index);
      collector.add(SHARED_TABLE, {
        ...guestRange(guest, guest + l1Coverage, image.header.size),
        ...(collector.wantsEvidence(SHARED_TABLE.id)
          ? {
              host: [host, clusterSize],
              evidence: {
                source: 'L1 entries',
                fileOffset: host,
                value: hex(host),
                bits: `${times} name it`,
              },
            }
          : {}),
      });
    }
  }

  /** Reserved bits and places of the entries of all L1 tables, as qemu counts them. Throws QCOW2_READ_FAILED. */
  *#checkL1Entries(): SlicedWork<void> {
    const { image, references } = this.#input;
    const { clusterSize } = image.geometry;
    for (const { offset, entries, times, isActive } of references.l1Tables) {
      const table = new EntryTable(image.source, offset, entries);
      for (let first = 0; first < table.count; first = table.endOfPart(first)) {
        yield;
        const end = table.endOfPart(first);
        for (let at = table.nextUsed(first, end); at < end; at = table.nextUsed(at + 1, end)) {
          const hi = table.hi(at);
          const lo = table.lo(at);
          const host = entryOffset(hi, lo);
          const isReserved = (hi & 0x7f000000) !== 0 || (lo & 0x1ff) !== 0;
          if (isReserved) this.#corruptions += times;
          if (isReserved && isActive) this.#reservedL1.add(this.#names.indexOf(host));
          if (host % clusterSize !== 0) this.#corruptions += times;
          if (host === 0) this.#addFlagsAlone(offset + at * 8, at, hi, lo, times);
        }
      }
    }
  }

  /** An entry with flags that names no table: qemu-img check takes the header for its table. */
  #addFlagsAlone(fileOffset: number, index: number, hi: number, lo: number, times: number): void {
    this.#corruptions += times;
    const { collector } = this.#input;
    collector.add(FLAGS_ALONE, {
      host: [fileOffset, 8],
      evidence: { source: `L1 entry ${index}`, fileOffset, value: hex64(hi, lo), bits: 'no L2 table' },
    });
  }

  /** Copied flags of the active L1 table. */
  *#checkL1Copied(): SlicedWork<void> {
    const { image, collector } = this.#input;
    const { source, header, geometry } = image;
    const l1 = new EntryTable(source, header.l1TableOffset, header.l1Size);
    for (let first = 0; first < l1.count; first = l1.endOfPart(first)) {
      yield;
      const end = l1.endOfPart(first);
      for (let at = l1.nextUsed(first, end); at < end; at = l1.nextUsed(at + 1, end)) {
        const hi = l1.hi(at);
        const lo = l1.lo(at);
        const host = entryOffset(hi, lo);
        if (host === 0) continue;
        const stored = this.#entries.storedRefcount(host);
        if (stored === undefined || stored < 0 || (stored === 1) === (hi >>> 31 === 1)) continue;
        this.#entries.wrongCopied++;
        if (host >= this.#input.fileLength || host % geometry.clusterSize !== 0) continue; // a finding already
        const guest = at * geometry.l1Coverage;
        addCopiedFlag(collector, {
          source: `L1 entry ${at}`,
          fileOffset: header.l1TableOffset + at * 8,
          hi,
          lo,
          stored,
          references: this.#counts.referencesOf(host / geometry.clusterSize),
          guest: guestRange(guest, guest + geometry.l1Coverage, header.size),
          doubt: this.#misplaced === undefined ? '' : MISPLACED_REFCOUNTS,
        });
      }
    }
  }

  /** Why the refcount of a cluster is 0: its block or the whole table is not there. */
  #explainZero(cluster: number): string {
    const { image, blocks } = this.#input;
    if (image.header.refcountTableClusters === 0) return 'QCOW2_REFCOUNT_TABLE';
    if (this.#hasNoBlocks) return NO_BLOCKS_CODE;
    const perBlock = (image.geometry.clusterSize * 8) / image.header.refcountBits;
    const block = Math.floor(cluster / perBlock);
    if (block >= blocks.entries) return 'QCOW2_METADATA_PAST_END';
    return this.#badBlocks.has(block) ? BLOCK_CODE : '';
  }
}
