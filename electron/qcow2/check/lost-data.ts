/** Clusters that nothing refers to, named by what they probably are: the data of tables or entries that were lost. */
import type { Finding } from '../../../shared/model/finding.ts';
import { countOf, formatCount } from '../../../shared/text/offset.ts';
import { LEAKED_CLUSTER } from './rules/refcounts.ts';

/** Codes of L2 tables that are lost while the clusters that they named are still there. */
const TABLES: readonly string[] = [
  'QCOW2_L2_INVALID',
  'QCOW2_L2_EMPTY',
  'QCOW2_L1_UNALIGNED',
  'QCOW2_L1_FLAGS_ALONE',
  'QCOW2_TABLE_READ_FAILED',
];
/** Codes of L2 entries that name something else than their cluster. */
const ENTRIES: readonly string[] = [
  'QCOW2_ENTRY_UNALIGNED',
  'QCOW2_CROSS_LINK',
  'QCOW2_DATA_ON_METADATA',
  'QCOW2_COPIED_ALONE',
  'QCOW2_SUBCLUSTER_NOWHERE',
  'QCOW2_ZERO_IN_V2',
];

const ADVICE =
  'do not free them: `qemu-img check -r` gives them to new data; copy the file first, what was lost may be read from these clusters';

/**
 * The findings of one image, where the clusters that nothing refers to are said to be the lost data if the finding that
 * explains them is about lost tables or entries. An L2 table has `l2Entries`.
 */
export function tellLostData(findings: readonly Finding[], l2Entries: number): Finding[] {
  return findings.map(found => {
    if (found.code !== LEAKED_CLUSTER.code || found.causedBy === undefined) return found;
    const cause = findings.find(({ id }) => id === found.causedBy);
    const whose = cause === undefined ? undefined : lostBy(cause, findings, l2Entries);
    if (whose === undefined) return found;
    return { ...found, what: `${found.what}: likely the data of ${whose}`, advice: ADVICE };
  });
}

/** What lost its clusters; all lost tables together, of which one stands for them. */
function lostBy(cause: Finding, findings: readonly Finding[], l2Entries: number): string | undefined {
  if (ENTRIES.includes(cause.code)) return cause.count === 1 ? 'the wrong entry' : 'the wrong entries';
  if (!TABLES.includes(cause.code)) return undefined;
  const tables = findings
    .filter(({ code, causedBy }) => causedBy === undefined && TABLES.includes(code))
    // Of a table that was overwritten, entries are counted.
    .reduce((sum, { code, count }) => sum + (code === 'QCOW2_L2_INVALID' ? 1 : count), 0);
  const named = formatCount(tables * l2Entries);
  return tables === 1
    ? `the lost table, which can name ${named}`
    : `the ${countOf(tables, 'lost table')}, which can name ${named}`;
}
