/** What a piece of metadata is, by where it lies and what refers to it. */
import type { HostKind } from '../../../shared/model/layout.ts';
import type { Qcow2Image } from '../read/image.ts';
import { CLUSTER_USE, OWNER_ACTIVE, OWNER_SNAPSHOTS } from './cluster-uses.ts';

/** True if snapshots refer to something, and nothing else does. */
function isOfSnapshots(owner: number): boolean {
  return owner > OWNER_ACTIVE && owner <= OWNER_SNAPSHOTS;
}

/** The kind of what a reference leads to; compressed streams and zeros aside. `use` is a bit of CLUSTER_USE. */
export function kindOfReference(image: Qcow2Image, offset: number, use: number, owner: number): HostKind {
  if (use === CLUSTER_USE.data) return 'data';
  if (use === CLUSTER_USE.snapshotData) return 'snapshotData';
  if (use === CLUSTER_USE.bitmap) return 'bitmap';
  const { header, extensions, snapshots } = image;
  if (offset === 0) return 'header';
  if (offset === header.refcountTableOffset) return 'refcountTable';
  if (offset === header.l1TableOffset) return 'l1Table';
  if (offset === header.snapshotsOffset && snapshots.length > 0) return 'snapshotTable';
  if (offset === extensions.encryptionHeader?.offset) return 'encryption';
  return isOfSnapshots(owner) ? 'snapshotTable' : 'l2Table';
}
