/** Which bytes of an image are its tables: what a capture takes. Data, compressed streams, VM state and keys are not among them. */
import { CowscopeError } from '../../shared/error.ts';
import { entryOffset, isValidBitmapEntry } from '../qcow2/format/entry.ts';
import { REFCOUNT_OFFSET_LO } from '../qcow2/format/refcounts.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from '../qcow2/layout/read-limit.ts';
import { EntryTable } from '../qcow2/read/entry-table.ts';
import type { Qcow2Image } from '../qcow2/read/image.ts';
import type { SlicedWork } from '../qcow2/read/sliced-work.ts';
import { MAX_STRETCHES } from './format.ts';
import { Stretches } from './stretches.ts';

/** Bytes of a snapshot's entry before its names. */
const SNAPSHOT_BYTES = 40;

/** A table whose entries lead to other tables. */
interface Table {
  readonly offset: number;
  readonly entries: number;
  /** Where an entry leads, 0 for nowhere; and how many bytes lie there. */
  readonly leads: (hi: number, lo: number) => number;
  readonly span: number;
}

/** The tables of an image, as stretches of its file. */
export interface CollectedTables {
  readonly stretches: Stretches;
  /** True where its tables name more than an honest file holds, and not all of them were followed. */
  readonly isCut: boolean;
}

/**
 * Collects the tables of an image whose file has `fileSize` bytes. A table that cannot be read names nothing: that is met again
 * when it is copied.
 */
export function* collectTables(image: Qcow2Image, fileSize: number): SlicedWork<CollectedTables> {
  const { snapshots, header, extensions, geometry, source } = image;
  const stretches = new Stretches(fileSize, MAX_STRETCHES);
  stretches.add(0, geometry.clusterSize);
  let next = header.snapshotsOffset;
  for (const { fileOffset, length } of snapshots) {
    stretches.add(fileOffset, length);
    next = fileOffset + length;
  }
  // The numbers of the table's next entry tell why it cannot be read on.
  if (snapshots.length < header.snapshotCount) stretches.add(Math.ceil(next / 8) * 8, SNAPSHOT_BYTES);
  const directory = extensions.bitmaps;
  if (directory !== undefined) stretches.add(directory.directoryOffset, directory.directorySize);
  const limit = new ReadLimit(source, SLACK_BYTES);
  const followed = new Set<string>();
  try {
    for (const table of tablesOf(image)) {
      const key = `${table.offset} ${table.entries}`; // several snapshots may share a table
      if (followed.has(key)) continue;
      followed.add(key);
      stretches.add(table.offset, table.entries * 8);
      limit.spend(Math.min(table.entries * 8, Math.max(0, fileSize - table.offset)));
      yield* follow(image, table, stretches);
    }
  } catch (error) {
    if (!(error instanceof LimitPassed)) throw error;
    return { stretches, isCut: true };
  }
  return { stretches, isCut: false };
}

function* tablesOf({ header, geometry, snapshots, bitmaps }: Qcow2Image): Generator<Table> {
  const { clusterSize, l2Entries, entrySize } = geometry;
  const toL2 = { leads: entryOffset, span: l2Entries * entrySize };
  const entries = (header.refcountTableClusters * clusterSize) / 8;
  yield { offset: header.refcountTableOffset, entries, leads: refcountBlockOffset, span: clusterSize };
  yield { offset: header.l1TableOffset, entries: header.l1Size, ...toL2 };
  for (const { l1TableOffset, l1Size, unusable } of snapshots)
    if (unusable === undefined) yield { offset: l1TableOffset, entries: l1Size, ...toL2 };
  const leads = (hi: number, lo: number) =>
    isValidBitmapEntry(hi, lo, clusterSize) ? entryOffset(hi, lo) : 0;
  for (const { tableOffset, tableSize, broken } of bitmaps)
    if (!broken) yield { offset: tableOffset, entries: tableSize, leads, span: clusterSize };
}

function refcountBlockOffset(hi: number, lo: number): number {
  return hi * 2 ** 32 + ((lo & REFCOUNT_OFFSET_LO) >>> 0);
}

function* follow(
  { source, header, geometry }: Qcow2Image,
  { offset, entries, leads, span }: Table,
  into: Stretches,
): SlicedWork<void> {
  const table = new EntryTable(source, offset, entries);
  for (let first = 0; first < table.count; first = table.endOfPart(first)) {
    yield;
    try {
      const end = table.endOfPart(first);
      for (let at = table.nextUsed(first, end); at < end; at = table.nextUsed(at + 1, end)) {
        const to = leads(table.hi(at), table.lo(at));
        if (to > 0 && (header.version === 1 || to % geometry.clusterSize === 0)) into.add(to, span);
      }
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
    }
  }
}
