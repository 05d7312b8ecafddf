/** A summary of findings in one line. */
import type { FindingCount, FindingSeverity } from '../model/finding.ts';
import { formatCount, formatSize } from './offset.ts';

/** Its places are clusters that are counted as used and that nothing refers to. */
const LEAKED = 'QCOW2_LEAKED';

/**
 * The findings by severity with what they cost, such as
 * `2 corruptions with up to 128 KiB at risk; 14 leaked clusters waste 896 KiB and endanger nothing`. Empty where nothing
 * was found. `clusterSizeOf` gives the cluster size of a layer in bytes.
 */
export function findingTotals(
  counts: readonly FindingCount[],
  clusterSizeOf: (layer: number) => number,
): string {
  const of = (severity: FindingSeverity) => counts.filter(count => count.severity === severity);
  const damage = of('corruption');
  const atRisk = sum(damage, 'bytesAtRisk');
  const parts = [
    counted(sum(damage, 'findings'), 'corruption', 'corruptions') +
      (atRisk > 0 ? ` with up to ${formatSize(atRisk)} at risk` : ''),
    counted(sum(of('hazard'), 'findings'), 'hazard', 'hazards'),
    leakText(
      of('leak').filter(({ code }) => code === LEAKED),
      clusterSizeOf,
    ),
    highText(of('leak').filter(({ code }) => code !== LEAKED)),
    counted(sum(of('note'), 'findings'), 'note', 'notes'),
  ];
  return parts.filter(part => part !== '').join('; ');
}

function leakText(leaks: readonly FindingCount[], clusterSizeOf: (layer: number) => number): string {
  const clusters = sum(leaks, 'places');
  if (clusters === 0) return '';
  const bytes = leaks.reduce((total, { layer, places }) => total + places * clusterSizeOf(layer), 0);
  const waste = `${counted(clusters, 'leaked cluster wastes', 'leaked clusters waste')} ${formatSize(bytes)}`;
  const isLost = sum(leaks, 'followUps') > 0;
  return isLost
    ? `${waste} and may hold what damaged tables referred to`
    : `${waste} and ${clusters === 1 ? 'endangers' : 'endanger'} nothing`;
}

/** Refcounts above the references: neither space nor data is lost by them. */
function highText(counts: readonly FindingCount[]): string {
  const places = sum(counts, 'places');
  return places === 0 ? '' : `${counted(places, 'refcount is', 'refcounts are')} too high, which is harmless`;
}

function sum(counts: readonly FindingCount[], field: 'findings' | 'places' | 'bytesAtRisk' | 'followUps') {
  return counts.reduce((total, count) => total + count[field], 0);
}

function counted(count: number, one: string, several: string): string {
  return count === 0 ? '' : `${formatCount(count)} ${count === 1 ? one : several}`;
}
