/** What the header of an image says: no table is read, and no name in it is followed. */
import { FindingCollector } from '../../../shared/finding-collector.ts';
import type { ImageFormat } from '../../../shared/model/layer.ts';
import { untilNul } from '../../qcow2/format/bytes.ts';
import { extensionsEnd, parseExtensions } from '../../qcow2/format/extensions.ts';
import { hasDataFile, parseHeader } from '../../qcow2/format/header.ts';
import { recognizeFormat } from '../../qcow2/read/probe-format.ts';
import { parseHeaderV1 } from '../../qcow2/read/qcow1.ts';
import { type ImageSource, readBytes } from '../../qcow2/read/source.ts';

/** The header of one file. Texts are untrusted. */
export interface ImageHeaderSummary {
  readonly format: Exclude<ImageFormat, 'nbd'>;
  /** Virtual size in bytes; -1 in formats that are not read. */
  readonly size: number;
  /** Name of the backing file as recorded; empty where there is none. */
  readonly backingName: Uint8Array;
  /** Format recorded beside it; empty where none is. */
  readonly backingFormat: string;
  /** Name of the external data file as recorded; empty where there is none. */
  readonly dataFileName: Uint8Array;
  readonly snapshots: number;
  readonly bitmaps: number;
}

const NOTHING = {
  backingName: new Uint8Array(),
  backingFormat: '',
  dataFileName: new Uint8Array(),
  snapshots: 0,
  bitmaps: 0,
} as const;

/** Bytes that hold the header and, in most images, its extensions and the backing name. */
const FIRST_READ_BYTES = 4096;

/** Reads the header of a file. Throws the codes of parseHeader, QCOW1_HEADER, QCOW2_TOO_LARGE or QCOW2_READ_FAILED. */
export function readImageHeader(source: ImageSource): ImageHeaderSummary {
  const { format } = recognizeFormat(source);
  // qemu serves whole sectors of a raw disk.
  if (format === 'raw' || format === 'iso')
    return { ...NOTHING, format, size: Math.ceil(source.size / 512) * 512 };
  if (format !== 'qcow2' && format !== 'qcow') return { ...NOTHING, format, size: -1 };

  const collector = new FindingCollector();
  const report = collector.add.bind(collector);
  const first = readBytes(source, 0, FIRST_READ_BYTES);
  if (format === 'qcow') {
    const { header } = parseHeaderV1(first, source.path, report);
    const name = readBytes(source, header.backingFileOffset, header.backingFileSize);
    return { ...NOTHING, format, size: header.size, backingName: untilNul(name) };
  }
  const header = parseHeader(first, source.path, report);
  const nameEnd = header.backingFileOffset + header.backingFileSize;
  const bytes = readBytes(source, 0, Math.max(extensionsEnd(header), nameEnd));
  const extensions = parseExtensions(bytes, header, report);
  return {
    format,
    size: header.size,
    backingName: untilNul(bytes.subarray(header.backingFileOffset, nameEnd)).slice(),
    backingFormat: extensions.backingFormat,
    dataFileName: hasDataFile(header) ? extensions.dataFileBytes : NOTHING.dataFileName,
    snapshots: header.storedSnapshotCount,
    bitmaps: extensions.bitmaps?.count ?? 0,
  };
}
