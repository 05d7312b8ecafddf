/**
 * The bitmap directory: which dirty bitmaps an image stores and whether they can be trusted.
 * Source: qcow2 specification, "Bitmaps"; limits of qemu's block/qcow2-bitmap.c.
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { type Cause, causeOf } from '../../../shared/finding-collector.ts';
import { countOf, formatCount, formatOffset } from '../../../shared/text/offset.ts';
import { hex, offsetTextAt, textOf } from '../format/bytes.ts';
import { BITMAPS_ADVICE, type BitmapsExtension, type Extensions } from '../format/extensions.ts';
import { fieldValue, type ReportCause } from '../format/field-problem.ts';
import { AUTOCLEAR_BITMAPS, type Qcow2Header } from '../format/header.ts';
import { MAX_BITMAP_BYTES, MAX_BITMAP_NAME_BYTES } from '../format/limits.ts';
import { type SlicedWork, shouldYield } from './sliced-work.ts';
import { type ImageSource, readBytes } from './source.ts';

/** Bytes of a directory entry before its extra data and its name. */
export const BITMAP_ENTRY_BYTES = 24;
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
  report: ReportCause,
): SlicedWork<BitmapEntry[]> {
  const place = extensions.bitmaps;
  if (place === undefined) return [];
  if (isStale(header)) reportStale(header, report);
  const bytes = readBytes(source, place.directoryOffset, place.directorySize);
  const directory = new BitmapDirectory(bytes, place, header, report);
  if (bytes.length < place.directorySize)
    directory.note(`the file ends inside the bitmap directory at ${formatOffset(place.directoryOffset)}`, 0);
  while (directory.hasMore) {
    if (shouldYield(directory.entries.length)) yield;
    if (!directory.readEntry()) return directory.entries;
  }
  directory.checkEnd();
  return directory.entries;
}

/** True where a program without support for bitmaps has written to the image. */
function isStale({ autoclear }: Qcow2Header): boolean {
  return (autoclear & AUTOCLEAR_BITMAPS) === 0n;
}

function reportStale({ autoclear }: Qcow2Header, report: ReportCause): void {
  report(STALE, {
    host: [88, 8],
    evidence: {
      source: 'header',
      fileOffset: 88,
      value: `0x${autoclear.toString(16).padStart(16, '0')}`,
      bits: 'autoclear features, bit 0 is not set',
    },
  });
}

/** Reads the entries of a directory one after the other. */
class BitmapDirectory {
  readonly entries: BitmapEntry[] = [];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: BitmapsExtension;
  readonly #header: Qcow2Header;
  readonly #report: ReportCause;
  /** The lengths of entries may be wrong then, too. */
  #hasInvalidEntry = false;
  /** Where the next entry begins in the directory. */
  #at = 0;

  constructor(bytes: Uint8Array, place: BitmapsExtension, header: Qcow2Header, report: ReportCause) {
    this.#bytes = bytes;
    this.#view = dataViewOf(bytes);
    this.#place = place;
    this.#header = header;
    this.#report = report;
  }

  get hasMore(): boolean {
    return this.#at + BITMAP_ENTRY_BYTES <= this.#bytes.length && this.entries.length < this.#place.count;
  }

