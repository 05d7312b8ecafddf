/**
 * The tables of one chain: for each layer what each witness said, and the sweep over what is drawn.
 *
 * This is the only place that keeps extents. A layer with a metadata witness can read any page again at any time, so
 * its pages may be dropped; what came over NBD stays.
 */
import { isFullyRead } from '../../../shared/extent/compare.ts';
import { depthOf, UNREAD } from '../../../shared/extent/flags.ts';
import { type Page, PageWriter } from '../../../shared/extent/page.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { decodeBatch } from '../../../shared/extent/status-decoder.ts';
import {
  LAYER_ALONE,
  Sweeper,
  type SweepLayer,
  type SweepOverlay,
  type SweptPage,
} from '../../../shared/extent/sweep.ts';
import { chainPageSpan, listedPageSpan, maxPageUnits } from '../../../shared/extent/table.ts';
import type { BitmapChoice } from '../../../shared/model/context.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';
import { requestTables } from '../../qcow2/read/ahead/request-tables.ts';
import { TableStage } from '../../qcow2/read/ahead/table-stage.ts';
import { PartCache } from '../../qcow2/read/entry-table.ts';
import { mapPage } from '../../qcow2/read/map.ts';
import type { OpenSource } from '../../qcow2/read/source.ts';
import type { EnginePlan } from '../worker/protocol.ts';
import { checkFedBudget, fedOverNbd } from './fed-budget.ts';
import { type LayerSlot, slotsOf, tracksOf, wordsOfSlot } from './layer-slots.ts';
import { bitmapNames, bitmapPages } from './merged-pages.ts';
import { feedNumbers } from './number-tables.ts';
import { PagesAhead } from './pages-ahead.ts';
import { pageName, plainStretch, werePlain } from './plain-stretch.ts';
import {
  feedersOf,
  type LayerOpening,
  type MetadataTable,
  type NbdTables,
  openHosts,
  openNamedBitmap,
  openStoredLayer,
  type StoredLayer,
} from './stored-layer.ts';

/** Which part of the chain a sweep takes. */
export interface SweepOptions {
  /** One layer alone. */
  readonly layer?: number | undefined;
  /** The chain as if this layer were its top. Not together with `layer`. */
  readonly top?: number | undefined;
  /** Read pages that are not stored, without storing them. */
  readonly readMissing?: boolean;
  /** Host offsets of every segment. */
  readonly hosts?: boolean;
  /** What each bitmap adds is kept apart, numbered as {@link ChainTables.bitmaps} lists them. */
  readonly eachBitmap?: boolean;
  /** Only this bitmap instead of all. */
  readonly bitmap?: BitmapChoice | undefined;
}

/** The choice of no bitmap. */
export const NO_BITMAP: BitmapChoice = { layer: -1, name: '' };

/** The tables of one chain and the sweeps over them. */
export class ChainTables {
  readonly plan: EnginePlan;
  readonly layers: readonly StoredLayer[];
  readonly pageSpan: number;
  readonly pageCount: number;
  readonly #opening: LayerOpening;
  readonly #ahead: PagesAhead;
  readonly #hostMaps = new Map<number, MetadataTable>();
  /** 1 for each page that was read and dropped again. */
  readonly #dropped: Uint8Array;
  readonly #overlayWriter = new PageWriter();
  readonly #sweeper = new Sweeper();
  /** Called between two turns with the progress of a walk over the whole disk. */
  onWalk: ((offset: number, size: number) => void) | undefined;
  /** Base first; they grow when a whole-chain export shows deeper layers. */
  #slots: readonly LayerSlot[];
  #deepest = 1;
  #stored = 0;
  #droppedFed = 0;

