/** The target of a commit, ready to take requests: grown where it has to be. */
import { hasDataFile } from '../../qcow2/format/header.ts';
import { l2OffsetAt } from '../../qcow2/read/l1.ts';
import { passOver } from '../layers/block-status.ts';
import { GrownRuns } from '../layers/grown-runs.ts';
import { type LayerRuns, Qcow2Runs, RawRuns } from '../layers/layer-runs.ts';
import { mirrorZeroesSubclusters } from '../qemu-versions.ts';
import { type RangeSink, type TargetFormat, TargetModel } from '../target/target-model.ts';
import type { CommitInput, LayerTables } from './commit-input.ts';
import type { MirrorTarget } from './requests.ts';

/** The layers of a commit once the target has grown, and the target. */
export interface CommitSetup {
  /** As they are before. */
  readonly before: readonly LayerRuns[];
  /** With the grown target. */
  readonly runs: readonly LayerRuns[];
  readonly model: TargetModel;
  /** The target's format before it grows. */
  readonly format: TargetFormat;
  readonly mirror: MirrorTarget;
  /** Bytes of the target's smallest unit; 512 of a raw one. */
  readonly unit: number;
  readonly sizeAfter: number;
  /** Zeros are written behind the old end, so that nothing below shows there. */
  readonly fillsZeros: boolean;
  /** Whole clusters among them are marked as zeros, which version 2 cannot do. */
  readonly marksZeros: boolean;
  /** Clusters that growing takes and gives back, and those of data among them. */
  readonly grownClusters: number;
  readonly freedClusters: number;
  readonly headClusters: number;
}

/** Bytes of a sector. */
const RAW_UNIT = 512;

/** The runs of a layer. */
export function runsOf({ info, map }: LayerTables): LayerRuns {
  return map === undefined ? new RawRuns(info.size) : new Qcow2Runs(map);
}

/** Sets a commit up. */
export function setUpCommit(input: CommitInput, sink: RangeSink | undefined): CommitSetup {
  const { layers, target, top } = input;
  const before = layers.map(runsOf);
  const tables = layers[target] as LayerTables;
  const old = before[target] as LayerRuns;
  const sizeAfter = Math.max(old.size, (before[top] as LayerRuns).size);
  const format = targetFormat(tables, target > 0, input.job === 'qemu-img' || input.unmaps);
  const below = before[target - 1];
  const grows = sizeAfter > old.size;
  const fillsZeros = grows && below !== undefined && below.size > old.size;
  const unit = format.version === 0 ? 0 : format.clusterSize / format.subclusters;
  const growth = { from: old.size, to: sizeAfter, fillsZeros, clusterSize: format.clusterSize, unit };
  const grown = grows ? new GrownRuns(old, growth) : undefined;
  const runs = before.with(target, grown ?? old);
  const readsZeroBelow = (start: number, end: number) => zerosBelow(before, target, start, end);
  // Marking zeros behind the old end makes all L2 tables there, before any request needs one.
  const firstFilled = fillsZeros ? Math.floor(old.size / format.l1Coverage) : Number.POSITIVE_INFINITY;
  const hasTable = (index: number) => index >= firstFilled || format.hasTable(index);
  const model = new TargetModel(runs[target] as LayerRuns, { ...format, hasTable }, readsZeroBelow, sink);
  if (format.version > 0)
    for (let index = firstFilled; index * format.l1Coverage < sizeAfter; index++)
      if (format.hasTable(index)) model.changes.rewrittenTables++;
      else model.changes.newTables++;
  const headClusters = grown?.headNeedsCluster === true ? 1 : 0;
  const l1 = l1Growth(tables, sizeAfter);
  return {
    before,
    runs,
    model,
    format,
    mirror: mirrorTarget(format, input),
    unit: unit === 0 ? RAW_UNIT : unit,
    sizeAfter,
    fillsZeros,
    marksZeros: grown?.marksZeros === true,
    grownClusters: l1.added + headClusters,
    freedClusters: l1.freed,
    headClusters,
  };
}

/** What of a layer's format decides where writes to it go. */
export function targetFormat(
  { image, map }: LayerTables,
  hasBacking: boolean,
  unmaps: boolean,
): TargetFormat {
  if (image === undefined || map === undefined)
    return {
      version: 0,
      hasBacking,
      unmaps,
      clusterSize: 1,
      subclusters: 1,
      l1Coverage: 1,
      hasTable: () => true,
    };
  const { clusterSize, subclusters, l1Coverage } = image.geometry;
  const { l1 } = map;
  const hasTable = (index: number) => index < l1.count && l2OffsetAt(l1, index) !== 0;
  return {
    version: image.header.version,
    hasBacking,
    unmaps,
    clusterSize,
    subclusters,
    l1Coverage,
    hasTable,
  };
}

function mirrorTarget(
  { version, clusterSize, subclusters }: TargetFormat,
  { qemu }: CommitInput,
): MirrorTarget {
  if (version === 0) return { clusterSize: 0, zeroUnit: 1 };
  return { clusterSize, zeroUnit: mirrorZeroesSubclusters(qemu) ? clusterSize / subclusters : clusterSize };
}

/** Clusters for a longer L1 table, and those of the old one. Source: qcow2_grow_l1_table with the exact size. */
function l1Growth({ image }: LayerTables, size: number): { readonly added: number; readonly freed: number } {
  if (image === undefined) return { added: 0, freed: 0 };
  const { l1Coverage, clusterSize } = image.geometry;
  const entries = Math.ceil(size / l1Coverage);
  if (entries <= image.header.l1Size) return { added: 0, freed: 0 };
  const clusters = (count: number) => Math.ceil((count * 8) / clusterSize);
  return { added: clusters(entries), freed: clusters(image.header.l1Size) };
}

/** True where all layers below the target read as zeros in [start, end). */
function zerosBelow(runs: readonly LayerRuns[], target: number, start: number, end: number): boolean {
  const below = runs[target - 1];
  for (let offset = start; offset < end; ) {
    if (below === undefined || offset >= below.size) return true;
    const { zero, length } = passOver(runs, target - 1, 0, offset, end - offset);
    if (!zero) return false;
    offset += length;
  }
  return true;
}

/** True where the target keeps its data in an external data file. */
export function keepsDataApart({ image }: LayerTables): boolean {
  return image !== undefined && hasDataFile(image.header);
}
