/** Cross-checks the sources of every layer page by page, each page once. */
import { forPages } from '../questions/page-loop.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { type Comparison, comparisonsOf } from './comparisons.ts';

/** The comparisons of one chain and which pages are still to be compared. */
export class PageComparer {
  readonly #tables: ChainTables;
  readonly #comparisons: readonly Comparison[];
  /** 1 for each page and comparison that was made. */
  readonly #compared: Uint8Array;

  constructor(tables: ChainTables) {
    this.#tables = tables;
    this.#comparisons = tables.layers.flatMap(comparisonsOf);
    this.#compared = new Uint8Array(tables.pageCount * this.#comparisons.length);
  }

  /** Compares one page where both sides have read it; what was fed and is over the budget is dropped then. */
  comparePage(index: number): void {
    const tables = this.#tables;
    const missing = this.#comparisons.filter(
      ({ layer }, i) => this.#needsPage(index, i) && tables.mayReread(layer.index, index),
    );
    for (const { layer } of missing) tables.readPage(layer.index, index);
    this.#compareStored(index);
    if (missing.length > 0) tables.dropPage(index);
    if (!tables.fedOverBudget) return;
    for (const layer of tables.layers) {
      const isDone = this.#comparisons.every((one, i) => one.layer !== layer || this.#isCompared(index, i));
      if (isDone) tables.dropFed(layer.index, index);
    }
  }

  /** Compares every page; what is not stored is read for it. */
  compareAll(): Promise<void> {
    const tables = this.#tables;
    return forPages(tables, 0, tables.plan.size, page => {
      const missing = this.#comparisons.filter((_, i) => this.#needsPage(page, i));
      for (const { layer } of missing) tables.readPage(layer.index, page);
      this.comparePage(page);
      if (missing.length > 0) tables.dropPage(page);
      return undefined;
    });
  }

  #isCompared(index: number, i: number): boolean {
    return this.#compared[index * this.#comparisons.length + i] === 1;
  }

  #needsPage(index: number, i: number): boolean {
    const { needsMetadataPage, layer } = this.#comparisons[i] as Comparison;
    return (
      needsMetadataPage && !this.#isCompared(index, i) && layer.metadata?.table.pages[index] === undefined
    );
  }

  #compareStored(index: number): void {
    this.#comparisons.forEach((comparison, i) => {
      if (this.#isCompared(index, i) || index * this.#tables.pageSpan >= comparison.layer.plan.size) return;
      if (comparison.compare(index)) this.#compared[index * this.#comparisons.length + i] = 1;
    });
  }
}
