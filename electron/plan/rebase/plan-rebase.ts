/**
 * Plans a rebase onto another layer of the chain, or onto none (flatten), and the removal of layers between (drop).
 * What qemu copies depends on content: where that is not read, the plan has the most that may be copied.
 * Source: img_rebase of qemu-img.c and block/stream.c, compared with qemu 7.2 and 10.0.
 */
import type { Plan, PlanEffect, PlannedLayer } from '../../../shared/model/plan/plan.ts';
import { type SlicedWork, shouldYield } from '../../qcow2/read/sliced-work.ts';
import { bitmapsOfKilledJob } from '../bitmaps-of-killed-job.ts';
import { CaseSums, RangeSum } from '../cases.ts';
import { rebaseCommands, streamQmp } from '../commands.ts';
import type { LayerTables } from '../commit/commit-input.ts';
import { runsOf, targetFormat } from '../commit/commit-setup.ts';
import { withoutExactNumbers } from '../hazard-list.ts';
import { quotedName } from '../layer-names.ts';
import { type BlockStatus, passOver, readsZero } from '../layers/block-status.ts';
import type { FindHoles } from '../layers/host-holes.ts';
import type { LayerRuns } from '../layers/layer-runs.ts';
import { plannedLayers } from '../planned-layers.ts';
import { rebaseAlignsWrites, rebaseKeepsToBuffer, versionText } from '../qemu-versions.ts';
import { RangeList } from '../range-list.ts';
import { openTargetFile } from '../target/host/follow-target.ts';
import { type FileEnds, FollowedFile } from '../target/host/followed-file.ts';
import { openBitmaps } from '../target/host/stored-bitmaps.ts';
import { TargetModel } from '../target/target-model.ts';
import { targetResult } from '../target/target-result.ts';
import { TargetStrip } from '../target-strip.ts';
import { rebaseHazards } from './rebase-hazards.ts';
import type { RebaseInput } from './rebase-input.ts';
import { type RebaseWrites, rebaseWrites } from './rebase-writes.ts';

/** The plan of a rebase. Throws PLAN_TOO_MANY_RANGES, or QCOW2_READ_FAILED. */
export function* planRebase(input: RebaseInput): SlicedWork<Plan> {
  const { layers, target, base, job } = input;
  const runs = layers.map(runsOf);
  const own = runs[target] as LayerRuns;
  // qemu-img opens the target without leave to give host space back.
  const format = targetFormat(layers[target] as LayerTables, target > 0, false);
  const unit = Math.max(1, format.clusterSize / format.subclusters);
  const ranges = input.withRanges === true ? new RangeList(own.size) : undefined;
  const strip = new TargetStrip(own.size, unit);
  const zeros = new ZeroQuestions(runs, target);
  const model = new TargetModel(own, format, zeros.readsZeroBelow, (...range) => {
    strip.add(...range);
    ranges?.add(...range);
    input.onRange?.(...range);
  });
  const found = yield* writesOf(input, runs, unit);
  const known = found?.overflowsAt === undefined ? found : undefined;
  const outcome = {
    lost: new RangeSum(),
    back: new RangeSum(),
    damaged: new RangeSum(),
    overflowsAt: found?.overflowsAt,
    passesOldEnd: false,
  };
  const cases = new CaseSums(runs, base + 1, target);
  const most = new MostWrites(model, own.size, unit);
  let steps = 0;
  for (let offset = 0; offset < own.size; ) {
    if (shouldYield(steps++)) yield;
    const before = passOver(runs, target, base + 1, offset, own.size - offset);
    const after = before.layer < 0 ? before : newView(runs, base, offset, before.length);
    const end = offset + after.length;
    const effect = effectOf(input, before, after);
    cases.add(offset, end, { owner: effect === 'kept' ? null : before.layer, effect });
    if (before.layer === target - 1 && offset >= (runs[target - 1]?.size ?? 0)) outcome.passesOldEnd = true;
    if (effect !== 'kept') {
      (before.zero ? outcome.back : outcome.lost).add(offset, end - offset);
      if (before.damaged) outcome.damaged.add(offset, end - offset);
    }
    if (effect === 'compared' && known === undefined) most.add(offset, end);
    offset = end;
  }
  const ends = known === undefined ? undefined : yield* applyWrites(input, known, own, model, zeros);
  model.finish();
  const { bytesCopied, bytesZeroed, zerosAsData } = model.changes;
  const result = targetResult(input, {
    changes: model.changes,
    sizeAfter: own.size,
    grownClusters: 0,
    freedClusters: 0,
    headClusters: 0,
    fillsZeros: false,
    ...(ends === undefined ? {} : { ends }),
    ...(known === undefined
      ? { atMost: 'only what differs is copied, and it was not compared here whether data differs' }
      : {}),
  });
  return withoutExactNumbers({
    operation: input.operation,
    job,
    qemuVersion: versionText(input.qemu),
    qemuVersionSource: input.qemuVersionSource,
    layers: plannedLayers(input.layers, index => partOf(input, index)),
    bytesCopied,
    bytesCopiedExact: known !== undefined || bytesCopied === 0,
    zerosAsData,
    growthZeros: 0,
    bytesZeroed,
    cases: cases.list(),
    target: result,
    abort: abortText(input),
    hazards: rebaseHazards(input, { ...outcome, written: { data: bytesCopied, zeros: bytesZeroed } }, result),
    commands: rebaseCommands(input),
    ...streamQmp(input),
    strip: strip.strip(own.size),
    ...(ranges === undefined ? {} : { ranges: ranges.rows }),
  });
}