  /** Opens the tables. Throws the error of a layer whose metadata cannot be opened. */
  constructor(plan: EnginePlan, openSource: OpenSource) {
    this.plan = plan;
    const ownTables = plan.layers.filter(({ metadata }) => metadata !== undefined);
    this.pageSpan = pageSpanOf(plan);
    this.pageCount = Math.ceil(plan.size / this.pageSpan);
    this.#dropped = new Uint8Array(this.pageCount);
    this.#opening = {
      pageSpan: this.pageSpan,
      openSource,
      cache: new PartCache(),
      stage: new TableStage(),
      maxExtents: maxPageUnits(ownTables.length),
    };
    this.#ahead = new PagesAhead(this.#opening.stage);
    this.layers = plan.layers.map((layer, index) => openStoredLayer(layer, index, this.#opening));
    this.#slots = slotsOf(this.layers, this.#deepest);
  }

  /** Slots of the sweep. */
  get slotCount(): number {
    return this.#slots.length;
  }

  /** Extents held in memory of what the tables of images say. */
  get stored(): number {
    return this.#stored;
  }

  /** True where storage is slow, so that {@link readAhead} pays. */
  get readsSlowly(): boolean {
    return this.#opening.stage.isUseful;
  }

  tracks(): TrackInfo[] {
    return tracksOf(this.plan, this.#slots);
  }

  /** Virtual size in bytes of one layer, or of the guest's disk. */
  sizeOf(layer: number | undefined): number {
    return layer === undefined ? this.plan.size : (this.layers[layer]?.plan.size ?? 0);
  }

  /** The bitmaps that are read, of one layer or of all from the base up; of a layer with very many the first ones. */
  bitmaps(layer: number | undefined): BitmapChoice[] {
    const chosen = layer === undefined ? this.layers : this.layers.slice(layer, layer + 1);
    return chosen.flatMap(own => bitmapNames(own).map(name => ({ layer: own.index, name })));
  }

  /** Reads and stores one page of a layer's metadata witness. */
  readPage(layerIndex: number, index: number): void {
    const layer = this.layers[layerIndex] as StoredLayer;
    if (layer.metadata === undefined || index * this.pageSpan >= layer.plan.size) return;
    const { table } = layer.metadata;
    this.#stored -= table.pages[index]?.count ?? 0;
    const page = this.#mapPage(layer, layer.metadata, index).seal();
    table.pages[index] = page;
    this.#stored += page.count;
  }

  /** Drops the stored metadata pages of one page index. */
  dropPage(index: number): void {
    for (const layer of this.layers) {
      const pages = layer.metadata?.table.pages;
      if (pages === undefined || pages[index] === undefined) continue;
      this.#stored -= (pages[index] as Page).count;
      pages[index] = undefined;
    }
    this.#dropped[index] = 1;
  }

  /**
   * True where a layer's metadata page is not stored, its nbd page is there, and reading the former again adds nothing
   * new.
   */
  mayReread(layerIndex: number, index: number): boolean {
    const { metadata, nbd } = this.layers[layerIndex] as StoredLayer;
    if (metadata === undefined || nbd === undefined) return false;
    if (this.plan.buildPyramid && this.#dropped[index] !== 1) return false;
    return nbd.table.pages[index] !== undefined && isFullyRead(nbd.table, index);
  }

  /** True while more extents came over NBD for layers that have metadata than the budget allows to keep. */
  get fedOverBudget(): boolean {
    const { extentBudget, fedBudget = extentBudget } = this.plan;
    return fedOverNbd(this.layers, true).extents - this.#droppedFed > fedBudget;
  }

  /** Drops what came over NBD of one page of a layer that has metadata: it was compared, and nothing is drawn from it. */
  dropFed(layerIndex: number, index: number): void {
    const { metadata, nbd } = this.layers[layerIndex] as StoredLayer;
    if (metadata === undefined || nbd === undefined) return;
    for (const { pages } of [nbd.table, ...nbd.bitmaps.map(bitmap => bitmap.table)]) {
      this.#droppedFed += pages[index]?.count ?? 0;
      pages[index] = undefined;
    }
  }

  /**
   * Feeds a batch of an NBD layer. Returns true when it added slots. Throws TOO_MANY_EXTENTS past the plan's budget
   * and past what fits in memory, where the layer has no metadata: what came over NBD cannot be dropped and read again.
   */
  feed(layerIndex: number, batch: StatusBatch): boolean {
    const layer = this.layers[layerIndex] as StoredLayer;
    const nbd = layer.nbd as NbdTables;
    checkFedBudget(this, layer, batch); // once it is passed nothing more is taken, however often it is tried
    decodeBatch(batch, nbd.decoding);
    for (const [index, numbers] of nbd.numbers) feedNumbers(numbers, batch, index);
    checkFedBudget(this, layer, batch);
    if (layer.plan.nbd?.exportKind !== 'wholeChain') return false;
    const depth = nbd.table.words.words.reduce((most, word) => Math.max(most, depthOf(word)), 1);
    if (depth <= this.#deepest) return false;
    this.#deepest = depth;
    this.#slots = slotsOf(this.layers, depth);
    return true;
  }

  /** Makes what was fed of the page under way visible. */
  flush(layerIndex: number): void {
    const { nbd } = this.layers[layerIndex] as StoredLayer;
    if (nbd !== undefined) for (const feeder of feedersOf(nbd)) feeder.flush();
  }

  /** Everything drawn of one page, swept. Pages that were dropped are read again. */
  sweep(index: number, options: SweepOptions = {}): SweptPage {
    const base = index * this.pageSpan;
    const chosen = this.#chosenSlots(options);
    const overlays = this.#overlays(chosen, index, options);
    return this.#sweeper.sweep(
      chosen.map(slot => this.#sweepSlot(slot, index, options)),
      overlays,
      base,
      Math.min(base + this.pageSpan, this.#endOf(chosen, options)),
      this.#below(options),
    );
  }

  /**
   * As {@link sweep}, but where no table describes anything from this page on, as one page of the whole stretch. Only with
   * `readMissing`.
   */
  sweepStretch(index: number, options: SweepOptions): SweptPage {
    if (options.readMissing !== true) return this.sweep(index, options);
    const base = index * this.pageSpan;
    const chosen = this.#chosenSlots(options);
    const size = this.#endOf(chosen, options);
    if (options.bitmap !== undefined) this.#openBitmap(options.bitmap);
    const layers = chosen.map(({ layer }) => layer);
    const stretch = plainStretch(layers, base, size, options.bitmap);
    // Up to a page border: the next page begins there.
    const end = stretch === undefined || stretch.end === size ? size : this.#pageStart(stretch.end);
    if (stretch === undefined || end <= base + this.pageSpan) return this.sweep(index, options);
    const numberOf = this.#overlayNumbers(options);
    const overlays = stretch.overlays.map(overlay => ({
      ...overlay,
      number: numberOf((layers[overlay.layer] as StoredLayer).index, overlay.name),
    }));
    return this.#sweeper.sweep(stretch.layers, overlays, base, end, this.#below(options));
  }

  /**
   * Names what describes a page, where pages of one name are all swept to the same ({@link isRepeatable}); undefined for
   * a page that has none. Only with `readMissing`.
   */
  nameOf(index: number, options: SweepOptions): string | undefined {
    const start = index * this.pageSpan;
    const end = start + this.pageSpan;
    const chosen = this.#chosenSlots(options);
    const layers = chosen.map(({ layer }) => layer);
    const isStored = layers.some(({ metadata }) => metadata?.table.pages[index] !== undefined);
    if (options.readMissing !== true || options.hosts === true || isStored) return undefined;
    return end > this.#endOf(chosen, options) ? undefined : pageName(layers, { start, end }, options.bitmap);
  }

  /** True if the page that was swept just now, which has a name, may stand for all others of its name. */
  isRepeatable(index: number, options: SweepOptions): boolean {
    const layers = this.#chosenSlots(options).map(({ layer }) => layer);
    return werePlain(layers, index * this.pageSpan);
  }

  /**
   * Reads the tables that pages need ahead, several at once, and begins with those of the pages behind them; what was read
   * ahead before is forgotten. Resolves when the first are there, with the number of pages that they suffice for, at least
   * 1. Never rejects.
   */
  readAhead(pages: readonly number[], options: SweepOptions = {}): Promise<number> {
    const { layer, top, hosts } = options;
    const chosen = this.#chosenSlots(options);
    return this.#ahead.read(pages, JSON.stringify([layer, top, hosts]), page => {
      const start = page * this.pageSpan;
      return chosen.every(({ layer: { index, metadata } }) => {
        const map = hosts === true ? this.#hostMaps.get(index)?.map : metadata?.map;
        return map === undefined || requestTables(map, start, start + this.pageSpan);
      });
    });
  }

  /** Forgets what was read ahead: the files may change. */
  dropReadAhead(): void {
    this.#ahead.drop();
  }

  #pageStart(offset: number): number {
    return Math.floor(offset / this.pageSpan) * this.pageSpan;
  }

  #chosenSlots({ layer, top }: SweepOptions): readonly LayerSlot[] {
    if (top !== undefined) return this.#slots.slice(0, top + 1);
    return layer === undefined ? this.#slots : [this.#slots[layer] as LayerSlot];
  }

  #endOf(chosen: readonly LayerSlot[], { layer, top }: SweepOptions): number {
    return layer === undefined && top === undefined
      ? this.plan.size
      : (chosen.at(-1) as LayerSlot).layer.plan.size;
  }

