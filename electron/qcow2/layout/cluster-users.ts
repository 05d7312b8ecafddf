/** What refers to one cluster of an image file, collected while everything is walked. */
import type { ClusterUser, GuestPlace } from '../../../shared/model/layout.ts';
import { metadataNoun } from '../../../shared/text/host-kinds.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { compressedRange } from '../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../format/entry.ts';
import { hasDataFile } from '../format/header.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { CLUSTER_USE, OWNER_ACTIVE, OWNER_IMAGE } from './cluster-uses.ts';
import type { L2Tables } from './l2-tables.ts';
import { kindOfReference } from './metadata-kind.ts';
import type { ReferenceSink, TableVisitor } from './reference-sink.ts';

/** Users of one cluster that are kept, and places on disks of one of them. */
const MAX_USERS = 256;
const MAX_PLACES = 64;

/** What refers to the cluster with a number. */
export class ClusterUsers implements ReferenceSink, TableVisitor {
  readonly #image: Qcow2Image;
  readonly #tables: L2Tables;
  readonly #start: number;
  readonly #end: number;
  readonly #users: ClusterUser[] = [];
  #references = 0;

  constructor(image: Qcow2Image, tables: L2Tables, cluster: number) {
    const { clusterSize } = image.geometry;
    this.#image = image;
    this.#tables = tables;
    this.#start = cluster * clusterSize;
    this.#end = this.#start + clusterSize;
  }

  /** References of all kinds. */
  get references(): number {
    return this.#references;
  }

  /** The first users. */
  get users(): readonly ClusterUser[] {
    return this.#users;
  }

  refer(offset: number, length: number, times: number, owner: number, use: number): void {
    if (offset >= this.#end || offset + length <= this.#start) return;
    this.#references += times;
    if (use === CLUSTER_USE.data || use === CLUSTER_USE.snapshotData) return; // visitTable knows more of them
    const kind = kindOfReference(this.#image, offset, use, owner);
    const isL2 = this.#isL2Table(offset, length);
    this.#keep({
      kind,
      what: `${metadataNoun(kind)} at ${formatOffset(offset)}`,
      ...(isL2 ? { table: offset } : {}),
    });
  }

  /** True if an L2 table of the image begins at an offset. */
  #isL2Table(offset: number, length: number): boolean {
    return length === this.#end - this.#start && this.#tables.offsets.includes(offset);
  }

  referStream(offset: number, length: number, times: number): void {
    if (offset < this.#end && offset + length > this.#start) this.#references += times;
  }

  referBlock(offset: number, index: number): void {
    if (offset !== this.#start) return;
    this.#references++;
    this.#keep({ kind: 'refcountBlock', what: `refcount block ${index}` });
  }

  missTable(): void {}

  visitTable(index: number, view: DataView, at: number): void {
    const { header, geometry } = this.#image;
    if (hasDataFile(header)) return;
    const { clusterSize, clusterBits, entrySize } = geometry;
    const owner = this.#tables.owners[index] as number;
    const isActive = owner === OWNER_ACTIVE || owner === OWNER_IMAGE;
    const table = this.#tables.offsets[index] as number;
    for (let i = 0; i < clusterSize / entrySize; i++, at += entrySize) {
      const hi = view.getUint32(at);
      const lo = view.getUint32(at + 4);
      const isStream = (hi & ENTRY_COMPRESSED_HI) !== 0;
      const { offset, length } = isStream
        ? compressedRange(hi, lo, clusterBits)
        : { offset: entryOffset(hi, lo), length: clusterSize };
      if (offset === 0 || offset >= this.#end || offset + length <= this.#start) continue;
      this.#keep({
        kind: isActive ? (isStream ? 'compressed' : 'data') : 'snapshotData',
        what: `${isStream ? 'compressed data' : 'data'} of entry ${i} of the L2 table at ${formatOffset(table)}`,
        table,
        entry: i,
      });
    }
  }

  #keep(user: ClusterUser): void {
    if (this.#users.length < MAX_USERS) this.#users.push(user);
  }

  /** The users, each with what its entry is for on the disks that use the table. Throws QCOW2_READ_FAILED. */
  *placed(): SlicedWork<readonly ClusterUser[]> {
    const wanted = new Map<number, GuestPlace[]>();
    for (const { table } of this.#users) if (table !== undefined) wanted.set(table, []);
    if (wanted.size > 0) yield* this.#findTables(wanted);
    const { clusterSize } = this.#image.geometry;
    return this.#users.map(user => {
      const { table, entry } = user;
      if (table === undefined) return user;
      const spans = wanted.get(table) ?? [];
      if (entry === undefined) return { ...user, places: spans };
      const places = spans.map(span => ({
        ...span,
        start: span.start + entry * clusterSize,
        length: clusterSize,
      }));
      return { ...user, places };
    });
  }

  /** Adds to each table the L1 entries of all disks that name it. */
  *#findTables(wanted: ReadonlyMap<number, GuestPlace[]>): SlicedWork<void> {
    const { source, header, snapshots, geometry } = this.#image;
    const disks: { snapshot?: string; offset: number; entries: number }[] = [
      { offset: header.l1TableOffset, entries: header.l1Size },
    ];
    for (const { name, unusable, l1TableOffset, l1Size } of snapshots)
      if (unusable === undefined) disks.push({ snapshot: name, offset: l1TableOffset, entries: l1Size });
    for (const { offset, entries, ...disk } of disks) {
      const l1 = new EntryTable(source, offset, entries);
      for (let at = l1.nextUsed(0, l1.count); at < l1.count; at = l1.nextUsed(at + 1, l1.count)) {
        const places = wanted.get(entryOffset(l1.hi(at), l1.lo(at)));
        if (places !== undefined && places.length < MAX_PLACES)
          places.push({ ...disk, l1Index: at, start: at * geometry.l1Coverage, length: geometry.l1Coverage });
      }
      yield;
    }
  }
}
