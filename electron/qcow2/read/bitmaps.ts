/**
 * The bitmap directory: which dirty bitmaps an image stores and whether they can be trusted.
 * Source: qcow2 specification, "Bitmaps"; limits of qemu's block/qcow2-bitmap.c.
 */
import { type Cause, causeOf } from '../../../shared/finding-collector.ts';
import { hex, hexAt, textOf, u64, viewOf } from '../format/bytes.ts';
import { BITMAPS_ADVICE, type Extensions } from '../format/extensions.ts';
import { AUTOCLEAR_BITMAPS, type Qcow2Header } from '../format/header.ts';
import { MAX_BITMAP_BYTES, MAX_BITMAP_NAME } from '../format/limits.ts';
import { fieldValue, type Report } from '../format/report.ts';
import { type SlicedWork, shouldYield } from './sliced-work.ts';
import { type ImageSource, readBytes } from './source.ts';

const FIXED_BYTES = 24;
const FLAG_IN_USE = 1;
const FLAG_AUTO = 2;
const DIRTY_TRACKING = 1;
const MIN_GRANULARITY_BITS = 9;
const MAX_GRANULARITY_BITS = 31;

/** One bitmap of the directory. The name is untrusted text. */
export interface BitmapEntry {
  readonly name: string;
  /** Bytes of the guest covered by one bit. */
  readonly granularity: number;
  /** Not saved cleanly. */
  readonly inUse: boolean;
  /** Recording when the image is in use. */
  readonly enabled: boolean;
  readonly tableOffset: number;
  /** Entries of its table. */
  readonly tableSize: number;
  /** Its directory entry is invalid: where its table lies is not known. */
  readonly broken: boolean;
  /** Why what it holds cannot be used; absent when it can. */
  readonly unusable?: string;
  /** Where its directory entry lies, and how many bytes it has. */
  readonly fileOffset: number;
  readonly length: number;
}

const STALE = causeOf({
  code: 'QCOW2_BITMAPS_STALE',
  severity: 'hazard',
  what: 'a program without bitmap support has changed the image, so its bitmaps are out of date',
  advice:
    'do not take an incremental backup with them: remove them with `qemu-img bitmap --remove` and take a full backup',
});

function badEntry(first: string): Cause {
  return {
    id: 'QCOW2_BITMAP_ENTRY',
    code: 'QCOW2_BITMAP_ENTRY',
    severity: 'corruption',
    what: count =>
      count === 1 ? first : `${count} bitmap directory entries are invalid; the first: ${first}`,
    advice: BITMAPS_ADVICE,
  };
}

/**
 * All bitmaps in directory order; those before the break where the directory is broken, with the reason in `report`.
 * Throws QCOW2_READ_FAILED.
 */
