/** The bits of one stored bitmap as pages of runs: clean, dirty, or not known. */
import { assert } from '../../../shared/assert.ts';
import { CowscopeError, errorRecord } from '../../../shared/error.ts';
import { DIRTY, DIRTY_UNKNOWN } from '../../../shared/extent/flags.ts';
import type { PageWriter, WordSet } from '../../../shared/extent/page.ts';
import { type Cause, FindingCollector, guestRange } from '../../../shared/finding-collector.ts';
import { RangeSet } from '../../../shared/range-set.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { hex64 } from '../format/bytes.ts';
import { entryOffset, isValidBitmapEntry } from '../format/entry.ts';
import { BITMAPS_ADVICE } from '../format/extensions.ts';
import type { BitmapEntry } from './bitmaps.ts';
import { EntryTable, type PartCache } from './entry-table.ts';
import type { Qcow2Image } from './image.ts';
import { type ImageSource, readFully } from './source.ts';

const CHUNK_BYTES = 2 ** 16;
/** Bits on their way into a page: one buffer for all maps, used within one call. */
const CHUNK = new Uint8Array(CHUNK_BYTES);

/** How to map a bitmap. */
export interface BitmapMapOptions {
  /** The word set of the table that the pages go into. */
  readonly words: WordSet;
  /** Where findings go. */
  readonly findings?: FindingCollector;
  /** Keeps parts of the table; maps of a chain share one. */
  readonly cache?: PartCache;
}

/** A bitmap being mapped: parts of its table in memory. Belongs to one thread. */
export interface BitmapMap {
  readonly source: ImageSource;
  readonly bitmap: BitmapEntry;
  /** Virtual size of the disk in bytes. */
  readonly size: number;
  /** Guest bytes whose bits lie in one cluster of the bitmap. */
  readonly coverage: number;
  readonly clusterSize: number;
  readonly table: EntryTable;
  readonly clean: number;
  readonly dirty: number;
  readonly unknown: number;
  readonly findings: FindingCollector;
  /** Entries of the table that were reported, and guest offsets that they left unknown. */
  readonly reported: RangeSet;
  readonly lost: RangeSet;
}

/**
 * Prepares the map of the bitmap called `name`; reads nothing yet. One that is not usable maps as unknown throughout.
 * Throws QCOW2_BITMAP_UNKNOWN or QCOW2_READ_FAILED.
 */
export function createBitmapMap(image: Qcow2Image, name: string, options: BitmapMapOptions): BitmapMap {
  const { source, header, geometry } = image;
  const bitmap = image.bitmaps.find(entry => entry.name === name);
  if (bitmap === undefined)
    throw new CowscopeError({
      code: 'QCOW2_BITMAP_UNKNOWN',
      what: `there is no bitmap called ${JSON.stringify(name)}`,
      subject: source.path,
      advice: 'list the bitmaps with `cowscope layers`',
    });
  const { clusterSize } = geometry;
  const coverage = clusterSize * 8 * bitmap.granularity;
  const entries =
    bitmap.unusable === undefined ? Math.min(bitmap.tableSize, Math.ceil(header.size / coverage)) : 0;
  return {
    source,
    bitmap,
    size: header.size,
    coverage,
    clusterSize,
    table: new EntryTable(source, bitmap.tableOffset, entries, options.cache),
    clean: options.words.code(0),
    dirty: options.words.code(DIRTY),
    unknown: options.words.code(DIRTY_UNKNOWN),
    findings: options.findings ?? new FindingCollector(),
    reported: new RangeSet(),
    lost: new RangeSet(),
  };
}

/**
 * Pushes the runs of guest offsets [start, end), relative to `start`. Bounds as in mapPage. Does not throw for anything
 * the file holds: what cannot be read is unknown and becomes a finding.
 */
export function mapBitmapPage(map: BitmapMap, start: number, end: number, writer: PageWriter): void {
  assert(start < end, 'a page is not empty');
  const { granularity } = map.bitmap;
  let guest = start;
  while (guest < end) {
    const index = Math.floor(guest / map.coverage);
    const clusterEnd = Math.min(end, (index + 1) * map.coverage);
    if (index >= map.table.count) {
      if (map.bitmap.unusable === undefined)
        reportCluster(map, index, guest, end, 'the file ends inside the bitmap table');
      writer.push(guest - start, map.unknown);
      return;
    }
    let hi: number;
    let lo: number;
    try {
      hi = map.table.hi(index);
      lo = map.table.lo(index);
    } catch (error) {
      const partEnd = Math.min(end, map.table.endOfPart(index) * map.coverage);
      reportCluster(map, index, guest, partEnd, errorRecord(error).what);
      writer.push(guest - start, map.unknown);
      guest = partEnd;
      continue;
    }
    const host = entryOffset(hi, lo);
    if (!isValidBitmapEntry(hi, lo, map.clusterSize)) {
      reportCluster(map, index, guest, clusterEnd, INVALID_ENTRY, hex64(hi, lo));
      writer.push(guest - start, map.unknown);
    } else if (host === 0) {
      writer.push(guest - start, lo & 1 ? map.dirty : map.clean);
    } else {
      const firstBit = Math.floor((guest - index * map.coverage) / granularity);
      const lastBit = Math.ceil((clusterEnd - index * map.coverage) / granularity);
      pushBits(map, host, index, firstBit, lastBit, start, writer);
    }
    guest = clusterEnd;
  }
}

