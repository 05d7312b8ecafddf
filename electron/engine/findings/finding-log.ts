/** What is wrong in a chain: damage that the metadata shows, and ranges on which two accounts differ. */
import type { LayerProblem, RangeFinding } from '../../../shared/model/finding.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import type { Problem } from '../../qcow2/format/problems.ts';
import { forPages } from '../questions/queries.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';
import { type Comparison, comparisonsOf } from './comparisons.ts';

/** Differences kept; the rest is counted. */
const MAX_DIFFERENCES = 2000;

/** Collects the findings of one chain while it is read. */
export interface FindingLog {
  /** Grows with everything that is found. */
  readonly count: number;
  /** Holds against each other what should agree, once both sides have read the page. */
  comparePage(index: number): void;
  /** Compares every page; what is not kept is read for it. */
  compareAll(): Promise<void>;
  /** What was found so far, worst first, no more than `most` of it; and how many more there are. */
  list(most?: number): { findings: RangeFinding[]; more: number };
  /** The problems of the metadata as the reader reported them. */
  problems(): LayerProblem[];
}

/** An empty log. */
export function createFindingLog(tables: ChainTables): FindingLog {
  const { layers, pageCount } = tables;
  const comparisons = layers.flatMap(comparisonsOf);
  /** 1 for each page and comparison that was made. */
  const compared = new Uint8Array(pageCount * comparisons.length);
  const differences: RangeFinding[] = [];
  let differing = 0;

  function comparePage(index: number): void {
    const gone = comparisons.filter(
      ({ layer }, i) => needsPage(index, i) && tables.mayReread(layer.index, index),
    );
    for (const { layer } of gone) tables.readPage(layer.index, index);
    compareWhatIsThere(index);
    if (gone.length > 0) tables.dropPage(index);
    if (!tables.fedOverBudget) return;
    for (const layer of layers) {
      const isDone = comparisons.every((one, i) => one.layer !== layer || isCompared(index, i));
      if (isDone) tables.dropFed(layer.index, index);
    }
  }

  const isCompared = (index: number, i: number) => compared[index * comparisons.length + i] === 1;
  const needsPage = (index: number, i: number) => {
    const { needsMetadataPage, layer } = comparisons[i] as Comparison;
    return needsMetadataPage && !isCompared(index, i) && layer.metadata?.table.pages[index] === undefined;
  };

  function compareWhatIsThere(index: number): void {
    comparisons.forEach((comparison, i) => {
      const place = index * comparisons.length + i;
      if (compared[place] === 1 || index * tables.pageSpan >= comparison.layer.plan.size) return;
      const found = comparison.compare(index);
      if (found === undefined) return;
      compared[place] = 1;
      differing += found.length;
      differences.push(...found.slice(0, Math.max(0, MAX_DIFFERENCES - differences.length)));
    });
  }

  function compareAll(): Promise<void> {
    return forPages(tables, 0, tables.plan.size, page => {
      const missing = comparisons.filter((_, i) => needsPage(page, i));
      for (const { layer } of missing) tables.readPage(layer.index, page);
      comparePage(page);
      if (missing.length > 0) tables.dropPage(page);
      return undefined;
    });
  }

  const problems = () =>
    layers.flatMap(layer => [...layer.problems.values()].map(problem => ({ layer: layer.index, problem })));

  return {
    get count() {
      return differing + layers.reduce((sum, layer) => sum + layer.problems.size, 0);
    },
    comparePage,
    compareAll,
    problems,
    list(most = Number.POSITIVE_INFINITY) {
      const damaged = problems().filter(({ problem }) => problem.severity !== 'note');
      const damage = damaged
        .slice(0, most)
        .map(({ layer, problem }) => damageFinding(layers[layer] as StoredLayer, problem));
      const findings = [...damage, ...differences.slice(0, most - damage.length)];
      return { findings, more: damaged.length + differing - findings.length };
    },
  };
}

function damageFinding({ index, plan }: StoredLayer, problem: Problem): RangeFinding {
  const start = problem.guestOffset ?? -1;
  const places = [
    problem.fileOffset === undefined ? '' : `at file offset ${formatOffset(problem.fileOffset)}`,
    problem.entry === undefined ? '' : `value ${problem.entry}`,
  ];
  const evidence = places.filter(text => text !== '').join(', ');
  return {
    kind: 'damage',
    code: problem.code,
    layer: index,
    start,
    end: start < 0 ? -1 : Math.min(start + plan.clusterSize, plan.size),
    text: problem.what,
    ...(evidence === '' ? {} : { evidence }),
  };
}
