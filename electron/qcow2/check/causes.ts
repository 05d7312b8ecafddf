/** Which findings follow from others. */
import { type Finding, touchesRange } from '../../../shared/model/finding.ts';
import { invalidTableId } from '../read/findings/map-causes.ts';
import { FOREIGN_TABLE, type ForeignTable } from './rules/foreign-tables.ts';
import { LONG_L1 } from './rules/long-l1.ts';
import { MISPLACED_REFCOUNTS } from './rules/misplaced-refcounts.ts';
import { ORPHAN_TABLE } from './rules/orphan-tables.ts';
import { LEAKED_CLUSTER, REFCOUNT_HIGH } from './rules/refcounts.ts';
import { REPLACED_L1 } from './rules/replaced-l1.ts';
import { HIDDEN_SNAPSHOTS } from './rules/snapshots.ts';
import { TWIN_L1 } from './rules/twin-l1.ts';

/** Codes about lost L2 tables: what each place of them referred to counts as leaked, the table itself perhaps too. */
const LOST_TABLES = [
  'QCOW2_L1_UNALIGNED',
  'QCOW2_L2_INVALID',
  FOREIGN_TABLE,
  'QCOW2_L2_EMPTY',
  'QCOW2_L1_FLAGS_ALONE',
  'QCOW2_TABLE_READ_FAILED',
  'QCOW2_TABLES_OVERLAP',
  'QCOW2_PAST_END',
];
/** Codes after which any number of clusters may count as leaked. */
const LOST_LISTS = [
  REPLACED_L1,
  TWIN_L1,
  MISPLACED_REFCOUNTS,
  'QCOW2_L1_TABLE',
  'QCOW2_L1_TOO_SMALL',
  HIDDEN_SNAPSHOTS,
  'QCOW2_SNAPSHOT_TABLE',
  'QCOW2_SNAPSHOT_L1',
  'QCOW2_BITMAPS_STALE',
  'QCOW2_BITMAPS_EXTENSION',
  'QCOW2_BITMAP_DIRECTORY',
  'QCOW2_BITMAP_ENTRY',
  'QCOW2_METADATA_PAST_END',
];
/** Codes of entries that no longer name their cluster. */
const LOST_ENTRIES = [
  'QCOW2_PAST_END',
  'QCOW2_ENTRY_UNALIGNED',
  'QCOW2_CROSS_LINK',
  'QCOW2_DATA_ON_METADATA',
  'QCOW2_BITMAP_OVERLAP',
  'QCOW2_BITMAP_TABLE',
  'QCOW2_STREAM_PAST_END',
  'QCOW2_SNAPSHOT_ENTRY',
  'QCOW2_COPIED_ALONE',
  'QCOW2_SUBCLUSTER_NOWHERE',
  'QCOW2_ZERO_IN_V2',
  'QCOW2_ENTRY_RESERVED',
  'QCOW2_REFCOUNT_BLOCK',
];

/** Codes of what else lies past the end of a file that was cut, beside the tables and data that its map finds missing. */
const PAST_END_TOO = [
  'QCOW2_CLUSTER_CUT',
  'QCOW2_ENTRY_OUTSIDE',
  'QCOW2_METADATA_PAST_END',
  'QCOW2_SPACE_PAST_END',
  'QCOW2_STREAM_PAST_END',
];

/**
 * The findings of `layer`, where all that lies past the end of the file is one cause; `others` are those that the header
 * shows. Those of them in which the file ends, such as a bitmap directory, are added twice where they follow from one.
 */
export function explainCut(
  findings: readonly Finding[],
  others: readonly Finding[],
  layer: number,
): readonly Finding[] {
  const cutLists = others.filter(({ what }) => what.startsWith('the file ends inside'));
  const root =
    findings.find(({ code }) => code === 'QCOW2_PAST_END') ??
    cutLists[0] ??
    findings.find(({ code }) => code === 'QCOW2_METADATA_PAST_END');
  if (root === undefined || root.causedBy !== undefined) return findings;
  const follow = (found: Finding) => ({ ...found, layer, causedBy: root.id });
  const isOfCut = ({ id, code, causedBy }: Finding) =>
    PAST_END_TOO.includes(code) && id !== root.id && causedBy === undefined;
  return [
    ...findings.map(found => (isOfCut(found) ? follow(found) : found)),
    ...cutLists.filter(({ id }) => id !== root.id).map(follow),
  ];
}

