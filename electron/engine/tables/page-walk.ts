/** All pages of a chain in order, swept: read ahead where storage is slow, with turns for other questions in between. */
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import type { ChainTables, SweepOptions } from './chain-tables.ts';

/** Longest stretch of work between two turns, in milliseconds. */
const SLICE_MS = 8;
/** Pages whose tables are read ahead together at most. */
export const PAGES_AHEAD = 64;

/** What was made of a page, and how many in a row are the same but for their place. */
export interface RepeatedPage<T> {
  readonly made: T;
  readonly times: number;
}

/** Pages by name that are remembered: an L2 table has a few pages at most, and a hostile image names one again and again. */
const MAX_REMEMBERED = 256;

/**
 * The swept pages from the start of the disk to its end, or to that of the layer chosen. A long stretch in which nothing
 * is described comes as one page. Each is valid until the next is asked for.
 */
export async function* sweptPages(
  tables: ChainTables,
  options: SweepOptions,
): AsyncGenerator<SweptPage, void, undefined> {
  for await (const { made } of walk(tables, options, {
    make: swept => swept,
    repeatsFrom: () => 1,
    recall: () => undefined,
    remember: () => {},
  }))
    yield made;
}

/**
 * As {@link sweptPages}, but what `make` makes of a page, and that once only where pages come again: for sums. What it
 * makes must hold no part of the page.
 */
export function repeatedPages<T>(
  tables: ChainTables,
  options: SweepOptions,
  make: (swept: SweptPage) => T,
): AsyncGenerator<RepeatedPage<T>, void, undefined> {
  const known = new Map<string, { readonly made: T }>();
  let name: string | undefined;
  return walk(tables, options, {
    make,
    repeatsFrom: page => tables.repeatsFrom(page, options),
    recall(page) {
      name = tables.nameOf(page, options);
      return name === undefined ? undefined : known.get(name);
    },
    remember(page, made) {
      if (name === undefined || !tables.isRepeatable(page, options)) return;
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(name, { made });
    },
  });
}

/** How pages are walked. */
interface WalkSteps<T> {
  make(swept: SweptPage): T;
  /** How many pages from this one on are as it is, right after it was swept. */
  repeatsFrom(page: number): number;
  /** What was made of a page that is as this one. */
  recall(page: number): { readonly made: T } | undefined;
  /** Takes what was made of one page, right after it was swept. */
  remember(page: number, made: T): void;
}

async function* walk<T>(
  tables: ChainTables,
  options: SweepOptions,
  { make, repeatsFrom, recall, remember }: WalkSteps<T>,
): AsyncGenerator<RepeatedPage<T>, void, undefined> {
  const { pageSpan } = tables;
  const size = tables.sizeOf(options.layer);
  let sliceEnd = performance.now() + SLICE_MS;
  let ahead = 0;
  try {
    for (let page = 0; page * pageSpan < size; ) {
      const known = recall(page);
      if (known === undefined && page >= ahead && tables.readsSlowly) {
        const count = Math.min(PAGES_AHEAD, Math.ceil(size / pageSpan) - page);
        const pages = Array.from({ length: count }, (_, i) => page + i);
        ahead = page + (await tables.readAhead(pages, options));
      }
      if (known !== undefined) {
        yield { made: known.made, times: 1 };
        page++;
      } else {
        const swept = tables.sweepStretch(page, options);
        const next = Math.ceil(swept.end / pageSpan); // other sweeps may take its memory once it is handed out
        const times = next === page + 1 ? repeatsFrom(page) : 1;
        const made = make(swept);
        if (next === page + 1) remember(page, made);
        yield { made, times };
        page = next + times - 1;
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
