/** L1 tables among what looks like a table: their entries lead to tables, not to data. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { entryOffset } from '../format/entry.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import type { ImageSource } from '../read/source.ts';
import { entriesOf, markTargets, readCluster, type ScanResult } from './table-scan.ts';

/** Clusters that together may be an L1 table. */
export interface L1Candidate {
  readonly cluster: number;
  readonly clusters: number;
  /** L2 tables that it names. */
  readonly tables: number;
}

/** What candidates are looked for in. */
export interface L1Search {
  readonly source: ImageSource;
  readonly scan: ScanResult;
  readonly clusterBits: number;
  /** L2 tables name clusters of another file. */
  readonly hasDataFile?: boolean;
  /** True for a cluster that an L1 table may take: counted once, and nothing known. */
  readonly mayBeL1: (cluster: number) => boolean;
}

/** The L1 tables of the file. Zeros before and behind one belong to it where nothing names them. */
export function* findL1Tables(search: L1Search): SlicedWork<L1Candidate[]> {
  const { source, scan, clusterBits, mayBeL1 } = search;
  const parts = new Map<number, number>();
  const isTable = new Set(scan.tables.map(({ cluster }) => cluster));
  for (const { cluster, isL1 } of scan.tables) {
    yield;
    const tables = isL1 ? tablesNamedBy(search, cluster, isTable) : 0;
    if (tables > 0) parts.set(cluster, tables);
  }
  // What an L1 table names is an L2 table, whatever it seems to name itself.
  const named = new Set<number>();
  for (const cluster of parts.keys())
    for (const { target } of entriesOf(source, cluster, clusterBits)) named.add(target);
  for (const cluster of named) parts.delete(cluster);
  const hasZeros = [...parts.keys()].some(at => scan.zeros[at - 1] === 1 || scan.zeros[at + 1] === 1);
  const data = hasZeros ? yield* dataOf(search, named) : scan.zeros;
  const isZero = (cluster: number) => scan.zeros[cluster] === 1 && data[cluster] === 0;
  const isPart = (cluster: number) =>
    mayBeL1(cluster) && !named.has(cluster) && (parts.has(cluster) || isZero(cluster));
  const found: L1Candidate[] = [];
  let end = 0;
  for (const cluster of parts.keys()) {
    if (cluster < end || !mayBeL1(cluster)) continue;
    let first = cluster;
    while (isPart(first - 1)) first--;
    end = cluster + 1;
    while (isPart(end)) end++;
    let tables = 0;
    for (let at = first; at < end; at++) tables += parts.get(at) ?? 0;
    found.push({ cluster: first, clusters: end - first, tables });
  }
  return found;
}

/** By cluster, 1 where one of the L2 tables names it. */
function* dataOf(
  { source, scan, clusterBits, hasDataFile }: L1Search,
  tables: ReadonlySet<number>,
): SlicedWork<Uint8Array> {
  const named = new Uint8Array(scan.zeros.length);
  if (hasDataFile === true) return named;
  for (const cluster of tables) {
    yield;
    const view = dataViewOf(readCluster(source, cluster, 2 ** clusterBits));
    markTargets(view, cluster, { clusterBits, entrySize: 8 }, named);
  }
  return named;
}

/** How many tables the entries of a cluster name; 0 where one of them names anything but tables and zeros. */
function tablesNamedBy(
  { source, scan, clusterBits }: L1Search,
  cluster: number,
  isTable: ReadonlySet<number>,
): number {
  const view = dataViewOf(readCluster(source, cluster, 2 ** clusterBits));
  let tables = 0;
  for (let at = 0; at < view.byteLength; at += 8) {
    const target = entryOffset(view.getUint32(at), view.getUint32(at + 4)) / 2 ** clusterBits;
    if (target === 0) continue;
    if (target !== cluster && isTable.has(target)) tables++;
    else if (scan.zeros[target] !== 1) return 0;
  }
  return tables;
}
