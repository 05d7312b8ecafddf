/**
 * The pyramid: for every track a row of bins over the whole axis, with exact bytes per state and a mask of the states
 * and marks present. Wide columns are summed from bins, so that one cluster in 10 TiB still sets its bit; columns
 * narrower than a bin are read from swept pages.
 */
import { addSwept, type Columns, clearColumns, createColumns, sumColumns } from './columns.ts';
import type { SweptPage } from './sweep.ts';

/** Bins in a page: 131,072 bins for the 4,096 pages of the largest chains. Chains of very many layers have fewer. */
export const BINS_PER_PAGE = 32;
/** Most bins of all tracks together, unless that is less than one a page: about 150 MiB where two states occur. */
const MAX_BINS = 2 ** 22;

/** Bins of every track of one chain. */
export interface Pyramid {
  readonly pageSpan: number;
  /** A power of two, at most BINS_PER_PAGE. */
  readonly binsPerPage: number;
  /** Bytes in one bin. */
  readonly binSpan: number;
  /** Guest first, then the layers from base to top: track t of the sweep is at t + 1. */
  readonly tracks: readonly Columns[];
  /** For each page whether its bins hold the sweep of what is read now. */
  readonly fresh: Uint8Array;
}

/** An empty pyramid over `pages` pages. */
export function createPyramid(pages: number, pageSpan: number, layerCount: number): Pyramid {
  const binsPerPage = binsPerPageFor(pages, layerCount + 1);
  const binSpan = pageSpan / binsPerPage;
  return {
    pageSpan,
    binsPerPage,
    binSpan,
    tracks: Array.from({ length: layerCount + 1 }, (_, t) =>
      createColumns(pages * binsPerPage, binSpan, t === 0),
    ),
    fresh: new Uint8Array(pages),
  };
}

/** Bins in a page of a chain with so many pages and tracks: fewer where all tracks together would have too many. */
export function binsPerPageFor(pages: number, tracks: number): number {
  let bins = BINS_PER_PAGE;
  while (bins > 1 && pages * tracks * bins > MAX_BINS) bins /= 2;
  return bins;
}

/** Replaces the bins of one page by what its sweep shows. */
export function summarizePage(pyramid: Pyramid, index: number, swept: SweptPage): void {
  const { binsPerPage } = pyramid;
  for (const columns of pyramid.tracks) clearColumns(columns, index * binsPerPage, binsPerPage);
  addSwept(pyramid.tracks, 0, swept, swept.base, swept.end);
  pyramid.fresh[index] = 1;
}

/** True where columns of `span` bytes can be summed from bins. */
export function canSum(pyramid: Pyramid, span: number): boolean {
  return span >= pyramid.binSpan;
}

/** Adds the bins of one track that lie in [start,end) to columns whose first one starts at `origin`. */
export function sumBins(
  pyramid: Pyramid,
  track: number,
  start: number,
  end: number,
  origin: number,
  into: Columns,
): void {
  const source = pyramid.tracks[track] as Columns;
  const first = Math.max(0, Math.floor(start / pyramid.binSpan));
  const last = Math.min(source.count, Math.ceil(end / pyramid.binSpan));
  if (last <= first) return;
  sumColumns(source, first, last - first, into, Math.floor((first * pyramid.binSpan - origin) / into.span));
}

/** All bits of PRESENT that occur in one page of a track. */
export function pagePresent(pyramid: Pyramid, track: number, index: number): number {
  const present = (pyramid.tracks[track] as Columns).present;
  let bits = 0;
  const { binsPerPage } = pyramid;
  for (let b = index * binsPerPage; b < (index + 1) * binsPerPage; b++) bits |= present[b] as number;
  return bits;
}
