/** L1 tables of two disks that name the same L2 tables, where these count for one of them: one was written over the other. */
import { causeOf, type FindingCollector, guestRange } from '../../../../shared/finding-collector.ts';
import { formatOffset } from '../../../../shared/text/offset.ts';
import { hex } from '../../format/bytes.ts';
import { entryOffset } from '../../format/entry.ts';
import { OWNER_ACTIVE } from '../../layout/cluster-uses.ts';
import type { L1Reference } from '../../layout/l2-tables.ts';
import { EntryTable } from '../../read/entry-table.ts';
import type { Qcow2Image } from '../../read/image.ts';
import type { SlicedWork } from '../../read/sliced-work.ts';
import type { Suspects } from '../suspects.ts';
import type { TableNames } from '../table-names.ts';
import { KEEP_EVIDENCE } from './advice.ts';

/** The code of the finding. */
export const TWIN_L1 = 'QCOW2_L1_TWIN';

/** L1 tables that are compared, and entries of one: more of them are passed over. */
const MAX_TABLES = 256;
const MAX_ENTRIES = 2 ** 14;
/** Clusters that count too low without which a wrong refcount of one table explains as much. */
const MIN_LOW = 2;

/** What is compared, and the clusters that count too low. */
export interface TwinL1Input {
  readonly image: Qcow2Image;
  readonly places: readonly L1Reference[];
  readonly names: TableNames;
  readonly suspects: Suspects;
  /** True where clusters are counted that nothing refers to: the lost L1 table may have led to them. */
  readonly hasLeaks: boolean;
}

/**
 * Adds such pairs; returns by the number of an L2 table the id of the finding that explains why it counts once less.
 * Throws QCOW2_READ_FAILED.
 */
export function* findTwinL1(
  collector: FindingCollector,
  input: TwinL1Input,
): SlicedWork<Map<number, string>> {
  const { image, places } = input;
  const explained = new Map<number, string>();
  const low = [...input.suspects.all()].filter(
    ({ stored, references }) => stored !== undefined && stored < references,
  );
  if (places.length < 2 || places.length > MAX_TABLES || low.length < MIN_LOW) return explained;
  const groups = new Map<string, { readonly tables: readonly number[]; readonly places: L1Reference[] }>();
  for (const place of places) {
    yield;
    const entries = entriesOf(image, place);
    if (entries === undefined || entries.length === 0) continue;
    const key = entries.map(([at, table]) => `${at} ${table}`).join();
    const group = groups.get(key) ?? { tables: entries.map(([, table]) => table), places: [] };
    if (group.places.every(({ offset }) => offset !== place.offset)) group.places.push(place);
    groups.set(key, group);
  }
  for (const { tables, places: same } of groups.values()) {
    const less = tables.filter(table => countsOnceLess(input, table));
    // A snapshot that was just taken has the entries of the disk: a single wrong refcount is no sign then.
    if (same.length < 2 || less.length === 0) continue;
    if (2 * less.length <= tables.length && !input.hasLeaks) continue;
    const id = addTwins(collector, input, same, less.length);
    for (const table of less) explained.set(input.names.indexOf(table), id);
  }
  return explained;
}

/** The entries that name a table: their numbers, and where the tables lie. Undefined where they are too many. */
function entriesOf({ source }: Qcow2Image, { offset, entries }: L1Reference): [number, number][] | undefined {
  if (entries > MAX_ENTRIES) return undefined;
  const table = new EntryTable(source, offset, entries);
  const used: [number, number][] = [];
  for (let at = table.nextUsed(0, table.count); at < table.count; at = table.nextUsed(at + 1, table.count)) {
    const host = entryOffset(table.hi(at), table.lo(at));
    if (host !== 0) used.push([at, host]);
  }
  return used;
}

/** True if an L2 table has one reference more than it is counted. */
function countsOnceLess({ image, suspects }: TwinL1Input, table: number): boolean {
  const suspect = suspects.get(table / image.geometry.clusterSize);
  return suspect?.stored !== undefined && suspect.references === suspect.stored + 1;
}

/** Adds the finding about L1 tables of which one was written over another; returns its id. */
function addTwins(
  collector: FindingCollector,
  { image, names }: TwinL1Input,
  places: readonly L1Reference[],
  tables: number,
): string {
  const { size } = image.header;
  const tableTexts = places.map(({ offset, owner }) => {
    const whose = owner === OWNER_ACTIVE ? 'the disk' : names.ownerName(owner);
    return `the L1 table of ${whose} at ${formatOffset(offset)}`;
  });
  const all = `${tableTexts.slice(0, -1).join(', ')} and ${tableTexts.at(-1)}`;
  const id = `${TWIN_L1} at ${hex((places[0] as L1Reference).offset)}`;
  const cause = causeOf({
    id,
    code: TWIN_L1,
    severity: 'corruption',
    what: `${all} hold the same entries, and ${tables === 1 ? 'an L2 table that they name counts' : `${tables} L2 tables that they name count`} once less than that: one of these L1 tables was written over another, and what that showed is lost to it`,
    advice: `${KEEP_EVIDENCE}; do not run \`qemu-img check -r\` on the only copy, which frees what the lost table named, and delete no snapshot`,
  });
  for (const [index, { offset, entries, isActive }] of places.entries())
    collector.add(cause, {
      ...(isActive ? guestRange(0, size, size) : {}),
      host: [offset, entries * 8],
      evidence: {
        source: tableTexts[index] as string,
        fileOffset: offset,
        value: `${entries} ${entries === 1 ? 'entry' : 'entries'}`,
        bits: '',
      },
    });
  return id;
}
