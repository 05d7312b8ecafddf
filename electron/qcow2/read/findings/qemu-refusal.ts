/**
 * Why `qemu-img check` counts nothing of an image, in its own words: it does not open it, or fails before it counts. The
 * order is that of qemu's qcow2_do_open, the words are those of qemu 7.2; test/golden/qemu-refusal.test.ts compares both.
 */
import { dataViewOf } from '../../../../shared/bytes.ts';
import type { Finding } from '../../../../shared/model/finding.ts';
import { textOf } from '../../format/bytes.ts';
import { isValidBitmapEntry } from '../../format/entry.ts';
import { ENCRYPTION } from '../../format/extensions.ts';
import { AUTOCLEAR_BITMAPS, type Qcow2Header } from '../../format/header.ts';
import {
  MAX_BACKING_NAME_BYTES,
  MAX_BITMAPS,
  MAX_L1_BYTES,
  MAX_REFCOUNT_TABLE_BYTES,
  MAX_SNAPSHOT_EXTRA_BYTES,
  MAX_SNAPSHOT_TABLE_BYTES,
  MAX_SNAPSHOTS,
} from '../../format/limits.ts';
import { BITMAP_ENTRY_BYTES, brokenBecause } from '../bitmaps.ts';
import { EntryTable } from '../entry-table.ts';
import type { Qcow2Image } from '../image.ts';
import { readBytes, sizeNow } from '../source.ts';

/** Bytes of the header up to the compression type. */
const HEADER_BYTES = 105;
/** qemu's limit of an offset of a table, and of the number of L1 entries that a disk needs. */
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_INT32 = 2n ** 31n - 1n;

/** Bytes of a snapshot's entry before its extra data. */
const SNAPSHOT_BYTES = 40;
/** Zeros past the end of the file that are looked at: an entry of zeros is one too many, or no bitmap. */
const ZEROS_BYTES = 2 ** 17;
/** Entries of bitmap tables that are looked at, of all bitmaps together. */
const MAX_TABLE_ENTRIES = 2 ** 24;

/** The header as stored. */
interface RawHeader {
  readonly view: DataView;
  readonly header: Qcow2Header;
  readonly clusterSize: number;
}

/** A rule of qemu: what it says where the image breaks it. */
type Rule = (raw: RawHeader, image: Qcow2Image) => string | undefined;

/**
 * What `qemu-img check` says instead of counting, without the file's name; undefined where it counts, where that depends on
 * other files, or where bitmap tables are too long to look through. Throws QCOW2_READ_FAILED.
 */
export function qemuRefusal(image: Qcow2Image): string | undefined {
  const { header, geometry, source, inferred } = image;
  if (header.version === 1 || inferred !== undefined) return undefined;
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(readBytes(source, 0, HEADER_BYTES));
  const raw = { view: dataViewOf(bytes), header, clusterSize: geometry.clusterSize };
  for (const rule of RULES) {
    const said = rule(raw, image);
    if (said !== undefined) return said;
  }
  return undefined;
}

/** The first finding of a code about the header and the lists that it names. */
function found({ findings }: Qcow2Image, code: string): Finding | undefined {
  return findings.find(finding => finding.code === code);
}

const headerLength: Rule = ({ view, header, clusterSize }) => {
  if (header.version === 2) return undefined;
  const length = view.getUint32(100);
  if (length < 104) return 'qcow2 header too short';
  return length > clusterSize ? 'qcow2 header exceeds cluster size' : undefined;
};

const backingOffset: Rule = ({ view, clusterSize }) =>
  view.getBigUint64(8) > BigInt(clusterSize) ? 'Invalid backing file offset' : undefined;

const compressionType: Rule = ({ header, view }, image) => {
  const fault = found(image, 'QCOW2_COMPRESSION_TYPE');
  if (fault === undefined) return undefined;
  const type = view.getUint8(104);
  if (header.compressionType > 1 && (header.incompatible & 8n) !== 0n)
    return `qcow2: unknown compression type: ${type}`;
  return `qcow2: Compression type incompatible feature bit must ${header.compressionType === 0 ? 'not ' : ''}be set`;
};

const refcountOrder: Rule = ({ header, view }) =>
  header.version === 3 && view.getUint32(96) > 6
    ? 'Reference count entry width too large; may not exceed 64 bits'
    : undefined;

