/** What is dangerous about a commit. docs/findings.md has an entry for every code. */
import {
  compareFindings,
  type Finding,
  MAX_FINDING_PLACES,
  makeFinding,
} from '../../../shared/model/finding.ts';
import type { BitmapInfo } from '../../../shared/model/layer.ts';
import type { OtherChild, PlanJob, PlannedTarget } from '../../../shared/model/plan/plan.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import type { RangeSum } from '../cases.ts';
import { noCommand } from '../commands.ts';
import { keyNeeded, storedUnencrypted } from '../encryption.ts';
import { knownHazards, listNames, lockHazard } from '../hazard-list.ts';
import { quotedName } from '../layer-names.ts';
import { roomHazard } from '../target/target-room.ts';
import { notWritable, type WrittenLayers } from '../target/write-refusal.ts';
import type { CommitInput, LayerTables } from './commit-input.ts';
import type { CommitSetup } from './commit-setup.ts';

/** What was found while the requests were made. */
export interface CommitOutcome {
  readonly setup: CommitSetup;
  readonly target: PlannedTarget;
  readonly resurrected: RangeSum;
  readonly damaged: RangeSum;
}

/** All hazards of a commit, ranked. */
export function commitHazards(input: CommitInput, outcome: CommitOutcome): Finding[] {
  const { target, top, findings } = input;
  const found = [
    lockHazard(findings(), input.layers, input.job),
    jobFailure(input, outcome),
    sourceDamage(top, outcome.damaged),
    resurrection(input, outcome),
    invalidated(input),
    ...brokenChildren(input),
    ...laterChildren(input),
    bitmapsLeft(input),
    targetBitmaps(input, outcome),
    targetSnapshots(input),
    sourceSnapshots(input),
    zerosAsData(input, outcome),
    growth(input, outcome),
    noRoom(input, outcome),
    noCommand(input.layers.slice(target, top + 2)),
    ...notWritable(input, written(input), input.job),
    ...encryption(input),
  ];
  return [...knownHazards(findings(), top), ...found.filter(finding => finding !== undefined)].sort(
    compareFindings,
  );
}

/** qemu-img opens the committed layer for writing, too; the layer above is linked to the target at the end. */
function written({ layers, target, top, job }: CommitInput): WrittenLayers {
  const first = job === 'live' ? [target] : [target, top];
  return { first, last: top + 1 < layers.length ? top + 1 : undefined };
}

function noRoom({ layers, room, job, unmaps }: CommitInput, { setup, target }: CommitOutcome) {
  const { bytesCopied, bytesZeroed } = setup.model.changes;
  // qemu-img gives the space of zeros back.
  const written = { data: bytesCopied, zeros: job === 'qemu-img' || unmaps ? 0 : bytesZeroed };
  return roomHazard(layers, target, room, written, 'the target is left half written');
}

function encryption(input: CommitInput): (Finding | undefined)[] {
  const infos = input.layers.map(({ info }) => info);
  const target = infos[input.target];
  return [
    input.job === 'qemu-img' ? keyNeeded(infos.slice(0, input.top + 1), infos) : undefined,
    target === undefined
      ? undefined
      : storedUnencrypted(infos.slice(input.target + 1, input.top + 1), target, infos),
  ];
}

function nameOf({ layers }: CommitInput, layer: number): string {
  return quotedName(layers, layer);
}

function committedLayers({ layers, target, top }: CommitInput): readonly LayerTables[] {
  return layers.slice(target + 1, top + 1);
}

/** qemu refuses these before it copies anything. Source: qcow2_co_truncate. */
function jobFailure(input: CommitInput, { setup, target }: CommitOutcome): Finding | undefined {
  const { image, device = false } = input.layers[input.target] ?? {};
  if (target.sizeAfter === target.sizeBefore) return undefined;
  if (image === undefined) return device ? rawDeviceGrows(input, target) : undefined;
  const isOld = image.header.version < 3;
  const why =
    isOld && setup.marksZeros
      ? 'the target is a version 2 image, which cannot store the zeros that hide the longer image below'
      : isOld && image.header.storedSnapshotCount > 0
        ? 'the target is a version 2 image with internal snapshots'
        : image.bitmaps.some(({ inUse }) => inUse)
          ? 'the target has a bitmap that was not saved cleanly'
          : setup.marksCompressedPart
            ? 'the zeros that hide the longer image below would begin inside a compressed cluster'
            : undefined;
  if (why === undefined) return undefined;
  return makeFinding({
    code: 'PLAN_JOB_FAILS',
    severity: 'hazard',
    layer: input.target,
    what: `the commit fails before anything is copied: the target has to grow, and ${why}`,
    advice: isOld
      ? 'on a copy, make the target a version 3 image with `qemu-img amend -o compat=1.1`, or grow it by hand'
      : setup.marksCompressedPart
        ? 'on a copy, write to the last cluster of the target: it is then stored uncompressed'
        : 'remove the bitmap with `qemu-img bitmap --remove`, after a full backup',
  });
}