  /** What is seen where every layer is absent. */
  #below({ layer }: SweepOptions): number | undefined {
    if (layer !== undefined) return LAYER_ALONE;
    return this.plan.baseMissing === true ? UNREAD : undefined;
  }

  #mapPage(layer: StoredLayer, { map }: MetadataTable, index: number): PageWriter {
    const start = index * this.pageSpan;
    return mapPage(map, start, Math.min(start + this.pageSpan, layer.plan.size));
  }

  #overlays(slots: readonly LayerSlot[], index: number, options: SweepOptions): SweepOverlay[] {
    const { bitmap: only } = options;
    if (only !== undefined) this.#openBitmap(only);
    const numberOf = this.#overlayNumbers(options);
    const overlays: SweepOverlay[] = [];
    for (const [at, { layer }] of slots.entries()) {
      if (only !== undefined && only.layer !== layer.index) continue;
      for (const page of bitmapPages(layer, index, this.pageSpan, this.#overlayWriter, only?.name))
        overlays.push({ layer: at, ...page, number: numberOf(layer.index, page.name) });
    }
    return overlays;
  }

  /** Opens a bitmap that was asked for by name and is not among the first ones. */
  #openBitmap({ layer, name }: BitmapChoice): void {
    const stored = this.layers[layer];
    if (stored !== undefined) openNamedBitmap(stored, name, this.#opening.cache);
  }

  /** Tells the number of each bitmap that is kept apart, -1 for others. */
  #overlayNumbers({ eachBitmap, layer }: SweepOptions): (layer: number, name: string | undefined) => number {
    if (eachBitmap !== true) return () => -1;
    const key = (index: number, name: string) => `${index} ${name}`;
    const numbers = new Map(this.bitmaps(layer).map((own, number) => [key(own.layer, own.name), number]));
    return (index, name) => (name === undefined ? -1 : (numbers.get(key(index, name)) ?? -1));
  }

  #sweepSlot(slot: LayerSlot, index: number, options: SweepOptions): SweepLayer {
    const { layer } = slot;
    const { size } = layer.plan;
    if (layer.metadata === undefined) {
      const { table } = layer.nbd as NbdTables;
      const identityHosts = options.hosts === true && layer.plan.nbd?.exportKind === 'rawLayer';
      return { page: table.pages[index], words: wordsOfSlot(slot, table.words.words), size, identityHosts };
    }
    const withHosts = options.hosts === true;
    const from = withHosts ? this.#hostTable(layer) : layer.metadata;
    let page = withHosts ? undefined : from.table.pages[index];
    const isWanted = withHosts || options.readMissing === true || this.#dropped[index] === 1;
    if (page === undefined && isWanted && index * this.pageSpan < size)
      page = this.#mapPage(layer, from, index).peek();
    return { page, words: from.table.words.words, size };
  }

  #hostTable(layer: StoredLayer): MetadataTable {
    const hosts = this.#hostMaps.get(layer.index) ?? openHosts(layer, this.#opening);
    this.#hostMaps.set(layer.index, hosts);
    return hosts;
  }
}

function pageSpanOf({ layers, size, buildPyramid }: EnginePlan): number {
  const ownTables = layers.flatMap(({ metadata }) => metadata?.image.geometry ?? []);
  const sizes = [size, ...layers.map(layer => layer.size)];
  if (!buildPyramid) return listedPageSpan(sizes, ownTables);
  return chainPageSpan(
    sizes,
    ownTables.map(({ clusterSize }) => clusterSize),
  );
}