/** As qcow2_validate_table. */
function tableFault(
  name: string,
  { clusterSize }: RawHeader,
  offset: bigint,
  bytes: bigint,
  most: number,
): string | undefined {
  if (bytes > BigInt(most)) return `${name} too large`;
  if (offset + bytes > MAX_INT64 || offset % BigInt(clusterSize) !== 0n) return `${name} offset invalid`;
  return undefined;
}

const refcountTable: Rule = raw =>
  tableFault(
    'Reference count table',
    raw,
    raw.view.getBigUint64(48),
    BigInt(raw.view.getUint32(56)) * BigInt(raw.clusterSize),
    MAX_REFCOUNT_TABLE_BYTES,
  );

const l1Table: Rule = raw =>
  tableFault(
    'Active L1 table',
    raw,
    raw.view.getBigUint64(40),
    8n * BigInt(raw.view.getUint32(36)),
    MAX_L1_BYTES,
  );

const l1Size: Rule = ({ view }, { geometry, header }) => {
  const coverage = BigInt(geometry.l1Coverage);
  const needed = (header.storedSize + coverage - 1n) / coverage;
  if (needed > MAX_INT32) return 'Image is too big';
  return BigInt(view.getUint32(36)) < needed ? 'L1 table is too small' : undefined;
};

const cryptMethod: Rule = ({ view }, image) =>
  found(image, 'QCOW2_CRYPT_METHOD') === undefined
    ? undefined
    : `Unsupported encryption method ${view.getUint32(32)}`;

const extensionLength: Rule = (_, image) =>
  found(image, 'QCOW2_EXTENSION_TOO_LARGE') === undefined ? undefined : 'Header extension too large';

const backingFormat: Rule = (_, image) => {
  const length = found(image, 'QCOW2_BACKING_FORMAT')?.host[0]?.[1];
  return length === undefined ? undefined : `ERROR: ext_backing_format: len=${length} too large (>=16)`;
};

/** As qcow2_read_extensions, which looks at the numbers only where the image says that its bitmaps are up to date. */
const bitmapsExtension: Rule = ({ clusterSize }, image) => {
  const place = found(image, 'QCOW2_BITMAPS_EXTENSION')?.host[0];
  if (place === undefined) return undefined;
  const [offset, length] = place;
  if (length !== 24) return 'bitmaps_ext: Invalid extension length';
  if ((image.header.autoclear & AUTOCLEAR_BITMAPS) === 0n) return undefined;
  const fields = dataViewOf(readBytes(image.source, offset, length));
  const count = fields.getUint32(0);
  if (fields.getUint32(4) !== 0) return 'bitmaps_ext: Reserved field is not zero';
  if (count > MAX_BITMAPS)
    return `bitmaps_ext: Image has ${count} bitmaps, exceeding the QEMU supported maximum of ${MAX_BITMAPS}`;
  if (count === 0) return 'found bitmaps extension with zero bitmaps';
  if (fields.getBigUint64(16) % BigInt(clusterSize) !== 0n)
    return 'bitmaps_ext: invalid bitmap directory offset';
  return `bitmaps_ext: bitmap directory size (${fields.getBigUint64(8)}) exceeds the maximum supported size (67107840)`;
};

const encryptionHeader: Rule = ({ view, clusterSize }, image) => {
  const fault = found(image, 'QCOW2_ENCRYPTION_HEADER');
  if (fault === undefined) return undefined;
  const entry = image.extensions.entries.find(({ type }) => type === ENCRYPTION);
  if (entry === undefined) return `Missing CRYPTO header for crypt method ${view.getUint32(32)}`;
  if (image.header.cryptMethod !== 2)
    return 'CRYPTO header extension only expected with LUKS encryption method';
  if (entry.length !== 16) return `CRYPTO header extension size ${entry.length}, but expected size 16`;
  const offset = dataViewOf(readBytes(image.source, entry.offset, 8)).getBigUint64(0);
  return `Encryption header offset '${offset}' is not a multiple of cluster size '${clusterSize}'`;
};

const dataFileRaw: Rule = (_, image) =>
  found(image, 'QCOW2_DATA_FILE_RAW') === undefined ? undefined : 'data-file-raw requires a data file';

const backingName: Rule = ({ view, clusterSize }) => {
  const offset = view.getBigUint64(8);
  const most = Math.min(MAX_BACKING_NAME_BYTES, clusterSize - Number(offset));
  return offset !== 0n && view.getUint32(16) > most ? 'Backing file name too long' : undefined;
};

