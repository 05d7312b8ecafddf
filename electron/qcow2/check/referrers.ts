/** A second walk: what refers to the clusters under suspicion, and which copied flags are wrong. */
import { type FindingCollector, guestRange } from '../../../shared/finding-collector.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { compressedRange } from '../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../format/entry.ts';
import { hasDataFile } from '../format/header.ts';
import { CLUSTER_USE } from '../layout/cluster-uses.ts';
import type { L2Tables } from '../layout/l2-tables.ts';
import type { ReferenceSink, TableVisitor } from '../layout/reference-sink.ts';
import { dataUseOf } from '../layout/references.ts';
import { invalidTableId } from '../read/findings/map-causes.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { ClusterCounts } from './cluster-counts.ts';
import { metadataName } from './metadata-names.ts';
import { addCopiedFlag } from './rules/copied-flags.ts';
import { SNAPSHOT_TABLE } from './rules/overlaps.ts';
import type { Suspects } from './suspects.ts';
import type { TableNames } from './table-names.ts';

/** The parts of a check that a walk for referrers needs. */
export interface ReferrerContext {
  readonly image: Qcow2Image;
  readonly tables: L2Tables;
  readonly names: TableNames;
  readonly counts: ClusterCounts;
  readonly suspects: Suspects;
  readonly collector: FindingCollector;
  /** The id of the finding which says that table number `index` is garbage, empty where it is not. */
  readonly doubtOf: (index: number) => string;
  /** The id of the finding which says that one reference to table number `index` is too many, empty where it is not. */
  readonly twinOf: (index: number) => string;
  /** The id of the finding which says that the refcount table is none, empty where it is one. */
  readonly doubtOfRefcounts: string;
}

/** Wrong copied flags whose guest ranges are listed; the others only add to the bytes. */
const MAX_COPIED_PLACES = 2 ** 16;

/** Takes the references of the walk, and looks into the L2 tables itself. */
export class Referrers implements ReferenceSink, TableVisitor {
  readonly countsEntries = true;
  readonly #context: ReferrerContext;
  #copiedPlaces = 0;
  /** The refcount table was referred to: it comes before everything else that may lie in its place. */
  #hasRefcountTable = false;

  constructor(context: ReferrerContext) {
    this.#context = context;
  }

  refer(offset: number, length: number, times: number, owner: number, use: number): void {
    if (use === CLUSTER_USE.data || use === CLUSTER_USE.snapshotData) return; // visitTable knows more of them
    const { image, suspects, tables, names } = this.#context;
    const { clusterSize } = image.geometry;
    const last = Math.floor((offset + length - 1) / clusterSize);
    const isRefcountTable = !this.#hasRefcountTable && offset === image.header.refcountTableOffset;
    if (isRefcountTable) this.#hasRefcountTable = true;
    suspects.noteRange(Math.floor(offset / clusterSize), last, () => {
      if (isRefcountTable) {
        const name = `the refcount table at ${formatOffset(offset)}`;
        return { name, guest: -1, use, times, doubt: this.#context.doubtOfRefcounts };
      }
      const index = use === CLUSTER_USE.table ? names.indexOf(offset) : -1;
      const isL2 = index >= 0 && length === clusterSize && owner === tables.owners[index];
      if (isL2) {
        const doubt = this.#context.twinOf(index);
        return { name: names.tableName(index), guest: -1, use, times, doubt, doubted: 1 };
      }
      const name = metadataName(image, offset, use, names.ownerName(owner));
      const doubt = use === CLUSTER_USE.table ? this.#doubtOfTable(offset) : '';
      return { name, guest: -1, use, times, doubt };
    });
  }

  /** The header's snapshot table of which nothing could be read may lie anywhere. */
  #doubtOfTable(offset: number): string {
    const { header, snapshots } = this.#context.image;
    const isUnread = header.storedSnapshotCount > 0 && snapshots.length === 0;
    return isUnread && offset === header.snapshotsOffset ? SNAPSHOT_TABLE : '';
  }

  referStream(): void {}

  referBlock(offset: number, index: number): void {
    const { image, suspects, doubtOfRefcounts: doubt } = this.#context;
    suspects.note(offset / image.geometry.clusterSize, () => {
      const name = `refcount block ${index} at ${formatOffset(offset)}`;
      return { name, guest: -1, use: CLUSTER_USE.table, times: 1, doubt };
    });
  }