/**
 * The findings, where those of entries are all in tables that belong elsewhere: the file was not cut then, and entries past
 * the end of the disk do not leave it whole.
 */
export function explainForeign(
  findings: readonly Finding[],
  foreign: readonly ForeignTable[],
  clusterSize: number,
): readonly Finding[] {
  const pastEnd = foreign.reduce((sum, table) => sum + table.pastEnd, 0);
  const tableAt = (place = -1) =>
    foreign.find(({ offset }) => place >= offset && place < offset + clusterSize);
  const causeOf = ({ id, code, count, evidence }: Finding): string | undefined => {
    const own = foreign.find(({ offset }) => id === invalidTableId(offset));
    if (own !== undefined) return own.id;
    if (!OF_ENTRIES.includes(code) || (code === 'QCOW2_PAST_END' && count > pastEnd)) return undefined;
    const isOfEntries = evidence.every(
      ({ source, fileOffset }) => source.startsWith('L2 entry') && tableAt(fileOffset) !== undefined,
    );
    return isOfEntries ? tableAt(evidence[0]?.fileOffset)?.id : undefined;
  };
  if (foreign.length === 0) return findings;
  return findings.map(found => {
    const causedBy = causeOf(found);
    return causedBy === undefined ? found : { ...found, causedBy };
  });
}

/** The findings, where those of L2 entries are all in clusters that hold another table as well, and so are refcount blocks. */
export function explainOverlaps(findings: readonly Finding[]): readonly Finding[] {
  const overlap = findings.find(({ code }) => code === 'QCOW2_TABLES_OVERLAP');
  if (overlap === undefined || overlap.causedBy !== undefined) return findings;
  const isOfBlock = ({ code, host }: Finding) =>
    code === 'QCOW2_REFCOUNT_BLOCK_OVERWRITTEN' &&
    host.every(([start, length]) => touchesRange(overlap.host, start, start + length));
  const isOfOverlap = ({ causedBy, evidence }: Finding) =>
    causedBy === undefined &&
    evidence.length > 0 &&
    evidence.every(
      ({ source, fileOffset = -1 }) =>
        source.startsWith('L2 entry') && touchesRange(overlap.host, fileOffset, fileOffset + 1),
    );
  return findings.map(found =>
    isOfOverlap(found) || isOfBlock(found) ? { ...found, causedBy: overlap.id } : found,
  );
}

/** The findings, where entries past the end of the disk are all in tables that were overwritten: it is not whole then. */
export function explainOutside(findings: readonly Finding[], clusterSize: number): readonly Finding[] {
  const overwritten = new Map(
    findings.filter(({ code }) => code === 'QCOW2_L2_INVALID').map(({ id }) => [id, id]),
  );
  const causeOf = ({ evidence }: Finding): string | undefined => {
    const tables = evidence.map(({ fileOffset = -1 }) =>
      overwritten.get(invalidTableId(Math.floor(fileOffset / clusterSize) * clusterSize)),
    );
    return tables.includes(undefined) ? undefined : tables[0];
  };
  return findings.map(found => {
    const causedBy = found.code === 'QCOW2_ENTRY_OUTSIDE' ? causeOf(found) : undefined;
    return causedBy === undefined || found.causedBy !== undefined ? found : { ...found, causedBy };
  });
}

/** Codes of L2 entries that say nothing of what the table is. */
const OF_ENTRIES = [
  'QCOW2_PAST_END',
  'QCOW2_SPACE_PAST_END',
  'QCOW2_CLUSTER_CUT',
  'QCOW2_ENTRY_OUTSIDE',
  'QCOW2_ENTRY_RESERVED',
  'QCOW2_COPIED_ALONE',
];