/** What is really written, which is nothing where only the link changes; undefined where that is not known. */
function* writesOf(
  { target, base, unsafe, job, qemu, content }: RebaseInput,
  runs: readonly LayerRuns[],
  unit: number,
): SlicedWork<RebaseWrites | undefined> {
  if (unsafe) return { writes: [] };
  if (job !== 'qemu-img' || content === undefined) return undefined;
  const alignsWrites = rebaseAlignsWrites(qemu);
  const keepsToBuffer = rebaseKeepsToBuffer(qemu);
  return yield* rebaseWrites({ runs, target, base, unit, alignsWrites, keepsToBuffer }, content);
}

/** Applies the writes to the model, and follows them through the target's file as far as that can be. */
function* applyWrites(
  input: RebaseInput,
  { writes }: RebaseWrites,
  own: LayerRuns,
  model: TargetModel,
  zeros: ZeroQuestions,
): SlicedWork<FileEnds | undefined> {
  const format = targetFormat(input.layers[input.target] as LayerTables, true, false);
  const opened = yield* openTargetFile(input, own, format);
  const { clusterSize } = format;
  const { image } = input.layers[input.target] as LayerTables;
  const bitmaps = image === undefined ? undefined : yield* openBitmaps(image, own.size);
  const file =
    opened === undefined || bitmaps === 'unknown'
      ? undefined
      : new FollowedFile([opened], {
          order: 'sequential',
          clusterSize,
          granularity: clusterSize,
          usesThreads: true,
          bitmaps,
        });
  model.hostSink = file?.add;
  for (const [index, { start, end, zero }] of writes.entries()) {
    model.apply({ start, end, zero, readsZero: zero });
    file?.endRequest({ start, end });
    if (shouldYield(index)) yield;
  }
  if (zeros.isUnsure && (yield* input.findHostHoles()).size > 0) return undefined;
  return file === undefined ? undefined : yield* file.ends(noHoles);
}

/** A rebase sends one request after the other: holes do not matter to it. */
function* noHoles(): SlicedWork<FindHoles> {
  return () => [];
}

/** Whether the rest of a unit that zeros are written to in part reads as zeros, too. */
class ZeroQuestions {
  readonly #runs: readonly LayerRuns[];
  readonly #target: number;
  /** Data was found, which may be a hole of a file that qemu takes for zeros. */
  isUnsure = false;

  constructor(runs: readonly LayerRuns[], target: number) {
    this.#runs = runs;
    this.#target = target;
  }

  readonly readsZeroBelow = (start: number, end: number): boolean => {
    const isZero = readsZero(this.#runs, this.#target - 1, start, end);
    if (!isZero) this.isUnsure = true;
    return isZero;
  };
}

/** The most that may be written: every unit in which something may differ, once. */
class MostWrites {
  readonly #model: TargetModel;
  readonly #size: number;
  readonly #unit: number;
  #done = 0;

  constructor(model: TargetModel, size: number, unit: number) {
    this.#model = model;
    this.#size = size;
    this.#unit = unit;
  }

  /** [from, to) may be copied. */
  add(from: number, to: number): void {
    const start = Math.max(this.#done, Math.floor(from / this.#unit) * this.#unit);
    const end = Math.min(this.#size, Math.ceil(to / this.#unit) * this.#unit);
    this.#done = end;
    if (end > start) this.#model.apply({ start, end, zero: false, readsZero: false });
  }
}

/** What is read at `offset` once the target rests on the new base alone. */
function newView(runs: readonly LayerRuns[], base: number, offset: number, bytes: number): BlockStatus {
  const below = runs[base];
  if (below === undefined || offset >= below.size)
    return { length: bytes, layer: -1, zero: true, damaged: false };
  return passOver(runs, base, 0, offset, bytes);
}

function effectOf({ target, unsafe, job }: RebaseInput, before: BlockStatus, after: BlockStatus): PlanEffect {
  if (before.layer === target || before.layer < 0) return 'kept';
  // A stream copies whatever the layers between hold; a rebase compares what is read.
  if (before.zero && after.zero && (unsafe || job === 'qemu-img')) return 'kept';
  return unsafe ? 'changed' : 'compared';
}

function partOf({ target, base }: RebaseInput, index: number): Pick<PlannedLayer, 'role' | 'becomesInvalid'> {
  return {
    role: index <= base ? 'below' : index < target ? 'dropped' : index === target ? 'target' : 'above',
    becomesInvalid: false,
  };
}

function abortText({ layers, target, unsafe, job }: RebaseInput): string[] {
  const name = quotedName(layers, target);
  const ofBitmaps = bitmapsOfKilledJob(job, layers, [target]);
  if (unsafe) {
    const written = ofBitmaps.length === 0 ? 'is' : 'and its bitmaps are';
    return [`Only the header of ${name} ${written} written.`, ...ofBitmaps];
  }
  return [
    `Until it is done, ${name} rests on its old backing file and reads as before, also after an abort.`,
    `What was copied stays in ${name}: the next run${job === 'qemu-img' ? '' : ' of the job'} does not copy it again.`,
    ...ofBitmaps,
  ];
}
