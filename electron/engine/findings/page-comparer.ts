/** Cross-checks the sources of every layer page by page, each page once. */
import {
  type CheckStep,
  stepDone,
  stepLeftOut,
  stepMissing,
  WITNESSES,
} from '../../../shared/model/check.ts';
import { forPages, type Superseded } from '../questions/page-loop.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';
import { comparisonsOf, type WitnessComparison } from './comparisons.ts';

/** The comparisons of one chain and which pages are still to be compared. */
export class PageComparer {
  readonly #tables: ChainTables;
  readonly #comparisons: readonly WitnessComparison[];
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

  /** Compares every page; what is not stored is read for it. Rejects with CANCELLED once `superseded`. */
  compareAll(superseded?: Superseded): Promise<void> {
    const tables = this.#tables;
    const compare = (page: number) => {
      const missing = this.#comparisons.filter((_, i) => this.#needsPage(page, i));
      for (const { layer } of missing) tables.readPage(layer.index, page);
      this.comparePage(page);
      if (missing.length > 0) tables.dropPage(page);
      return undefined;
    };
    return forPages(tables, 0, tables.plan.size, compare, { superseded });
  }

  /** For each layer whether all of it was compared, and if not why. */
  steps(): readonly CheckStep[] {
    return this.#tables.layers.map(layer => this.#stepOf(layer));
  }

  #stepOf(layer: StoredLayer): CheckStep {
    const { metadata, nbd, plan } = layer;
    if (metadata === undefined) return stepLeftOut(WITNESSES, 'qemu-nbd alone reads it');
    if (nbd === undefined) return stepLeftOut(WITNESSES, plan.notServed ?? 'qemu-nbd does not read it');
    // What a layer holds past the end of the guest's disk is in no page.
    const { pageSpan, pageCount } = this.#tables;
    const pages = Math.min(pageCount, Math.ceil(plan.size / pageSpan));
    const isWhole = this.#comparisons.every((one, i) => {
      if (one.layer !== layer) return true;
      for (let page = 0; page < pages; page++) if (!this.#isCompared(page, i)) return false;
      return true;
    });
    if (!isWhole) return stepMissing(WITNESSES, 'qemu-nbd did not read all of it');
    const isLonger = plan.size > this.#tables.plan.size;
    return isLonger
      ? { ...stepDone(WITNESSES), why: 'as far as the guest’s disk reaches' }
      : stepDone(WITNESSES);
  }

  #isCompared(index: number, i: number): boolean {
    return this.#compared[index * this.#comparisons.length + i] === 1;
  }

  #needsPage(index: number, i: number): boolean {
    const { needsMetadataPage, layer } = this.#comparisons[i] as WitnessComparison;
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
