/**
 * A layer's extent table: one page per span of the guest's offsets, each read (or not yet) on its own.
 */
import { UNREAD } from './flags.ts';
import { type Page, pageIndexAt, WordSet } from './page.ts';

const MIN_PAGE_SPAN_BYTES = 2 ** 26;
/**
 * Pages that are listed and not drawn are longer, up to so many units of a layer and so many bytes: nothing waits for the
 * first of them, each has a cost, and what runs once a page is not worth optimizing where there are few.
 */
const LISTED_UNITS = 2 ** 13;
const LONGEST_LISTED_SPAN_BYTES = 2 ** 29;
/** Pages of a usual chain; disks of very many small units have more. */
const USUAL_PAGES = 4096;
/** Units in a page at most, so that no page takes more than a moment or a few MiB, whatever an image says. */
const MAX_UNITS = 2 ** 21;
/** Units in the pages of all layers at one place, which are in memory together: 100 MiB of extents, or twice that with host offsets. */
const MAX_UNITS_OF_CHAIN = 2 ** 24;
/** Units that a page may have however many layers there are: the shortest page in the smallest clusters. */
const MIN_UNITS = MIN_PAGE_SPAN_BYTES / 512;
/** Pages of one layer, and of all layers together: each takes memory and time even where nothing is in it. */
const MAX_PAGES = 2 ** 18;
const MAX_PAGES_OF_CHAIN = 2 ** 20;
/** Units in a page where there would be too many pages otherwise: a page counts them in 31 bits. */
const MAX_LONG_PAGE_UNITS = 2 ** 30;
/**
 * Most extents in a page. Feeding a table with more is refused, and of an image's tables those past it are not read:
 * only a disk of petabytes can have them.
 */
export const MAX_PAGE_EXTENTS = MAX_UNITS;
/** The length of extents that is assumed of a server's export, which tells none: the default cluster size of qcow2. */
const SERVED_UNIT_BYTES = 65_536;

/** Largest guest or host offset handled: offsets are exact in a double up to here. */
export const MAX_OFFSET = 2 ** 53 - 1;

/**
 * The page span in bytes for a chain whose largest layer has `size` bytes and whose finest unit of allocation is `unit`
 * bytes (a power of two; leave it out where extents come from elsewhere than tables): a power of two of at least
 * 64 MiB that needs at most 4,096 pages unless they would hold more than {@link maxPageUnits}, and more units than that
 * where there would be too many pages of all `layers` together. A multiple of every qcow2 cluster size (512 B to 2 MiB).
 */
export function pageSpanFor(size: number, unit = size, layers = 1): number {
  const maxUnits = maxPageUnits(layers);
  const maxPages = Math.min(MAX_PAGES, MAX_PAGES_OF_CHAIN / layers);
  let span = MIN_PAGE_SPAN_BYTES;
  while (span * USUAL_PAGES < size && span / unit < maxUnits) span *= 2;
  while (span * maxPages < size && span / unit < MAX_LONG_PAGE_UNITS) span *= 2;
  return span;
}

/** The finest extent that an image of this cluster size can have: a subcluster, where L2 entries can be extended. */
export function finestUnit(clusterSize: number): number {
  return clusterSize / 32 < 512 ? clusterSize : clusterSize / 32;
}

/**
 * The page span of a chain: for its largest disk and the smallest clusters of those layers whose tables are read, or for
 * 64 KiB where none are.
 */
export function chainPageSpan(sizes: readonly number[], clusterSizes: readonly number[]): number {
  const units = clusterSizes.map(finestUnit);
  const unit = units.length === 0 ? SERVED_UNIT_BYTES : Math.min(...units);
  return pageSpanFor(Math.max(...sizes), unit, Math.max(1, units.length));
}

/** What the page span of a layer whose tables are read depends on. */
export interface TableUnits {
  readonly clusterSize: number;
  /** Subclusters of a cluster: 1 without extended L2. */
  readonly subclusters: number;
  /** Bytes of the disk that one L2 table describes. */
  readonly l1Coverage: number;
}

/**
 * The page span of a chain that is listed and not drawn. Above the span for drawing, a page is never longer than what one
 * L2 table of each layer describes, because a table that is named repeatedly is recognized by whole pages.
 */
export function listedPageSpan(sizes: readonly number[], layers: readonly TableUnits[]): number {
  const spans = layers.map(({ clusterSize, subclusters, l1Coverage }) =>
    Math.min(l1Coverage, (LISTED_UNITS * clusterSize) / subclusters),
  );
  return Math.max(
    chainPageSpan(
      sizes,
      layers.map(({ clusterSize }) => clusterSize),
    ),
    Math.min(LONGEST_LISTED_SPAN_BYTES, ...spans),
  );
}

/**
 * Most units, and so most extents, in a page of one of so many layers whose tables are read. Only pages of a disk of
 * petabytes have more units: what lies past so many extents of them is not read.
 */
export function maxPageUnits(layers: number): number {
  const share = 2 ** Math.floor(Math.log2(MAX_UNITS_OF_CHAIN / Math.max(1, layers)));
  return Math.min(MAX_UNITS, Math.max(MIN_UNITS, share));
}

/** Extents of one layer as one witness saw them. `pages[i]` is undefined until it was read. */
export interface ExtentTable {
  /** Bytes covered: the layer's virtual size. */
  readonly size: number;
  /** Bytes in each page; the last page is cut at `size`. */
  readonly pageSpan: number;
  readonly words: WordSet;
  readonly pages: (Page | undefined)[];
}

/** An empty table: nothing read. */
export function createTable(size: number, pageSpan: number): ExtentTable {
  return {
    size,
    pageSpan,
    words: new WordSet(),
    pages: new Array<Page | undefined>(Math.ceil(size / pageSpan)),
  };
}

/** An empty table that is filled in ascending order. It takes no memory for pages that were not filled. */
export function createFedTable(size: number, pageSpan: number): ExtentTable {
  return { size, pageSpan, words: new WordSet(), pages: [] };
}

/** The word at an offset in bytes below the table's size, UNREAD where its page was not read. */
export function wordAt(table: ExtentTable, offset: number): number {
  const index = Math.floor(offset / table.pageSpan);
  const page = table.pages[index];
  if (page === undefined) return UNREAD;
  const at = pageIndexAt(page, offset - index * table.pageSpan);
  return table.words.word(page.codes[at] as number);
}
