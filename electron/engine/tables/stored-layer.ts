/** One layer of a chain in memory: what each of its witnesses has said so far, and how they are opened. */
import { createFeeder, type TableFeeder } from '../../../shared/extent/feeder.ts';
import { WordSet } from '../../../shared/extent/page.ts';
import { type DecodePlan, decodePlan, type OwnTable } from '../../../shared/extent/status-decoder.ts';
import { createFedTable, createTable, type ExtentTable } from '../../../shared/extent/table.ts';
import { FindingCollector } from '../../../shared/finding-collector.ts';
import { bitmapNameOf, knownContext } from '../../../shared/nbd-contexts.ts';
import type { TableStage } from '../../qcow2/read/ahead/table-stage.ts';
import { type BitmapMap, createBitmapMap } from '../../qcow2/read/bitmap-map.ts';
import type { PartCache } from '../../qcow2/read/entry-table.ts';
import { l1UseOf } from '../../qcow2/read/findings/l1-use.ts';
import { MapFindings } from '../../qcow2/read/findings/map-findings.ts';
import { imageFrom, type Qcow2Image } from '../../qcow2/read/image.ts';
import { createMap } from '../../qcow2/read/map.ts';
import type { Qcow2Map } from '../../qcow2/read/map-state.ts';
import type { OpenSource } from '../../qcow2/read/source.ts';
import type { LayerPlan } from '../worker/protocol.ts';
import { createNumberTable, type NumberTable } from './number-tables.ts';

/** Bitmaps of one layer that are read unasked: an image may hold 65,535, and each costs memory and time a page. */
const MAX_BITMAPS = 64;

/** What is held of one layer. */
export interface StoredLayer {
  readonly index: number;
  readonly plan: LayerPlan;
  readonly metadata: MetadataTable | undefined;
  readonly nbd: NbdTables | undefined;
  /** What reading its tables and comparing its witnesses found. What its header shows is found with the chain. */
  readonly findings: FindingCollector;
  /** Feeds {@link findings} from all maps of the layer's tables. */
  readonly mapFindings: MapFindings;
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
  /** How batches are decoded into these tables. */
  readonly decoding: DecodePlan;
  readonly bitmaps: readonly {
    readonly name: string;
    readonly table: ExtentTable;
    readonly feeder: TableFeeder;
  }[];
  /** Names of bitmaps that this witness was not asked about, or did not give: unknown throughout. */
  readonly unfedBitmaps: readonly string[];
  /** Contexts kept as their raw numbers, by their index in the plan's list. */
  readonly numbers: ReadonlyMap<number, NumberTable>;
}

/** How the layers of a chain are opened. */
export interface LayerOpening {
  readonly pageSpan: number;
  readonly openSource: OpenSource;
  /** Keeps parts of the L1 and bitmap tables of all layers. */
  readonly cache: PartCache;
  /** Holds tables of all layers that are read ahead. */
  readonly stage: TableStage;
  /** Most extents of a page of one layer. */
  readonly maxExtents: number;
}

/** Opens a layer. Throws QCOW2_SNAPSHOT_UNKNOWN, QCOW2_SNAPSHOT_UNUSABLE or QCOW2_READ_FAILED. */
export function openStoredLayer(plan: LayerPlan, index: number, opening: LayerOpening): StoredLayer {
  const mapFindings = new MapFindings(new FindingCollector(index));
  return {
    index,
    plan,
    findings: mapFindings.collector,
    mapFindings,
    metadata: plan.metadata === undefined ? undefined : openMetadata(plan, opening, false, mapFindings),
    nbd: plan.nbd === undefined ? undefined : openNbd(plan, opening.pageSpan),
  };
}

/** A second reader of a layer's metadata witness, with the host offset of every extent. */
export function openHosts({ plan, mapFindings }: StoredLayer, opening: LayerOpening): MetadataTable {
  return openMetadata(plan, opening, true, mapFindings);
}

function openMetadata(
  plan: LayerPlan,
  { pageSpan, openSource, cache, stage, maxExtents }: LayerOpening,
  hosts: boolean,
  findings: MapFindings,
): MetadataTable {
  const { fd, fileSize, path, frames, dataFileFd, snapshotId, ...metadata } = plan.metadata as NonNullable<
    LayerPlan['metadata']
  >;
  const image = imageFrom(
    metadata.image,
    openSource({ fd, size: fileSize, path, ...(frames === undefined ? {} : { frames }) }),
  );
  const table = createTable(plan.size, pageSpan);
  const map = createMap(image, {
    words: table.words,
    hosts,
    findings,
    // The length of a device is not known here: nothing then lies past its end.
    ...(dataFileFd === undefined
      ? {}
      : { dataFile: openSource({ fd: dataFileFd, size: Number.POSITIVE_INFINITY, path }) }),
    ...(snapshotId === undefined ? {} : { snapshotId }),
    cache,
    stage,
    maxExtents,
  });
  const use = snapshotId === undefined ? l1UseOf(image, map.l1) : undefined;
  if (use !== undefined && !findings.collector.has(use.code)) findings.collector.add(use);
  const names = snapshotId === undefined ? image.bitmaps.slice(0, MAX_BITMAPS).map(({ name }) => name) : [];
  const bitmaps = names.map(name => openBitmap(image, name, findings.collector, cache));
  return { image, map, table, bitmaps };
}

function openBitmap(
  image: Qcow2Image,
  name: string,
  findings: FindingCollector,
  cache: PartCache,
): OpenBitmap {
  const words = new WordSet();
  return { name, words, map: createBitmapMap(image, name, { words, findings, cache }) };
}

/** Opens a bitmap that was asked for by name and is not among the first ones. */
export function openNamedBitmap({ metadata, findings }: StoredLayer, name: string, cache: PartCache): void {
  if (metadata === undefined || metadata.bitmaps.some(bitmap => bitmap.name === name)) return;
  metadata.bitmaps.push(openBitmap(metadata.image, name, findings, cache));
}

function openNbd(plan: LayerPlan, pageSpan: number): NbdTables {
  const { contexts, exportKind, unfedBitmaps = [] } = plan.nbd as NonNullable<LayerPlan['nbd']>;
  const table = createFedTable(plan.size, pageSpan);
  const feeder = createFeeder(table);
  const ownTables: (OwnTable & { name: string; table: ExtentTable })[] = [];
  const numbers = new Map<number, NumberTable>();
  for (const [contextIndex, contextName] of contexts.entries()) {
    const context = knownContext(contextName);
    if (context?.ownTable !== undefined) {
      const own = createFedTable(plan.size, pageSpan);
      const name = bitmapNameOf(contextName) ?? contextName;
      ownTables.push({ contextIndex, context, name, table: own, feeder: createFeeder(own) });
    } else if (context === undefined || context.joins !== undefined)
      numbers.set(contextIndex, createNumberTable(contextName, plan.size, pageSpan));
  }
  const decoding = decodePlan(exportKind, contexts, feeder, ownTables);
  return { table, feeder, decoding, bitmaps: ownTables, unfedBitmaps, numbers };
}

/** Everything that batches of a layer are fed to. */
export function feedersOf(nbd: NbdTables): TableFeeder[] {
  const others = [...nbd.bitmaps, ...nbd.numbers.values()];
  return [nbd.feeder, ...others.map(({ feeder }) => feeder)];
}
