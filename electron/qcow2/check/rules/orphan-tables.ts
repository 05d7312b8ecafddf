/** Clusters that nothing refers to and that look like L1 or L2 tables: data may be reachable through them alone. */
import { dataViewOf } from '../../../../shared/bytes.ts';
import { CowscopeError } from '../../../../shared/error.ts';
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatCount, formatOffset } from '../../../../shared/text/offset.ts';
import { compressedRange } from '../../format/compressed.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../../format/entry.ts';
import type { Qcow2Image } from '../../read/image.ts';
import type { SlicedWork } from '../../read/sliced-work.ts';
import { readFully } from '../../read/source.ts';

/** The id of the finding about tables that are counted and not referred to. */
export const ORPHAN_TABLE = 'QCOW2_ORPHAN_TABLE';

/** The evidence of a table that names other tables which nothing refers to. */
export const ORPHAN_L1_SOURCE = 'cluster that looks like an L1 table';

/** Bytes of clusters that are looked at. */
const MAX_BYTES = 2 ** 27;

/** A cluster that looks like a table. */
interface Orphan {
  readonly host: number;
  /** Clusters that its entries name. */
  readonly targets: readonly number[];
}

/** Where to look, and what is known of clusters. */
export interface OrphanInput {
  readonly image: Qcow2Image;
  readonly fileLength: number;
  /** Clusters that are counted as used and that nothing refers to, ascending. */
  readonly leaked: readonly number[];
  /** The first cluster behind the image's end. */
  readonly tail: number;
  /** True if the L1 table of the active disk names no table. */
  readonly isDiskEmpty: boolean;
  /** True if something refers to a cluster, or if that is not known. */
  readonly isReferred: (cluster: number) => boolean;
  /** True for a cluster that an L1 table of the image names as an L2 table. */
  readonly isL2Table: (cluster: number) => boolean;
}

/** Adds the tables that nothing refers to. What cannot be read is passed over. */
export function* findOrphans(collector: FindingCollector, input: OrphanInput): SlicedWork<void> {
  const { image, fileLength, leaked, tail, isDiskEmpty } = input;
  const { clusterSize } = image.geometry;
  const most = Math.floor(MAX_BYTES / clusterSize);
  const counted = yield* tablesAmong(input, leaked.slice(0, most));
  addOrphans(collector, COUNTED, counted, input);
  const behind = Math.min(most, Math.ceil(fileLength / clusterSize) - tail);
  const free = yield* tablesAmong(
    input,
    Array.from({ length: Math.max(0, behind) }, (_, i) => tail + i),
  );
  addOrphans(collector, isDiskEmpty ? FREE_OF_EMPTY_DISK : FREE, free, input);
}

function* tablesAmong(
  { image, fileLength, isReferred }: OrphanInput,
  clusters: readonly number[],
): SlicedWork<Orphan[]> {
  const { clusterSize, clusterBits, entrySize } = image.geometry;
  const bytes = new Uint8Array(clusterSize);
  const view = dataViewOf(bytes);
  const found: Orphan[] = [];
  for (const cluster of clusters) {
    yield;
    const host = cluster * clusterSize;
    try {
      readFully(image.source, bytes, host);
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      continue;
    }
    const targets = targetsOf(view, clusterBits, entrySize, fileLength);
    if (targets.some(target => !isReferred(target))) found.push({ host, targets });
  }
  return found;
}

/** The clusters that the entries of a table name; none for what is no table. One of them at least is marked as copied. */
function targetsOf(view: DataView, clusterBits: number, entrySize: number, fileLength: number): number[] {
  const clusterSize = 2 ** clusterBits;
  const targets: number[] = [];
  let isMarked = false;
  for (let at = 0; at < clusterSize; at += entrySize) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    if ((hi | lo) === 0 || (hi === 0 && lo === 1)) continue;
    if ((hi & ENTRY_COMPRESSED_HI) !== 0) {
      if (hi >>> 31 === 1 || compressedRange(hi, lo, clusterBits).offset >= fileLength) return [];
      continue;
    }
    const host = entryOffset(hi, lo);
    if ((hi & 0x7f000000) !== 0 || (lo & (clusterSize - 1) & ~1) !== 0) return [];
    if (host === 0 || host >= fileLength) return [];
    if (hi >>> 31 === 1) isMarked = true;
    targets.push(host / clusterSize);
  }
  return isMarked ? targets : [];
}

function addOrphans(
  collector: FindingCollector,
  cause: Cause,
  orphans: readonly Orphan[],
  { image, isL2Table }: OrphanInput,
): void {
  const { clusterSize } = image.geometry;
  const hosts = new Set(orphans.map(({ host }) => host));
  const isTable = (cluster: number) => hosts.has(cluster * clusterSize) || isL2Table(cluster);
  for (const { host, targets } of orphans) {
    // An L1 table looks like an L2 table with tables for data, some of which may be lost.
    const isL1 = 2 * targets.filter(isTable).length >= targets.length;
    const [first = 0] = targets;
    collector.add(
      cause,
      collector.wantsEvidence(cause.id)
        ? {
            host: [host, clusterSize],
            evidence: {
              source: isL1 ? ORPHAN_L1_SOURCE : 'cluster that looks like an L2 table',
              fileOffset: host,
              value: targets.length === 1 ? '1 entry' : `${targets.length} entries`,
              bits: `the first names the cluster at ${formatOffset(first * clusterSize)}`,
            },
          }
        : {},
    );
  }
}

const COUNTED: Cause = {
  id: ORPHAN_TABLE,
  code: ORPHAN_TABLE,
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'a cluster that nothing refers to looks' : `${formatCount(count)} clusters that nothing refers to look`} like ${count === 1 ? 'a table' : 'tables'} of the image: data may be reachable through ${count === 1 ? 'it' : 'them'} alone`,
  advice:
    'do not run `qemu-img check -r leaks`, which frees them: copy the file first; an L1 table that was moved or never written back leaves such tables behind',
};

/** Nothing else may be left of the disk, and the next write takes their place. */
const FREE_OF_EMPTY_DISK: Cause = {
  id: 'QCOW2_EMPTY_DISK_TABLES',
  code: 'QCOW2_EMPTY_DISK_TABLES',
  severity: 'hazard',
  what: count =>
    `the disk reads as empty, and ${count === 1 ? 'a cluster' : `${formatCount(count)} clusters`} behind the image's end ${count === 1 ? 'looks like a table' : 'look like tables'} of it: data that a crash kept from being recorded, or that was deleted`,
  advice:
    'do not start the machine and write nothing to the image: the next write takes the place of what lies there; copy the file first',
};

const FREE: Cause = {
  id: 'QCOW2_FREE_TABLE',
  code: 'QCOW2_FREE_TABLE',
  severity: 'note',
  what: count =>
    `${count === 1 ? 'a cluster' : `${formatCount(count)} clusters`} behind the image's end ${count === 1 ? 'looks like a table' : 'look like tables'}: of something that was deleted, or of data that a crash kept from being recorded`,
  advice: 'if data is missing from the disk, copy the file before anything writes to it',
};