export function* readBitmaps(
  source: ImageSource,
  header: Qcow2Header,
  extensions: Extensions,
  report: Report,
): SlicedWork<BitmapEntry[]> {
  const place = extensions.bitmaps;
  if (place === undefined) return [];
  const note = (what: string, fileOffset: number) => {
    const end = place.directoryOffset + place.directorySize;
    report(
      causeOf({ code: 'QCOW2_BITMAP_DIRECTORY', severity: 'corruption', what, advice: BITMAPS_ADVICE }),
      {
        host: [place.directoryOffset, place.directorySize],
        evidence: { source: 'bitmap directory', fileOffset, value: hex(end), bits: 'end of the directory' },
      },
    );
  };

  const stale = (header.autoclear & AUTOCLEAR_BITMAPS) === 0n;
  if (stale)
    report(STALE, {
      host: [88, 8],
      evidence: {
        source: 'header',
        fileOffset: 88,
        value: `0x${header.autoclear.toString(16).padStart(16, '0')}`,
        bits: 'autoclear features, bit 0 is not set',
      },
    });
  const bytes = readBytes(source, place.directoryOffset, place.directorySize);
  if (bytes.length < place.directorySize)
    note(`the file ends inside the bitmap directory at ${hex(place.directoryOffset)}`, place.directoryOffset);
  const view = viewOf(bytes);
  const entries: BitmapEntry[] = [];
  let hasInvalidEntry = false;
  let at = 0;
  while (at + FIXED_BYTES <= bytes.length && entries.length < place.count) {
    if (shouldYield(entries.length)) yield;
    const extraSize = view.getUint32(at + 20);
    const nameLength = view.getUint16(at + 18);
    const length = Math.ceil((FIXED_BYTES + extraSize + nameLength) / 8) * 8;
    if (at + length > bytes.length) {
      note(
        `bitmap directory entry ${entries.length} runs past the end of the directory`,
        place.directoryOffset + at,
      );
      return entries;
    }
    const name = textOf(
      bytes.subarray(at + FIXED_BYTES + extraSize, at + FIXED_BYTES + extraSize + nameLength),
    );
    entries.push(parseEntry(view, at, name, length));
    at += length;
  }
  if (entries.length < place.count)
    note(`the bitmap directory has ${entries.length} entries, not ${place.count}`, place.directoryOffset);
  else if (at < place.directorySize && !hasInvalidEntry)
    note(`the bitmap directory goes on after its ${place.count} entries`, place.directoryOffset + at);
  return entries;

  function parseEntry(fields: DataView, start: number, name: string, length: number): BitmapEntry {
    const flags = fields.getUint32(start + 12);
    const granularityBits = fields.getUint8(start + 17);
    const entry = {
      name,
      granularity: 2 ** Math.min(granularityBits, 63),
      inUse: (flags & FLAG_IN_USE) !== 0,
      enabled: (flags & FLAG_AUTO) !== 0,
      tableOffset: u64(fields, start),
      tableSize: fields.getUint32(start + 8),
      fileOffset: place === undefined ? 0 : place.directoryOffset + start,
      length,
    };
    const broken = brokenBecause(header, fields, start, entry);
    if (broken !== undefined) {
      hasInvalidEntry = true; // its length may be wrong, too
      report(badEntry(`bitmap directory entry ${entries.length} ${broken}`), {
        host: [entry.fileOffset, length],
        evidence: {
          source: `bitmap directory entry ${entries.length}`,
          fileOffset: entry.fileOffset,
          value: fieldValue(fields, start, FIXED_BYTES),
          bits: broken,
        },
      });
    }
    const unusable =
      broken !== undefined
        ? `its directory entry ${broken}`
        : stale
          ? 'a program without bitmap support has changed the image since'
          : entry.inUse
            ? 'it was not saved cleanly'
            : undefined;
    const found = { ...entry, broken: broken !== undefined };
    return unusable === undefined ? found : { ...found, unusable };
  }
}

/** What qemu's check_dir_entry and bitmap_list_load object to, as the end of a sentence. */
function brokenBecause(
  header: Qcow2Header,
  fields: DataView,
  start: number,
  {
    tableOffset,
    tableSize,
    granularity,
    inUse,
  }: { tableOffset: number; tableSize: number; granularity: number; inUse: boolean },
): string | undefined {
  const clusterSize = 2 ** header.clusterBits;
  const type = fields.getUint8(start + 16);
  const granularityBits = fields.getUint8(start + 17);
  const nameLength = fields.getUint16(start + 18);
  const flags = fields.getUint32(start + 12);
  if (type !== DIRTY_TRACKING) return `is of type ${type}, which is not known`;
  if (flags & ~(FLAG_IN_USE | FLAG_AUTO)) return `has flags ${hex(flags)} that are not known`;
  if (fields.getUint32(start + 20) !== 0) return 'has extra data that is not known';
  if (nameLength === 0 || nameLength > MAX_BITMAP_NAME) return `has a name of ${nameLength} bytes`;
  if (granularityBits < MIN_GRANULARITY_BITS || granularityBits > MAX_GRANULARITY_BITS)
    return `has granularity_bits ${granularityBits}, outside ${MIN_GRANULARITY_BITS} to ${MAX_GRANULARITY_BITS}`;
  if (tableSize === 0) return 'has an empty table';
  if (tableOffset === 0 || tableOffset % clusterSize !== 0)
    return `puts its table at ${hexAt(fields, start)}, which is not a cluster`;
  if (tableSize * clusterSize > MAX_BITMAP_BYTES) return `has a table of ${tableSize} clusters: too large`;
  if (!inUse && tableSize * clusterSize * 8 * granularity < header.size)
    return 'has a table too small for the disk';
  return undefined;
}
