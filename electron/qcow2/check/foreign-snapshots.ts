/** Why qemu refuses a snapshot table for its extra data: canonical/multipass#2321. */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import { checkTable } from '../format/header.ts';
import { MAX_L1_BYTES, MAX_SNAPSHOT_EXTRA_BYTES } from '../format/limits.ts';
import { recognizeContent } from '../format/table-content.ts';
import { readBytes, sizeNow } from '../read/source.ts';
import { type CauseInput, causeNote, rootFinding } from './cause-note.ts';

/** An entry's fields before its extra data. */
const FIXED_BYTES = 40;
/** qemu numbers snapshots with at most 10 digits. */
const MAX_ID_LENGTH = 10;

/** The cause of an entry with more extra data than qemu takes. */
export function foreignSnapshots(input: CauseInput): Finding[] {
  const { image, layer } = input;
  const { header, snapshots, source } = image;
  const explained = rootFinding(input, 'QCOW2_SNAPSHOT_TABLE');
  // Where guest data lies in its place, that is another finding.
  const isData = input.findings.some(({ code }) => code === 'QCOW2_SNAPSHOT_TABLE_IN_DATA');
  if (explained === undefined || isData || header.snapshotsOffset === 0) return [];
  const last = snapshots.at(-1);
  const end = last === undefined ? header.snapshotsOffset : last.fileOffset + last.length;
  const bytes = readBytes(source, Math.ceil(end / 8) * 8, 2 ** header.clusterBits);
  const view = dataViewOf(bytes);
  if (bytes.length < FIXED_BYTES || view.getUint32(36) <= MAX_SNAPSHOT_EXTRA_BYTES) return [];
  const content = recognizeContent({ view, at: 0, length: bytes.length });
  if (content !== undefined) {
    const what = `${content === 'refcounts' ? 'a refcount block' : 'data of the guest or of another file'} was written over the snapshot table: its cluster was given out twice, or two programs wrote to the file`;
    return [causeNote(layer, explained, 'likely', what)];
  }
  const l1Size = view.getUint32(8);
  const idLength = view.getUint16(12);
  const isEntry =
    checkTable(uint64At(view, 0), l1Size, 8, MAX_L1_BYTES, 2 ** header.clusterBits) === undefined &&
    uint64At(view, 0) > 0 &&
    uint64At(view, 0) + l1Size * 8 <= sizeNow(source) &&
    idLength > 0 &&
    idLength <= MAX_ID_LENGTH;
  if (!isEntry) return [];
  const what = `a program that is not qemu wrote the snapshot table: the entry's L1 table and id are in order, and it claims ${view.getUint32(36)} bytes of extra data, of which qemu writes 24`;
  return [causeNote(layer, explained, 'possible', what)];
}
