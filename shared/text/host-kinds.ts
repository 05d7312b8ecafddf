/** Words for what a cluster of an image file holds. */
import type { HostKind, HostLayout } from '../model/layout.ts';
import { formatCount, formatSize } from './offset.ts';

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

/** The letter of each kind, which is written on it where there is room; none for what is free. */
export const HOST_KIND_LETTERS: Readonly<Record<HostKind, string>> = {
  header: 'H',
  refcountTable: 'T',
  refcountBlock: 'R',
  l1Table: '1',
  l2Table: '2',
  data: 'D',
  compressed: 'C',
  zero: 'Z',
  snapshotTable: 'S',
  snapshotData: 's',
  bitmap: 'B',
  encryption: 'E',
  clash: '!',
  leaked: 'L',
  free: '',
  tail: 'x',
};

/** What each kind means, in a sentence. */
export const HOST_KIND_MEANINGS: Readonly<Record<HostKind, string>> = {
  header: 'The image header with its extensions.',
  refcountTable: 'The table that names the refcount blocks.',
  refcountBlock: 'How often each cluster of the file is referred to.',
  l1Table: 'The table of the active disk that names its L2 tables.',
  l2Table: 'Tables that say where each guest cluster of the active disk lies.',
  data: 'Data of the active disk; snapshots may share it.',
  compressed: 'Compressed data of the active disk.',
  zero: 'Space that is kept behind guest clusters that read as zeros.',
  snapshotTable: 'The snapshot table, and the tables of snapshots.',
  snapshotData: 'Data and saved machine state that only snapshots hold: deleting them frees it.',
  bitmap: 'Dirty bitmaps: their directory, tables and bits.',
  encryption: 'The encryption header with its key slots.',
  clash: 'Used as two things that exclude each other: the image is damaged here.',
  leaked: 'Counted as used, and nothing refers to it: space that is wasted.',
  free: 'Free inside the image: the next write may take it.',
  tail: 'Behind the last cluster that is counted or referred to.',
};

/** How many separate runs plain data is in, and for each GiB of it: how fragmented it is. */
export function dataRunsText(runs: number, bytes: number): string {
  if (runs === 0) return 'no runs';
  const text = runs === 1 ? '1 run' : `${formatCount(runs)} runs`;
  const gib = bytes / 2 ** 30;
  return gib < 1 ? text : `${text}, ${formatCount(Math.round(runs / gib))} a GiB`;
}

/**
 * That the file ends before its last cluster does, which sums of whole clusters count and sums of the file do not; only for a
 * layout of which that is so.
 */
export function endsInsideText({
  fileLength,
  imageEnd,
}: Pick<HostLayout, 'fileLength' | 'imageEnd'>): string {
  return `the file ends ${formatSize(imageEnd - fileLength)} before the last cluster does: the sums are of the file, not of whole clusters`;
}
