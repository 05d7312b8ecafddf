/** What was written over the header of an image, where the beginning of the file shows that plainly. */
import { dataViewOf } from '../../../shared/bytes.ts';
import type { FindingEvidence } from '../../../shared/model/finding.ts';
import { hasBootMark, hasGptSignature } from '../../../shared/partition-marks.ts';
import { countOf, formatOffset } from '../../../shared/text/offset.ts';
import { recognizeContent } from '../format/table-content.ts';
import { entriesAt, leadsToTables } from '../layout/lost-header.ts';
import { type ImageSource, readBytes } from '../read/source.ts';

/** What a file begins with in place of a header. */
export interface Overwriting {
  /** To be read after "it begins with". */
  readonly content: string;
  readonly evidence: FindingEvidence;
}

/** Bytes from the beginning of the file that are looked at. */
const LOOK_BYTES = 4096;
const BOOT_MARK_AT = 510;
/** Bytes of a sector. A GPT lies in the second one. */
const SECTOR_SIZES = [512, 4096] as const;

/** Marks at a fixed place of a disk without a boot record. Sources: util-linux libblkid, the headers of the file systems. */
const MARKS = [
  { at: 0, mark: 'XFSB', content: 'an XFS file system' },
  { at: 512, mark: 'LABELONE', content: 'a physical volume of LVM' },
  { at: 1080, mark: '\x53\xef', content: 'an ext2, ext3 or ext4 file system' },
  { at: 4086, mark: 'SWAPSPACE2', content: 'a swap area' },
] as const;

const AS_RAW_DISK = 'as where the image is attached as a raw disk';

/**
 * What lies over the header of an image with clusters of `clusterSize` bytes; undefined where its beginning may be anything.
 * Throws QCOW2_READ_FAILED.
 */
export function findOverwriting(source: ImageSource, clusterSize: number): Overwriting | undefined {
  const bytes = readBytes(source, 0, 2 * LOOK_BYTES);
  if (bytes.length < LOOK_BYTES) return undefined;
  const first = bytes.subarray(0, LOOK_BYTES);
  return (
    bootRecord(bytes) ??
    fileSystem(first) ??
    (first.every(byte => byte === 0)
      ? ofFirst('zeros', 'zeros, as after a hole was punched there or the disk was wiped')
      : undefined) ??
    table(source, clusterSize) ??
    content(first)
  );
}

function bootRecord(bytes: Uint8Array): Overwriting | undefined {
  if (!hasBootMark(bytes)) return undefined;
  const sectorSize = SECTOR_SIZES.find(size => hasGptSignature(bytes, size));
  if (sectorSize !== undefined)
    return {
      content: 'a GPT',
      evidence: {
        source: 'second sector',
        fileOffset: sectorSize,
        value: 'EFI PART',
        bits: `a GPT: a partition tool wrote it, ${AS_RAW_DISK}`,
      },
    };
  return {
    content: 'a boot record',
    evidence: {
      source: 'first sector',
      fileOffset: BOOT_MARK_AT,
      value: '55 aa',
      bits: `the mark of a boot record: a partition tool or a boot loader probably wrote it, ${AS_RAW_DISK}`,
    },
  };
}

function fileSystem(bytes: Uint8Array): Overwriting | undefined {
  const found = MARKS.find(({ at, mark }) =>
    [...mark].every((character, i) => bytes[at + i] === character.charCodeAt(0)),
  );
  if (found === undefined) return undefined;
  const bits = `the mark of ${found.content}: it was probably made there, ${AS_RAW_DISK}`;
  return {
    content: found.content,
    evidence: { source: 'first 4 KiB', fileOffset: found.at, value: '', bits },
  };
}

/** A table of this image or of another one with clusters of the same size. */
function table(source: ImageSource, clusterSize: number): Overwriting | undefined {
  const entries = entriesAt(source, 0, clusterSize);
  const [first] = entries;
  if (first === undefined) return undefined;
  const kind = leadsToTables(source, entries, clusterSize) ? 'an L1 table' : 'an L2 table';
  const names = `${countOf(entries.length, 'entry', 'entries')}, the first names ${formatOffset(first)}`;
  return ofFirst(`what looks like ${kind}`, `like ${kind}: ${names}`);
}

function content(bytes: Uint8Array): Overwriting | undefined {
  const found = recognizeContent({ view: dataViewOf(bytes), at: 0, length: bytes.length });
  return found === undefined ? undefined : ofFirst(found, found);
}

function ofFirst(what: string, bits: string): Overwriting {
  return { content: what, evidence: { source: 'first 4 KiB', fileOffset: 0, value: '', bits } };
}
