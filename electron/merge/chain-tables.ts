/**
 * The tables of one chain: for each layer what each witness said, and the sweep over what is drawn.
 *
 * This is the only place that keeps extents. A layer with a metadata witness can read any page again at any time, so
 * its pages may be dropped; what came over NBD stays.
 */

import { CowscopeError } from '../../shared/errors.ts';
import { isFullyRead } from '../../shared/extent/compare.ts';
import { createFeeder, type TableFeeder } from '../../shared/extent/feeder.ts';
import {
  ABSENT,
  DAMAGED,
  DEPTH_SHIFT,
  depthOf,
  HOLE,
  LOCAL,
  UNREAD,
  ZERO,
} from '../../shared/extent/flags.ts';
import { BITMAP_PREFIX } from '../../shared/extent/nbdinfo-text.ts';
import { type Page, PageWriter, WordSet } from '../../shared/extent/page.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import { type ContextRole, decodeBatch } from '../../shared/extent/status-decoder.ts';
import {
  createSweeper,
  type SweepLayer,
  type SweepOverlay,
  type SweptPage,
} from '../../shared/extent/sweep.ts';
import { chainPageSpan, createTable, type ExtentTable } from '../../shared/extent/table.ts';
import type { TrackInfo } from '../../shared/ipc/contract.ts';
import { formatSize } from '../../shared/offset.ts';
import { type BitmapMap, createBitmapMap, mapBitmapPage } from '../qcow2/bitmap-map.ts';
import { openQcow2, type Qcow2Image } from '../qcow2/image.ts';
import { createMap, mapPage, type Qcow2Map } from '../qcow2/map.ts';
import type { Problem } from '../qcow2/problems.ts';
import { createNumberTable, feedNumbers, type NumberTable } from './number-tables.ts';
import type { LayerPlan, MergePlan } from './protocol.ts';

/** Bitmaps of one layer that are read unasked: an image may hold 65,535, and each costs memory and time a page. */
const MAX_BITMAPS = 64;
/** Most problem records kept for one layer. */
const MAX_PROBLEMS = 1000;
/** Pages of all layers together: every disk that an L1 table can reach has fewer, and empty ones take memory too. */
const MAX_PAGES = 2 ** 22;
/** Codes of the pages that mark damage. */
const UNDAMAGED = 0;
const DAMAGED_HERE = 1;
const DAMAGE_WORDS = [0, DAMAGED];
/** Proposed in 2021: hole, zero and allocated-here as bits 0 to 2 of one word. */
export const JOINT_ALLOCATION = 'qemu:joint-allocation';

/** What is held of one layer. */
export interface StoredLayer {
  readonly index: number;
  readonly plan: LayerPlan;
  readonly metadata: MetadataTable | undefined;
  readonly nbd: NbdTables | undefined;
  /** Problems of the image and its tables, each once, at most MAX_PROBLEMS. */
  readonly problems: ReadonlyMap<string, Problem>;
}

/** The metadata witness of a layer. */
export interface MetadataTable {
  readonly image: Qcow2Image;
  readonly map: Qcow2Map;
  readonly table: ExtentTable;
  /**
   * The layer's dirty bitmaps, read from the file a page at a time: the first MAX_BITMAPS, and those asked for by name.
   * Those that cannot be trusted are unknown throughout.
   */
  readonly bitmaps: OpenBitmap[];
}

/** A dirty bitmap that is read from its image. */
export interface OpenBitmap {
  readonly name: string;
  readonly map: BitmapMap;
  readonly words: WordSet;
}

/** The nbd witness of a layer. */
export interface NbdTables {
  readonly table: ExtentTable;
  readonly feeder: TableFeeder;
  readonly roles: readonly ContextRole[];
  readonly bitmaps: readonly {
    readonly name: string;
    readonly table: ExtentTable;
    readonly feeder: TableFeeder;
  }[];
  /** Contexts kept as their raw numbers, by their place in the plan's list. */
  readonly numbers: ReadonlyMap<number, NumberTable>;
}