  /** Reads the next entry. False where it runs past the end, which is reported. */
  readEntry(): boolean {
    const at = this.#at;
    const extraSize = this.#view.getUint32(at + 20);
    const nameLength = this.#view.getUint16(at + 18);
    const length = Math.ceil((BITMAP_ENTRY_BYTES + extraSize + nameLength) / 8) * 8;
    if (at + length > this.#bytes.length) {
      this.note(`bitmap directory entry ${this.entries.length} runs past the end of the directory`, at);
      return false;
    }
    const nameAt = at + BITMAP_ENTRY_BYTES + extraSize;
    this.entries.push(this.#parse(textOf(this.#bytes.subarray(nameAt, nameAt + nameLength)), length));
    this.#at += length;
    return true;
  }

  /** Reports a directory that has more or fewer entries than the header says. */
  checkEnd(): void {
    const { count, directorySize } = this.#place;
    const found = this.entries.length;
    if (found < count)
      this.note(
        `the bitmap directory has ${countOf(found, 'entry', 'entries')}, not ${formatCount(count)}`,
        0,
      );
    else if (this.#at < directorySize && !this.#hasInvalidEntry)
      this.note(`the bitmap directory goes on after its ${countOf(count, 'entry', 'entries')}`, this.#at);
  }

  /** Reports what is wrong with the directory as a whole, `at` bytes into it. */
  note(what: string, at: number): void {
    const { directoryOffset, directorySize } = this.#place;
    const end = directoryOffset + directorySize;
    this.#report(
      causeOf({ code: 'QCOW2_BITMAP_DIRECTORY', severity: 'corruption', what, advice: BITMAPS_ADVICE }),
      {
        host: [directoryOffset, directorySize],
        evidence: {
          source: 'bitmap directory',
          fileOffset: directoryOffset + at,
          value: hex(end),
          bits: 'end of the directory',
        },
      },
    );
  }

  #parse(name: string, length: number): BitmapEntry {
    const fields = this.#view;
    const start = this.#at;
    const flags = fields.getUint32(start + 12);
    const entry = {
      name,
      granularity: 2 ** Math.min(fields.getUint8(start + 17), 63),
      inUse: (flags & FLAG_IN_USE) !== 0,
      enabled: (flags & FLAG_AUTO) !== 0,
      tableOffset: uint64At(fields, start),
      tableSize: fields.getUint32(start + 8),
      fileOffset: this.#place.directoryOffset + start,
      length,
    };
    const broken = brokenBecause(this.#header, fields, start);
    if (broken !== undefined) this.#reportEntry(entry, broken);
    const unusable = this.#unusableBecause(entry, broken);
    const found = { ...entry, broken: broken !== undefined };
    return unusable === undefined ? found : { ...found, unusable };
  }

  #reportEntry(
    { fileOffset, length }: { readonly fileOffset: number; readonly length: number },
    broken: string,
  ) {
    this.#hasInvalidEntry = true;
    const source = `bitmap directory entry ${this.entries.length}`;
    this.#report(badEntry(`${source} ${broken}`), {
      host: [fileOffset, length],
      evidence: {
        source,
        fileOffset,
        value: fieldValue(this.#view, this.#at, BITMAP_ENTRY_BYTES),
        bits: broken,
      },
    });
  }

  #unusableBecause({ inUse }: { readonly inUse: boolean }, broken: string | undefined): string | undefined {
    if (broken !== undefined) return `its directory entry ${broken}`;
    if (isStale(this.#header)) return 'a program without bitmap support has changed the image since';
    return inUse ? 'it was not saved cleanly' : undefined;
  }
}

/** What qemu's check_dir_entry and bitmap_list_load object to in the entry at `start`, as the end of a sentence. */
export function brokenBecause(header: Qcow2Header, fields: DataView, start: number): string | undefined {
  const clusterSize = 2 ** header.clusterBits;
  const type = fields.getUint8(start + 16);
  const granularityBits = fields.getUint8(start + 17);
  const nameLength = fields.getUint16(start + 18);
  const flags = fields.getUint32(start + 12);
  const tableSize = fields.getUint32(start + 8);
  if (type !== DIRTY_TRACKING) return `is of type ${type}, which is not known`;
  if (flags & ~(FLAG_IN_USE | FLAG_AUTO)) return `has flags ${hex(flags)} that are not known`;
  if (fields.getUint32(start + 20) !== 0) return 'has extra data that is not known';
  if (nameLength === 0 || nameLength > MAX_BITMAP_NAME_BYTES) return `has a name of ${nameLength} bytes`;
  if (granularityBits < MIN_GRANULARITY_BITS || granularityBits > MAX_GRANULARITY_BITS)
    return `has granularity_bits ${granularityBits}, outside ${MIN_GRANULARITY_BITS} to ${MAX_GRANULARITY_BITS}`;
  if (tableSize === 0) return 'has an empty table';
  // The lower half alone: the number loses digits above 2^53.
  if (uint64At(fields, start) === 0 || fields.getUint32(start + 4) % clusterSize !== 0)
    return `puts its table at ${offsetTextAt(fields, start)}, which is not a cluster`;
  if (tableSize * clusterSize > MAX_BITMAP_BYTES) return `has a table of ${tableSize} clusters: too large`;
  const coverage = tableSize * clusterSize * 8 * 2 ** granularityBits;
  if ((flags & FLAG_IN_USE) === 0 && coverage < header.size) return 'has a table too small for the disk';
  return undefined;
}
