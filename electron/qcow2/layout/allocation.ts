/** How much of the file an image uses, and how much of it nothing refers to any more. */
import type { Allocation } from '../../../shared/model/layer.ts';
import { viewOf } from '../format/bytes.ts';
import { compressedRange } from '../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../format/entry.ts';
import { hasDataFile } from '../format/header.ts';
import { MAX_BITMAP_BYTES } from '../format/limits.ts';
import type { Qcow2Image } from '../read/image.ts';
import { l2OffsetAt, readL1 } from '../read/l1.ts';
import { refcountAt, refcountBlockPlaces, refcountBlocks } from '../read/refcounts.ts';
import { readBytes, sizeNow } from '../read/source.ts';
import { createTableReader, loadTable } from '../read/table-reader.ts';

// 2^31 clusters are 1 TiB of the smallest and 128 TiB of the usual size, and 256 MiB of marks.
const MAX_CLUSTERS = 2 ** 31;
// Overlapping L1 tables of many snapshots could be made to keep us busy for ever.
const MAX_L1_ENTRIES = 2 ** 25;
// So could bitmaps that share one table: an honest one has few entries, one of the largest with small clusters 2^20.
const MAX_BITMAP_ENTRIES = 2 ** 23;

/**
 * What refcounts and references together say of the file's space; undefined for version 1, which has no refcounts, and
 * for files too large to measure. Reads every table once; memory is two bits for each host cluster and one table.
 * Damaged tables and entries are passed over: this is a measure, not a check. Throws QCOW2_READ_FAILED.
 */
export function measureSpace(image: Qcow2Image): Allocation | undefined {
  const { header, geometry, source } = image;
  const { clusterSize } = geometry;
  const clusters = Math.ceil(sizeNow(source) / clusterSize);
  if (header.version === 1 || clusters > MAX_CLUSTERS) return undefined;
  const marks = new Uint8Array(Math.ceil(clusters / 8));
  let highest = -1;
  const refer = (offset: number, length: number) => {
    const last = Math.min(clusters - 1, Math.floor((offset + length - 1) / clusterSize));
    for (let cluster = Math.floor(offset / clusterSize); cluster <= last; cluster++)
      marks[cluster >>> 3] = (marks[cluster >>> 3] as number) | (1 << (cluster & 7));
    if (last > highest) highest = last;
  };
  const wholeMetadata = referMetadata(image, refer);
  const wholeDisks = referDisks(image, refer, clusters);

  let allocated = 0;
  let leaked = 0;
  for (const { firstCluster, clusters: counted, view } of refcountBlocks(image)) {
    const stop = Math.min(counted, clusters - firstCluster);
    for (let i = 0; i < stop; i++) {
      if (refcountAt(view, i, header.refcountBits) === 0) continue;
      const cluster = firstCluster + i;
      allocated++;
      if (cluster > highest) highest = cluster;
      if ((((marks[cluster >>> 3] as number) >>> (cluster & 7)) & 1) === 0) leaked++;
    }
  }
  return {
    imageEnd: (highest + 1) * clusterSize,
    allocated: allocated * clusterSize,
    leaked: leaked * clusterSize,
    complete: wholeMetadata && wholeDisks,
  };
}

type Refer = (offset: number, length: number) => void;

/** Everything but L1 tables, L2 tables and what those refer to; false if bitmaps have more entries than are followed. */
function referMetadata(image: Qcow2Image, refer: Refer): boolean {
  const { header, extensions, snapshots, bitmaps } = image;
  const clusterSize = image.geometry.clusterSize;
  refer(0, clusterSize);
  refer(header.refcountTableOffset, header.refcountTableClusters * clusterSize);
  for (const { fileOffset } of refcountBlockPlaces(image)) refer(fileOffset, clusterSize);
  for (const { fileOffset, length } of snapshots) refer(fileOffset, length);
  if (extensions.encryptionHeader !== undefined)
    refer(extensions.encryptionHeader.offset, extensions.encryptionHeader.length);
  if (extensions.bitmaps === undefined) return true;
  refer(extensions.bitmaps.directoryOffset, extensions.bitmaps.directorySize);
  let left = MAX_BITMAP_ENTRIES;
  for (const bitmap of bitmaps) {
    if (bitmap.tableSize * clusterSize > MAX_BITMAP_BYTES) continue;
    left -= bitmap.tableSize;
    if (left < 0) return false;
    refer(bitmap.tableOffset, bitmap.tableSize * 8);
    const table = viewOf(readBytes(image.source, bitmap.tableOffset, bitmap.tableSize * 8));
    for (let at = 0; at + 8 <= table.byteLength; at += 8) {
      const host = entryOffset(table.getUint32(at), table.getUint32(at + 4));
      if (host !== 0) refer(host, clusterSize);
    }
  }
  return true;
}

/** The tables and data of the active disk and of every snapshot; false if there were more L1 entries than are followed. */
function referDisks(image: Qcow2Image, refer: Refer, clusters: number): boolean {
  const { header, geometry, source } = image;
  const { clusterSize, clusterBits, entrySize } = geometry;
  const dataFile = hasDataFile(header);
  const disks = [
    { offset: header.l1TableOffset, size: header.l1Size },
    ...image.snapshots
      .filter(({ unusable }) => unusable === undefined)
      .map(({ l1TableOffset, l1Size }) => ({ offset: l1TableOffset, size: l1Size })),
  ];
  const reader = createTableReader();
  const seen = new Uint8Array(Math.ceil(clusters / 8)); // a Set holds at most 2^24
  let left = MAX_L1_ENTRIES;
  for (const { offset, size } of disks) {
    refer(offset, size * 8);
    const l1 = readL1(source, offset, size);
    left -= l1.count;
    if (left < 0) return false;
    for (let index = 0; index < l1.count; index++) {
      const tableOffset = l2OffsetAt(l1, index);
      const cluster = tableOffset / clusterSize;
      if (tableOffset === 0 || tableOffset % clusterSize !== 0 || cluster >= clusters) continue;
      const others = seen[cluster >>> 3] as number;
      const bit = 1 << (cluster & 7);
      if (others & bit) continue;
      seen[cluster >>> 3] = others | bit;
      loadTable(reader, source, tableOffset, clusterSize);
      if (reader.length > 0) refer(tableOffset, clusterSize);
      if (dataFile) continue;
      const table = reader.view;
      for (let at = 0; at < clusterSize; at += entrySize) {
        const hi = table.getUint32(at);
        const lo = table.getUint32(at + 4);
        const host = entryOffset(hi, lo);
        if (hi & ENTRY_COMPRESSED_HI) {
          const range = compressedRange(hi, lo, clusterBits);
          refer(range.offset, range.length);
        } else if (host !== 0) refer(host, clusterSize);
      }
    }
  }
  return true;
}
