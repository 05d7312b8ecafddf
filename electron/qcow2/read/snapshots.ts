/**
 * The table of internal snapshots.
 * Source: qcow2 specification, "Snapshots"; limits of qemu's qcow2_do_read_snapshots.
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import type { Cause } from '../../../shared/finding-collector.ts';
import { countOf, exactSize, formatCount } from '../../../shared/text/offset.ts';
import { exactAt, textOf } from '../format/bytes.ts';
import { fieldValue, type ReportCause, reportField } from '../format/field-problem.ts';
import {
  checkTable,
  MAX_DISK_SIZE,
  type Qcow2Header,
  SNAPSHOT_ADVICE,
  SNAPSHOTS_REFUSED_ADVICE,
} from '../format/header.ts';
import { MAX_L1_BYTES, MAX_SNAPSHOT_EXTRA_BYTES, MAX_SNAPSHOT_TABLE_BYTES } from '../format/limits.ts';
import { SNAPSHOT_FIXED_BYTES } from '../format/snapshot-table.ts';
import { type SlicedWork, shouldYield } from './sliced-work.ts';
import { type ImageSource, readAhead, readBytes } from './source.ts';

const MAX_ENTRY_BYTES = SNAPSHOT_FIXED_BYTES + MAX_SNAPSHOT_EXTRA_BYTES + 2 * 65_535;
const WINDOW_BYTES = 2 ** 18;

/** One snapshot. Texts are untrusted; names may repeat, ids are the key. */
export interface SnapshotEntry {
  readonly id: string;
  readonly name: string;
  readonly l1TableOffset: number;
  /** Entries of its L1 table, the ones that hold VM state included. */
  readonly l1Size: number;
  /** Why its disk cannot be mapped; absent when it can. */
  readonly unusable?: string;
  /** Virtual size of the disk in bytes when it was taken: whole sectors. */
  readonly diskSize: number;
  /** A bigint above 2^53 - 1, as the next ones. */
  readonly vmStateSize: number | bigint;
  /** Unix time in seconds, and nanoseconds within that second. */
  readonly dateSeconds: number;
  readonly dateNanoseconds: number;
  /** Running time of the guest in nanoseconds. */
  readonly vmClock: number | bigint;
  /** Instruction count, absent where none was recorded. */
  readonly icount?: number | bigint;
  /** Where its entry lies in the file and how many bytes it has. */
  readonly fileOffset: number;
  readonly length: number;
  readonly extraDataSize: number;
}

/**
 * All snapshots of an image, in table order; those that could be read where the table is broken, with the reason in
 * `report`. Throws QCOW2_READ_FAILED.
 */
export function* readSnapshots(
  source: ImageSource,
  header: Qcow2Header,
  report: ReportCause,
): SlicedWork<SnapshotEntry[]> {
  const entries: SnapshotEntry[] = [];
  let window: Uint8Array = new Uint8Array();
  let windowAt = 0;
  let at = header.snapshotsOffset;
  // qemu reads what lies past the end of the file as entries of zeros, and refuses what breaks its limits.
  const stop = (what: string, fileOffset: number, advice = SNAPSHOT_ADVICE) => {
    const facts = { code: 'QCOW2_SNAPSHOT_TABLE', what, advice };
    const bytes = window.subarray(Math.min(window.length, fileOffset - windowAt));
    reportField(report, facts, 'snapshot table', dataViewOf(bytes), 0, SNAPSHOT_FIXED_BYTES, fileOffset);
    return entries;
  };
  let otherSize: Cause | undefined;
  let badTable: Cause | undefined;
  for (let index = 0; index < header.snapshotCount; index++) {
    if (shouldYield(index)) yield;
    at = Math.ceil(at / 8) * 8;
    const left = windowAt + window.length - at;
    // A window that came short reaches the end of the file: reading again would bring nothing.
    if (index === 0 || (left < MAX_ENTRY_BYTES && window.length === WINDOW_BYTES)) {
      window = readAhead(source, at, SNAPSHOT_FIXED_BYTES, WINDOW_BYTES);
      windowAt = at;
    }
    let bytes = window.subarray(Math.min(window.length, at - windowAt));
    if (bytes.length < SNAPSHOT_FIXED_BYTES) bytes = readBytes(source, at, SNAPSHOT_FIXED_BYTES);
    if (bytes.length < SNAPSHOT_FIXED_BYTES)
      return stop(`the file ends inside snapshot table entry ${index}`, at);
    const extraDataSize = dataViewOf(bytes).getUint32(36);
    if (extraDataSize > MAX_SNAPSHOT_EXTRA_BYTES)
      return stop(
        `snapshot table entry ${index} has ${formatCount(extraDataSize)} bytes of extra data, more than ${formatCount(MAX_SNAPSHOT_EXTRA_BYTES)}`,
        at,
        SNAPSHOTS_REFUSED_ADVICE,
      );
    const length =
      SNAPSHOT_FIXED_BYTES +
      extraDataSize +
      dataViewOf(bytes).getUint16(12) +
      dataViewOf(bytes).getUint16(14);
    if (at + length - header.snapshotsOffset > MAX_SNAPSHOT_TABLE_BYTES)
      return stop(
        `the snapshot table is larger than ${exactSize(MAX_SNAPSHOT_TABLE_BYTES)}`,
        at,
        SNAPSHOTS_REFUSED_ADVICE,
      );
    if (bytes.length < length) bytes = readBytes(source, at, length);
    if (bytes.length < length) return stop(`the file ends inside snapshot table entry ${index}`, at);
    const view = dataViewOf(bytes);
    const entry = parseSnapshot(view, bytes, header, at, extraDataSize, length);
    entries.push(entry);
    const tell = (cause: Cause, offset: number, size: number, bits: string) =>
      report(cause, {
        host: [at, length],
        evidence: {
          source: `snapshot table entry ${index}`,
          fileOffset: at + offset,
          value: fieldValue(view, offset, size),
          bits,
        },
      });
    if (bytes.subarray(0, SNAPSHOT_FIXED_BYTES).every(byte => byte === 0))
      tell(ZEROED, 0, SNAPSHOT_FIXED_BYTES, 'zeros');
    else if (header.version >= 3 && extraDataSize < 16)
      tell(INCOMPLETE, 36, 4, `${extraDataSize} bytes of extra data`);
    if (entry.diskSize !== header.size) {
      otherSize ??= sizeDiffers(entry, view.getBigUint64(48), header.size);
      tell(otherSize, 48, 8, 'size of the disk');
    }
    if (entry.unusable !== undefined) {
      badTable ??= badTableOf(index, entry.unusable);
      tell(badTable, 0, 12, `L1 table of ${countOf(entry.l1Size, 'entry', 'entries')} ${entry.unusable}`);
    }
    at += length;
  }
  return entries;
}

