/**
 * The header of version 2 and 3, field by field.
 *
 * What makes every later offset meaningless (magic, version, cluster size, unknown incompatible features) is thrown;
 * what qemu refuses but the map survives is reported and read on.
 * Source: qcow2 specification, "Header"; limits of qemu's qcow2_do_open.
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { CowscopeError } from '../../../shared/error.ts';
import { MAX_OFFSET } from '../../../shared/extent/table.ts';
import { causeOf, guestRange } from '../../../shared/finding-collector.ts';
import { countOf, formatCount, formatOffset } from '../../../shared/text/offset.ts';
import { offsetTextAt } from './bytes.ts';
import { fieldValue, HEADER_ADVICE, type ReportCause, reportField } from './field-problem.ts';
import {
  MAX_BACKING_NAME_BYTES,
  MAX_CLUSTER_BITS,
  MAX_L1_BYTES,
  MAX_REFCOUNT_TABLE_BYTES,
  MAX_SNAPSHOTS,
  MIN_CLUSTER_BITS,
} from './limits.ts';

/** "QFI\xfb". */
export const QCOW_MAGIC = 0x514649fb;

/** Incompatible feature bits. */
export const INCOMPATIBLE_DIRTY = 0x01n;
export const INCOMPATIBLE_CORRUPT = 0x02n;
const INCOMPATIBLE_DATA_FILE = 0x04n;
const INCOMPATIBLE_COMPRESSION = 0x08n;
const INCOMPATIBLE_EXTENDED_L2 = 0x10n;
export const INCOMPATIBLE_KNOWN = 0x1fn;
/** Compatible feature bits. */
export const COMPATIBLE_LAZY_REFCOUNTS = 0x01n;
/** Autoclear feature bits. */
export const AUTOCLEAR_BITMAPS = 0x01n;
export const AUTOCLEAR_DATA_FILE_RAW = 0x02n;

/** What to do about a backing name, an encryption method and a snapshot table that are invalid. */
export const NAME_ADVICE =
  'qemu does not open such an image; name the files of the chain yourself, base first, to see it here';
export const CRYPT_ADVICE =
  'qemu does not open such an image, and the map does not depend on the method; a newer program may know it';
export const SNAPSHOT_ADVICE =
  'the active disk does not depend on it; work on a copy of the file, and do not run `qemu-img check -r all` on the only one';
export const SNAPSHOTS_REFUSED_ADVICE =
  'qemu does not open such an image; the active disk does not depend on it: in a copy of the file set nb_snapshots (4 bytes at offset 60) to 0, and do not run `qemu-img check -r all` on the only one';

const V2_HEADER_LENGTH = 72;
const V3_HEADER_LENGTH = 104;

/** The header as stored, with offsets and sizes in bytes. Version 1 fills the fields it has. */
export interface Qcow2Header {
  readonly version: 1 | 2 | 3;
  readonly clusterBits: number;
  /** Virtual size: whole sectors of 512 bytes, as qemu cuts it, and at most {@link MAX_DISK_SIZE}. */
  readonly size: number;
  /** Virtual size as stored. */
  readonly storedSize: bigint;
  readonly backingFileOffset: number;
  readonly backingFileSize: number;
  /** 0 none, 1 AES, 2 LUKS. */
  readonly cryptMethod: number;
  /** Entries in the active L1 table, also where they are more than qemu reads; 0 where no table can lie at its offset. */
  readonly l1Size: number;
  readonly l1TableOffset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly refcountBits: number;
  /** 0 where the header's own numbers are not usable. */
  readonly snapshotCount: number;
  /** As stored. */
  readonly storedSnapshotCount: number;
  readonly snapshotsOffset: number;
  readonly incompatible: bigint;
  readonly compatible: bigint;
  readonly autoclear: bigint;
  /** As stored. */
  readonly headerLength: number;
  /** Where header extensions begin; behind the first cluster where that is not known. */
  readonly extensionsOffset: number;
  /** 0 zlib, 1 zstd, others unknown. */
  readonly compressionType: number;
}

/** True if the image keeps guest data in an external data file. */
export function hasDataFile(header: Qcow2Header): boolean {
  return (header.incompatible & INCOMPATIBLE_DATA_FILE) !== 0n;
}

/** True with 16-byte L2 entries and 32 subclusters in a cluster. */
export function hasExtendedL2(header: Qcow2Header): boolean {
  return (header.incompatible & INCOMPATIBLE_EXTENDED_L2) !== 0n;
}

/**
 * The header in the first bytes of a file (give at least 112 where the file has them).
 * What qemu would refuse the image for is handed to `report`.
 * Throws QCOW2_NOT_QCOW2, QCOW2_HEADER_CUT, QCOW2_VERSION, QCOW2_CLUSTER_BITS or QCOW2_SUBCLUSTER_SIZE.
 */
