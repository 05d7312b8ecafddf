/** Reads every page of the layers that have metadata, those that are looked at first. */
import type { LayerProgress } from '../../../shared/model/progress.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';
import { createPageSchedule } from './page-schedule.ts';

/** The background reading of one chain. */
export class BackgroundReader {
  readonly #tables: ChainTables;
  readonly #mergePage: (page: number) => void;
  readonly #schedule;
  #isCancelled = false;

  /** `mergePage` is called for every page that was read. */
  constructor(tables: ChainTables, mergePage: (page: number) => void) {
    this.#tables = tables;
    this.#mergePage = mergePage;
    this.#schedule = createPageSchedule(tables.pageCount);
  }

  /** True if there is something left to read, and reading was not cancelled. */
  get hasMore(): boolean {
    return !this.#isCancelled && this.#schedule.taken < this.#schedule.pages;
  }

  /** Reads pages until the deadline, by performance.now(). Past the extent budget a page is dropped once it is merged. */
  readUntil(deadline: number): void {
    const tables = this.#tables;
    while (performance.now() < deadline && !this.#isCancelled) {
      const page = this.#schedule.next();
      if (page === undefined) return;
      for (const layer of tables.layers) tables.readPage(layer.index, page);
      this.#mergePage(page);
      if (tables.stored > tables.plan.extentBudget) tables.dropPage(page);
    }
  }

  /** Has the pages of [start, end) read before the rest. The whole disk has no part that comes first. */
  prioritize(start: number, end: number): void {
    const { pageSpan, plan } = this.#tables;
    if (start <= 0 && end >= plan.size) return;
    this.#schedule.prioritize(Math.floor(start / pageSpan), Math.ceil(end / pageSpan));
  }

  /** Ends reading; what was read stays. */
  cancel(): void {
    this.#isCancelled = true;
  }

  /** Takes reading up again where it was cancelled. */
  resume(): void {
    this.#isCancelled = false;
  }

  /** How far the metadata of a layer has been read. */
  progressOf({ index, plan: { size } }: StoredLayer): LayerProgress {
    const { taken, pages } = this.#schedule;
    const isDone = taken >= pages;
    return {
      layer: index,
      witness: 'metadata',
      phase: isDone ? 'done' : this.#isCancelled ? 'cancelled' : 'reading',
      covered: isDone ? size : Math.floor((size * taken) / pages),
      total: size,
    };
  }
}
