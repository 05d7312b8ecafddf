/**
 * The tables of one chain: for each layer what each witness said, and the sweep over what is drawn.
 *
 * This is the only place that keeps extents. A layer with a metadata witness can read any page again at any time, so
 * its pages may be dropped; what came over NBD stays.
 */

import { CowscopeError } from '../../../shared/error.ts';
import { isFullyRead } from '../../../shared/extent/compare.ts';
import { ABSENT, DEPTH_SHIFT, depthOf, HOLE, LOCAL, UNREAD, ZERO } from '../../../shared/extent/flags.ts';
import { type Page, PageWriter } from '../../../shared/extent/page.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { decodeBatch } from '../../../shared/extent/status-decoder.ts';
import { Sweeper, type SweepLayer, type SweepOverlay, type SweptPage } from '../../../shared/extent/sweep.ts';
import { chainPageSpan, MAX_PAGE_EXTENTS } from '../../../shared/extent/table.ts';
import type { BitmapChoice } from '../../../shared/model/context.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';
import { tellsLayers } from '../../../shared/nbd-contexts.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { mapPage } from '../../qcow2/read/map.ts';
import type { OpenSource } from '../../qcow2/read/source.ts';
import type { EnginePlan } from '../worker/protocol.ts';
import { bitmapNames, bitmapPages } from './merged-pages.ts';
import { feedNumbers } from './number-tables.ts';
import {
  feedersOf,
  type MetadataTable,
  type NbdTables,
  openHosts,
  openLayer,
  openNamedBitmap,
  type StoredLayer,
} from './stored-layer.ts';

/**
 * Bytes of memory for extents that came over NBD and cannot be dropped and read again: 150 million of usual ones. The
 * replies under way, of at most 128 MiB each, take from it too, so that the whole program stays below 1 GiB.
 */
const MAX_FED_BYTES = 448 * 2 ** 20;
/** Replies in memory while one is decoded: that one, the next, and what is not collected yet of those before. */
const REPLIES_HELD = 4;

/** Pages of all layers together: every disk that an L1 table can reach has fewer, and empty ones take memory too. */
const MAX_PAGES = 2 ** 22;

/** A lane of the sweep: a layer, or one depth of a whole-chain export. Base first. */
interface Lane {
  readonly layer: StoredLayer;
  readonly depth: number;
}

/** The tables of one chain and what can be asked of them. */
export interface ChainTables {
  readonly plan: EnginePlan;
  readonly layers: readonly StoredLayer[];
  readonly pageSpan: number;
  readonly pageCount: number;
  /** Lanes of the sweep, base first; grows when a whole-chain export shows deeper layers. */
  readonly laneCount: number;
  /** Extents held in memory. */
  readonly stored: number;
  tracks(): TrackInfo[];
  /** Reads and stores one page of a layer's metadata witness. */
  readPage(layer: number, index: number): void;
  /** Drops the stored metadata pages of one page index. */
  dropPage(index: number): void;
  /** True where a layer's metadata page is not stored, its nbd page is there, and reading the former again adds nothing new. */
  mayReread(layer: number, index: number): boolean;
  /** True while more extents came over NBD for layers that have metadata than the budget allows to keep. */
  readonly fedOverBudget: boolean;
  /** Drops what came over NBD of one page of a layer that has metadata: it was compared, and nothing is drawn from it. */
  dropFed(layer: number, index: number): void;
  /**
   * Feeds a batch of an NBD layer. Returns true when it added lanes. Throws TOO_MANY_EXTENTS past the plan's budget
   * and past what fits in memory, where the layer has no metadata: what came over NBD cannot be dropped and read again.
   */
  feed(layer: number, batch: StatusBatch): boolean;
  /** Makes what was fed of the page under way visible. */
  flush(layer: number): void;
  /** The bitmaps that are read, of one layer or of all from the base up; of a layer with very many the first ones. */
  bitmaps(layer: number | undefined): BitmapChoice[];
  /** Everything drawn of one page, swept. Pages that were dropped are read again; `fresh` reads what is not stored. */
  sweep(index: number, options?: SweepOptions): SweptPage;
}

