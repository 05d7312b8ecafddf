/** One opened qcow2 image: everything but its map. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { causeOf, FindingCollector, guestRange } from '../../../shared/finding-collector.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { Inference } from '../../../shared/model/inference.ts';
import { countOf, formatCount } from '../../../shared/text/offset.ts';
import { untilNul } from '../format/bytes.ts';
import type { EntryRules } from '../format/entry.ts';
import {
  describeFeatures,
  type Extensions,
  extensionsEnd,
  NO_EXTENSIONS,
  parseExtensions,
} from '../format/extensions.ts';
import { fieldValue, HEADER_ADVICE, type ReportCause } from '../format/field-problem.ts';
import { type Geometry, geometryOf } from '../format/geometry.ts';
import {
  hasDataFile,
  hasExtendedL2,
  headerRefusal,
  INCOMPATIBLE_KNOWN,
  parseHeader,
  QCOW_MAGIC,
  type Qcow2Header,
} from '../format/header.ts';
import { type BitmapEntry, readBitmaps } from './bitmaps.ts';
import { type MemoryPiece, patchedSource } from './memory-source.ts';
import { parseHeaderV1 } from './qcow1.ts';
import { runToEnd, type SlicedWork } from './sliced-work.ts';
import { readSnapshots, type SnapshotEntry } from './snapshots.ts';
import { type ImageSource, readAhead, readBytes } from './source.ts';

const FIRST_READ_BYTES = 4096;
/** The smallest cluster: every header lies in its first cluster. */
const MIN_READ_BYTES = 512;

/** An image as its tables describe it: plain values beside its source. Texts in it are untrusted. */
export interface Qcow2Image {
  readonly source: ImageSource;
  readonly header: Qcow2Header;
  readonly geometry: Geometry;
  readonly extensions: Extensions;
  /** Name of the backing file as recorded: bytes up to the first NUL, empty when there is none. */
  readonly backingFileBytes: Uint8Array;
  readonly snapshots: readonly SnapshotEntry[];
  readonly bitmaps: readonly BitmapEntry[];
  /** Where header or L1 table are lost: what was laid over the file to read it, and how that came to be known. */
  readonly inferred?: { readonly inference: Inference; readonly pieces: readonly MemoryPiece[] };
  /** What is wrong with header, extensions, snapshot table and bitmap directory. The layer in them is 0. */
  readonly findings: readonly Finding[];
}

/** Everything of an image but its source: plain data that crosses threads, so that an image is parsed once. */
export type ParsedImage = Omit<Qcow2Image, 'source'>;

/** What crosses threads of an image. */
export function parsedOf({ source: _, ...parsed }: Qcow2Image): ParsedImage {
  return parsed;
}

/** The image again, in another thread, from the bytes of its file. */
export function imageFrom(parsed: ParsedImage, source: ImageSource): Qcow2Image {
  const { inferred } = parsed;
  return { ...parsed, source: inferred === undefined ? source : patchedSource(source, inferred.pieces) };
}

/**
 * Reads header, extensions, snapshot table and bitmap directory of a version 1, 2 or 3 image; never follows a name.
 * What qemu would refuse but can still be mapped is in `findings`.
 * Throws the codes of parseHeader, QCOW2_FEATURES, QCOW2_READ_FAILED, or QCOW1_HEADER.
 */
export function openQcow2(source: ImageSource): Qcow2Image {
  return runToEnd(openQcow2Sliced(source));
}

/** As {@link openQcow2}, interruptible: an image may list 65,536 snapshots and as many bitmaps. */
export function* openQcow2Sliced(source: ImageSource): SlicedWork<Qcow2Image> {
  const collector = new FindingCollector();
  const report: ReportCause = (cause, place) => collector.add(cause, place);
  const first = readAhead(source, 0, MIN_READ_BYTES, FIRST_READ_BYTES);
  if (
    first.length >= 8 &&
    dataViewOf(first).getUint32(0) === QCOW_MAGIC &&
    dataViewOf(first).getUint32(4) === 1
  ) {
    const { header, geometry } = parseHeaderV1(first, source.path, report);
    const backingFileBytes = untilNul(readBytes(source, header.backingFileOffset, header.backingFileSize));
    return {
      source,
      header,
      geometry,
      extensions: NO_EXTENSIONS,
      backingFileBytes,
      snapshots: [],
      bitmaps: [],
      findings: collector.list(),
    };
  }

  const header = parseHeader(first, source.path, report);
  const wanted = Math.max(extensionsEnd(header), header.backingFileOffset + header.backingFileSize);
  const bytes = wanted <= first.length ? first : readBytes(source, 0, wanted);
  const extensions = parseExtensions(bytes, header, report);
  const unknown = header.incompatible & ~INCOMPATIBLE_KNOWN;
  if (unknown !== 0n)
    throw headerRefusal(
      'QCOW2_FEATURES',
      `the image needs features that are not known here: ${describeFeatures(unknown, 'incompatible', extensions.featureNames).join(', ')}`,
      source.path,
      'a newer program may be able to read it',
    );
  const geometry = geometryOf(header.clusterBits, hasExtendedL2(header), header.size);
  if (header.l1Size < geometry.l1Needed && !collector.has('QCOW2_L1_TABLE'))
    reportSmallL1(report, header, geometry, dataViewOf(first), collector.has('QCOW2_TOO_LARGE'));
  const snapshots = yield* readSnapshots(source, header, report);
  const bitmaps = yield* readBitmaps(source, header, extensions, report);
  return {
    source,
    header,
    geometry,
    extensions,
    backingFileBytes: untilNul(
      bytes.subarray(header.backingFileOffset, header.backingFileOffset + header.backingFileSize),
    ).slice(),
    snapshots,
    bitmaps,
    findings: collector.list(),
  };
}

/** The disk past the active L1 table cannot be found; no table reaches as far as a disk that is too large. */
function reportSmallL1(
  report: ReportCause,
  { l1Size, size, storedSize }: Qcow2Header,
  { l1Coverage }: Geometry,
  view: DataView,
  isTooLarge: boolean,
): void {
  const needed = (storedSize + BigInt(l1Coverage) - 1n) / BigInt(l1Coverage);
  report(
    causeOf({
      code: 'QCOW2_L1_TOO_SMALL',
      severity: 'corruption',
      what: `the active L1 table has ${countOf(l1Size, 'entry', 'entries')}; the disk needs ${formatCount(needed)}`,
      advice: HEADER_ADVICE,
      ...(isTooLarge ? { causedBy: 'QCOW2_TOO_LARGE' } : {}),
    }),
    {
      ...guestRange(l1Size * l1Coverage, size, size),
      host: [36, 4],
      evidence: { source: 'header', fileOffset: 36, value: fieldValue(view, 36, 4), bits: 'l1_size' },
    },
  );
}

/** The properties of this image that decide the meaning of its L2 entries. */
export function entryRulesOf(image: Qcow2Image): EntryRules {
  const { header, geometry } = image;
  return {
    version: header.version,
    clusterBits: geometry.clusterBits,
    clusterSize: geometry.clusterSize,
    extendedL2: hasExtendedL2(header),
    dataFile: hasDataFile(header),
  };
}
