/** Plans a commit: what is copied, what becomes of the target, what is dangerous, and the commands. Nothing is done. */
import type { Plan, PlannedLayer, PlannedStep, StepwisePlan } from '../../../shared/model/plan/plan.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { type SlicedWork, shouldYield } from '../../qcow2/read/sliced-work.ts';
import { bitmapsOfKilledJob } from '../bitmaps-of-killed-job.ts';
import { casesOf, RangeSum, resurrectedRanges } from '../cases.ts';
import { commitCommands, commitQmp, stepwiseCommands } from '../commands.ts';
import { withoutExactNumbers } from '../hazard-list.ts';
import { quotedName } from '../layer-names.ts';
import { type FindHoles, findHolesIn } from '../layers/host-holes.ts';
import type { LayerRuns } from '../layers/layer-runs.ts';
import { plannedLayers } from '../planned-layers.ts';
import { commitKeepsZeros, versionText } from '../qemu-versions.ts';
import { RangeList } from '../range-list.ts';
import { followTarget } from '../target/host/follow-target.ts';
import { targetResult } from '../target/target-result.ts';
import { TargetStrip } from '../target-strip.ts';
import { commitHazards } from './commit-hazards.ts';
import type { CommitInput } from './commit-input.ts';
import { type CommitSetup, setUpCommit } from './commit-setup.ts';
import { commitJobRequests, mirrorRequests, type TargetWrite } from './requests.ts';

/** Why data is the most that may be written. */
const HOLES_ARE_ZEROS = 'holes in the files of committed layers may be taken for zeros';
const ZEROS_PASS_DATA =
  'zeros of a cluster may be stored before or after data of it that is sent first, and become data if they are before';

/** The plan of a commit. Throws PLAN_TOO_MANY_RANGES, or QCOW2_READ_FAILED. */
export function* planCommit(input: CommitInput): SlicedWork<Plan> {
  const ranges =
    input.withRanges === true ? new RangeList(input.layers[input.target]?.info.size ?? 0) : undefined;
  let strip: TargetStrip | undefined;
  const setup = setUpCommit(input, (...range) => {
    strip?.add(...range);
    ranges?.add(...range);
    input.onRange?.(...range);
  });
  strip = new TargetStrip(setup.sizeAfter, setup.unit);
  const file = yield* followTarget(input, setup);
  const damaged = new RangeSum();
  const { job, qemu } = input;
  const findHoles = job === 'live' && commitKeepsZeros(qemu) ? yield* lookForHoles(input, setup) : undefined;
  let mayBeZeros = false;
  let steps = 0;
  for (const request of requestsOf(input, setup)) {
    setup.model.apply(request);
    file?.endRequest(request);
    mayBeZeros ||= findHoles !== undefined && hasHoles(request, findHoles);
    if (request.damaged) damaged.add(request.start, request.end - request.start);
    if (shouldYield(steps++)) yield;
  }
  setup.model.finish();
  const layers = { runs: setup.before, target: input.target, top: input.top };
  const { changes } = setup.model;
  const atMost = mayBeZeros ? HOLES_ARE_ZEROS : changes.mayStayZeros ? ZEROS_PASS_DATA : undefined;
  const isUnsure = atMost !== undefined || changes.isOrderUnsure || file === undefined;
  const ends = isUnsure ? undefined : yield* file.ends(() => lookForHoles(input, setup));
  const target = targetResult(input, {
    ...setup,
    changes,
    ...(ends === undefined ? {} : { ends }),
    ...(atMost === undefined ? {} : { atMost, mayZero: true }),
  });
  const stepwise = yield* planStepwise(input, setup);
  const cases = yield* casesOf(layers);
  const back = yield* resurrectedRanges(layers);
  const { bytesCopied, bytesZeroed, zerosAsData } = changes;
  return withoutExactNumbers({
    operation: 'commit',
    job: input.job,
    qemuVersion: versionText(input.qemu),
    qemuVersionSource: input.qemuVersionSource,
    layers: plannedLayers(input.layers, index => partOf(input, index)),
    bytesCopied,
    bytesCopiedExact: atMost === undefined,
    zerosAsData,
    bytesZeroed,
    growthZeros: setup.fillsZeros ? target.sizeAfter - target.sizeBefore : 0,
    stepwise,
    cases,
    target,
    abort: abortText(input, bytesCopied, stepwise),
    hazards: commitHazards(input, { setup, target, resurrected: back, damaged }),
    commands: commitCommands(input),
    ...commitQmp(input),
    strip: strip.strip(target.sizeBefore),
    ...(ranges === undefined ? {} : { ranges: ranges.rows }),
  });
}