/** Codes of what follows from a header that names a wrong place as the refcount table. */
const OF_REFCOUNT_TABLE = ['QCOW2_REFCOUNT_BLOCK', 'QCOW2_REFCOUNTS_GONE'];

/** The findings, where those about single refcount blocks follow from a refcount table that is none. */
export function explainRefcounts(findings: readonly Finding[]): readonly Finding[] {
  if (!findings.some(({ id }) => id === MISPLACED_REFCOUNTS)) return findings;
  return findings.map(found =>
    OF_REFCOUNT_TABLE.includes(found.code) ? { ...found, causedBy: MISPLACED_REFCOUNTS } : found,
  );
}

/** The findings, where wrong copied flags of L1 entries follow from an L1 table that was written over another one. */
export function explainTwins(findings: readonly Finding[]): readonly Finding[] {
  const twin = findings.find(({ code }) => code === TWIN_L1);
  if (twin === undefined) return findings;
  const isOfL1 = ({ code, causedBy, count, evidence }: Finding) =>
    code.startsWith('QCOW2_COPIED_') &&
    causedBy === undefined &&
    count === evidence.length &&
    evidence.every(({ source }) => source.startsWith('L1 entry'));
  return findings.map(found => (isOfL1(found) ? { ...found, causedBy: twin.id } : found));
}

/** Codes of what tables show that are read through the active L1 table. */
const OF_TABLES = [
  ...LOST_TABLES,
  ...LOST_ENTRIES.filter(
    code => !['QCOW2_BITMAP_TABLE', 'QCOW2_SNAPSHOT_ENTRY', 'QCOW2_REFCOUNT_BLOCK'].includes(code),
  ),
  ORPHAN_TABLE,
  TWIN_L1,
  'QCOW2_COMPRESSED_WITH_DATA_FILE',
  'QCOW2_COPIED_CLEAR',
  'QCOW2_COPIED_SET',
  'QCOW2_DATA_FILE_OFFSET',
  'QCOW2_ENTRY_OUTSIDE',
  'QCOW2_L2_SHARED',
  'QCOW2_PAST_DATA_FILE_END',
  'QCOW2_REFCOUNT_LOW',
  'QCOW2_REFCOUNT_OVERFLOW',
  'QCOW2_REFCOUNT_ZERO',
  'QCOW2_SPACE_PAST_END',
  'QCOW2_CLUSTER_CUT',
  'QCOW2_SUBCLUSTER_BOTH',
];

/** The findings, where those of the active disk's tables follow from the L1 table, if that is not the disk's or is longer than it is. */
export function explainTables(findings: readonly Finding[]): readonly Finding[] {
  const wrong = findings.find(({ code }) => code === REPLACED_L1 || code === LONG_L1);
  if (wrong === undefined) return findings;
  return findings.map(found => (OF_TABLES.includes(found.code) ? { ...found, causedBy: wrong.id } : found));
}

/** Codes of what follows where the header claims an external data file that an image does not have. */
const OF_DATA_FILE = [
  'QCOW2_DATA_FILE_OFFSET',
  'QCOW2_COMPRESSED_WITH_DATA_FILE',
  'QCOW2_SNAPSHOT_DATA_FILE',
  LEAKED_CLUSTER.code,
];

/**
 * The findings, where all that is wrong with data in an external file follows from the header, which names none; `others` are
 * those that the header shows.
 */
export function explainDataFile(
  findings: readonly Finding[],
  others: readonly Finding[],
): readonly Finding[] {
  const unnamed = others.find(({ code }) => code === 'QCOW2_DATA_FILE_NAME');
  if (unnamed === undefined) return findings;
  return findings.map(found =>
    OF_DATA_FILE.includes(found.code) ? { ...found, causedBy: unnamed.id } : found,
  );
}