/** Which part of the chain a sweep takes. */
export interface SweepOptions {
  /** One layer alone. */
  readonly layer?: number | undefined;
  /** Read pages that are not stored, without storing them. */
  readonly readMissing?: boolean;
  /** Host offsets of every segment. */
  readonly hosts?: boolean;
  /** What each bitmap adds is kept apart, numbered as {@link ChainTables.bitmaps} lists them. */
  readonly eachBitmap?: boolean;
  /** Only this bitmap instead of all. */
  readonly bitmap?: { readonly layer: number; readonly name: string } | undefined;
}

/** Opens the tables of a chain. Throws CHAIN_DISK_TOO_LARGE, or the error of a layer whose metadata cannot be opened. */
export function openChainTables(plan: EnginePlan, openSource: OpenSource): ChainTables {
  const pageSpan = chainPageSpan(
    [plan.size, ...plan.layers.map(({ size }) => size)],
    plan.layers.filter(({ metadata }) => metadata !== undefined).map(({ clusterSize }) => clusterSize),
  );
  const pageCount = Math.ceil(plan.size / pageSpan);
  checkPages(plan, pageCount, pageSpan);
  const layers = plan.layers.map((layer, index) => openLayer(layer, index, pageSpan, openSource));
  const hostMaps = new Map<number, MetadataTable>();
  const dropped = new Uint8Array(pageCount);
  const overlayWriter = new PageWriter();
  const sweeper = new Sweeper();
  let lanes = lanesOf(layers, 1);
  let deepest = 1;
  let stored = 0;
  let droppedFed = 0;

  function readMetadata(layer: StoredLayer, from: MetadataTable, index: number): PageWriter {
    const start = index * pageSpan;
    return mapPage(from.map, start, Math.min(start + pageSpan, layer.plan.size));
  }

  function readPage(layerIndex: number, index: number): void {
    const layer = layers[layerIndex] as StoredLayer;
    if (layer.metadata === undefined || index * pageSpan >= layer.plan.size) return;
    const table = layer.metadata.table;
    stored -= table.pages[index]?.count ?? 0;
    const page = readMetadata(layer, layer.metadata, index).seal();
    table.pages[index] = page;
    stored += page.count;
  }

  function dropPage(index: number): void {
    for (const layer of layers) {
      const pages = layer.metadata?.table.pages;
      if (pages === undefined || pages[index] === undefined) continue;
      stored -= (pages[index] as Page).count;
      pages[index] = undefined;
    }
    dropped[index] = 1;
  }

  function feed(layerIndex: number, batch: StatusBatch): boolean {
    const layer = layers[layerIndex] as StoredLayer;
    const nbd = layer.nbd as NbdTables;
    checkBudget(layer, batch); // once it is passed nothing more is taken, however often it is tried
    decodeBatch(batch, nbd.decoding);
    for (const [index, numbers] of nbd.numbers) feedNumbers(numbers, batch, index);
    checkBudget(layer, batch);
    if (layer.plan.nbd?.exportKind !== 'wholeChain') return false;
    const depth = nbd.table.words.words.reduce((most, word) => Math.max(most, depthOf(word)), 1);
    if (depth <= deepest) return false;
    deepest = depth;
    lanes = lanesOf(layers, depth);
    return true;
  }

  function flush(layerIndex: number): void {
    const nbd = (layers[layerIndex] as StoredLayer).nbd;
    if (nbd !== undefined) for (const feeder of feedersOf(nbd)) feeder.flush();
  }

  function mayReread(layerIndex: number, index: number): boolean {
    const { metadata, nbd } = layers[layerIndex] as StoredLayer;
    if (metadata === undefined || nbd === undefined || (plan.buildPyramid && dropped[index] !== 1))
      return false;
    return nbd.table.pages[index] !== undefined && isFullyRead(nbd.table, index);
  }

  /** Extents that came over NBD for layers with or without metadata, and the bytes of memory that they take. */
  function fedOverNbd(withMetadata: boolean): { extents: number; bytes: number } {
    const sum = { extents: 0, bytes: 0 };
    for (const { nbd, metadata } of layers) {
      if (nbd === undefined || (metadata !== undefined) !== withMetadata) continue;
      for (const feeder of feedersOf(nbd)) {
        sum.extents += feeder.extents;
        sum.bytes += feeder.bytes;
      }
    }
    return sum;
  }

  function dropFed(layerIndex: number, index: number): void {
    const { metadata, nbd } = layers[layerIndex] as StoredLayer;
    if (metadata === undefined || nbd === undefined) return;
    for (const { pages } of [nbd.table, ...nbd.bitmaps.map(bitmap => bitmap.table)]) {
      droppedFed += pages[index]?.count ?? 0;
      pages[index] = undefined;
    }
  }

  /** Refuses what came over NBD for layers without metadata when it takes too much memory: it cannot be read again. */
  function checkBudget(layer: StoredLayer, { lists }: StatusBatch): void {
    if (layer.metadata !== undefined || layer.nbd === undefined) return;
    const feeders = feedersOf(layer.nbd);
    if (feeders.some(({ pageExtents }) => pageExtents > MAX_PAGE_EXTENTS))
      throw tooManyExtents(layer, `more than ${MAX_PAGE_EXTENTS} extents in ${formatSize(pageSpan)}`);
    const fed = fedOverNbd(false);
    if (fed.extents > plan.extentBudget)
      throw tooManyExtents(layer, `more than ${plan.extentBudget} extents`);
    const replies = REPLIES_HELD * lists.reduce((bytes, { payload }) => bytes + payload.byteLength, 0);
    if (fed.bytes + replies > MAX_FED_BYTES)
      throw tooManyExtents(layer, `so many extents that they take more than ${formatSize(MAX_FED_BYTES)}`);
  }

  function hostTable(layer: StoredLayer): MetadataTable {
    let hosts = hostMaps.get(layer.index);
    if (hosts === undefined) {
      hosts = openHosts(layer, pageSpan, openSource);
      hostMaps.set(layer.index, hosts);
    }
    return hosts;
  }

  function sweepLane(lane: Lane, index: number, options: SweepOptions): SweepLayer {
    const { layer } = lane;
    const size = layer.plan.size;
    if (layer.metadata === undefined) {
      const table = (layer.nbd as NbdTables).table;
      const words =
        lane.depth === 0 ? table.words.words : table.words.words.map(word => wordAtDepth(word, lane.depth));
      const identityHosts = options.hosts === true && layer.plan.nbd?.exportKind === 'rawLayer';
      return { page: table.pages[index], words, size, identityHosts };
    }
    const inside = index * pageSpan < size;
    if (options.hosts === true) {
      const hosts = hostTable(layer);
      return {
        page: inside ? readMetadata(layer, hosts, index).peek() : undefined,
        words: hosts.table.words.words,
        size,
      };
    }
    let page = layer.metadata.table.pages[index];
    if (page === undefined && inside && (options.readMissing === true || dropped[index] === 1))
      page = readMetadata(layer, layer.metadata, index).peek();
    return { page, words: layer.metadata.table.words.words, size };
  }

  function bitmaps(layer: number | undefined): BitmapChoice[] {
    const chosen = layer === undefined ? layers : layers.slice(layer, layer + 1);
    return chosen.flatMap(own => bitmapNames(own).map(name => ({ layer: own.index, name })));
  }

  function sweep(index: number, options: SweepOptions = {}): SweptPage {
    const chosen = options.layer === undefined ? lanes : [lanes[options.layer] as Lane];
    const base = index * pageSpan;
    const size = options.layer === undefined ? plan.size : (chosen[0] as Lane).layer.plan.size;
    const overlays: SweepOverlay[] = [];
    const numbers = options.eachBitmap === true ? bitmapNumbers(bitmaps(options.layer)) : undefined;
    const numberOf = (layer: number, name: string | undefined) =>
      name === undefined ? -1 : (numbers?.get(bitmapKey(layer, name)) ?? -1);
    chosen.forEach((lane, at) => {
      const { bitmap: only } = options;
      if (only !== undefined && only.layer !== lane.layer.index) return;
      if (only !== undefined) openNamedBitmap(lane.layer, only.name);
      for (const page of bitmapPages(lane.layer, index, pageSpan, overlayWriter, only?.name))
        overlays.push({ layer: at, ...page, number: numberOf(lane.layer.index, page.name) });
    });
    return sweeper.sweep(
      chosen.map(lane => sweepLane(lane, index, options)),
      overlays,
      base,
      Math.min(base + pageSpan, size),
      plan.baseMissing === true && options.layer === undefined ? UNREAD : undefined,
    );
  }

  return {
    plan,
    layers,
    pageSpan,
    pageCount,
    get laneCount() {
      return lanes.length;
    },
    get stored() {
      return stored;
    },
    tracks: () => tracksOf(plan, lanes),
    get fedOverBudget() {
      return fedOverNbd(true).extents - droppedFed > plan.extentBudget;
    },
    readPage,
    dropPage,
    mayReread,
    dropFed,
    feed,
    flush,
    bitmaps,
    sweep,
  };
}

