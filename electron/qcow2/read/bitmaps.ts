/**
 * The bitmap directory: which dirty bitmaps an image stores and whether they can be trusted.
 * Source: qcow2 specification, "Bitmaps"; limits of qemu's block/qcow2-bitmap.c.
 */
import { hex, textOf, u64, viewOf } from '../format/bytes.ts';
import type { Extensions } from '../format/extensions.ts';
import { AUTOCLEAR_BITMAPS, type Qcow2Header } from '../format/header.ts';
import { MAX_BITMAP_BYTES, MAX_BITMAP_NAME } from '../format/limits.ts';
import { makeProblem, type Problem } from '../format/problems.ts';
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

/**
 * All bitmaps in directory order; those before the break where the directory is broken, with the reason in `report`.
 * Throws QCOW2_READ_FAILED.
 */
export function* readBitmaps(
  source: ImageSource,
  header: Qcow2Header,
  extensions: Extensions,
  report: (problem: Problem) => void,
): SlicedWork<BitmapEntry[]> {
  const place = extensions.bitmaps;
  if (place === undefined) return [];
  const note = (what: string, fileOffset: number, severity: Problem['severity'] = 'refused') =>
    report(makeProblem(severity, 'QCOW2_BITMAP_DIRECTORY', what, source.path, { fileOffset }));

  const stale = (header.autoclear & AUTOCLEAR_BITMAPS) === 0n;
  if (stale)
    note(
      'a program without bitmap support has changed the image, so its bitmaps are out of date',
      place.directoryOffset,
      'note',
    );
  const bytes = readBytes(source, place.directoryOffset, place.directorySize);
  if (bytes.length < place.directorySize)
    note(`the file ends inside the bitmap directory at ${hex(place.directoryOffset)}`, place.directoryOffset);
  const view = viewOf(bytes);
  const entries: BitmapEntry[] = [];
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
  else if (at < place.directorySize)
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
    const broken = brokenBecause(fields, start, entry);
    if (broken !== undefined) note(`bitmap directory entry ${entries.length} ${broken}`, entry.fileOffset);
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

  /** What qemu's check_dir_entry and bitmap_list_load object to, as the end of a sentence. */
  function brokenBecause(
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
      return `puts its table at ${hex(tableOffset)}, which is not a cluster`;
    if (tableSize * clusterSize > MAX_BITMAP_BYTES) return `has a table of ${tableSize} clusters: too large`;
    if (!inUse && tableSize * clusterSize * 8 * granularity < header.size)
      return 'has a table too small for the disk';
    return undefined;
  }
}
