/** A store as the window sees it: page by page, because a store has more images than one message can carry. */
import type { Finding, FindingSeverity, FindingSummary } from '../finding.ts';
import type { Arrangement, StoreCoverage, StoreImage } from './store.ts';
import type { StoreRow } from './store-rows.ts';

/** Most rows and most findings in one answer. */
export const MAX_STORE_ROWS = 64;
export const MAX_STORE_FINDINGS = 4;

/** What a scan found, in numbers. */
export interface StoreSummary {
  /** Names the scan: pages of an older one are refused. */
  readonly storeId: number;
  readonly roots: readonly string[];
  readonly images: number;
  readonly rows: number;
  readonly findings: FindingSummary;
  readonly coverage: StoreCoverage;
}

/** An image without its lists. Texts are untrusted. */
export interface StoreImageInfo extends Omit<StoreImage, 'children' | 'aliases'> {
  /** How many images rest on it. */
  readonly childCount: number;
}

/** A row with what it shows. */
export interface StoreRowInfo {
  readonly row: StoreRow;
  /** Absent in rows that are no image. */
  readonly image?: StoreImageInfo;
  /** The worst that was found about the image; absent where nothing was. */
  readonly worst?: FindingSeverity;
}

/** A page of the findings of a store, ranked. */
export interface StoreFindingPage {
  readonly findings: readonly { readonly finding: Finding; readonly path: string }[];
  readonly total: number;
}

/** Files that were named in any order, and the chains that their links make of them. */
export interface ArrangedFiles extends Arrangement {
  readonly images: readonly StoreImageInfo[];
  /** For each file that was named the index of its image; -1 where it is none. */
  readonly indexes: readonly number[];
}