/**
 * The findings, where the clusters that nothing refers to, `leaked` of them, name the finding that explains them: one
 * that lost at least as many references. What lost tables shared with others counts too high. `others` are those that
 * the header shows; an L2 table has `l2Entries`.
 */
export function explainLeaks(
  findings: readonly Finding[],
  others: readonly Finding[],
  leaked: number,
  l2Entries: number,
): readonly Finding[] {
  const roots = [...findings, ...others].filter(({ causedBy }) => causedBy === undefined);
  const lostBy = ({ code, count, evidence }: Finding): number => {
    if (LOST_LISTS.includes(code)) return Number.POSITIVE_INFINITY;
    // A table that was overwritten is one, however many of its entries are counted.
    if (code === 'QCOW2_L2_INVALID') return l2Entries + 1;
    const sources = evidence.map(({ source }) => source);
    // The L1 table itself, tables, or data alone.
    if (code === 'QCOW2_PAST_END' && sources.includes('size of the file')) return Number.POSITIVE_INFINITY;
    const isOfTables = code !== 'QCOW2_PAST_END' || sources.some(source => source.startsWith('L1 entry'));
    if (LOST_TABLES.includes(code) && isOfTables) return count * (l2Entries + 1);
    if (code === ORPHAN_TABLE) return Number.POSITIVE_INFINITY;
    return LOST_ENTRIES.includes(code) ? count : 0;
  };
  // Several lost tables share the leaks: the first stands for them.
  const tables = roots.filter(({ code }) => LOST_TABLES.includes(code));
  const sum = tables.reduce((bytes, found) => bytes + lostBy(found), 0);
  const [first] = [LOST_TABLES, LOST_LISTS, LOST_ENTRIES, [ORPHAN_TABLE]].flatMap(codes =>
    codes.flatMap(code =>
      roots.filter(found => found.code === code && (codes === LOST_TABLES ? sum : lostBy(found)) >= leaked),
    ),
  );
  if (first === undefined) return findings;
  const isLoss = [...LOST_TABLES, ...LOST_LISTS].includes(first.code);
  const follows = ({ id, code, causedBy }: Finding) =>
    id !== first.id &&
    causedBy === undefined &&
    (code === LEAKED_CLUSTER.code || (isLoss && (code === ORPHAN_TABLE || code === REFCOUNT_HIGH.code)));
  return findings.map(found => (follows(found) ? { ...found, causedBy: first.id } : found));
}

/** Codes of hazards after which leaked clusters may hold what the disk or a snapshot lost. */
const MAY_HAVE_LOST: readonly string[] = [ORPHAN_TABLE, 'QCOW2_L2_EMPTY', HIDDEN_SNAPSHOTS];

/** The code of the hazard that makes leaked clusters more than wasted space; undefined where there is none. */
export function lossBehindLeaks(findings: readonly Finding[]): string | undefined {
  return findings.find(
    ({ code, severity, causedBy }) =>
      MAY_HAVE_LOST.includes(code) && severity === 'hazard' && causedBy === undefined,
  )?.code;
}

/**
 * The findings with causes that are findings of the same image and follow from nothing themselves; `others` are those
 * that its header shows. A cause that was not found explains nothing.
 */
export function resolveCauses(findings: readonly Finding[], others: readonly Finding[]): Finding[] {
  const all = new Map([...others, ...findings].map(found => [found.id, found]));
  const find = (id: string): Finding | undefined =>
    all.get(id) ?? [...all.values()].find(other => other.id.startsWith(`${id} by `));
  const rootOf = (finding: Finding): string | undefined => {
    const seen = new Set([finding.id]);
    let root: string | undefined;
    for (let id = finding.causedBy; id !== undefined; ) {
      const cause = find(id);
      if (cause === undefined || seen.has(cause.id)) break;
      seen.add(cause.id);
      root = cause.id;
      id = cause.causedBy;
    }
    return root;
  };
  return findings.map(finding => {
    const { causedBy: _, ...rest } = finding;
    const root = rootOf(finding);
    return root === undefined ? rest : { ...rest, causedBy: root };
  });
}
