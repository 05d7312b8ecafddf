/** The header of an image whose first cluster was overwritten, from what its tables and refcounts show. */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { CowscopeError } from '../../../shared/error.ts';
import type { InferredFact } from '../../../shared/model/inference.ts';
import { countOf, exactSize, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { compressedRange } from '../format/compressed.ts';
import { entryOffset } from '../format/entry.ts';
import { QCOW_MAGIC } from '../format/header.ts';
import type { LostHeader } from '../layout/lost-header.ts';
import { LimitPassed } from '../layout/read-limit.ts';
import { openQcow2, type Qcow2Image } from '../read/image.ts';
import { patchedSource } from '../read/memory-source.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { type ImageSource, readBytes } from '../read/source.ts';
import { findRefcounts } from './find-refcounts.ts';
import { findL1Tables, type L1Candidate } from './l1-candidates.ts';
import type { Proposal } from './reading.ts';
import { type ClusterBytes, storedRefcounts } from './stored-refcounts.ts';
import { encodeHeader, type HeaderFields } from './synthetic-header.ts';
import { entriesOf, type OnProgress, readCluster, type ScanResult, scanForTables } from './table-scan.ts';

/** Clusters of a file that is looked through: memory is a few bytes for each. */
export const MAX_SCANNED_CLUSTERS = 2 ** 26;
/** L1 tables that are tried. */
const MAX_TRIED = 8;

/** Everything that is known before an L1 table is chosen. */
interface Remains {
  readonly source: ImageSource;
  readonly lost: LostHeader;
  readonly clusterBits: number;
  /** The data is looked for in another file. */
  readonly hasDataFile: boolean;
  readonly refcountTableClusters: number;
  readonly refcounts: ClusterBytes;
  /** Clusters of the refcount table and its blocks. */
  readonly known: ReadonlySet<number>;
  readonly scan: ScanResult;
}

/**
 * Headers that the file may have had; none where its tables do not tell. With `hasDataFile` those of images that keep their
 * data in another file. Throws LimitPassed and QCOW2_READ_FAILED.
 */
export function* proposeHeaders(
  source: ImageSource,
  hasDataFile: boolean,
  onProgress?: OnProgress,
): SlicedWork<Proposal[]> {
  const found = yield* findRefcounts(source);
  const proposals: Proposal[] = [];
  for (const lost of found) {
    const kept = keptFields(source, lost);
    if (kept === undefined) proposals.push(...(yield* proposeFor(source, lost, hasDataFile, onProgress)));
    else if (!hasDataFile) proposals.push(kept);
  }
  return proposals;
}

function* proposeFor(
  source: ImageSource,
  lost: LostHeader,
  hasDataFile: boolean,
  onProgress: OnProgress | undefined,
): SlicedWork<Proposal[]> {
  const clusters = Math.ceil(source.size / lost.clusterSize);
  if (clusters > MAX_SCANNED_CLUSTERS) throw new LimitPassed('the file has too many clusters');
  const clusterBits = Math.log2(lost.clusterSize);
  const refcountTableClusters = tableClusters(lost, clusters);
  const base = headerOnly(source, lost, refcountTableClusters);
  const refcounts = yield* storedRefcounts(base, source.size, clusters);
  const rules = { clusterBits, fileLength: source.size, refcounts, hasDataFile };
  const known = new Set<number>();
  for (let part = 0; part < refcountTableClusters; part++) {
    const cluster = lost.refcountTable / lost.clusterSize + part;
    known.add(cluster);
    for (const { target } of entriesOf(source, cluster, clusterBits)) known.add(target);
  }
  const isOpen = (cluster: number) => (refcounts[cluster] as number) > 0 && !known.has(cluster);
  const scan = yield* scanForTables(source, rules, isOpen, onProgress);
  return yield* proposalsOf({
    source,
    lost,
    clusterBits,
    hasDataFile,
    refcountTableClusters,
    refcounts,
    known,
    scan,
  });
}

/** The refcount table reaches as far as the file needs it. */
function tableClusters({ clusterSize, refcountBits }: LostHeader, clusters: number): number {
  const blocks = Math.ceil(clusters / ((clusterSize * 8) / refcountBits));
  return Math.max(1, Math.ceil((blocks * 8) / clusterSize));
}

/** An image of which only the refcounts are known. */
function headerOnly(source: ImageSource, lost: LostHeader, refcountTableClusters: number): Qcow2Image {
  const bytes = encodeHeader({
    ...fieldsOf(lost, refcountTableClusters),
    size: 0,
    l1TableOffset: 0,
    l1Size: 0,
    extendedL2: false,
    zstd: false,
    hasDataFile: false,
    snapshots: { offset: 0, count: 0 },
  });
  return openQcow2(patchedSource(source, [{ offset: 0, bytes }]));
}

function fieldsOf({ clusterSize, refcountBits, refcountTable }: LostHeader, refcountTableClusters: number) {
  return {
    clusterBits: Math.log2(clusterSize),
    refcountBits,
    refcountTableOffset: refcountTable,
    refcountTableClusters,
  };
}

/** The header with its magic and version put back, where the fields behind them agree with what was found. */
function keptFields(source: ImageSource, lost: LostHeader): Proposal | undefined {
  for (const version of [3, 2]) {
    const bytes = new Uint8Array(8);
    dataViewOf(bytes).setUint32(0, QCOW_MAGIC);
    dataViewOf(bytes).setUint32(4, version);
    try {
      const { header, findings } = openQcow2(patchedSource(source, [{ offset: 0, bytes }]));
      if (2 ** header.clusterBits !== lost.clusterSize || header.refcountTableOffset !== lost.refcountTable)
        continue;
      if (header.refcountBits !== lost.refcountBits || header.l1Size === 0) continue;
      if (findings.some(({ code }) => code === 'QCOW2_HEADER_LENGTH' || code === 'QCOW2_L1_TABLE')) continue;
      const how = 'they agree with the refcount table and blocks that were found';
      const facts: InferredFact[] = [
        { name: 'header', value: 'fields behind magic and version', confidence: 'certain', how },
      ];
      return { pieces: [{ offset: 0, bytes }], facts };
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
    }
  }
  return undefined;
}

function* proposalsOf(remains: Remains): SlicedWork<Proposal[]> {
  const { source, scan, clusterBits, hasDataFile, refcounts, known } = remains;
  const mayBeL1 = (cluster: number) => refcounts[cluster] === 1 && !known.has(cluster);
  const l1Tables = yield* findL1Tables({ source, scan, clusterBits, hasDataFile, mayBeL1 });
  const snapshots = findSnapshotTable(remains, l1Tables);
  const active = l1Tables.filter(({ cluster }) => !snapshots.l1Clusters.has(cluster)).slice(0, MAX_TRIED);
  const proposals: Proposal[] = [];
  for (const l1 of active)
    for (const width of widthsOf(remains, l1)) {
      const proposal = yield* proposalOf(remains, l1, width, snapshots);
      if (proposal !== undefined) proposals.push(proposal);
    }
  return proposals;
}

/** The snapshot table whose L1 tables were found, if there is one. */
interface FoundSnapshots {
  readonly offset: number;
  readonly count: number;
  readonly l1Clusters: ReadonlySet<number>;
  /** Virtual size of the disk at the last snapshot, 0 where none says it. */
  readonly diskSize: number;
}

function findSnapshotTable(
  { source, scan, clusterBits }: Remains,
  l1Tables: readonly L1Candidate[],
): FoundSnapshots {
  const clusterSize = 2 ** clusterBits;
  let best: FoundSnapshots = { offset: 0, count: 0, l1Clusters: new Set(), diskSize: 0 };
  for (const cluster of scan.snapshotTables) {
    const view = dataViewOf(readBytes(source, cluster * clusterSize, Math.max(clusterSize, 2 ** 16)));
    const l1Clusters = new Set<number>();
    let at = 0;
    let count = 0;
    let diskSize = 0;
    while (at + 40 <= view.byteLength) {
      const l1 = uint64At(view, at) / clusterSize;
      const extra = view.getUint32(at + 36);
      if (!l1Tables.some(one => one.cluster === l1) || extra > 1024) break;
      if (extra >= 16 && at + 56 <= view.byteLength) diskSize = uint64At(view, at + 48);
      l1Clusters.add(l1);
      count++;
      at += Math.ceil((40 + extra + view.getUint16(at + 12) + view.getUint16(at + 14)) / 8) * 8;
    }
    if (count > best.count) best = { offset: cluster * clusterSize, count, l1Clusters, diskSize };
  }
  return best;
}

/** The widths of L2 entries that all tables of an L1 table can have. */
function widthsOf({ source, scan, clusterBits }: Remains, l1: L1Candidate): boolean[] {
  const looks = new Map(scan.tables.map(table => [table.cluster, table]));
  let standard = true;
  let extended = clusterBits >= 14;
  for (let part = 0; part < l1.clusters; part++)
    for (const { target } of entriesOf(source, l1.cluster + part, clusterBits)) {
      const look = looks.get(target);
      if (look === undefined) continue; // zeros
      standard &&= look.isStandard;
      extended &&= look.isExtended;
    }
  return [...(standard ? [false] : []), ...(extended ? [true] : [])];
}

/** Undefined where the data is said to lie in another file, and entries name other places than their own. */
function* proposalOf(
  remains: Remains,
  l1: L1Candidate,
  extendedL2: boolean,
  snapshots: FoundSnapshots,
): SlicedWork<Proposal | undefined> {
  const { lost, clusterBits, hasDataFile, refcountTableClusters } = remains;
  const clusterSize = 2 ** clusterBits;
  const l1Size = (l1.clusters * clusterSize) / 8;
  const content = yield* lookAtDisk(remains, l1, extendedL2);
  if (hasDataFile && !content.isInPlace) return undefined;
  const coverage = clusterSize * (clusterSize / (extendedL2 ? 16 : 8));
  const size = Math.min(l1Size * coverage, Math.max(content.end, snapshots.diskSize));
  const fields: HeaderFields = {
    ...fieldsOf(lost, refcountTableClusters),
    size: Math.ceil(size / 512) * 512,
    l1TableOffset: l1.cluster * clusterSize,
    l1Size,
    extendedL2,
    zstd: content.zstd,
    hasDataFile,
    snapshots,
  };
  return {
    pieces: [{ offset: 0, bytes: encodeHeader(fields) }],
    facts: factsOf(fields, l1, snapshots.diskSize >= content.end && snapshots.count > 0),
  };
}

/** Where the last used entry ends, how the first compressed cluster begins, and whether entries name their own offsets. */
function* lookAtDisk({ source, clusterBits }: Remains, l1: L1Candidate, extendedL2: boolean) {
  const clusterSize = 2 ** clusterBits;
  const entrySize = extendedL2 ? 16 : 8;
  const l2Entries = clusterSize / entrySize;
  let end = 0;
  let stream = -1;
  let own = 0;
  let others = 0;
  for (let part = 0; part < l1.clusters; part++)
    for (const { index, target } of entriesOf(source, l1.cluster + part, clusterBits)) {
      yield;
      const table = dataViewOf(readCluster(source, target, clusterSize));
      const first = (part * (clusterSize / 8) + index) * l2Entries;
      for (let at = 0; at < clusterSize; at += 8) {
        const hi = table.getUint32(at);
        const lo = table.getUint32(at + 4);
        if ((hi | lo) === 0) continue;
        const entry = Math.floor(at / entrySize);
        end = Math.max(end, (first + entry + 1) * clusterSize);
        const isEntry = at % entrySize === 0;
        const isData = isEntry && (entryOffset(hi, lo) !== 0 || hi >>> 31 === 1);
        if (isData && entryOffset(hi, lo) === (first + entry) * clusterSize) own++;
        else if (isData) others++;
        if (stream < 0 && isEntry && (hi & 0x40000000) !== 0)
          stream = compressedRange(hi, lo, clusterBits).offset;
      }
    }
  const magic = stream < 0 ? new Uint8Array() : readBytes(source, stream, 4);
  const isInPlace = own > 0 && others === 0;
  return { end, isInPlace, zstd: magic.length === 4 && dataViewOf(magic).getUint32(0) === 0x28b52ffd };
}

function factsOf(fields: HeaderFields, l1: L1Candidate, hasSnapshotSize: boolean): InferredFact[] {
  const { clusterBits, refcountBits, refcountTableOffset, size, extendedL2, l1TableOffset, snapshots } =
    fields;
  const { hasDataFile } = fields;
  const inBlock = `the refcount table at ${formatOffset(refcountTableOffset)} names a block that counts the header, the table and itself once each`;
  const fact = (name: string, value: string, confidence: InferredFact['confidence'], how: string) => ({
    name,
    value,
    confidence,
    how,
  });
  return [
    fact('cluster size', formatSize(2 ** clusterBits), 'certain', inBlock),
    fact('refcounts', countOf(refcountBits, 'bit'), 'certain', inBlock),
    fact(
      'L2 entries',
      extendedL2 ? '16 bytes (extended L2)' : '8 bytes',
      'certain',
      'every L2 table can be read so',
    ),
    fact(
      'L1 table',
      formatOffset(l1TableOffset),
      'certain',
      `its entries lead to ${l1.tables} L2 ${l1.tables === 1 ? 'table' : 'tables'} and to nothing else`,
    ),
    fact(
      'virtual size',
      `at least ${exactSize(size)}`,
      'guess',
      hasSnapshotSize ? 'the last snapshot records it' : 'the last used L2 entry ends there',
    ),
    ...(snapshots.count === 0
      ? []
      : [
          fact(
            'snapshots',
            String(snapshots.count),
            'likely',
            `a snapshot table at ${formatOffset(snapshots.offset)} names L1 tables`,
          ),
        ]),
    ...(hasDataFile
      ? [
          fact(
            'data file',
            'another file, whose name is not known',
            'certain',
            'every L2 entry names its own offset of the guest, and this file counts no cluster for it',
          ),
          fact('raw data file', 'not known', 'guess', 'no range depends on it'),
        ]
      : []),
    fact('version', '3', 'guess', 'no range depends on it'),
    fact('backing file', 'not known', 'guess', 'its name lay in the first cluster'),
  ];
}