/**
 * The end of the stretch at `guest`, below the map's size, that has no bits stored, and its code; undefined where there
 * are bits to read.
 */
export function bitlessStretch(
  map: BitmapMap,
  guest: number,
): { readonly end: number; readonly code: number } | undefined {
  const { table, coverage, size } = map;
  if (map.bitmap.unusable !== undefined) return { end: size, code: map.unknown };
  const first = Math.floor(guest / coverage);
  if (first >= table.count) return undefined; // reported where the page is mapped
  try {
    const index = table.nextUsed(first, table.count);
    return index === first ? undefined : { end: Math.min(size, index * coverage), code: map.clean };
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return undefined; // reported where the page is mapped
  }
}

/** Pushes bits [from, to) of the bitmap cluster at `host`, least significant bit first. */
function pushBits(
  map: BitmapMap,
  host: number,
  index: number,
  from: number,
  to: number,
  start: number,
  writer: PageWriter,
): void {
  const { granularity } = map.bitmap;
  const base = index * map.coverage;
  let last = -1;
  for (let bit = from; bit < to; ) {
    const firstByte = bit >>> 3;
    const chunk = CHUNK.subarray(0, Math.min(CHUNK_BYTES, Math.ceil(to / 8) - firstByte));
    const at = Math.max(0, base + bit * granularity - start);
    let got = 0;
    let what = `the file ends before the bits at ${formatOffset(host)}`;
    try {
      got = readFully(map.source, chunk, host + firstByte);
    } catch (error) {
      what = errorRecord(error).what;
    }
    if (got === 0) {
      reportCluster(map, index, Math.max(start, base + bit * granularity), base + to * granularity, what);
      writer.push(at, map.unknown);
      return;
    }
    const stop = Math.min(to, (firstByte + got) * 8);
    while (bit < stop) {
      const byte = chunk[(bit >>> 3) - firstByte] as number;
      const value = (byte >>> (bit & 7)) & 1;
      if (value !== last) {
        writer.push(Math.max(0, base + bit * granularity - start), value === 1 ? map.dirty : map.clean);
        last = value;
      }
      // Whole bytes of the same bit are the usual case.
      bit += (bit & 7) === 0 && byte === (value === 1 ? 0xff : 0) ? 8 : 1;
    }
  }
}

/** Reports that guest offsets [start, end) are unknown because of one entry of the table. */
function reportCluster(
  map: BitmapMap,
  index: number,
  start: number,
  end: number,
  what: string,
  entry = '',
): void {
  if (map.lost.has(start)) return;
  const { bitmap, size, findings, reported } = map;
  const fileOffset = bitmap.tableOffset + index * 8;
  const isFirst = !reported.has(index);
  reported.add(index, 1);
  map.lost.add(start, Math.min(end, size) - start);
  findings.add(lostBits(bitmap.name, what), {
    ...guestRange(start, end, size),
    ...(isFirst
      ? {
          host: [fileOffset, 8],
          evidence: { source: `bitmap table entry ${index}`, fileOffset, value: entry, bits: what },
        }
      : { count: 0 }),
  });
}

/** Why the bits of an invalid table entry cannot be read. */
export const INVALID_ENTRY = 'an entry of its table is invalid';

/** Part of a bitmap cannot be read; `first` says why the first one cannot. */
export function lostBits(name: string, first: string): Cause {
  const parts = (count: number) => (count === 1 ? 'part' : `${count} parts`);
  return {
    id: `bitmap ${name}`,
    code: 'QCOW2_BITMAP_TABLE',
    severity: 'corruption',
    what: count =>
      `${parts(count)} of the bitmap ${JSON.stringify(name)} cannot be read: ${first}; what it covers is not known to be clean`,
    advice:
      first === INVALID_ENTRY
        ? BITMAPS_ADVICE
        : 'treat the ranges as dirty, or take a full backup; the data of the disk is whole',
    risksData: false,
  };
}
