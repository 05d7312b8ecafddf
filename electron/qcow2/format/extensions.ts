/**
 * Header extensions: known ones decoded, others listed.
 * Source: qcow2 specification, "Header extensions"; limits of qemu's qcow2_read_extensions.
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { formatCount, formatOffset } from '../../../shared/text/offset.ts';
import { hex, offsetTextAt, textOf, untilNul } from './bytes.ts';
import { HEADER_ADVICE, type ReportCause, reportField } from './field-problem.ts';
import { AUTOCLEAR_DATA_FILE_RAW, hasDataFile, NAME_ADVICE, type Qcow2Header } from './header.ts';
import { MAX_BITMAP_DIRECTORY_BYTES, MAX_BITMAPS } from './limits.ts';

const END = 0x00000000;
export const BACKING_FORMAT = 0xe2792aca;
export const FEATURE_NAMES = 0x6803f857;
export const BITMAPS = 0x23852875;
export const ENCRYPTION = 0x0537be77;
export const DATA_FILE = 0x44415441;

const NAMES = new Map<number, string>([
  [BACKING_FORMAT, 'backing file format'],
  [FEATURE_NAMES, 'feature names'],
  [BITMAPS, 'bitmaps'],
  [ENCRYPTION, 'encryption header'],
  [DATA_FILE, 'external data file name'],
]);
const FEATURE_KINDS = ['incompatible', 'compatible', 'autoclear'] as const;
const FEATURE_NAME_BYTES = 48;
const MAX_EXTENSIONS = 1024;

/** What to do where bitmaps or the encryption header cannot be found. */
export const BITMAPS_ADVICE =
  'the disk itself is whole: in a copy of the file clear autoclear bit 0 and the bitmaps extension, then take a full backup; qemu does not open the image before that, not even to remove a bitmap';
const LUKS_ADVICE =
  'keep the file: qemu does not open it without that header, and the data cannot be decrypted; take the header from another copy or a backup';

/** Which of the three feature fields a bit belongs to. */
export type FeatureKind = (typeof FEATURE_KINDS)[number];

/** One extension as it lies in the file. */
export interface ExtensionEntry {
  readonly type: number;
  /** What it is, or `unknown`. */
  readonly name: string;
  /** Where its data lies in the file, and how many bytes it has. */
  readonly offset: number;
  readonly length: number;
}

/** A feature bit with the name that the image gives it. Untrusted text. */
export interface FeatureName {
  readonly kind: FeatureKind;
  readonly bit: number;
  readonly name: string;
}

/** Where the bitmap directory lies. */
export interface BitmapsExtension {
  readonly count: number;
  readonly directoryOffset: number;
  readonly directorySize: number;
}

/** What all extensions together say. Texts are untrusted. */
export interface Extensions {
  readonly entries: readonly ExtensionEntry[];
  /** Empty when none is recorded. */
  readonly backingFormat: string;
  /** Empty when none is recorded. */
  readonly dataFile: string;
  readonly dataFileBytes: Uint8Array;
  readonly featureNames: readonly FeatureName[];
  readonly bitmaps?: BitmapsExtension;
  readonly encryptionHeader?: { readonly offset: number; readonly length: number };
}

/** No extensions at all: version 1. */
export const NO_EXTENSIONS: Extensions = {
  entries: [],
  backingFormat: '',
  dataFile: '',
  dataFileBytes: new Uint8Array(),
  featureNames: [],
};

/** Bytes from the start of the file within which all extensions must lie. */
export function extensionsEnd(header: Qcow2Header): number {
  return header.backingFileOffset !== 0 ? header.backingFileOffset : 2 ** header.clusterBits;
}

/**
 * The extensions in `bytes`, the file's start up to {@link extensionsEnd} (fewer where the file is shorter: what is
 * missing is read as zeros, as qemu does). Never throws; what is invalid is reported and reading goes on or stops.
 */
export function parseExtensions(bytes: Uint8Array, header: Qcow2Header, report: ReportCause): Extensions {
  const end = extensionsEnd(header);
  const entries: ExtensionEntry[] = [];
  let found: { -readonly [K in keyof Extensions]: Extensions[K] } = { ...NO_EXTENSIONS };
  const view = dataViewOf(bytes);
  const note: Note = (code, what, at, length, advice) =>
    reportField(report, { code, what, advice }, 'header extension', view, at, length);
  const mention = (code: string, what: string, at: number) =>
    reportField(report, { code, severity: 'note', what, advice: '' }, 'header extension', view, at, 8);

  let at = header.extensionsOffset;
  while (at < end && at + 8 <= bytes.length) {
    const type = view.getUint32(at);
    const length = view.getUint32(at + 4);
    if (at + 8 > end || length > end - at - 8) {
      note(
        'QCOW2_EXTENSION_TOO_LARGE',
        `header extension ${hex(type)} runs past the end of the extensions at ${formatOffset(end)}; later ones are not read`,
        at,
        8,
        HEADER_ADVICE,
      );
      break;
    }
    if (type === END) break;
    if (entries.length === MAX_EXTENSIONS) {
      mention(
        'QCOW2_EXTENSION_COUNT',
        `there are more than ${MAX_EXTENSIONS} header extensions; the rest is not listed`,
        at,
      );
      break;
    }
    if (NAMES.has(type) && entries.some(entry => entry.type === type))
      mention(
        'QCOW2_EXTENSION_REPEATED',
        `header extension ${hex(type)} (${NAMES.get(type)}) occurs twice`,
        at,
      );
    entries.push({ type, name: NAMES.get(type) ?? 'unknown', offset: at + 8, length });
    found = { ...found, ...decode(type, bytes.subarray(at + 8, at + 8 + length), at + 8, header, note) };
    at += 8 + Math.ceil(length / 8) * 8;
  }
  if (hasDataFile(header) && found.dataFile === '') {
    const what = 'the image keeps its data in another file and does not say which';
    const advice =
      'find that file: qemu does not open the image without it, and takes its name as the option data-file';
    const facts = { code: 'QCOW2_DATA_FILE_NAME', what, advice };
    reportField(report, facts, 'header', view, 72, 8);
  }
  if (!hasDataFile(header) && (header.autoclear & AUTOCLEAR_DATA_FILE_RAW) !== 0n) {
    const what =
      'autoclear bit 1 says that the external data file is raw, and the image has no external data file';
    const advice = 'qemu does not open such an image: clear autoclear bit 1 in a copy of the file';
    reportField(report, { code: 'QCOW2_DATA_FILE_RAW', what, advice }, 'header', view, 88, 8);
  }
  if (header.cryptMethod === 2 && found.encryptionHeader === undefined) {
    const what = 'the image is encrypted with LUKS and has no encryption header extension';
    reportField(
      report,
      { code: 'QCOW2_ENCRYPTION_HEADER', what, advice: LUKS_ADVICE },
      'header',
      view,
      32,
      4,
    );
  }
  return { ...found, entries };
}

