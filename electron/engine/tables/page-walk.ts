/** All pages of a chain in order, swept: read ahead where storage is slow, with turns for other questions in between. */
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import type { ChainTables, SweepOptions } from './chain-tables.ts';

/** Longest stretch of work between two turns, in milliseconds. */
const SLICE_MS = 8;
/** Pages whose tables are read ahead together at most. */
export const PAGES_AHEAD = 64;

/** Pages by name that are remembered: an L2 table has a few pages at most, and a hostile image names one again and again. */
const MAX_REMEMBERED = 256;

/**
 * The swept pages from the start of the disk to its end, or to that of the layer chosen. A long stretch in which nothing
 * is described comes as one page. Each is valid until the next is asked for.
 */
export function sweptPages(
  tables: ChainTables,
  options: SweepOptions,
): AsyncGenerator<SweptPage, void, undefined> {
  return walk(tables, options, swept => swept);
}

/**
 * As {@link sweptPages}, but the sums of each page, made by `sum`: once for pages that are described by the same part of
 * the same tables ({@link ChainTables.nameOf}). Sums must hold no part of the page.
 */
export function summedPages<T>(
  tables: ChainTables,
  options: SweepOptions,
  sum: (swept: SweptPage) => T,
): AsyncGenerator<T, void, undefined> {
  return walk(tables, options, sum, new RememberedPages<T>(tables, options));
}

/** What was made of pages that may come again, by their names. */
class RememberedPages<T> {
  readonly #tables: ChainTables;
  readonly #options: SweepOptions;
  readonly #known = new Map<string, { readonly made: T }>();
  /** The name of the page that was asked for last. */
  #name: string | undefined;

  constructor(tables: ChainTables, options: SweepOptions) {
    this.#tables = tables;
    this.#options = options;
  }

  /** What was made of a page of the same name. */
  recall(page: number): { readonly made: T } | undefined {
    this.#name = this.#tables.nameOf(page, this.#options);
    return this.#name === undefined ? undefined : this.#known.get(this.#name);
  }

  /** Keeps what was made of the page that was asked for last, right after it was swept. */
  remember(page: number, made: T): void {
    const name = this.#name;
    if (name === undefined || !this.#tables.isRepeatable(page, this.#options)) return;
    if (name !== this.#tables.nameOf(page, this.#options)) return; // a table was found to be empty
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(name, { made });
  }
}

async function* walk<T>(
  tables: ChainTables,
  options: SweepOptions,
  make: (swept: SweptPage) => T,
  remembered?: RememberedPages<T>,
): AsyncGenerator<T, void, undefined> {
  const { pageSpan } = tables;
  const size = tables.sizeOf(options.layer);
  let sliceEnd = performance.now() + SLICE_MS;
  let ahead = 0;
  try {
    for (let page = 0; page * pageSpan < size; ) {
      const known = remembered?.recall(page);
      if (known === undefined && page >= ahead && tables.readsSlowly) {
        const count = Math.min(PAGES_AHEAD, Math.ceil(size / pageSpan) - page);
        const pages = Array.from({ length: count }, (_, i) => page + i);
        ahead = page + (await tables.readAhead(pages, options));
      }
      if (known !== undefined) {
        yield known.made;
        page++;
      } else {
        const swept = tables.sweepStretch(page, options);
        const next = Math.ceil(swept.end / pageSpan); // other sweeps may take its memory once it is handed out
        const made = make(swept);
        if (next === page + 1) remembered?.remember(page, made);
        yield made;
        page = next;
      }
      if (performance.now() < sliceEnd) continue;
      tables.onWalk?.(Math.min(size, page * pageSpan), size);
      await nextTurn();
      sliceEnd = performance.now() + SLICE_MS;
    }
  } finally {
    if (ahead > 0) tables.dropReadAhead();
  }
}
