/** What the parts of an image file beside L2 tables and refcount blocks are called. */
import { formatOffset } from '../../../shared/text/offset.ts';
import { CLUSTER_USE } from '../layout/cluster-uses.ts';
import type { Qcow2Image } from '../read/image.ts';

/**
 * The metadata that begins at an offset of the file, as text. `use` is a bit of CLUSTER_USE, `owner` whose L1 or L2 table
 * it would be. Untrusted text.
 */
export function metadataName(image: Qcow2Image, offset: number, use: number, owner: string): string {
  const { header, extensions, snapshots, bitmaps } = image;
  const at = `at ${formatOffset(offset)}`;
  if (offset === 0) return 'the header';
  if (offset === header.l1TableOffset) return `the active L1 table ${at}`;
  if (offset === header.snapshotsOffset && header.storedSnapshotCount > 0) return `the snapshot table ${at}`;
  if (offset === extensions.encryptionHeader?.offset) return `the encryption header ${at}`;
  if (offset === extensions.bitmaps?.directoryOffset) return `the bitmap directory ${at}`;
  if (use === CLUSTER_USE.bitmap) {
    const bitmap = bitmaps.find(({ tableOffset }) => tableOffset === offset);
    return bitmap === undefined
      ? `bits of a bitmap ${at}`
      : `the table of bitmap ${JSON.stringify(bitmap.name)} ${at}`;
  }
  if (snapshots.some(({ l1TableOffset }) => l1TableOffset === offset))
    return `the L1 table of ${owner} ${at}`;
  if (offset === header.refcountTableOffset) return `the refcount table ${at}`;
  return `an L2 table of ${owner} ${at}`;
}
