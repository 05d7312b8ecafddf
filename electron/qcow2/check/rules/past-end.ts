/** What lies past the end of the file and is no data of the active disk: the map of that disk shows its own. */
import { dataViewOf } from '../../../../shared/bytes.ts';
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import type { Range } from '../../../../shared/model/finding.ts';
import { formatCount, formatOffset } from '../../../../shared/text/offset.ts';
import { hex, hexAt } from '../../format/bytes.ts';
import { ENCRYPTION } from '../../format/extensions.ts';
import { CLUSTER_USE, OWNER_IMAGE, ownerOfSnapshot } from '../../layout/cluster-uses.ts';
import type { Qcow2Image } from '../../read/image.ts';
import { readBytes } from '../../read/source.ts';
import { metadataName } from '../metadata-names.ts';

/** A reference that ends a cluster or more past the end of the file; `use` is 0 for a compressed stream. */
export interface PastEndReference {
  readonly offset: number;
  readonly length: number;
  readonly owner: number;
  readonly use: number;
}

/** Adds such a reference, unless the map of the active disk tells of it. */
export function addPastEnd(
  collector: FindingCollector,
  image: Qcow2Image,
  fileLength: number,
  { offset, length, owner, use }: PastEndReference,
  ownerName: (owner: number) => string,
): void {
  if (use === CLUSTER_USE.data || use === CLUSTER_USE.snapshotData) return; // reported with its entry
  if (use === 0) {
    if (offset < fileLength)
      addTo(
        collector,
        LONG_STREAM,
        'compressed data',
        { offset: hex(offset), length: String(length) },
        fileLength,
        [offset, length],
      );
    return;
  }
  if (use === CLUSTER_USE.table && !isOfImage(image, offset) && owner < ownerOfSnapshot(0)) return;
  if (use === CLUSTER_USE.table && !isOfImage(image, offset) && owner === OWNER_IMAGE) return;
  const name = metadataName(image, offset, use, ownerName(owner));
  addTo(collector, METADATA, name, exactPlace(image, offset, length), fileLength, [offset, length]);
}

/** A place in exact digits: 64-bit fields of the header and of the bitmap directory lose some as numbers above 2^53. */
function exactPlace(
  { source, bitmaps, extensions }: Qcow2Image,
  offset: number,
  length: number,
): { readonly offset: string; readonly length: string } {
  const rounded = { offset: hex(offset), length: String(length) };
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length)) return rounded;
  const bitmap = bitmaps.find(({ tableOffset }) => tableOffset === offset);
  if (bitmap !== undefined)
    return { ...rounded, offset: hexAt(dataViewOf(readBytes(source, bitmap.fileOffset, 8)), 0) };
  const encryption = extensions.entries.find(({ type }) => type === ENCRYPTION);
  if (encryption === undefined || extensions.encryptionHeader?.offset !== offset) return rounded;
  const fields = dataViewOf(readBytes(source, encryption.offset, 16));
  return { offset: hexAt(fields, 0), length: String(fields.getBigUint64(8)) };
}

function addTo(
  collector: FindingCollector,
  cause: Cause,
  source: string,
  place: { readonly offset: string; readonly length: string },
  fileLength: number,
  host: Range,
): void {
  collector.add(
    cause,
    collector.wantsEvidence(cause.id)
      ? {
          host,
          evidence: {
            source,
            value: place.offset,
            bits: `${place.length} bytes; the file ends at ${formatOffset(fileLength)}`,
          },
        }
      : {},
  );
}

/** True for a table that the header names and that is no L1 table. */
function isOfImage({ header, extensions }: Qcow2Image, offset: number): boolean {
  return (
    offset === header.refcountTableOffset ||
    offset === header.snapshotsOffset ||
    offset === extensions.encryptionHeader?.offset
  );
}

const METADATA: Cause = {
  id: 'QCOW2_METADATA_PAST_END',
  code: 'QCOW2_METADATA_PAST_END',
  severity: 'corruption',
  what: count =>
    `${count === 1 ? 'a table or a part of a bitmap lies' : `${formatCount(count)} tables or parts of bitmaps lie`} past the end of the file: what it held is lost`,
  advice: 'copy the file again from where it came, or restore it from a backup; write nothing to this one',
};

const LONG_STREAM: Cause = {
  id: 'QCOW2_STREAM_PAST_END',
  code: 'QCOW2_STREAM_PAST_END',
  severity: 'corruption',
  what: count =>
    `the recorded length of ${count === 1 ? 'a compressed cluster reaches' : `${formatCount(count)} compressed clusters reaches`} past the end of the file: the length is wrong, or the data was cut off`,
  advice:
    'a check of all data tells whether the data can still be decompressed: `cowscope check --deep`, or “Check all data” in the window',
};
