/**
 * Plans a rebase onto another layer of the chain, or onto none (flatten), and the removal of layers between (drop).
 * What qemu copies depends on content, which is not read here: the plan has the most that may be copied.
 * Source: img_rebase of qemu-img.c and block/stream.c, compared with qemu 7.2 and 10.0.
 */

import type { Plan, PlanEffect, PlannedLayer } from '../../../shared/model/plan/plan.ts';
import { type SlicedWork, shouldYield } from '../../qcow2/read/sliced-work.ts';
import { CaseSums, RangeSum } from '../cases.ts';
import { rebaseCommands } from '../commands.ts';
import type { LayerTables } from '../commit/commit-input.ts';
import { runsOf, targetFormat } from '../commit/commit-setup.ts';
import { withoutPromises } from '../hazard-list.ts';
import { type BlockStatus, passOver } from '../layers/block-status.ts';
import type { LayerRuns } from '../layers/layer-runs.ts';
import { plannedLayers } from '../planned-layers.ts';
import { versionText } from '../qemu-versions.ts';
import { RangeList } from '../range-list.ts';
import { TargetModel } from '../target/target-model.ts';
import { targetResult } from '../target/target-result.ts';
import { TargetStrip } from '../target-strip.ts';
import { rebaseHazards } from './rebase-hazards.ts';
import type { RebaseFacts, RebaseInput } from './rebase-input.ts';

/** The plan of a rebase. Throws PLAN_TOO_MANY_RANGES, or QCOW2_READ_FAILED. */
export function* planRebase(input: RebaseInput): SlicedWork<Plan> {
  const { layers, target, base, unsafe, job } = input;
  const runs = layers.map(runsOf);
  const own = runs[target] as LayerRuns;
  const format = targetFormat(layers[target] as LayerTables, base >= 0, true);
  const unit = Math.max(1, format.clusterSize / format.subclusters);
  const ranges = input.withRanges === true ? new RangeList(own.size) : undefined;
  const strip = new TargetStrip(own.size, unit);
  const model = new TargetModel(
    own,
    format,
    () => false,
    (...range) => {
      strip.add(...range);
      ranges?.add(...range);
      input.onRange?.(...range);
    },
  );
  const facts: RebaseFacts = { lost: new RangeSum(), back: new RangeSum(), damaged: new RangeSum() };
  const cases = new CaseSums(runs, base + 1, target);
  let copiedTo = 0;
  let steps = 0;
  for (let offset = 0; offset < own.size; ) {
    if (shouldYield(steps++)) yield;
    const before = passOver(runs, target, base + 1, offset, own.size - offset);
    const after = before.layer < 0 ? before : newView(runs, base, offset, before.length);
    const end = offset + after.length;
    const effect = effectOf(input, before, after);
    cases.add(offset, end, { owner: effect === 'kept' ? null : before.layer, effect });
    if (effect !== 'kept') {
      (before.zero ? facts.back : facts.lost).add(offset, end - offset);
      if (before.damaged) facts.damaged.add(offset, end - offset);
    }
    if (effect === 'compared') {
      const start = Math.max(copiedTo, Math.floor(offset / unit) * unit);
      copiedTo = Math.min(own.size, Math.ceil(end / unit) * unit);
      const request = {
        start,
        end: copiedTo,
        zero: false,
        readsZero: false,
        owner: before.layer,
        damaged: false,
      };
      if (copiedTo > start) model.apply(request);
    }
    offset = end;
  }
  model.finish();
  const { bytesCopied } = model.changes;
  const result = targetResult(input, {
    changes: model.changes,
    sizeAfter: own.size,
    grownClusters: 0,
    freedClusters: 0,
    headClusters: 0,
    fillsZeros: false,
    atMost: 'only what differs is copied, and the tables do not tell what differs',
  });
  return withoutPromises({
    operation: input.operation,
    job,
    qemuVersion: versionText(input.qemu),
    qemuVersionSource: input.qemuVersionSource,
    layers: plannedLayers(input.layers, index => partOf(input, index)),
    bytesCopied,
    bytesCopiedExact: unsafe || bytesCopied === 0,
    zerosAsData: 0,
    bytesZeroed: 0,
    cases: cases.list(),
    target: result,
    abort: abortText(input),
    hazards: rebaseHazards(input, facts),
    commands: rebaseCommands(input),
    strip: strip.strip(own.size),
    ...(ranges === undefined ? {} : { ranges: ranges.rows }),
  });
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
  const name = JSON.stringify(layers[target]?.info.name ?? '');
  if (unsafe) return [`Only the header of ${name} is written.`];
  return [
    `Until it is done, ${name} rests on its old backing file and reads as before, also after an abort.`,
    `What was copied stays in ${name}: the next run${job === 'qemu-img' ? '' : ' of the job'} does not copy it again.`,
  ];
}