/** Where qemu may find holes in the files of layers. */
function* lookForHoles(
  { findHostHoles, content }: CommitInput,
  { runs }: CommitSetup,
): SlicedWork<FindHoles> {
  return findHolesIn(runs, yield* findHostHoles(), content);
}

/** True where what a request copies may be taken for zeros. */
function hasHoles({ readsZero, owner, start, end }: TargetWrite, findHoles: FindHoles): boolean {
  return !readsZero && findHoles(owner, start, end).length > 0;
}

function requestsOf(
  { target, top, job, qemu }: CommitInput,
  { runs, mirror }: CommitSetup,
): Iterable<TargetWrite> {
  const layers = { runs, target, top };
  return job === 'live' ? commitJobRequests(layers, commitKeepsZeros(qemu)) : mirrorRequests(layers, mirror);
}

/** One layer after the other, the lowest first: each is committed with all that is its own, also what is hidden above. */
function* planStepwise(input: CommitInput, setup: CommitSetup): SlicedWork<StepwisePlan> {
  const steps: PlannedStep[] = [];
  /** Layers whose data is in the target, and which read as before until the next write to it. */
  let committed: number[] = [];
  for (let layer = input.target + 1; layer <= input.top; layer++) {
    // Layers below it are in the target by then: only what this one holds decides what moves.
    const runs = [...setup.runs.slice(0, input.target + 1), setup.before[layer] as LayerRuns];
    const step = { ...input, top: input.target + 1 };
    let bytesCopied = 0;
    let count = 0;
    for (const { zero, start, end } of requestsOf(step, { ...setup, runs })) {
      if (!zero) bytesCopied += end - start;
      if (shouldYield(count++)) yield;
    }
    steps.push({ layer, bytesCopied, invalidates: count > 0 ? committed : [] });
    committed = count > 0 ? [layer] : [...committed, layer];
  }
  const bytesCopied = steps.reduce((sum, step) => sum + step.bytesCopied, 0);
  const repeatedAtMost = Math.max(0, ...steps.map(step => step.bytesCopied));
  const commands = stepwiseCommands(input);
  return { bytesCopied, steps, repeatedAtMost, ...(commands === undefined ? {} : { commands }) };
}

function partOf({ target, top }: CommitInput, index: number): Pick<PlannedLayer, 'role' | 'becomesInvalid'> {
  return {
    role: index < target ? 'below' : index === target ? 'target' : index <= top ? 'committed' : 'above',
    becomesInvalid: index > target && index < top,
  };
}

/** Steps that are printed one by one; the document has all of them. */
const MAX_STEP_TEXTS = 16;

/** What an abort costs in each step, and what each step invalidates. */
function stepTexts({ steps }: StepwisePlan, name: (layer: number) => string): string[] {
  const texts = steps.slice(0, MAX_STEP_TEXTS).map(({ layer, bytesCopied, invalidates }, index) => {
    const cost = `step ${index + 1}, ${name(layer)}: an abort repeats at most ${formatSize(bytesCopied)}`;
    if (invalidates.length === 0) return `${cost}.`;
    return `${cost}; from its first write on ${invalidates.map(name).join(', ')} reads old and new data mixed.`;
  });
  const left = steps.length - texts.length;
  return left > 0 ? [...texts, `${left} more steps.`] : texts;
}

function abortText(
  { target, top, job, layers }: CommitInput,
  bytes: number,
  stepwise: StepwisePlan,
): string[] {
  const name = (layer: number) => quotedName(layers, layer);
  const readers =
    top < layers.length - 1 ? `${name(top)} and the layers above it read` : `${name(top)} reads`;
  const texts = [
    `Until it is done, ${readers} as before, also after an abort; ${name(target)} alone is then a mixture of old and new.`,
    `The job keeps no record: after an abort at any point it copies all ${formatSize(bytes)} again.`,
  ];
  if (job === 'live')
    texts.push(`Only when it is done does qemu record the target in the layer above ${name(top)}.`);
  texts.push(...bitmapsOfKilledJob(job, layers, [target, top]));
  if (top - target > 1)
    texts.push(
      `One layer at a time it copies ${formatSize(stepwise.bytesCopied)} in all, and after an abort at most ${formatSize(stepwise.repeatedAtMost)} again:`,
      ...stepTexts(stepwise, name),
    );
  return texts;
}
