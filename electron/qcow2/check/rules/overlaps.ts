/** Clusters that several things use which exclude each other. qemu-img check says nothing where the refcount agrees. */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatCount } from '../../../../shared/text/offset.ts';
import { CLUSTER_USE } from '../../layout/cluster-uses.ts';
import { addGuests, type Suspect } from '../suspects.ts';
import { KEEP_EVIDENCE } from './advice.ts';

/** The id of the finding about a snapshot table that cannot be read. */
export const SNAPSHOT_TABLE = 'QCOW2_SNAPSHOT_TABLE';

/** What shares a cluster with what. */
const KINDS = {
  dataOnTable: {
    code: 'QCOW2_DATA_ON_METADATA',
    what: (n: number) =>
      `guest data is mapped onto metadata in ${places(n)}: reading it gives table bytes, and writing it destroys the tables`,
  },
  crossLink: {
    code: 'QCOW2_CROSS_LINK',
    what: (n: number) =>
      `${places(n)} of the file hold${n === 1 ? 's' : ''} the data of several guest clusters: at least one of them shows what belongs to another`,
  },
  tables: {
    code: 'QCOW2_TABLES_OVERLAP',
    what: (n: number) =>
      `several tables lie in ${places(n)} of the file: each is read as what the other wrote`,
  },
  bitmap: {
    code: 'QCOW2_BITMAP_OVERLAP',
    what: (n: number) =>
      `a dirty bitmap shares ${places(n)} of the file with something else: the next change of the bitmap destroys it, and the bitmap tells nothing`,
  },
} as const;

function places(count: number): string {
  return count === 1 ? '1 cluster' : `${formatCount(count)} clusters`;
}

/** The id of the finding that a shared cluster belongs to. */
export function overlapCode(suspect: Suspect): string {
  return KINDS[kindOf(suspect)].code;
}

/** Adds a cluster that several things use. */
export function addOverlap(collector: FindingCollector, suspect: Suspect, clusterSize: number): void {
  const { cluster, stored, references } = suspect;
  const { code, what } = KINDS[kindOf(suspect)];
  const cause: Cause = { id: code, code, severity: 'corruption', what, advice: KEEP_EVIDENCE };
  const host = cluster * clusterSize;
  collector.add(cause, {
    host: [host, clusterSize],
    evidence: {
      source: 'references',
      fileOffset: host,
      value: String(references),
      bits: [...usersOf(suspect), `refcount ${stored ?? 'not readable'}`].join('; '),
    },
  });
  addGuests(collector, cause, suspect, clusterSize);
}

/** What refers to a cluster: the first users by name, and how many references there are beside theirs. */
function usersOf({ users, references }: Suspect): string[] {
  const others = references - users.reduce((sum, { times }) => sum + times, 0);
  return [...users.map(({ name }) => name), ...(others > 0 ? [`${formatCount(others)} more`] : [])];
}

const TABLE_IN_DATA: Cause = {
  id: 'QCOW2_SNAPSHOT_TABLE_IN_DATA',
  code: 'QCOW2_SNAPSHOT_TABLE_IN_DATA',
  severity: 'hazard',
  what: () =>
    'the header names a cluster of guest data as its snapshot table: there is no table, and the data of the guest is whole',
  advice:
    'in a copy of the file set nb_snapshots (4 bytes at offset 60) to 0; `qemu-img check -r all` would overwrite this data',
  risksData: false,
  causedBy: SNAPSHOT_TABLE,
};

/** Adds a cluster of guest data that the header names as its snapshot table; nothing of a table is in it. */
export function addTableInData(collector: FindingCollector, suspect: Suspect, clusterSize: number): void {
  const { cluster, users } = suspect;
  const host = cluster * clusterSize;
  for (const { guest, name } of users) {
    if (guest < 0) continue;
    const evidence = {
      source: 'cluster of the snapshot table',
      fileOffset: host,
      value: '',
      bits: name,
    };
    collector.add(TABLE_IN_DATA, { guest: [guest, clusterSize], host: [host, clusterSize], evidence });
  }
}

function kindOf({ uses, users }: Suspect): keyof typeof KINDS {
  if ((uses & CLUSTER_USE.bitmap) !== 0) return 'bitmap';
  if ((uses & CLUSTER_USE.table) === 0) return 'crossLink';
  // A table that lies on another one also takes entries of that for its own.
  const tables = users.filter(({ use }) => use === CLUSTER_USE.table).length;
  return tables > 1 ? 'tables' : 'dataOnTable';
}