export function parseHeader(bytes: Uint8Array, path: string, report: ReportCause): Qcow2Header {
  const view = dataViewOf(bytes);
  const { version, clusterBits, incompatible } = layoutIn(view, path);
  const clusterSize = 2 ** clusterBits;
  const v3 = version === 3;
  const { size, storedSize } = sizesIn(view, report);
  const note: Note = (code, what, at, length, advice = HEADER_ADVICE) =>
    reportField(report, { code, what, advice }, 'header', view, at, length);
  const headerLength = v3 ? view.getUint32(100) : V2_HEADER_LENGTH;
  const extensionsOffset = v3 ? extensionsOffsetIn(view, clusterSize, note) : V2_HEADER_LENGTH;

  const backing = backingIn(view, clusterSize, note);
  const cryptMethod = view.getUint32(32);
  if (cryptMethod > 2)
    note('QCOW2_CRYPT_METHOD', `crypt_method ${cryptMethod} is not known`, 32, 4, CRYPT_ADVICE);
  const refcountTableClusters = refcountTableIn(view, clusterSize, note);
  const refcountOrder = v3 ? view.getUint32(96) : 4;
  if (refcountOrder > 6) note('QCOW2_REFCOUNT_ORDER', `refcount_order is ${refcountOrder}, above 6`, 96, 4);
  const l1Size = l1SizeIn(view, { report, note, clusterSize, size });
  const snapshotCount = snapshotCountIn(view, clusterSize, note);
  const hasCompressionType = v3 && headerLength > V3_HEADER_LENGTH && bytes.length > 104;
  const compressionType = hasCompressionType ? view.getUint8(104) : 0;
  checkCompressionType(compressionType, incompatible, note);

  return {
    version,
    clusterBits,
    size,
    storedSize,
    backingFileOffset: backing.offset,
    backingFileSize: backing.length,
    cryptMethod,
    l1Size,
    l1TableOffset: uint64At(view, 40),
    refcountTableOffset: uint64At(view, 48),
    refcountTableClusters,
    refcountBits: 2 ** Math.min(refcountOrder, 6),
    snapshotCount,
    storedSnapshotCount: view.getUint32(60),
    snapshotsOffset: uint64At(view, 64),
    incompatible,
    compatible: v3 ? view.getBigUint64(80) : 0n,
    autoclear: v3 ? view.getBigUint64(88) : 0n,
    headerLength,
    extensionsOffset,
    compressionType,
  };
}

/** Clusters of the refcount table; 0 where it cannot be used, which is reported. */
function refcountTableIn(view: DataView, clusterSize: number, note: Note): number {
  const offset = uint64At(view, 48);
  const clusters = view.getUint32(56);
  if (liesAtHeader(offset, clusters)) {
    const what = `the refcount table ${AT_HEADER}: no refcount can be read`;
    note('QCOW2_REFCOUNT_TABLE', what, 48, 12, REFCOUNTS_AT_HEADER_ADVICE);
    return 0;
  }
  const fault = checkTable(offset, clusters, clusterSize, MAX_REFCOUNT_TABLE_BYTES, clusterSize, 'clusters');
  const rebuild =
    'qemu does not open such an image; `qemu-img check -r all` on a copy rebuilds the refcounts';
  if (fault !== undefined) note('QCOW2_REFCOUNT_TABLE', `the refcount table ${fault}`, 48, 12, rebuild);
  else if (clusters === 0) note('QCOW2_REFCOUNT_TABLE', 'there is no refcount table', 56, 4, rebuild);
  return fault === undefined ? clusters : 0;
}

/** Entries of the active L1 table; 0 where none can lie at its offset. What qemu refuses is reported. */
function l1SizeIn(
  view: DataView,
  {
    report,
    note,
    clusterSize,
    size,
  }: {
    readonly report: ReportCause;
    readonly note: Note;
    readonly clusterSize: number;
    readonly size: number;
  },
): number {
  const offset = uint64At(view, 40);
  const entries = view.getUint32(36);
  if (liesAtHeader(offset, entries)) {
    reportL1Table(report, view, AT_HEADER, size, L1_AT_HEADER_ADVICE);
    return 0;
  }
  const fault = checkTable(offset, entries, 8, MAX_L1_BYTES, clusterSize);
  if (fault === undefined) return entries;
  const isMisplaced = checkTable(offset, 0, 8, MAX_L1_BYTES, clusterSize) !== undefined;
  if (isMisplaced) reportL1Table(report, view, fault, size, L1_MISPLACED_ADVICE);
  else note('QCOW2_L1_TABLE', `the active L1 table ${fault}`, 36, 12);
  return isMisplaced ? 0 : entries;
}