/** As bitmap_list_load and load_bitmap, where the image says that its bitmaps are up to date. */
const bitmaps: Rule = ({ header, clusterSize }, { source, extensions, bitmaps }) => {
  const place = extensions.bitmaps;
  if (place === undefined || (header.autoclear & AUTOCLEAR_BITMAPS) === 0n) return undefined;
  const said = directoryFault(readBytes(source, place.directoryOffset, place.directorySize), place, header);
  if (said !== undefined) return said;
  let left = MAX_TABLE_ENTRIES;
  for (const { name, inUse, tableOffset, tableSize } of bitmaps) {
    if (inUse) continue; // qemu does not load it
    left -= tableSize;
    if (left < 0) return undefined;
    const table = new EntryTable(source, tableOffset, tableSize);
    for (let at = table.nextUsed(0, table.count); at < table.count; at = table.nextUsed(at + 1, table.count))
      if (!isValidBitmapEntry(table.hi(at), table.lo(at), clusterSize))
        return `Could not read bitmap_table table from image for bitmap '${name}': Invalid argument`;
  }
  return undefined;
};

/** What qemu says of a directory; it reads what lies past the end of the file as zeros. */
function directoryFault(
  held: Uint8Array,
  { count, directorySize }: { readonly count: number; readonly directorySize: number },
  header: Qcow2Header,
): string | undefined {
  const bytes = new Uint8Array(Math.min(directorySize, held.length + ZEROS_BYTES));
  bytes.set(held);
  const view = dataViewOf(bytes);
  let entries = 0;
  for (let at = 0; at < directorySize; entries++) {
    if (at + BITMAP_ENTRY_BYTES > directorySize) return 'Broken bitmap directory';
    if (entries === count) return 'More bitmaps found than specified in header extension';
    const nameAt = at + BITMAP_ENTRY_BYTES + view.getUint32(at + 20);
    const nameEnd = nameAt + view.getUint16(at + 18);
    const next = at + Math.ceil((nameEnd - at) / 8) * 8;
    if (next > directorySize) return 'Broken bitmap directory';
    if (view.getUint32(at + 20) !== 0) return 'Bitmap extra data is not supported';
    if (brokenBecause(header, view, at) !== undefined)
      return `Bitmap '${textOf(bytes.subarray(nameAt, nameEnd))}' doesn't satisfy the constraints`;
    at = next;
  }
  return entries < count ? 'Less bitmaps found than specified in header extension' : undefined;
}

/** As qcow2_check_read_snapshot_table: the image is open then, and nothing is counted. */
const snapshotTable: Rule = (raw, image) => {
  const size = 40n * BigInt(raw.view.getUint32(60));
  const fault = tableFault('snapshot table', raw, raw.view.getBigUint64(64), size, 40 * MAX_SNAPSHOTS);
  if (fault !== undefined) return fault;
  return found(image, 'QCOW2_SNAPSHOT_TABLE') === undefined ? undefined : snapshotEntries(raw, image);
};

/** As qcow2_do_read_snapshots, which also takes the bytes of the header for entries where the table's offset is 0. */
function snapshotEntries({ view }: RawHeader, { source, header }: Qcow2Image): string | undefined {
  const end = sizeNow(source); // zeros follow, which it takes for entries without names
  let at = header.snapshotsOffset;
  for (let index = 0; index < view.getUint32(60) && at < end; index++) {
    at = Math.ceil(at / 8) * 8;
    const entry = new Uint8Array(SNAPSHOT_BYTES);
    entry.set(readBytes(source, at, SNAPSHOT_BYTES));
    const fields = dataViewOf(entry);
    const extra = fields.getUint32(36);
    if (extra > MAX_SNAPSHOT_EXTRA_BYTES)
      return `failed to read the snapshot table: Too much extra metadata in snapshot table entry ${index}`;
    at += SNAPSHOT_BYTES + extra + fields.getUint16(12) + fields.getUint16(14);
    if (at - header.snapshotsOffset > MAX_SNAPSHOT_TABLE_BYTES)
      return 'failed to read the snapshot table: Snapshot table is too big';
  }
  return undefined;
}

const RULES: readonly Rule[] = [
  headerLength,
  backingOffset,
  compressionType,
  refcountOrder,
  refcountTable,
  l1Table,
  l1Size,
  cryptMethod,
  extensionLength,
  backingFormat,
  bitmapsExtension,
  encryptionHeader,
  dataFileRaw,
  backingName,
  bitmaps,
  snapshotTable,
];
