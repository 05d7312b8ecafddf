/** Reads the tables of pages ahead on slow storage, a batch at a time: while one batch is decoded, the next one is read. */
import type { TableBatch, TableStage } from '../../qcow2/read/ahead/table-stage.ts';

/** Asks the stage for the tables of a page. False where the batch has no room for all of them. */
export type RequestPage = (page: number) => boolean;

/** A batch under way. */
interface PageBatch {
  readonly batch: TableBatch;
  /** Pages whose tables the batch holds, at least one. Tables of that one that do not fit are read when it is mapped. */
  readonly pages: readonly number[];
  /** Names what the pages are read for: a batch is of no use for anything else. */
  readonly purpose: string;
}

/** The read-ahead of one chain. */
export class PagesAhead {
  readonly #stage: TableStage;
  #next: PageBatch | undefined;

  constructor(stage: TableStage) {
    this.#stage = stage;
  }

  /**
   * Replaces the tables in memory by those of the first of `pages`, and begins to read those of the pages that follow.
   * Resolves with the number of pages that they suffice for, at least 1. Never rejects.
   */
  async read(pages: readonly number[], purpose: string, request: RequestPage): Promise<number> {
    const stage = this.#stage;
    const begun = this.#next;
    this.#next = undefined;
    await begun?.batch.done; // never more reads under way than those of one batch
    stage.clear();
    const isWanted = begun?.purpose === purpose && begun.pages.every((page, i) => page === pages[i]);
    const current = isWanted ? begun : begin(stage, pages, purpose, request);
    await current.batch.done;
    stage.show(current.batch);
    const rest = pages.slice(current.pages.length);
    if (rest.length > 0) this.#next = begin(stage, rest, purpose, request);
    return current.pages.length;
  }

  /** Forgets what was read and what is under way: the files may change. */
  drop(): void {
    this.#stage.release();
    this.#next = undefined;
  }
}

/** Begins to read the tables of as many of `pages` as a batch has room for. */
function begin(
  stage: TableStage,
  pages: readonly number[],
  purpose: string,
  request: RequestPage,
): PageBatch {
  let count = 0;
  while (count < pages.length && stage.requestTogether(() => request(pages[count] as number))) count++;
  return { batch: stage.begin(), pages: pages.slice(0, Math.max(1, count)), purpose };
}
