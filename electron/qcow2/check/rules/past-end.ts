/** What lies past the end of the file and is no data of the active disk: the map of that disk shows its own. */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { hex } from '../../format/bytes.ts';
import { IMAGE, ownerOfSnapshot, USE } from '../../layout/cluster-uses.ts';
import type { Qcow2Image } from '../../read/image.ts';
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
  if (use === USE.data || use === USE.snapshotData) return; // reported with its entry
  if (use === 0) {
    if (offset < fileLength) addTo(collector, LONG_STREAM, 'compressed data', offset, length, fileLength);
    return;
  }
  if (use === USE.table && !isOfImage(image, offset) && owner < ownerOfSnapshot(0)) return;
  if (use === USE.table && !isOfImage(image, offset) && owner === IMAGE) return;
  const name = metadataName(image, offset, use, ownerName(owner));
  addTo(collector, METADATA, name, offset, length, fileLength);
}

function addTo(
  collector: FindingCollector,
  cause: Cause,
  source: string,
  offset: number,
  length: number,
  fileLength: number,
): void {
  collector.add(
    cause,
    collector.wantsEvidence(cause.id)
      ? {
          host: [offset, length],
          evidence: {
            source,
            value: hex(offset),
            bits: `${length} bytes; the file ends at ${hex(fileLength)}`,
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
    `${count === 1 ? 'a table or a part of a bitmap lies' : `${count} tables or parts of bitmaps lie`} past the end of the file: what it held is lost`,
  advice: 'copy the file again from where it came, or restore it from a backup; write nothing to this one',
};

const LONG_STREAM: Cause = {
  id: 'QCOW2_STREAM_PAST_END',
  code: 'QCOW2_STREAM_PAST_END',
  severity: 'corruption',
  what: count =>
    `the recorded length of ${count === 1 ? 'a compressed cluster reaches' : `${count} compressed clusters reaches`} past the end of the file: the length is wrong, or the data was cut off`,
  advice:
    'a check of all data tells whether the data can still be decompressed: `cowscope check --deep`, or “Check all data” in the window',
};
