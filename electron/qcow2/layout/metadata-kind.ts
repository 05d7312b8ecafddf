/** What a piece of metadata is, by where it lies and what refers to it. */
import type { HostKind } from '../../../shared/model/layout.ts';
import type { Qcow2Image } from '../read/image.ts';
import { ACTIVE, SNAPSHOTS, USE } from './cluster-uses.ts';

/** True if snapshots refer to something, and nothing else does. */
function isOfSnapshots(owner: number): boolean {
  return owner > ACTIVE && owner <= SNAPSHOTS;
}

/** The kind of what a reference with `use` (a bit of USE) by `owner` leads to; compressed streams and zeros aside. */
export function kindOfReference(image: Qcow2Image, offset: number, use: number, owner: number): HostKind {
  if (use === USE.data) return 'data';
  if (use === USE.snapshotData) return 'snapshotData';
  if (use === USE.bitmap) return 'bitmap';
  const { header, extensions, snapshots } = image;
  if (offset === 0) return 'header';
  if (offset === header.refcountTableOffset) return 'refcountTable';
  if (offset === header.l1TableOffset) return 'l1Table';
  if (offset === header.snapshotsOffset && snapshots.length > 0) return 'snapshotTable';
  if (offset === extensions.encryptionHeader?.offset) return 'encryption';
  return isOfSnapshots(owner) ? 'snapshotTable' : 'l2Table';
}
