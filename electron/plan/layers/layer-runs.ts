/** The runs of one layer, looked up by guest offset: the planner never holds a whole map. */
import { type Page, pageIndexAt, pageStart } from '../../../shared/extent/page.ts';
import { DATA, UNALLOCATED } from '../../qcow2/format/entry.ts';
import { entrylessStretch, mapPage } from '../../qcow2/read/map.ts';
import type { Qcow2Map } from '../../qcow2/read/map-state.ts';

/** Guest offsets [start, end) of one kind. The kinds are those of qcow2/format/entry.ts. */
export interface LayerRun {
  readonly start: number;
  readonly end: number;
  readonly kind: number;
  /** Where `start` lies in the file, absent where that is not known or there is no such place. */
  readonly host?: number;
}

/** The runs of one layer. */
export interface LayerRuns {
  /** Virtual size in bytes. */
  readonly size: number;
  /**
   * Bytes that one L2 slice of qemu's cache covers: no answer of qemu about this layer passes a multiple of it.
   * Infinity for raw layers.
   */
  readonly sliceSpan: number;
  /** Bytes of a cluster, Infinity for raw layers: qemu tells of compressed clusters one by one. */
  readonly clusterSize: number;
  /**
   * The run that holds `offset`. It ends where kind or host offset change, or earlier. Past `size` the rest of the last
   * cluster is still there: it shows when the layer grows.
   */
  at(offset: number): LayerRun;
}

/** qemu's default for the size of an entry of its L2 cache, in bytes; smaller clusters make smaller entries. */
const L2_SLICE_BYTES = 65_536;
/** Bytes of the guest read at once where L2 tables cover less. */
const MIN_PAGE_SPAN_BYTES = 2 ** 26;
/** Pages in memory: one for each of the walks that go over a layer side by side. */
const KEPT_PAGES = 4;

/** Called for each page that is read, with its first byte on the disk. It must be quick. */
export type OnPage = (start: number) => void;

interface KeptPage {
  readonly index: number;
  readonly page: Page;
}

/** The runs of a qcow2 layer, read from a map with host offsets whose kinds are codes. */
export class Qcow2Runs implements LayerRuns {
  readonly size: number;
  readonly sliceSpan: number;
  readonly clusterSize: number;
  readonly #map: Qcow2Map;
  readonly #onPage: OnPage | undefined;
  readonly #span: number;
  /** End of the last cluster. */
  readonly #storedEnd: number;
  #pages: KeptPage[] = [];
  #empty: LayerRun = { start: 0, end: 0, kind: UNALLOCATED };

  constructor(map: Qcow2Map, onPage?: OnPage) {
    const { clusterSize, entrySize, l1Coverage } = map.geometry;
    this.#map = map;
    this.#onPage = onPage;
    this.clusterSize = clusterSize;
    this.size = map.size;
    this.#storedEnd = Math.ceil(map.size / clusterSize) * clusterSize;
    this.sliceSpan = (Math.min(L2_SLICE_BYTES, clusterSize) / entrySize) * clusterSize;
    this.#span = l1Coverage * Math.max(1, Math.floor(MIN_PAGE_SPAN_BYTES / l1Coverage));
  }

  at(offset: number): LayerRun {
    const index = Math.floor(offset / this.#span);
    const base = index * this.#span;
    const empty = this.#emptyFrom(index);
    if (empty !== undefined) return empty;
    const page = this.#pageAt(index);
    const i = pageIndexAt(page, offset - base);
    const end = i + 1 < page.count ? base + pageStart(page, i + 1) : base + this.#span;
    const host = page.hosts?.[i] ?? -1;
    return {
      start: base + pageStart(page, i),
      end: Math.min(end, offset < this.size ? this.size : this.#storedEnd),
      kind: page.codes[i] as number,
      ...(host < 0 ? {} : { host }),
    };
  }

  /** Whole pages in which no table has an entry, from page `index` on; undefined where that page has to be read. */
  #emptyFrom(index: number): LayerRun | undefined {
    const start = index * this.#span;
    if (start >= this.#empty.start && start < this.#empty.end) return this.#empty;
    if (start >= this.size || this.#pages.some(page => page.index === index)) return undefined;
    const stretch = entrylessStretch(this.#map, start);
    if (stretch === undefined) return undefined;
    const end = Math.floor(stretch.end / this.#span) * this.#span;
    if (end <= start) return undefined; // the disk ends in it
    this.#empty = { start, end, kind: stretch.kind };
    return this.#empty;
  }

  #pageAt(index: number): Page {
    const kept = this.#pages[0];
    if (kept?.index === index) return kept.page;
    const older = this.#pages.find(other => other.index === index);
    const page = older?.page ?? this.#read(index);
    this.#pages = [{ index, page }, ...this.#pages.filter(other => other.index !== index)].slice(
      0,
      KEPT_PAGES,
    );
    return page;
  }

  #read(index: number): Page {
    const start = index * this.#span;
    this.#onPage?.(start);
    return mapPage(this.#map, start, Math.min(start + this.#span, this.#storedEnd)).seal();
  }
}

/** A raw layer: it decides everywhere. Its holes read as zeros and are data to every job that is planned here. */
export class RawRuns implements LayerRuns {
  readonly size: number;
  readonly sliceSpan = Number.POSITIVE_INFINITY;
  readonly clusterSize = Number.POSITIVE_INFINITY;

  constructor(size: number) {
    this.size = size;
  }

  at(_offset: number): LayerRun {
    return { start: 0, end: this.size, kind: DATA };
  }
}