function tooManyExtents({ plan }: StoredLayer, what: string): CowscopeError {
  return new CowscopeError({
    code: 'TOO_MANY_EXTENTS',
    what: `the server describes ${what}: they do not fit in memory`,
    subject: plan.title,
    advice: 'open the image file itself: its own tables are read in parts',
  });
}

function bitmapKey(layer: number, name: string): string {
  return `${layer} ${name}`;
}

function bitmapNumbers(choices: readonly BitmapChoice[]): ReadonlyMap<string, number> {
  return new Map(choices.map(({ layer, name }, number) => [bitmapKey(layer, name), number]));
}

function checkPages(plan: EnginePlan, pageCount: number, pageSpan: number): void {
  if (plan.layers.reduce((sum, { size }) => sum + Math.ceil(size / pageSpan), pageCount) <= MAX_PAGES) return;
  const largest = plan.layers.reduce((a, b) => (b.size > a.size ? b : a));
  throw new CowscopeError({
    code: 'CHAIN_DISK_TOO_LARGE',
    what: `the disk claims ${formatSize(largest.size)}, which is too large to be mapped in units as small as this chain’s`,
    subject: largest.metadata?.path ?? largest.title,
    advice:
      'compare its size with what `cowscope layers` says of the other layers: the header may be damaged',
  });
}

