/** Clusters that several things use which exclude each other. qemu-img check says nothing where the refcount agrees. */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { hex } from '../../format/bytes.ts';
import { USE } from '../../layout/cluster-uses.ts';
import type { Suspect } from '../suspects.ts';
import { KEEP_EVIDENCE } from './advice.ts';

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
  return count === 1 ? '1 cluster' : `${count} clusters`;
}

/** The id of the finding that a shared cluster belongs to. */
export function overlapCode({ uses, believedUses }: Suspect): string {
  return KINDS[kindOf(uses | believedUses)].code;
}

/** Adds a cluster that several things use. `causedBy` explains it, empty where nothing does. */
export function addOverlap(
  collector: FindingCollector,
  suspect: Suspect,
  clusterSize: number,
  causedBy: string,
): void {
  const { cluster, users, stored, references } = suspect;
  const { code, what } = KINDS[kindOf(suspect.uses | suspect.believedUses)];
  const cause: Cause = {
    id: causedBy === '' ? code : `${code} by ${causedBy}`,
    code,
    severity: 'corruption',
    what,
    advice: KEEP_EVIDENCE,
    risksData: causedBy === '',
    ...(causedBy === '' ? {} : { causedBy }),
  };
  const host = cluster * clusterSize;
  collector.add(cause, {
    host: [host, clusterSize],
    evidence: {
      source: 'references',
      fileOffset: host,
      value: hex(host),
      bits: `${users.map(({ name }) => name).join('; ')}; refcount ${stored}, references ${references}`,
    },
  });
  for (const { guest } of users)
    if (guest >= 0) collector.add(cause, { guest: [guest, clusterSize], count: 0 });
}

function kindOf(uses: number): keyof typeof KINDS {
  if ((uses & USE.bitmap) !== 0) return 'bitmap';
  if ((uses & USE.table) === 0) return 'crossLink';
  return (uses & (USE.data | USE.snapshotData)) !== 0 || (uses & 1) !== 0 ? 'dataOnTable' : 'tables';
}
