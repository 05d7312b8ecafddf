/**
 * An L1 table whose place was given to something else: what is read through it is not the disk, and every finding about
 * the tables that it seems to name follows from that.
 *
 * qemu moves the L1 table when a disk grows. A second program that has the image open keeps writing through the earlier
 * table, and takes the new one's cluster, which is free to it: OpenNebula/one#1585.
 */
import {
  type Cause,
  type CausePlace,
  type FindingCollector,
  guestRange,
} from '../../../../shared/finding-collector.ts';
import type { Finding } from '../../../../shared/model/finding.ts';
import { formatCount, formatOffset } from '../../../../shared/text/offset.ts';
import { hex64 } from '../../format/bytes.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../../format/entry.ts';
import { EntryTable } from '../../read/entry-table.ts';
import { OVERWRITTEN } from '../../read/findings/map-findings.ts';
import type { Qcow2Image } from '../../read/image.ts';
import type { SlicedWork } from '../../read/sliced-work.ts';
import { KEEP_EVIDENCE } from './advice.ts';
import { ORPHAN_L1_SOURCE, ORPHAN_TABLE } from './orphan-tables.ts';

/** The id of the finding. */
export const REPLACED_L1 = 'QCOW2_L1_REPLACED';

/** L2 tables in which the L1 table's place is looked for: 16 MiB of clusters of 64 KiB. */
const MAX_TABLES = 256;

/** Adds the finding, where there is such a table. Throws QCOW2_READ_FAILED. */
export function* findReplacedL1(collector: FindingCollector, image: Qcow2Image): SlicedWork<void> {
  const { header, geometry } = image;
  const place = {
    ...guestRange(0, header.size, header.size),
    host: [header.l1TableOffset, Math.min(header.l1Size, geometry.l1Needed) * 8] as const,
  };
  const shown = header.l1Size === 0 ? undefined : image.snapshots.find(isOfSnapshot(image));
  if (shown !== undefined) {
    const what = `the header names the L1 table of snapshot ${JSON.stringify(shown.name)} as that of the disk: the disk shows what that snapshot holds, and a write to one changes both`;
    collector.add(replaced(what), place);
    return;
  }
  const orphan = collector.list().find(({ code }) => code === ORPHAN_TABLE);
  if (orphan === undefined || header.l1Size === 0) return;
  const earlier = orphan.evidence.find(({ source }) => source === ORPHAN_L1_SOURCE)?.fileOffset;
  const found =
    earlier === undefined || earlier === header.l1TableOffset
      ? undefined
      : yield* findInTables(image, earlier);
  if (found !== undefined) {
    const { what, evidence } = found;
    const named = `the cluster at ${formatOffset(header.l1TableOffset)}, which the header names as the L1 table, ${what}`;
    collector.add(replaced(`${named}: what is read through it is not the disk`), { ...place, evidence });
    return;
  }
  const lost = overwrittenTables(collector.list());
  const used = usedEntries(image);
  if (lost < 2 || 2 * lost <= used) return;
  const unnamed =
    orphan.count === 1
      ? 'a cluster that looks like a table is named by nothing'
      : `${formatCount(orphan.count)} clusters that look like tables are named by nothing`;
  const what = `${lost} of the ${used} entries of the L1 table at ${formatOffset(header.l1TableOffset)} lead to clusters that hold no L2 table, while ${unnamed}: something else was probably written over the L1 table, so that what is read through it is not the disk`;
  collector.add(replaced(what), place);
}

/** True for a snapshot whose L1 table the header names: qemu gives each snapshot a separate copy. */
function isOfSnapshot({ header }: Qcow2Image): (snapshot: Qcow2Image['snapshots'][number]) => boolean {
  return ({ unusable, l1TableOffset }) => unusable === undefined && l1TableOffset === header.l1TableOffset;
}

/** What an earlier L1 table says of the place of the present one. */
interface FoundPlace {
  readonly what: string;
  readonly evidence: CausePlace['evidence'] & object;
}

/** Looks for the place of the L1 table among the tables and the data that the table at `earlier` leads to. */
function* findInTables(image: Qcow2Image, earlier: number): SlicedWork<FoundPlace | undefined> {
  const { source, header, geometry } = image;
  const { clusterSize, l2Entries, entrySize } = geometry;
  const placeEnd = header.l1TableOffset + Math.max(8, Math.min(header.l1Size, geometry.l1Needed) * 8);
  const isPlace = (host: number) => host >= header.l1TableOffset && host < placeEnd;
  const table = new EntryTable(source, earlier, clusterSize / 8);
  const tables: number[] = [];
  const evidenceOf = (source: string, fileOffset: number, hi: number, lo: number) => ({
    source,
    fileOffset,
    value: hex64(hi, lo),
    bits: 'names the place of the L1 table',
  });
  for (let at = table.nextUsed(0, table.count); at < table.count; at = table.nextUsed(at + 1, table.count)) {
    const [hi, lo] = [table.hi(at), table.lo(at)];
    const host = entryOffset(hi, lo);
    if (isPlace(host))
      return {
        what: `is an L2 table of the disk by the table at ${formatOffset(earlier)}, which nothing refers to`,
        evidence: evidenceOf(`entry ${at} of the earlier L1 table`, earlier + at * 8, hi, lo),
      };
    if (tables.length < MAX_TABLES) tables.push(host);
  }
  for (const offset of tables) {
    yield;
    const entries = new EntryTable(source, offset, (l2Entries * entrySize) / 8);
    const step = entrySize / 8;
    for (let at = 0; at < entries.count; at += step) {
      const [hi, lo] = [entries.hi(at), entries.lo(at)];
      if ((hi & ENTRY_COMPRESSED_HI) !== 0 || !isPlace(entryOffset(hi, lo))) continue;
      return {
        what: `is guest data of the disk by the tables at ${formatOffset(earlier)} and ${formatOffset(offset)}, the first of which nothing refers to`,
        evidence: evidenceOf(`L2 entry ${at / step}`, offset + at * 8, hi, lo),
      };
    }
  }
  return undefined;
}

/** L2 tables that hold something else. */
function overwrittenTables(findings: readonly Finding[]): number {
  return findings.filter(({ id, count }) => id.startsWith('L2 table at ') && count >= OVERWRITTEN).length;
}

/** Entries of the L1 table that name a table. */
function usedEntries({ source, header, geometry }: Qcow2Image): number {
  const table = new EntryTable(source, header.l1TableOffset, Math.min(header.l1Size, geometry.l1Needed));
  let used = 0;
  for (let at = table.nextUsed(0, table.count); at < table.count; at = table.nextUsed(at + 1, table.count))
    used++;
  return used;
}

function replaced(what: string): Cause {
  return {
    id: REPLACED_L1,
    code: REPLACED_L1,
    severity: 'corruption',
    what: () => what,
    advice: `${KEEP_EVIDENCE}; \`qemu-img check -r\` frees the data of the disk, and \`cowscope map --infer\` reads the disk through the tables that are left`,
  };
}