  missTable(): void {}

  visitTable(index: number, view: DataView, at: number): void {
    const { image, tables, counts, suspects } = this.#context;
    const { clusterSize, clusterBits, entrySize } = image.geometry;
    const isActive = (tables.activeTimes[index] as number) > 0;
    const withDataFile = hasDataFile(image.header);
    const isSuspicious = suspects.size > 0 && !withDataFile;
    for (let i = 0; i < clusterSize / entrySize; i++, at += entrySize) {
      const hi = view.getUint32(at);
      const lo = view.getUint32(at + 4);
      if ((hi & ENTRY_COMPRESSED_HI) !== 0) {
        if (!isSuspicious) continue;
        const { offset, length } = compressedRange(hi, lo, clusterBits);
        this.#noteEntry(index, i, Math.floor(offset / clusterSize), 0);
        const last = Math.floor((offset + length - 1) / clusterSize);
        if (last * clusterSize > offset) this.#noteEntry(index, i, last, 0);
        continue;
      }
      const host = entryOffset(hi, lo);
      if (host === 0) continue;
      const cluster = Math.floor(host / clusterSize);
      if (isSuspicious) this.#noteStandard(index, i, host);
      if (withDataFile) {
        if (isActive && hi >>> 31 === 0) this.#addCopied(index, i, hi, lo, 1, 1);
        continue;
      }
      if (!isActive || cluster >= counts.clusters) continue;
      const stored = counts.storedOf(cluster);
      if (stored !== undefined && stored >= 0 && (stored === 1) !== (hi >>> 31 === 1))
        this.#addCopied(index, i, hi, lo, stored, counts.referencesOf(cluster));
    }
  }

  #addCopied(index: number, entry: number, hi: number, lo: number, stored: number, references: number): void {
    const { image, tables, names, collector, doubtOf, doubtOfRefcounts } = this.#context;
    const { clusterSize, entrySize } = image.geometry;
    const guest = names.guestOf(index) + entry * clusterSize;
    const range = guestRange(guest, guest + clusterSize, image.header.size);
    // An image of another program may lack all flags: ranges in any order would take minutes to sort in.
    const isListed = ++this.#copiedPlaces <= MAX_COPIED_PLACES || range.guest === undefined;
    addCopiedFlag(collector, {
      source: `L2 entry ${entry}`,
      fileOffset: (tables.offsets[index] as number) + entry * entrySize,
      hi,
      lo,
      stored,
      references,
      guest: isListed ? range : { bytes: clusterSize },
      doubt: doubtOf(index) || doubtOfRefcounts,
    });
  }

  /** An entry that is not aligned refers to two clusters, and to neither of them truly. */
  #noteStandard(index: number, entry: number, host: number): void {
    const { image, tables, counts } = this.#context;
    const { clusterSize } = image.geometry;
    const owner = tables.owners[index] as number;
    const use = dataUseOf(owner);
    const cluster = Math.floor(host / clusterSize);
    const isAligned = host === cluster * clusterSize;
    const doubt = isAligned ? '' : invalidTableId(tables.offsets[index] as number);
    for (let touched = cluster; touched <= cluster + (isAligned ? 0 : 1); touched++)
      if (counts.suspicionOf(touched) !== 0) this.#noteEntry(index, entry, touched, use, doubt);
  }

  #noteEntry(index: number, entry: number, cluster: number, use: number, doubt = ''): void {
    const { image, tables, names, suspects, doubtOf, twinOf } = this.#context;
    suspects.note(cluster, () => {
      const inDoubt = doubt || doubtOf(index);
      const start = names.guestOf(index);
      const guest = start < 0 ? -1 : start + entry * image.geometry.clusterSize;
      const what = use === 0 ? 'compressed data' : 'data';
      return {
        name:
          guest >= 0
            ? `${what} of guest ${formatOffset(guest)} (entry ${entry} of the L2 table at ${formatOffset(tables.offsets[index] as number)})`
            : `${what} of entry ${entry} of ${names.tableName(index)}`,
        guest,
        use,
        times: tables.times[index] as number,
        doubt: inDoubt || twinOf(index),
        ...(inDoubt === '' ? { doubted: 1 } : {}),
      };
    });
  }
}
