/** L1 tables among what looks like a table: their entries lead to tables, not to data. */
import type { ImageSource } from '../read/source.ts';
import { entriesOf, type FoundTable, type ScanResult } from './table-scan.ts';

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
  /** True for a cluster that an L1 table may take: counted once, and nothing known. */
  readonly mayBeL1: (cluster: number) => boolean;
}

/** The L1 tables of the file. Zeros before and behind one belong to it where nothing names them. */
export function findL1Tables(search: L1Search): L1Candidate[] {
  const { source, scan, clusterBits, mayBeL1 } = search;
  const isTable = new Set(scan.tables.map(({ cluster }) => cluster));
  const leads = (table: FoundTable): number => {
    if (!table.isL1) return 0;
    const targets = entriesOf(source, table.cluster, clusterBits).map(({ target }) => target);
    const tables = targets.filter(target => isTable.has(target) && target !== table.cluster).length;
    const isL1 = tables > 0 && targets.every(target => isTable.has(target) || scan.zeros[target] === 1);
    return isL1 ? tables : 0;
  };
  const parts = new Map<number, number>();
  for (const table of scan.tables) {
    const tables = leads(table);
    if (tables > 0) parts.set(table.cluster, tables);
  }
  // What an L1 table names is an L2 table, whatever it seems to name itself.
  const named = new Set<number>();
  for (const cluster of parts.keys())
    for (const { target } of entriesOf(source, cluster, clusterBits)) named.add(target);
  for (const cluster of named) parts.delete(cluster);
  const isPart = (cluster: number) =>
    mayBeL1(cluster) && !named.has(cluster) && (parts.has(cluster) || scan.zeros[cluster] === 1);
  const found: L1Candidate[] = [];
  for (const [cluster] of parts) {
    if (
      !mayBeL1(cluster) ||
      found.some(one => cluster < one.cluster + one.clusters && cluster >= one.cluster)
    )
      continue;
    let first = cluster;
    while (isPart(first - 1)) first--;
    let end = cluster + 1;
    while (isPart(end)) end++;
    let tables = 0;
    for (let at = first; at < end; at++) tables += parts.get(at) ?? 0;
    found.push({ cluster: first, clusters: end - first, tables });
  }
  return found;
}