/** Reports so many bytes at an offset. */
type Note = (code: string, what: string, at: number, length: number, advice: string) => void;

/** What one extension says; its data lies at `offset` of the file. */
function decode(
  type: number,
  data: Uint8Array,
  offset: number,
  header: Qcow2Header,
  note: Note,
): Partial<Extensions> {
  switch (type) {
    case BACKING_FORMAT:
      if (data.length < 16) return { backingFormat: textOf(data) };
      note(
        'QCOW2_BACKING_FORMAT',
        `the backing format's name has ${data.length} bytes, more than 15`,
        offset,
        data.length,
        NAME_ADVICE,
      );
      return {};
    case DATA_FILE:
      return { dataFile: textOf(data), dataFileBytes: untilNul(data).slice() };
    case FEATURE_NAMES:
      return { featureNames: featureNames(data) };
    case BITMAPS:
      return decodeBitmaps(data, offset, header, note);
    case ENCRYPTION:
      return decodeEncryption(data, offset, header, note);
    default:
      return {};
  }
}

function decodeBitmaps(
  data: Uint8Array,
  offset: number,
  header: Qcow2Header,
  note: Note,
): Partial<Extensions> {
  const bad = (what: string): Partial<Extensions> => {
    note('QCOW2_BITMAPS_EXTENSION', `the bitmaps extension ${what}`, offset, data.length, BITMAPS_ADVICE);
    return {};
  };
  if (data.length !== 24) return bad(`has ${data.length} bytes, not 24`);
  const fields = dataViewOf(data);
  const count = fields.getUint32(0);
  const directorySize = uint64At(fields, 8);
  const directoryOffset = uint64At(fields, 16);
  if (fields.getUint32(4) !== 0) return bad('has a reserved field that is not zero');
  if (count === 0 || count > MAX_BITMAPS)
    return bad(`counts ${formatCount(count)} bitmaps, outside 1 to ${formatCount(MAX_BITMAPS)}`);
  if (directoryOffset > Number.MAX_SAFE_INTEGER)
    return bad(`puts the directory at ${offsetTextAt(fields, 16)}, past the end of any file`);
  if (directoryOffset % 2 ** header.clusterBits !== 0)
    return bad(`puts the directory at ${offsetTextAt(fields, 16)}, which is not a cluster boundary`);
  if (directorySize > MAX_BITMAP_DIRECTORY_BYTES)
    return bad(
      `says the directory has ${formatCount(fields.getBigUint64(8))} bytes, more than ${formatCount(MAX_BITMAP_DIRECTORY_BYTES)}`,
    );
  return { bitmaps: { count, directoryOffset, directorySize } };
}

function decodeEncryption(
  data: Uint8Array,
  offset: number,
  header: Qcow2Header,
  note: Note,
): Partial<Extensions> {
  const what =
    header.cryptMethod !== 2
      ? 'is present though the image is not encrypted with LUKS'
      : data.length !== 16
        ? `has ${data.length} bytes, not 16`
        : dataViewOf(data).getUint32(4) % 2 ** header.clusterBits !== 0
          ? `puts the encryption header at ${offsetTextAt(dataViewOf(data), 0)}, which is not a cluster boundary`
          : undefined;
  if (what !== undefined) {
    note(
      'QCOW2_ENCRYPTION_HEADER',
      `the encryption header extension ${what}`,
      offset,
      data.length,
      LUKS_ADVICE,
    );
    return {};
  }
  return {
    encryptionHeader: { offset: uint64At(dataViewOf(data), 0), length: uint64At(dataViewOf(data), 8) },
  };
}

function featureNames(data: Uint8Array): FeatureName[] {
  const names: FeatureName[] = [];
  // An entry that is cut counts as filled up with zeros, as qemu reads it.
  for (let at = 0; at + 2 <= data.length; at += FEATURE_NAME_BYTES) {
    const kind = FEATURE_KINDS[data[at] as number];
    if (kind === undefined) continue;
    names.push({
      kind,
      bit: data[at + 1] as number,
      name: textOf(data.subarray(at + 2, at + FEATURE_NAME_BYTES)),
    });
  }
  return names;
}

/** The set bits of a feature field, each with the image's name for it or `bit N`. Untrusted text. */
export function describeFeatures(field: bigint, kind: FeatureKind, names: readonly FeatureName[]): string[] {
  const described: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if (((field >> BigInt(bit)) & 1n) === 0n) continue;
    described.push(names.find(name => name.kind === kind && name.bit === bit)?.name || `bit ${bit}`);
  }
  return described;
}
