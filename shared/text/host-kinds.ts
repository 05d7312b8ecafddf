/** Words for what a cluster of an image file holds. */
import type { HostKind } from '../model/layout.ts';

/** Names of the kinds in sentences and tables. */
export const HOST_KIND_NAMES: Readonly<Record<HostKind, string>> = {
  header: 'header',
  refcountTable: 'refcount table',
  refcountBlock: 'refcount blocks',
  l1Table: 'active L1 table',
  l2Table: 'L2 tables',
  data: 'data',
  compressed: 'compressed data',
  zero: 'space of zero clusters',
  snapshotTable: 'snapshot tables',
  snapshotData: 'data of snapshots alone',
  bitmap: 'bitmaps',
  encryption: 'encryption header',
  clash: 'two things at once',
  leaked: 'leaked',
  free: 'free',
  tail: 'behind the image end',
};

/** What a reference to a kind of metadata leads to, in a sentence. */
export function metadataNoun(kind: HostKind): string {
  if (kind === 'l2Table') return 'L2 table';
  if (kind === 'snapshotTable') return 'snapshot table, or table of a snapshot,';
  return kind === 'bitmap' ? 'bitmap directory, table or bits' : HOST_KIND_NAMES[kind];
}