/** Internal snapshots; 0 where their table cannot be read, which is reported. */
function snapshotCountIn(view: DataView, clusterSize: number, note: Note): number {
  const offset = uint64At(view, 64);
  const count = view.getUint32(60);
  const isAtHeader = liesAtHeader(offset, count);
  const fault = isAtHeader ? AT_HEADER : checkTable(offset, count, 40, MAX_SNAPSHOTS * 40, clusterSize);
  if (fault === undefined) return count;
  const advice = isAtHeader ? SNAPSHOTS_AT_HEADER_ADVICE : SNAPSHOTS_REFUSED_ADVICE;
  note('QCOW2_SNAPSHOT_TABLE', `the snapshot table ${fault}`, 60, 12, advice);
  return 0;
}

/** Reports a compression type that is not known, or that contradicts its feature bit. */
function checkCompressionType(type: number, incompatible: bigint, note: Note): void {
  const isMarked = (incompatible & INCOMPATIBLE_COMPRESSION) !== 0n;
  if ((type !== 0) !== isMarked) {
    const what = `compression_type is ${type} and contradicts incompatible feature bit 3`;
    note('QCOW2_COMPRESSION_TYPE', what, 104, 1);
  } else if (type > 1) note('QCOW2_COMPRESSION_TYPE', `compression_type ${type} is not known`, 104, 1);
}

const INFER_ADVICE =
  'the header is damaged and the rest of the file may be whole: keep it; `cowscope map --infer` shows what its tables tell';

/** The fields that every later offset depends on. Throws as parseHeader does. */
function layoutIn(
  view: DataView,
  path: string,
): { version: 2 | 3; clusterBits: number; incompatible: bigint } {
  if (view.byteLength < 8 || view.getUint32(0) !== QCOW_MAGIC)
    throw headerRefusal(
      'QCOW2_NOT_QCOW2',
      'the file does not begin with the qcow2 magic',
      path,
      'open it as raw if that is what it is',
    );
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3)
    throw headerRefusal(
      'QCOW2_VERSION',
      `qcow2 version ${version} is not known`,
      path,
      'a newer program may know it; if the header is damaged, `cowscope map --infer` shows what its tables tell',
    );
  if (view.byteLength < (version === 2 ? V2_HEADER_LENGTH : V3_HEADER_LENGTH))
    throw headerRefusal(
      'QCOW2_HEADER_CUT',
      `the file ends inside its header (${view.byteLength} bytes)`,
      path,
    );

  const clusterBits = view.getUint32(20);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS)
    throw headerRefusal(
      'QCOW2_CLUSTER_BITS',
      `cluster_bits is ${clusterBits}, outside ${MIN_CLUSTER_BITS} to ${MAX_CLUSTER_BITS}`,
      path,
      INFER_ADVICE,
    );
  const clusterSize = 2 ** clusterBits;
  const incompatible = version === 3 ? view.getBigUint64(72) : 0n;
  if (incompatible & INCOMPATIBLE_EXTENDED_L2 && clusterSize / 32 < 512)
    throw headerRefusal(
      'QCOW2_SUBCLUSTER_SIZE',
      `extended L2 needs clusters of 16 KiB or more, not ${clusterSize}`,
      path,
      INFER_ADVICE,
    );
  return { version, clusterBits, incompatible };
}

/** The end of a sentence about a table whose offset is 0. qemu reads the header's bytes as its entries then. */
const AT_HEADER = 'is said to lie at offset 0, where the header is';
const REFCOUNTS_AT_HEADER_ADVICE =
  'write nothing to the image: qemu opens it, and takes the bytes of its header for refcounts; `qemu-img check -r all` on a copy builds the refcounts again';
const L1_AT_HEADER_ADVICE =
  'do not run `qemu-img check -r`, which frees all data of the disk: put the offset of the L1 table (8 bytes at offset 40) back in a copy of the file; `cowscope map --infer` shows where one lies';
const L1_MISPLACED_ADVICE = `${HEADER_ADVICE}; \`cowscope map --infer\` shows where one lies, and internal snapshots may still be mapped`;
const SNAPSHOTS_AT_HEADER_ADVICE =
  'the active disk does not depend on it: in a copy of the file set nb_snapshots (4 bytes at offset 60) to 0, and do not run `qemu-img check -r all` on the only one';

/** True for a table with entries whose offset is that of the header. */
function liesAtHeader(offset: number, entries: number): boolean {
  return offset === 0 && entries > 0;
}