/** A lane of the sweep: a layer, or one depth of a whole-chain export. Base first. */
interface Lane {
  readonly layer: StoredLayer;
  readonly depth: number;
}

/** The tables of one chain and what can be asked of them. */
export interface ChainTables {
  readonly plan: MergePlan;
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
   * where the layer has no metadata: what came over NBD cannot be dropped and read again.
   */
  feed(layer: number, batch: StatusBatch): boolean;
  /** Makes what was fed of the page under way visible. */
  flush(layer: number): void;
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
  /** Only this bitmap instead of all. */
  readonly bitmap?: { readonly layer: number; readonly name: string } | undefined;
}

/** Opens the tables of a chain. Throws CHAIN_DISK_TOO_LARGE, or the error of a layer whose metadata cannot be opened. */
export function openChainTables(plan: MergePlan): ChainTables {
  const pageSpan = chainPageSpan(
    [plan.size, ...plan.layers.map(({ size }) => size)],
    plan.layers.filter(({ metadata }) => metadata !== undefined).map(({ clusterSize }) => clusterSize),
  );
  const pageCount = Math.ceil(plan.size / pageSpan);
  checkPages(plan, pageCount, pageSpan);
  const layers = plan.layers.map((layer, index) => openLayer(layer, index, pageSpan));
  const hostMaps = new Map<number, MetadataTable>();
  const dropped = new Uint8Array(pageCount);
  const bitmapWriter = new PageWriter();
  const sweeper = createSweeper();
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
    checkBudget(layer); // once it is passed nothing more is taken, however often it is tried
    decodeBatch(batch, (layer.plan.nbd as NonNullable<LayerPlan['nbd']>).exportKind, nbd.roles, nbd.feeder);
    for (const [index, numbers] of nbd.numbers) feedNumbers(numbers, batch, index);
    checkBudget(layer);
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
    if (metadata === undefined || nbd === undefined || (plan.keep && dropped[index] !== 1)) return false;
    return nbd.table.pages[index] !== undefined && isFullyRead(nbd.table, index);
  }

  /** Extents that came over NBD for layers with or without metadata. */
  function fedExtents(withMetadata: boolean): number {
    let sum = 0;
    for (const { nbd, metadata } of layers) {
      if (nbd === undefined || (metadata !== undefined) !== withMetadata) continue;
      for (const feeder of feedersOf(nbd)) sum += feeder.extents;
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

  function checkBudget(layer: StoredLayer): void {
    if (layer.metadata !== undefined || fedExtents(false) <= plan.extentBudget) return;
    throw new CowscopeError({
      code: 'TOO_MANY_EXTENTS',
      what: `the server describes more than ${plan.extentBudget} extents, more than fit in memory`,
      subject: layer.plan.title,
      advice: 'open the image file itself: its own tables are read in parts',
    });
  }

  function hostTable(layer: StoredLayer): MetadataTable {
    let hosts = hostMaps.get(layer.index);
    if (hosts === undefined) {
      hosts = openMetadata(layer.plan, pageSpan, true, problemSink(layer.problems as Map<string, Problem>));
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

  /** The dirty bitmaps of one page of a layer: from the file where our own reader has it, else as fed. */
  function* bitmapPages(
    layer: StoredLayer,
    index: number,
    only: string | undefined,
  ): Generator<{ name: string; page: Page | undefined; words: readonly number[] }> {
    if (layer.metadata === undefined) {
      for (const { name, table } of layer.nbd?.bitmaps ?? [])
        if (only === undefined || only === name)
          yield { name, page: table.pages[index], words: table.words.words };
      return;
    }
    const start = index * pageSpan;
    if (start >= layer.plan.size) return;
    for (const { name, map, words } of layer.metadata.bitmaps) {
      if (only !== undefined && only !== name) continue;
      bitmapWriter.begin();
      mapBitmapPage(map, start, Math.min(start + pageSpan, layer.plan.size), bitmapWriter);
      yield { name, page: bitmapWriter.seal(), words: words.words };
    }
  }

  /** The clusters of one page that a problem of the layer's metadata is about; undefined where there is none. */
  function damagePage(
    { plan: { size, clusterSize }, problems }: StoredLayer,
    index: number,
  ): Page | undefined {
    if (problems.size === 0) return undefined;
    const start = index * pageSpan;
    const end = Math.min(start + pageSpan, size);
    const places = [...problems.values()]
      .filter(({ severity }) => severity !== 'note')
      .map(({ guestOffset = -1 }) => guestOffset - (guestOffset % clusterSize))
      .filter(offset => offset >= start && offset < end)
      .sort((a, b) => a - b);
    if (places.length === 0) return undefined;
    bitmapWriter.begin();
    let described = start;
    for (const offset of new Set(places)) {
      if (offset > described) bitmapWriter.push(described - start, UNDAMAGED);
      bitmapWriter.push(offset - start, DAMAGED_HERE);
      described = offset + clusterSize;
    }
    if (described < end) bitmapWriter.push(described - start, UNDAMAGED);
    return bitmapWriter.seal();
  }

  function sweep(index: number, options: SweepOptions = {}): SweptPage {
    const chosen = options.layer === undefined ? lanes : [lanes[options.layer] as Lane];
    const base = index * pageSpan;
    const size = options.layer === undefined ? plan.size : (chosen[0] as Lane).layer.plan.size;
    const overlays: SweepOverlay[] = [];
    chosen.forEach((lane, at) => {
      const damage = damagePage(lane.layer, index);
      if (damage !== undefined) overlays.push({ layer: at, page: damage, words: DAMAGE_WORDS });
      const { bitmap: only } = options;
      if (only !== undefined && only.layer !== lane.layer.index) return;
      if (only !== undefined) openNamedBitmap(lane.layer, only.name);
      for (const { page, words } of bitmapPages(lane.layer, index, only?.name))
        overlays.push({ layer: at, page, words });
    });
    return sweeper.sweep(
      chosen.map(lane => sweepLane(lane, index, options)),
      overlays,
      base,
      Math.min(base + pageSpan, size),
      plan.belowUnknown === true && options.layer === undefined ? UNREAD : undefined,
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
      return fedExtents(true) - droppedFed > plan.extentBudget;
    },
    readPage,
    dropPage,
    mayReread,
    dropFed,
    feed,
    flush,
    sweep,
  };
}

function checkPages(plan: MergePlan, pageCount: number, pageSpan: number): void {
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

function feedersOf(nbd: NbdTables): TableFeeder[] {
  const others = [...nbd.bitmaps, ...nbd.numbers.values()];
  return [nbd.feeder, ...others.map(({ feeder }) => feeder)];
}

/** The word of one depth of a whole-chain export: what lies under a shallower owner is not known. */
function wordAtDepth(word: number, depth: number): number {
  const owner = depthOf(word);
  if (word & ABSENT || owner > depth) return ABSENT | HOLE | ZERO;
  if (owner === depth || !(word & LOCAL)) return word & ((1 << DEPTH_SHIFT) - 1);
  return UNREAD;
}

function openLayer(plan: LayerPlan, index: number, pageSpan: number): StoredLayer {
  const problems = new Map<string, Problem>();
  return {
    index,
    plan,
    problems,
    metadata:
      plan.metadata === undefined ? undefined : openMetadata(plan, pageSpan, false, problemSink(problems)),
    nbd: plan.nbd === undefined ? undefined : openNbd(plan, pageSpan),
  };
}

/** Pages may be read again, so that a problem can come more than once. */
function problemSink(problems: Map<string, Problem>): (problem: Problem) => void {
  return problem => {
    if (problems.size < MAX_PROBLEMS) problems.set(`${problem.code} ${problem.what}`, problem);
  };
}

function openMetadata(
  plan: LayerPlan,
  pageSpan: number,
  hosts: boolean,
  onProblem: (problem: Problem) => void,
): MetadataTable {
  const { fd, fileSize, path, dataFileFd, snapshotId } = plan.metadata as NonNullable<LayerPlan['metadata']>;
  const image = openQcow2({ fd, size: fileSize, path });
  for (const problem of image.problems) onProblem(problem);
  const table = createTable(plan.size, pageSpan);
  const map = createMap(image, {
    words: table.words,
    hosts,
    onProblem,
    // The length of a device is not known here: nothing then lies past its end.
    ...(dataFileFd === undefined
      ? {}
      : { dataFile: { fd: dataFileFd, size: Number.POSITIVE_INFINITY, path } }),
    ...(snapshotId === undefined ? {} : { snapshotId }),
  });
  const names = snapshotId === undefined ? image.bitmaps.slice(0, MAX_BITMAPS).map(({ name }) => name) : [];
  const bitmaps = names.map(name => openBitmap(image, name, onProblem));
  return { image, map, table, bitmaps };
}

function openBitmap(image: Qcow2Image, name: string, onProblem: (problem: Problem) => void): OpenBitmap {
  const words = new WordSet();
  return { name, words, map: createBitmapMap(image, name, { words, onProblem }) };
}

/** Opens a bitmap that was asked for by name and is not among the first ones. */
function openNamedBitmap({ metadata, problems }: StoredLayer, name: string): void {
  if (metadata === undefined || metadata.bitmaps.some(bitmap => bitmap.name === name)) return;
  metadata.bitmaps.push(openBitmap(metadata.image, name, problemSink(problems as Map<string, Problem>)));
}

function openNbd(plan: LayerPlan, pageSpan: number): NbdTables {
  const { contexts } = plan.nbd as NonNullable<LayerPlan['nbd']>;
  const table = createTable(plan.size, pageSpan);
  const bitmaps: { name: string; table: ExtentTable; feeder: TableFeeder }[] = [];
  const numbers = new Map<number, NumberTable>();
  const roles = contexts.map((name, index): ContextRole => {
    if (name === 'base:allocation') return { use: 'allocation' };
    if (name === 'qemu:allocation-depth') return { use: 'depth' };
    if (!name.startsWith(BITMAP_PREFIX)) {
      numbers.set(index, createNumberTable(name, plan.size, pageSpan));
      return { use: name === JOINT_ALLOCATION ? 'joint' : 'ignored' };
    }
    const own = createTable(plan.size, pageSpan);
    const feeder = createFeeder(own);
    bitmaps.push({ name: name.slice(BITMAP_PREFIX.length), table: own, feeder });
    return { use: 'bitmap', feeder };
  });
  return { table, feeder: createFeeder(table), roles, bitmaps, numbers };
}

function lanesOf(layers: readonly StoredLayer[], deepest: number): Lane[] {
  const only = layers[0];
  const nbd = only?.plan.nbd;
  const byDepth = nbd?.exportKind === 'wholeChain' && nbd.contexts.includes('qemu:allocation-depth');
  if (only === undefined || !byDepth || only.metadata !== undefined)
    return layers.map(layer => ({ layer, depth: 0 }));
  return Array.from({ length: deepest }, (_, i) => ({ layer: only, depth: deepest - i }));
}

function tracksOf(plan: MergePlan, lanes: readonly Lane[]): TrackInfo[] {
  const ownerKnown = (layer: StoredLayer) =>
    layer.metadata !== undefined ||
    layer.plan.nbd?.exportKind === 'rawLayer' ||
    (layer.plan.nbd?.contexts.includes('qemu:allocation-depth') ?? false);
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