/** The word of one depth of a whole-chain export: what lies under a shallower owner is not known. */
function wordAtDepth(word: number, depth: number): number {
  const owner = depthOf(word);
  if (word & ABSENT || owner > depth) return ABSENT | HOLE | ZERO;
  if (owner === depth || !(word & LOCAL)) return word & ((1 << DEPTH_SHIFT) - 1);
  return UNREAD;
}

function lanesOf(layers: readonly StoredLayer[], deepest: number): Lane[] {
  const only = layers[0];
  const nbd = only?.plan.nbd;
  const byDepth = nbd?.exportKind === 'wholeChain' && tellsLayers(nbd.contexts);
  if (only === undefined || !byDepth || only.metadata !== undefined)
    return layers.map(layer => ({ layer, depth: 0 }));
  return Array.from({ length: deepest }, (_, i) => ({ layer: only, depth: deepest - i }));
}

function tracksOf(plan: EnginePlan, lanes: readonly Lane[]): TrackInfo[] {
  const ownerKnown = (layer: StoredLayer) =>
    layer.metadata !== undefined ||
    layer.plan.nbd?.exportKind === 'rawLayer' ||
    tellsLayers(layer.plan.nbd?.contexts ?? []);
  const top = lanes.at(-1) as Lane;
  const guest: TrackInfo = {
    id: 0,
    kind: 'guest',
    layer: -1,
    depth: 0,
    title: 'guest',
    size: plan.size,
    witness: top.layer.metadata === undefined ? 'nbd' : 'metadata',
    ownerKnown: lanes.every(lane => ownerKnown(lane.layer)),
  };
  const tracks = lanes.toReversed().map(
    ({ layer, depth }, i): TrackInfo => ({
      id: i + 1,
      kind: depth === 0 ? 'layer' : 'depth',
      layer: layer.index,
      depth,
      title: depth === 0 ? layer.plan.title : `depth ${depth}`,
      size: layer.plan.size,
      witness: layer.metadata === undefined ? 'nbd' : 'metadata',
      ownerKnown: ownerKnown(layer),
    }),
  );
  return [guest, ...tracks];
}
