/**
 * Version 1 of the format: header and L2 entries. It has no refcounts, no flags but "compressed", no zero clusters.
 * Source: qemu block/qcow.c (qcow_open, get_cluster_offset, qcow_co_block_status).
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import type { PageWriter } from '../../../shared/extent/page.ts';
import { MAX_OFFSET } from '../../../shared/extent/table.ts';
import { compressedRangeV1 } from '../format/compressed.ts';
import { COMPRESSED_DATA, DATA, LOST_COMPRESSED, LOST_DATA, UNALLOCATED } from '../format/entry.ts';
import { type ReportCause, reportField } from '../format/field-problem.ts';
import type { Geometry } from '../format/geometry.ts';
import { CRYPT_ADVICE, headerRefusal, NAME_ADVICE, type Qcow2Header, sizesIn } from '../format/header.ts';
import { MAX_BACKING_NAME_BYTES } from '../format/limits.ts';
import type { DecodeTarget } from './l2.ts';

const HEADER_BYTES = 48;

/**
 * Header and geometry of a version 1 image. Limits are qemu's: clusters of 512 bytes to 64 KiB, L2 tables of 512 bytes
 * to 64 KiB. Throws QCOW1_HEADER.
 */
export function parseHeaderV1(
  bytes: Uint8Array,
  path: string,
  report: ReportCause,
): { header: Qcow2Header; geometry: Geometry } {
  if (bytes.length < HEADER_BYTES)
    throw headerRefusal(
      'QCOW1_HEADER',
      `the file ends inside its version 1 header (${bytes.length} bytes)`,
      path,
    );
  const view = dataViewOf(bytes);
  const clusterBits = view.getUint8(32);
  const l2Bits = view.getUint8(33);
  if (clusterBits < 9 || clusterBits > 16)
    throw headerRefusal('QCOW1_HEADER', `cluster_bits is ${clusterBits}, outside 9 to 16`, path);
  if (l2Bits < 6 || l2Bits > 13)
    throw headerRefusal('QCOW1_HEADER', `l2_bits is ${l2Bits}, outside 6 to 13`, path);
  const { size, storedSize } = sizesIn(view, report);
  const note = (code: string, what: string, at: number, advice: string) =>
    reportField(report, { code, what, advice }, 'header', view, at, 4);
  const cryptMethod = view.getUint32(36);
  if (cryptMethod > 1)
    note('QCOW2_CRYPT_METHOD', `crypt_method ${cryptMethod} is not known`, 36, CRYPT_ADVICE);
  const backingFileOffset = uint64At(view, 8);
  let backingFileSize = backingFileOffset === 0 ? 0 : view.getUint32(16);
  if (backingFileSize > MAX_BACKING_NAME_BYTES || backingFileOffset > MAX_OFFSET) {
    note(
      'QCOW2_BACKING_NAME',
      `backing_file_size is ${backingFileSize}: too long for a file name`,
      16,
      NAME_ADVICE,
    );
    backingFileSize = 0;
  }

  const clusterSize = 2 ** clusterBits;
  const l2Entries = 2 ** l2Bits;
  const l1Coverage = clusterSize * l2Entries;
  const l1Needed = Math.ceil(size / l1Coverage);
  const header: Qcow2Header = {
    version: 1,
    clusterBits,
    size,
    storedSize,
    backingFileOffset,
    backingFileSize,
    cryptMethod,
    l1Size: l1Needed,
    l1TableOffset: uint64At(view, 40),
    refcountTableOffset: 0,
    refcountTableClusters: 0,
    refcountBits: 0,
    snapshotCount: 0,
    storedSnapshotCount: 0,
    snapshotsOffset: 0,
    incompatible: 0n,
    compatible: 0n,
    autoclear: 0n,
    headerLength: HEADER_BYTES,
    extensionsOffset: HEADER_BYTES,
    compressionType: 0,
  };
  return {
    header,
    geometry: { clusterSize, clusterBits, entrySize: 8, l2Entries, l1Coverage, l1Needed, subclusters: 1 },
  };
}

/** The kind of a version 1 entry. */
export function entryKindV1(hi: number, lo: number): number {
  if (hi & 0x80000000) return COMPRESSED_DATA;
  return (hi | lo) === 0 ? UNALLOCATED : DATA;
}

/** Pushes `count` version 1 entries found at `at`; see decodeStandard for the rest. */
export function decodeV1(
  target: DecodeTarget,
  view: DataView,
  at: number,
  count: number,
  guest: number,
  start: number,
  writer: PageWriter,
): void {
  const { rules, encrypted } = target;
  for (let i = 0; i < count; i++, at += 8, guest += rules.clusterSize) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    const kind = entryKindV1(hi, lo);
    const host = hi * 2 ** 32 + lo;
    const first = kind === COMPRESSED_DATA ? compressedRangeV1(hi, lo, rules.clusterBits).offset : host;
    if (first >= target.fileSize) target.onUnusualEntry(hi, lo, 0, 0, guest);
    const lost = kind === DATA ? LOST_DATA : LOST_COMPRESSED;
    writer.push(
      guest - start,
      first >= target.fileSize ? lost : kind,
      !encrypted && kind === DATA ? host : -1,
    );
  }
}
