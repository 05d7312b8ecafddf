/** What is dangerous about a rebase, flatten or drop. docs/findings.md has an entry for every code. */
import { compareFindings, type Finding, makeFinding } from '../../../shared/model/finding.ts';
import type { PlannedTarget } from '../../../shared/model/plan/plan.ts';
import { noCommand } from '../commands.ts';
import { bitmapsLeftText, mergeAdvice, otherChildren, sourceDamage } from '../commit/commit-hazards.ts';
import { isEncrypted, keyNeeded, storedUnencrypted } from '../encryption.ts';
import { knownHazards, listNames, lockHazard } from '../hazard-list.ts';
import { quotedLayer, quotedName } from '../layer-names.ts';
import { rebasePassesOldEnd, versionText } from '../qemu-versions.ts';
import { roomHazard } from '../target/target-room.ts';
import { notWritable } from '../target/write-refusal.ts';
import type { RebaseInput, RebaseOutcome } from './rebase-input.ts';

/** All hazards of a rebase, ranked. */
export function rebaseHazards(input: RebaseInput, outcome: RebaseOutcome, result: PlannedTarget): Finding[] {
  const { target, base, findings, operation, children, unsafe, layers, room } = input;
  const isDropped = (layer: number) => layer > base && layer < target;
  const orphans = operation === 'drop' ? children.filter(({ layer }) => isDropped(layer)) : [];
  // A safe rebase leaves what the target reads as it was.
  const changed = unsafe && outcome.lost.bytes + outcome.back.bytes > 0;
  const misled = changed ? children.filter(({ layer }) => layer === target) : [];
  const found = [
    lockHazard(findings(), layers, input.job),
    unsafe ? undefined : jobFailure(input, outcome),
    unsafe ? lostData(input, outcome) : undefined,
    unsafe ? resurrection(input, outcome) : undefined,
    unsafe ? undefined : sourceDamage(target, outcome.damaged),
    snapshotsChange(input, outcome),
    ...otherChildren(layers, orphans, 'loses its backing file once that is deleted'),
    ...otherChildren(layers, misled, 'reads something else afterwards, too', 'leave --unsafe out'),
    operation === 'drop' ? bitmapsDropped(input) : undefined,
    roomHazard(layers, result, room, outcome.written, 'the image reads as before'),
    ...notWritable(input, { first: [target] }, input.job),
    noCommand([...layers.slice(target, target + 1), ...layers.slice(Math.max(base, 0), base + 1)]),
    ...encryption(input),
  ];
  return [...knownHazards(findings(), target), ...found.filter(finding => finding !== undefined)].sort(
    compareFindings,
  );
}

function encryption({ layers, target, base, unsafe, job }: RebaseInput): (Finding | undefined)[] {
  const infos = layers.map(({ info }) => info);
  const overlay = infos[target];
  if (overlay === undefined) return [];
  const opened = unsafe ? [overlay] : infos.slice(0, target + 1);
  const newBase = infos.slice(0, base + 1).filter(isEncrypted);
  const failure = makeFinding({
    code: 'PLAN_JOB_FAILS',
    severity: 'hazard',
    layer: target,
    what: `the rebase fails before anything is copied: qemu-img has no option for the key of the new backing file, of which ${listNames(newBase.map(layer => quotedLayer(layer, infos)))} ${newBase.length === 1 ? 'is' : 'are'} encrypted`,
    advice: 'commit the layers between instead, or let a running qemu do it, which has the keys',
  });
  return [
    job === 'qemu-img' ? keyNeeded(opened, infos) : undefined,
    job === 'qemu-img' && !unsafe && newBase.length > 0 ? failure : undefined,
    unsafe ? undefined : storedUnencrypted(infos.slice(0, target), overlay, infos),
  ];
}

function nameOf({ layers }: RebaseInput, layer: number): string {
  return layer < 0 ? 'nothing' : quotedName(layers, layer);
}

/** Faults of older versions of qemu-img. */
function jobFailure(
  { target, base, qemu, job }: RebaseInput,
  { passesOldEnd, overflowsAt }: RebaseOutcome,
): Finding | undefined {
  if (job !== 'qemu-img') return undefined;
  const advice =
    'use a newer qemu-img: the fault is mended in 7.2.7, 8.1.3 and 8.2, and again in 10.0.7, 10.1.3 and 10.2';
  const common = { code: 'PLAN_JOB_FAILS', severity: 'hazard', layer: target, advice } as const;
  if (passesOldEnd && base >= 0 && !rebasePassesOldEnd(qemu))
    return makeFinding({
      ...common,
      what: `the rebase never ends: qemu-img ${versionText(qemu)} stays at the end of the old backing file where the image is larger and holds nothing itself`,
    });
  if (overflowsAt === undefined) return undefined;
  return makeFinding({
    ...common,
    what: `the rebase aborts: qemu-img ${versionText(qemu)} compares a range that is larger than its buffer of 2 MiB`,
    guest: [[overflowsAt, 1]],
  });
}

function lostData(input: RebaseInput, { lost }: RebaseOutcome): Finding | undefined {
  if (lost.bytes === 0) return undefined;
  return makeFinding({
    code: 'PLAN_REBASE_LOSES_DATA',
    severity: 'hazard',
    layer: input.target,
    what: `an unsafe rebase copies nothing: data that only the layers between ${nameOf(input, input.base)} and ${nameOf(input, input.target)} hold is no longer read`,
    advice: 'leave --unsafe out, unless the new base is known to hold the same data',
    guest: lost.ranges,
    count: lost.count,
    bytesAtRisk: lost.bytes,
  });
}

function resurrection(input: RebaseInput, { back }: RebaseOutcome): Finding | undefined {
  if (back.bytes === 0) return undefined;
  return makeFinding({
    code: 'PLAN_DATA_COMES_BACK',
    severity: 'hazard',
    layer: input.base,
    what: `old data comes back: ${nameOf(input, input.base)} holds it, and the zeros that hide it lie in layers that are skipped`,
    advice: 'leave --unsafe out: a safe rebase copies the zeros',
    guest: back.ranges,
    count: back.count,
    bytesAtRisk: back.bytes,
  });
}

/** A safe rebase copies for the active disk alone. */
function snapshotsChange(input: RebaseInput, { lost, back }: RebaseOutcome): Finding | undefined {
  const count = input.layers[input.target]?.info.qcow2?.snapshots.length ?? 0;
  if (count === 0 || lost.bytes + back.bytes === 0) return undefined;
  return makeFinding({
    code: 'PLAN_SNAPSHOTS_CHANGE',
    severity: 'hazard',
    layer: input.target,
    what: `${count} internal ${count === 1 ? 'snapshot' : 'snapshots'} of the image ${count === 1 ? 'reads' : 'read'} through the new backing file afterwards, and what is copied for the disk is not copied for ${count === 1 ? 'it' : 'them'}`,
    advice: 'copy the snapshots out with `qemu-img convert -l` first',
    count,
  });
}

function bitmapsDropped({ layers, base, target, job }: RebaseInput): Finding | undefined {
  const bitmaps = layers.slice(base + 1, target).flatMap(({ info }) => info.qcow2?.bitmaps ?? []);
  if (bitmaps.length === 0) return undefined;
  return makeFinding({
    code: 'PLAN_BITMAPS_LEFT',
    severity: 'hazard',
    layer: target - 1,
    what: bitmapsLeftText(bitmaps, 'go with the file', job),
    advice: mergeAdvice(bitmaps, 'merge them', job),
    count: bitmaps.length,
  });
}