/** Snapshots of a disk of another size; `first` is the first of them, which stores `storedSize`. */
function sizeDiffers(first: SnapshotEntry, storedSize: bigint, size: number): Cause {
  const name = `${first.id} ${JSON.stringify(first.name)}`;
  const isWhole = storedSize === BigInt(first.diskSize);
  const stored = isWhole
    ? exactSize(first.diskSize)
    : `${formatCount(storedSize)} bytes, of which ${exactSize(first.diskSize)} are shown`;
  const sizes = `a disk of ${stored}; the active disk has ${exactSize(size)}`;
  return {
    id: 'QCOW2_SNAPSHOT_SIZE',
    code: 'QCOW2_SNAPSHOT_SIZE',
    severity: 'note',
    what: count =>
      count === 1
        ? `snapshot ${name} was taken of ${sizes}`
        : `${count} snapshots were taken of disks of another size; the first, ${name}, of ${sizes}`,
    advice: 'know which size is meant: qemu-nbd serves a snapshot with the size of the active disk',
  };
}

const ZEROED: Cause = {
  id: 'QCOW2_SNAPSHOT_TABLE',
  code: 'QCOW2_SNAPSHOT_TABLE',
  severity: 'corruption',
  what: count =>
    `${count === 1 ? 'an entry of the snapshot table holds' : `${count} entries of the snapshot table hold`} zeros: what ${count === 1 ? 'it' : 'they'} said of a snapshot is lost, and what that holds counts as leaked`,
  advice: SNAPSHOT_ADVICE,
};

const INCOMPLETE: Cause = {
  id: 'QCOW2_SNAPSHOT_INCOMPLETE',
  code: 'QCOW2_SNAPSHOT_INCOMPLETE',
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'an entry' : `${formatCount(count)} entries`} of the snapshot table ${count === 1 ? 'lacks' : 'lack'} the 16 bytes of extra data that version 3 requires; the disk's size is taken from the image`,
  advice: '',
};

/** Snapshots whose L1 table is unusable, as entry `index` of the table is the first to be. */
function badTableOf(index: number, unusable: string): Cause {
  const first = `the L1 table of snapshot ${index + 1} ${unusable}`;
  return {
    id: 'QCOW2_SNAPSHOT_L1',
    code: 'QCOW2_SNAPSHOT_L1',
    severity: 'corruption',
    what: count => (count === 1 ? first : `${count} snapshots cannot be mapped; the first: ${first}`),
    advice:
      'the active disk and other snapshots can be read: copy what is needed before anything is written to the image',
  };
}

function parseSnapshot(
  view: DataView,
  bytes: Uint8Array,
  header: Qcow2Header,
  fileOffset: number,
  extraDataSize: number,
  length: number,
): SnapshotEntry {
  const idAt = SNAPSHOT_FIXED_BYTES + extraDataSize;
  const nameAt = idAt + view.getUint16(12);
  const l1TableOffset = uint64At(view, 0);
  const l1Size = view.getUint32(8);
  const unusable = checkTable(l1TableOffset, l1Size, 8, MAX_L1_BYTES, 2 ** header.clusterBits);
  const diskSize = extraDataSize >= 16 ? Math.floor(uint64At(view, 48) / 512) * 512 : header.size;
  const hasIcount = extraDataSize >= 24 && (view.getUint32(56) & view.getUint32(60)) !== -1;
  return {
    id: textOf(bytes.subarray(idAt, nameAt)),
    name: textOf(bytes.subarray(nameAt, length)),
    l1TableOffset,
    l1Size,
    ...(unusable === undefined ? {} : { unusable }),
    diskSize: Math.min(diskSize, MAX_DISK_SIZE),
    vmStateSize: extraDataSize >= 8 ? exactAt(view, 40) : view.getUint32(32),
    dateSeconds: view.getUint32(16),
    dateNanoseconds: view.getUint32(20),
    vmClock: exactAt(view, 24),
    ...(hasIcount ? { icount: exactAt(view, 56) } : {}),
    fileOffset,
    length,
    extraDataSize,
  };
}
