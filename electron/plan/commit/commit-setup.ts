/** The target of a commit, ready to take requests: grown where it has to be. */
import { CowscopeError } from '../../../shared/error.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { hasDataFile } from '../../qcow2/format/header.ts';
import { MAX_L1_BYTES } from '../../qcow2/format/limits.ts';
import { l2OffsetAt } from '../../qcow2/read/l1.ts';
import { readsZero } from '../layers/block-status.ts';
import { GrownRuns } from '../layers/grown-runs.ts';
import { type LayerRuns, Qcow2Runs, RawRuns } from '../layers/layer-runs.ts';
import { mirrorZeroesSubclusters } from '../qemu-versions.ts';
import { SharedClusters } from '../target/shared-clusters.ts';
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
  /** They begin inside a compressed cluster, of which qemu cannot mark a part. */
  readonly marksCompressedPart: boolean;
  /** Clusters that growing takes and gives back, and those of data among them. */
  readonly grownClusters: number;
  readonly freedClusters: number;
  readonly headClusters: number;
}

/** Bytes of a sector. */
const RAW_UNIT_BYTES = 512;

/** The runs of a layer. */
export function runsOf({ info, map, onPage }: LayerTables): LayerRuns {
  return map === undefined ? new RawRuns(info.size) : new Qcow2Runs(map, onPage);
}

/** Sets a commit up. Throws PLAN_TARGET_TOO_LARGE where qemu cannot make the target as large as what goes into it. */
export function setUpCommit(input: CommitInput, sink: RangeSink | undefined): CommitSetup {
  const { layers, target, top } = input;
  const before = layers.map(runsOf);
  const tables = layers[target] as LayerTables;
  const old = before[target] as LayerRuns;
  const sizeAfter = Math.max(old.size, (before[top] as LayerRuns).size);
  if (sizeAfter > old.size) checkGrowth(tables, sizeAfter);
  const format = targetFormat(tables, target > 0, input.job === 'qemu-img' || input.unmaps);
  const below = before[target - 1];
  const grows = sizeAfter > old.size;
  const fillsZeros = grows && below !== undefined && below.size > old.size;
  const unit = format.version === 0 ? 0 : format.clusterSize / format.subclusters;
  const { clusterSize, isShared } = format;
  const shares = isShared === undefined ? {} : { isShared };
  const growth = { from: old.size, to: sizeAfter, fillsZeros, clusterSize, unit, ...shares };
  const grown = grows ? new GrownRuns(old, growth) : undefined;
  const runs = before.with(target, grown ?? old);
  const readsZeroBelow = (start: number, end: number) => readsZero(before, target - 1, start, end);
  // Marking zeros behind the old end makes all L2 tables there, before any request needs one.
  const firstFilled = fillsZeros ? Math.floor(old.size / format.l1Coverage) : Number.POSITIVE_INFINITY;
  const hasTable = (index: number) => index >= firstFilled || format.hasTable(index);
  const tablesIn = (first: number, end: number) => {
    const filled = Math.max(first, firstFilled);
    return format.tablesIn(first, Math.min(end, filled)) + Math.max(0, end - filled);
  };
  const ofTarget = { ...format, hasTable, tablesIn };
  const model = new TargetModel(runs[target] as LayerRuns, ofTarget, readsZeroBelow, sink);
  if (format.version > 0 && fillsZeros) {
    const end = Math.ceil(sizeAfter / format.l1Coverage);
    const known = format.tablesIn(firstFilled, end);
    model.changes.rewrittenTables += known;
    model.changes.newTables += end - firstFilled - known;
  }
  const head = grown?.head;
  const headClusters = head === undefined || head === 'in place' ? 0 : 1;
  if (head === 'decompressed') model.changes.freedCompressed++;
  const l1 = l1Growth(tables, sizeAfter);
  return {
    before,
    runs,
    model,
    format,
    mirror: mirrorTarget(format, input),
    unit: unit === 0 ? RAW_UNIT_BYTES : unit,
    sizeAfter,
    fillsZeros,
    marksZeros: grown?.marksZeros === true,
    marksCompressedPart: grown?.marksCompressedPart === true,
    grownClusters: l1.added + headClusters,
    freedClusters: l1.freed,
    headClusters,
  };
}

/** The properties of a layer's format that decide where writes to it go. */
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
      tablesIn: (first, end) => end - first,
    };
  const { clusterSize, subclusters, l1Coverage } = image.geometry;
  const { l1 } = map;
  const shared = image.header.storedSnapshotCount > 0 ? new SharedClusters(map) : undefined;
  const hasTable = (index: number) =>
    index < l1.count && l2OffsetAt(l1, index) !== 0 && shared?.isSharedTable(index) !== true;
  const tablesIn = (first: number, end: number) => {
    let tables = 0;
    for (let index = first; index < Math.min(end, l1.count); index++) if (hasTable(index)) tables++;
    return tables;
  };
  return {
    version: image.header.version,
    hasBacking,
    unmaps,
    clusterSize,
    subclusters,
    l1Coverage,
    hasTable,
    tablesIn,
    ...(shared === undefined ? {} : { isShared: (offset: number) => shared.isShared(offset) }),
  };
}

function mirrorTarget(
  { version, clusterSize, subclusters }: TargetFormat,
  { qemu }: CommitInput,
): MirrorTarget {
  if (version === 0) return { clusterSize: 0, zeroUnit: 1 };
  return { clusterSize, zeroUnit: mirrorZeroesSubclusters(qemu) ? clusterSize / subclusters : clusterSize };
}

/** Throws PLAN_TARGET_TOO_LARGE. Source: qcow2_grow_l1_table, which ends with EFBIG. */
function checkGrowth({ info, image }: LayerTables, size: number): void {
  if (image === undefined) return;
  const { l1Coverage, clusterSize } = image.geometry;
  if (Math.ceil(size / l1Coverage) * 8 <= MAX_L1_BYTES) return;
  throw new CowscopeError({
    code: 'PLAN_TARGET_TOO_LARGE',
    what: `the target cannot grow to ${formatSize(size)}: with clusters of ${formatSize(clusterSize)} its L1 table would be larger than ${formatSize(MAX_L1_BYTES)}, and qemu ends with an error`,
    subject: info.path,
    advice: 'convert it to larger clusters with `qemu-img convert -o cluster_size=2M`',
  });
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

/** True where the target keeps its data in an external data file. */
export function keepsDataApart({ image }: LayerTables): boolean {
  return image !== undefined && hasDataFile(image.header);
}
