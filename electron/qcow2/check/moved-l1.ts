/**
 * Where the earlier L1 table of a disk is still in use, or that of a snapshot which was lost: `rules/replaced-l1.ts`.
 */
import type { Finding } from '../../../shared/model/finding.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { entryOffset } from '../format/entry.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import { type CauseInput, causeNote } from './cause-note.ts';
import { ORPHAN_L1_SOURCE, ORPHAN_TABLE } from './rules/orphan-tables.ts';
import { REPLACED_L1 } from './rules/replaced-l1.ts';

/** What an orphaned L1 table has in common with the disk's. */
interface Kinship {
  /** Tables that it names. */
  readonly named: number;
  /** Those that the disk's table names in the same place: counted once, or more often. */
  readonly once: number;
  readonly counted: number;
}

/** The cause of a table that nothing refers to and that names tables as an L1 table does. */
export function movedL1({ image, layer, findings }: CauseInput): Finding[] {
  const explained = findings.find(({ code }) => code === ORPHAN_TABLE);
  const offset = explained?.evidence.find(({ source }) => source === ORPHAN_L1_SOURCE)?.fileOffset;
  if (explained !== undefined && offset === undefined) return emptyL1(image, layer, explained);
  // The disk's own table, where only its length is damaged, has a finding.
  if (explained === undefined || offset === undefined || offset === image.header.l1TableOffset) return [];
  const replaced = findings.find(({ code }) => code === REPLACED_L1);
  const root = replaced ?? findings.find(({ id }) => id === explained.causedBy) ?? explained;
  if (/^QCOW2_SNAPSHOT/.test(root.code)) return []; // it is the table of a snapshot
  if (root.code === REPLACED_L1 && root.evidence.length === 0) return [];
  const { named, once, counted } = compare(image, offset);
  const names = `the table at ${formatOffset(offset)} names ${named} ${named === 1 ? 'table' : 'tables'}`;
  if (replaced?.evidence.length === 1) {
    const what = `the L1 table was moved by a resize while another program wrote to the image through the earlier one, and took the new place: ${names}. With --infer the disk is read through it`;
    return [causeNote(layer, replaced, 'likely', what)];
  }
  // A snapshot counts the tables that it shares; an earlier L1 table of the disk does not.
  if (counted > 0) {
    const what = `an internal snapshot is no longer in the snapshot table: ${names}, ${counted} of which the disk shares and counts twice`;
    return [causeNote(layer, root, 'likely', what)];
  }
  if (once === 0) {
    const what = `the L1 table was moved or the header names a wrong place, or a snapshot was lost: ${names} as an L1 table does`;
    return [causeNote(layer, root, 'possible', what)];
  }
  const sign = `${once} of which the L1 table names in the same ${once === 1 ? 'place' : 'places'}`;
  const what = `the L1 table was moved by a resize while another program wrote to the image through the earlier one: ${names}, ${sign}. With --infer the disk is read through it`;
  return [causeNote(layer, root, 'likely', what)];
}

/** The cause of tables that nothing refers to, where the L1 table that named them holds nothing. */
function emptyL1({ source, header, geometry }: Qcow2Image, layer: number, explained: Finding): Finding[] {
  if (explained.causedBy !== undefined || header.l1Size === 0) return [];
  const active = new EntryTable(source, header.l1TableOffset, Math.min(header.l1Size, geometry.l1Needed));
  if (active.count === 0 || active.nextUsed(0, active.count) < active.count) return [];
  const what = `the L1 table at ${formatOffset(header.l1TableOffset)} was zeroed or punched, or not written before a crash: it holds no entry, and tables of a disk are left. With --infer the disk is read by them`;
  return [causeNote(layer, explained, 'likely', what)];
}

function compare({ source, header, geometry }: Qcow2Image, offset: number): Kinship {
  const orphan = new EntryTable(source, offset, geometry.clusterSize / 8);
  const active = new EntryTable(source, header.l1TableOffset, Math.min(header.l1Size, geometry.l1Needed));
  const { count } = orphan;
  let [named, once, counted] = [0, 0, 0];
  for (let at = orphan.nextUsed(0, count); at < count; at = orphan.nextUsed(at + 1, count)) {
    const table = entryOffset(orphan.hi(at), orphan.lo(at));
    named++;
    if (at >= active.count || entryOffset(active.hi(at), active.lo(at)) !== table) continue;
    if (active.hi(at) >>> 31 === 1) once++;
    else counted++;
  }
  return { named, once, counted };
}