/** The L1 table cannot lie where the header says: nothing of the disk can be found. */
function reportL1Table(
  report: ReportCause,
  view: DataView,
  fault: string,
  size: number,
  advice: string,
): void {
  report(
    causeOf({
      code: 'QCOW2_L1_TABLE',
      severity: 'corruption',
      what: `the active L1 table ${fault}: nothing of the disk can be found`,
      advice,
    }),
    {
      ...guestRange(0, size, size),
      host: [36, 12],
      evidence: {
        source: 'header',
        fileOffset: 36,
        value: fieldValue(view, 36, 12),
        bits: 'l1_size, l1_table_offset',
      },
    },
  );
}

/** The largest disk that is shown: whole sectors below 2^53 bytes. */
export const MAX_DISK_SIZE = 2 ** 53 - 512;

/** The virtual size in a header of any version, as stored and as it is shown: a size that is cut is reported. */
export function sizesIn(view: DataView, report: ReportCause): { size: number; storedSize: bigint } {
  const storedSize = view.getBigUint64(24);
  if (storedSize >= 2n ** 53n) {
    const what = `size is ${formatCount(storedSize)} bytes, more than 2^53 - 1: the disk is shown up to 8 PiB`;
    const advice =
      'see what the L1 table reaches: if the size is not meant, put the right one back in a copy of the file';
    reportField(report, { code: 'QCOW2_TOO_LARGE', what, advice }, 'header', view, 24, 8);
    return { size: MAX_DISK_SIZE, storedSize };
  }
  const size = Math.floor(Number(storedSize) / 512) * 512;
  if (size !== Number(storedSize)) {
    const cut = Number(storedSize) - size;
    const what = `size is ${formatCount(storedSize)} bytes, not whole sectors: the last ${countOf(cut, 'byte')} ${cut === 1 ? 'is' : 'are'} cut off`;
    const facts = { code: 'QCOW2_SIZE_ODD', severity: 'note', what, advice: '' } as const;
    reportField(report, facts, 'header', view, 24, 8);
  }
  return { size, storedSize };
}

/**
 * What is wrong with a table of `entries` entries at `offset`, as the end of a sentence; undefined if nothing is. `unit`:
 * what its length is counted in.
 * Source: qemu's qcow2_validate_table.
 */
export function checkTable(
  offset: number,
  entries: number,
  entrySize: number,
  maxBytes: number,
  clusterSize: number,
  unit: 'entries' | 'clusters' = 'entries',
): string | undefined {
  if (offset + entries * entrySize > MAX_OFFSET) return 'lies above 2^53 - 1';
  if (entries * entrySize > maxBytes)
    return `is too large: ${formatCount(entries)} ${unit}, at most ${formatCount(maxBytes / entrySize)} can be`;
  if (offset % clusterSize !== 0) return `lies at ${formatOffset(offset)}, which is not a cluster boundary`;
  return undefined;
}

/** Reports a field of so many bytes. */
type Note = (code: string, what: string, fileOffset: number, length: number, advice?: string) => void;

/** Where the extensions of version 3 begin; a header length that is invalid is reported, and there are none. */
function extensionsOffsetIn(view: DataView, clusterSize: number, note: Note): number {
  const length = view.getUint32(100);
  if (length >= V3_HEADER_LENGTH && length <= clusterSize) return length;
  note(
    'QCOW2_HEADER_LENGTH',
    `header_length is ${length}, outside ${V3_HEADER_LENGTH} to the cluster size ${clusterSize}; header extensions are not read`,
    100,
    4,
  );
  return clusterSize;
}

/** The place of the backing file's name; one that is invalid is reported. */
function backingIn(view: DataView, clusterSize: number, note: Note): { offset: number; length: number } {
  const offset = uint64At(view, 8);
  const length = view.getUint32(16);
  if (offset === 0) return { offset: 0, length: 0 };
  if (offset > clusterSize) {
    note(
      'QCOW2_BACKING_NAME',
      `backing_file_offset is ${offsetTextAt(view, 8)}, outside the first cluster`,
      8,
      8,
      NAME_ADVICE,
    );
    return { offset: 0, length: 0 };
  }
  if (length > Math.min(MAX_BACKING_NAME_BYTES, clusterSize - offset)) {
    note(
      'QCOW2_BACKING_NAME',
      `backing_file_size is ${length}: too long for a file name in the first cluster`,
      16,
      4,
      NAME_ADVICE,
    );
    return { offset, length: 0 };
  }
  return { offset, length };
}

/** The error of an image that cannot be read at all. */
export function headerRefusal(
  code: string,
  what: string,
  path: string,
  advice = 'the header is damaged and the rest of the file may be whole: keep it, and take the header of another copy',
): CowscopeError {
  return new CowscopeError({ code, what, subject: path, advice });
}