/** Source: raw_co_truncate of block/file-posix.c. */
function rawDeviceGrows(input: CommitInput, { sizeBefore, sizeAfter }: PlannedTarget): Finding {
  return makeFinding({
    code: 'PLAN_JOB_FAILS',
    severity: 'hazard',
    layer: input.target,
    what: `the commit fails before anything is copied: the target is a raw disk on a device of ${formatSize(sizeBefore)} and would have to grow to ${formatSize(sizeAfter)}`,
    advice: `make the volume at least ${formatCount(sizeAfter)} bytes large first, such as with \`lvextend\``,
  });
}

/** Damaged clusters that a job has to read for layer `layer`. */
export function sourceDamage(layer: number, damaged: RangeSum): Finding | undefined {
  if (damaged.bytes === 0) return undefined;
  return makeFinding({
    code: 'PLAN_SOURCE_DAMAGED',
    severity: 'hazard',
    layer,
    what: `damaged clusters have to be read: there qemu ends with an error or copies what is not the guest's data, and the target is left half written`,
    advice: 'repair a copy of the damaged layer first, or copy the disk with a tool that skips errors',
    guest: damaged.ranges,
    count: damaged.count,
    bytesAtRisk: damaged.bytes,
  });
}

function resurrection(input: CommitInput, { resurrected }: CommitOutcome): Finding | undefined {
  if (resurrected.bytes === 0) return undefined;
  const { top, target, layers } = input;
  const isTop = top === layers.length - 1;
  return makeFinding({
    code: 'PLAN_DATA_COMES_BACK',
    severity: 'hazard',
    layer: target,
    what: isTop
      ? `old data past the end of ${nameOf(input, top)} appears: the target is longer and is not shortened`
      : `old data comes back: it is hidden because ${nameOf(input, top)} ends before it, and shows in ${nameOf(input, top + 1)} once that rests on ${nameOf(input, target)}`,
    advice: 'before the commit, make the shorter layer as large as the target with `qemu-img resize`',
    guest: resurrected.ranges,
    count: resurrected.count,
    bytesAtRisk: resurrected.bytes,
  });
}

function invalidated(input: CommitInput): Finding | undefined {
  const { target, top } = input;
  if (top - target < 2) return undefined;
  const between = Array.from({ length: top - target - 1 }, (_, i) => nameOf(input, target + 1 + i));
  return makeFinding({
    code: 'PLAN_LAYERS_INVALID',
    severity: 'hazard',
    layer: target + 1,
    what: `from the first write on, ${between.join(', ')} ${between.length === 1 ? 'is' : 'are'} no longer what ${between.length === 1 ? 'it was' : 'they were'}: the target below has newer data`,
    advice: 'use them for nothing afterwards; only layers from the committed one up read as before',
    count: between.length,
  });
}

const BEFORE_CHANGE =
  'give each of them a copy of the file first, or make it independent with `qemu-img convert`';

/** A finding for each layer that other images rest on. */
export function otherChildren(
  layers: readonly LayerTables[],
  children: readonly OtherChild[],
  fate: string,
  advice = BEFORE_CHANGE,
): Finding[] {
  return [...new Set(children.map(({ layer }) => layer))].map(layer => {
    const paths = children.filter(child => child.layer === layer).map(({ path }) => path);
    return makeFinding({
      code: 'PLAN_OTHER_CHILDREN',
      severity: 'hazard',
      layer,
      what: `what rests on ${quotedName(layers, layer)} ${fate}: ${listNames(paths.map(path => JSON.stringify(path)))}`,
      advice,
      evidence: paths.slice(0, MAX_FINDING_PLACES).map(value => ({ source: 'image', value, bits: '' })),
      count: paths.length,
    });
  });
}

/** Images on the target, or on layers between it and the committed one: their data below changes. */
function brokenChildren({ children, target, top, layers }: CommitInput): Finding[] {
  const hit = children.filter(({ layer }) => layer >= target && layer < top);
  return otherChildren(layers, hit, 'is broken by the commit');
}

/** Images on the committed layer: what they read does not change until the target does. */
function laterChildren(input: CommitInput): Finding[] {
  const { children, top, target, layers } = input;
  return otherChildren(
    layers,
    children.filter(({ layer }) => layer === top),
    `reads as before only until ${nameOf(input, target)} is written to again, and needs ${nameOf(input, top)} as long`,
    'keep the committed layer, and make each of them independent with `qemu-img convert` before anything writes to the target: a machine that runs on it, or the next commit',
  );
}

function bitmapsLeft(input: CommitInput): Finding | undefined {
  const bitmaps = committedLayers(input).flatMap(({ info }) => info.qcow2?.bitmaps ?? []);
  if (bitmaps.length === 0) return undefined;
  return makeFinding({
    code: 'PLAN_BITMAPS_LEFT',
    severity: 'hazard',
    layer: input.top,
    what: bitmapsLeftText(bitmaps, 'stay behind', input.job),
    advice: mergeAdvice(bitmaps, 'merge them into bitmaps of the target', input.job),
    count: bitmaps.length,
  });
}

