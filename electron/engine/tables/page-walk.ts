/** All pages of a chain in order, swept: read ahead where storage is slow, with turns for other questions in between. */
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import type { ChainTables, SweepOptions } from './chain-tables.ts';

/** Longest stretch of work between two turns, in milliseconds. */
const SLICE_MS = 8;
/** Pages whose tables are read ahead together at most. */
export const PAGES_AHEAD = 64;

/** A swept page, and how many in a row are the same but for their place. */
export interface RepeatedPage {
  readonly swept: SweptPage;
  readonly times: number;
}

/**
 * The swept pages from the start of the disk to its end, or to that of the layer chosen. A long stretch in which nothing
 * is described comes as one page. Each is valid until the next is asked for.
 */
export async function* sweptPages(
  tables: ChainTables,
  options: SweepOptions,
): AsyncGenerator<SweptPage, void, undefined> {
  for await (const { swept } of walk(tables, options, () => 1)) yield swept;
}

/** As {@link sweptPages}, but of pages in a row that say the same the first alone: for sums. */
export function repeatedPages(
  tables: ChainTables,
  options: SweepOptions,
): AsyncGenerator<RepeatedPage, void, undefined> {
  return walk(tables, options, page => tables.repeatsFrom(page, options));
}

async function* walk(
  tables: ChainTables,
  options: SweepOptions,
  repeatsFrom: (page: number) => number,
): AsyncGenerator<RepeatedPage, void, undefined> {
  const { pageSpan } = tables;
  const size = tables.sizeOf(options.layer);
  let sliceEnd = performance.now() + SLICE_MS;
  let ahead = 0;
  try {
    for (let page = 0; page * pageSpan < size; ) {
      if (page >= ahead && tables.readsSlowly) {
        const count = Math.min(PAGES_AHEAD, Math.ceil(size / pageSpan) - page);
        const pages = Array.from({ length: count }, (_, i) => page + i);
        ahead = page + (await tables.readAhead(pages, options));
      }
      const swept = tables.sweepStretch(page, options);
      const next = Math.ceil(swept.end / pageSpan); // other sweeps may take its memory once it is handed out
      const times = next === page + 1 ? repeatsFrom(page) : 1;
      yield { swept, times };
      page = next + times - 1;
      if (performance.now() < sliceEnd) continue;
      tables.onWalk?.(Math.min(size, page * pageSpan), size);
      await nextTurn();
      sliceEnd = performance.now() + SLICE_MS;
    }
  } finally {
    if (ahead > 0) tables.dropReadAhead();
  }
}
