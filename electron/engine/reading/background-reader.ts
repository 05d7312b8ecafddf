/** Reads every page of the layers that have metadata, those that are looked at first. */
import type { LayerProgress } from '../../../shared/model/progress.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { PAGES_AHEAD } from '../tables/page-walk.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';
import { createPageSchedule } from './page-schedule.ts';

/** The background reading of one chain. */
export class BackgroundReader {
  readonly #tables: ChainTables;
  readonly #mergePage: (page: number) => void;
  readonly #schedule;
  /** Pages taken from the schedule, in order; the first {@link BackgroundReader.#staged} of them were read ahead. */
  #queue: number[] = [];
  #staged = 0;
  #isReadingAhead = false;
  #isCancelled = false;

  /** `mergePage` is called for every page that was read. */
  constructor(tables: ChainTables, mergePage: (page: number) => void) {
    this.#tables = tables;
    this.#mergePage = mergePage;
    this.#schedule = createPageSchedule(tables.pageCount);
  }

  /** True if there is something left to read, and reading was not cancelled. */
  get hasMore(): boolean {
    return !this.#isCancelled && this.#hasPages;
  }

  /** True if {@link readAhead} should be called, and awaited, before more pages are read. */
  get needsReadAhead(): boolean {
    return this.hasMore && this.#tables.readsSlowly && this.#staged === 0 && !this.#isReadingAhead;
  }

  /** True if {@link readUntil} has something to read now. */
  get isReady(): boolean {
    return this.hasMore && !this.#isReadingAhead;
  }

  get #hasPages(): boolean {
    return this.#queue.length > 0 || this.#schedule.taken < this.#schedule.pages;
  }

  /** Reads pages until the deadline, by performance.now(). Past the extent budget a page is dropped once it is merged. */
  readUntil(deadline: number): void {
    const tables = this.#tables;
    while (performance.now() < deadline && !this.#isCancelled && !this.#isReadingAhead) {
      if (this.needsReadAhead) return;
      const page = this.#queue.shift() ?? this.#schedule.next();
      if (page === undefined) return;
      if (this.#staged > 0) this.#staged--;
      for (const layer of tables.layers) tables.readPage(layer.index, page);
      this.#mergePage(page);
      if (tables.stored > tables.plan.extentBudget) tables.dropPage(page);
      if (!this.#hasPages) tables.dropReadAhead();
    }
  }

  /** Reads the tables of the next pages ahead, several at once. Resolves when they are there; never rejects. */
  async readAhead(): Promise<void> {
    this.#isReadingAhead = true;
    while (this.#queue.length < PAGES_AHEAD) {
      const page = this.#schedule.next();
      if (page === undefined) break;
      this.#queue.push(page);
    }
    this.#staged = await this.#tables.readAhead(this.#queue);
    this.#isReadingAhead = false;
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
    const isDone = !this.#hasPages;
    return {
      layer: index,
      witness: 'metadata',
      phase: isDone ? 'done' : this.#isCancelled ? 'cancelled' : 'reading',
      covered: isDone ? size : Math.floor((size * (taken - this.#queue.length)) / pages),
      total: size,
    };
  }
}