/** What becomes of bitmaps of layers that are left. libvirt merges them in jobs that it starts, and qemu by itself does not. */
export function bitmapsLeftText(bitmaps: readonly BitmapInfo[], fate: string, job: PlanJob): string {
  const names = listNames(bitmaps.map(({ name }) => JSON.stringify(name)));
  const them = bitmaps.length === 1 ? 'it' : 'them';
  const lost = `${names} would ${fate}, and an incremental backup that builds on ${them} misses changes`;
  return job === 'qemu-img'
    ? `bitmaps are not taken along: ${lost}`
    : `qemu takes no bitmaps along: ${lost}; libvirt merges ${them} into the target when its job ends (since 7.6, with qemu 6.1)`;
}

/** What to do about bitmaps that stay behind: none merges those that cannot be used. */
export function mergeAdvice(bitmaps: readonly BitmapInfo[], merge: string, job: PlanJob): string {
  if (bitmaps.some(({ unusable }) => unusable !== undefined))
    return 'make a full backup: bitmaps that cannot be used cannot be merged';
  return job === 'qemu-img'
    ? `${merge} with \`qemu-img bitmap --merge\`, or make a full backup`
    : `let libvirt do the job and see that it merged them, ${merge} with \`block-dirty-bitmap-merge\`, or make a full backup`;
}

function targetBitmaps(input: CommitInput, { target }: CommitOutcome): Finding | undefined {
  const bitmaps = input.layers[input.target]?.info.qcow2?.bitmaps ?? [];
  if (bitmaps.length === 0) return undefined;
  const above = new Set((input.layers[input.top]?.info.qcow2?.bitmaps ?? []).map(({ name }) => name));
  const stale = bitmaps.filter(({ name }) => !above.has(name)).map(({ name }) => JSON.stringify(name));
  const gone =
    stale.length === 0
      ? ''
      : `; ${stale.length} of them ${stale.length === 1 ? 'is' : 'are'} not in the committed layer: ${listNames(stale)}`;
  return makeFinding({
    code: 'PLAN_TARGET_BITMAPS',
    severity: 'note',
    layer: input.target,
    what: `the target keeps its ${bitmaps.length} ${bitmaps.length === 1 ? 'bitmap' : 'bitmaps'}, ${formatSize(target.bitmapBytes)} in the file${gone}`,
    advice: 'remove those that no backup needs with `qemu-img bitmap --remove` before the commit',
    count: bitmaps.length,
  });
}

function targetSnapshots(input: CommitInput): Finding | undefined {
  const count = input.layers[input.target]?.info.qcow2?.snapshots.length ?? 0;
  if (count === 0) return undefined;
  return makeFinding({
    code: 'PLAN_TARGET_SNAPSHOTS',
    severity: 'hazard',
    layer: input.target,
    what: `the target has ${count} internal ${count === 1 ? 'snapshot' : 'snapshots'}: clusters that they share are not overwritten but written to new space`,
    advice: 'plan for the larger file, or delete snapshots that are not needed first',
    count,
  });
}

function sourceSnapshots(input: CommitInput): Finding | undefined {
  const withSome = committedLayers(input).filter(({ info }) => (info.qcow2?.snapshots.length ?? 0) > 0);
  if (withSome.length === 0) return undefined;
  const names = withSome.map(({ info }) => nameOf(input, info.index));
  return makeFinding({
    code: 'PLAN_SNAPSHOTS_LOST',
    severity: 'hazard',
    layer: withSome[0]?.info.index ?? input.top,
    what: `internal snapshots of ${listNames(names)} are not committed, show newer data where they hold nothing, and go with their file`,
    advice: 'copy the snapshots out with `qemu-img convert -l` first, if anyone needs them',
    count: withSome.length,
  });
}

function zerosAsData({ target }: CommitInput, { setup }: CommitOutcome): Finding | undefined {
  const bytes = setup.model.changes.zerosAsData;
  if (bytes === 0) return undefined;
  return makeFinding({
    code: 'PLAN_ZEROS_AS_DATA',
    severity: 'note',
    layer: target,
    what: `${formatSize(bytes)} of zeros are written as data and take space in the target`,
    advice: 'a copy with `qemu-img convert` gives the space back',
  });
}

function growth({ layers, target }: CommitInput, { target: result }: CommitOutcome): Finding | undefined {
  if (result.sizeAfter === result.sizeBefore) return undefined;
  return makeFinding({
    code: 'PLAN_TARGET_GROWS',
    severity: 'note',
    layer: target,
    what: `the virtual disk of ${quotedName(layers, target)} grows from ${formatSize(result.sizeBefore)} to ${formatSize(result.sizeAfter)}`,
    advice: 'what else uses the target sees the larger disk',
  });
}
