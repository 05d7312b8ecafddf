/** Plans in words, for every front. Names in them are untrusted, and what could steer a terminal is escaped. */
import type {
  Plan,
  PlanCase,
  PlanJob,
  PlannedLayer,
  PlannedTarget,
  PossibleSize,
} from '../model/plan/plan.ts';
import { distinctLabels } from './distinct-labels.ts';
import { exactSize, formatCount, formatSize } from './offset.ts';
import { escapeUntrusted } from './untrusted-text.ts';

/** Characters of a layer's name. */
const MAX_NAME_CHARACTERS = 256;

/** A name and a value; the name is empty where the value goes on from the line before. */
export type PlanRow = readonly [name: string, value: string];

const JOBS: Readonly<Record<PlanJob, string>> = {
  'qemu-img': 'qemu-img',
  live: 'a running qemu',
  active: 'a running qemu',
};

const VERSIONS = { given: '', machine: ', the installed one', assumed: ', assumed' } as const;

const EFFECTS: Readonly<Record<PlanCase['effect'], string>> = {
  kept: 'target keeps its own',
  allocated: 'copied to new space of the target',
  overwritten: 'copied over what the target holds',
  zeros: 'zeros in the target',
  compared: 'copied where it differs from what is read without it',
  changed: 'nothing is copied, so what is read here may change',
};

/** Commands that do what a plan's commands do in another way. */
export interface OtherCommands {
  /** A word for them on a button. */
  readonly name: string;
  /** Says what they are. Untrusted text. */
  readonly heading: string;
  readonly commands: readonly string[];
}

/** The other ways of a plan: one layer at a time, and by QMP. */
export function otherCommands(plan: Plan): OtherCommands[] {
  const steps = plan.stepwise?.commands ?? [];
  const heading = 'or one layer at a time, so that an abort repeats one step';
  return [
    ...(steps.length === 0 ? [] : [{ name: 'steps', heading, commands: steps }]),
    ...(plan.qmp === undefined ? [] : [{ name: 'QMP', heading: qmpHeading(plan), commands: plan.qmp }]),
  ];
}

/** Says what the QMP commands of a plan are, and what stands in them for what. */
function qmpHeading({ layers, target, qmp = [] }: Plan): string {
  const uses = (word: string) => qmp.some(line => line.includes(word));
  const labels = planLabels(layers);
  const name = (index: number) => labels[index] ?? '';
  const topmost = (role: PlannedLayer['role']) => layers.findLastIndex(layer => layer.role === role);
  const base = topmost('committed') < 0 ? topmost('below') : target.layer;
  const words = [
    "DEVICE is the disk's device or node",
    ...(uses('TOPNODE') ? [`TOPNODE the node of ${name(topmost('committed'))}`] : []),
    ...(uses('BASENODE') ? [`BASENODE that of ${name(base)}`] : []),
  ];
  const nodes = words.length > 1 ? '; query-named-block-nodes lists them' : '';
  const when = qmp.length > 1 ? '. The second command follows the event BLOCK_JOB_READY' : '';
  return `without libvirt, by QMP: ${words.join(', ')}${nodes}${when}`;
}

/** Names of the layers; those that several have are numbered. */
function planLabels(layers: readonly PlannedLayer[]): readonly string[] {
  return distinctLabels(
    layers.map(({ name }) => name),
    MAX_NAME_CHARACTERS,
  );
}

/** Both are named: the id of one snapshot may be the name of another. */
function snapshotLabel({ id, name }: NonNullable<Plan['snapshot']> = { id: '', name: '' }): string {
  return escapeUntrusted(`${JSON.stringify(name)} (id ${id})`, MAX_NAME_CHARACTERS);
}

/** What would be done, such as `would commit top into base`. */
export function planTitle({ operation, layers, target, snapshot }: Plan): string {
  const labels = planLabels(layers);
  const names = (role: PlannedLayer['role']) =>
    labels.filter((_, index) => layers[index]?.role === role).toReversed();
  const name = labels[target.layer] ?? '';
  const onto = names('below')[0] ?? 'nothing';
  switch (operation) {
    case 'commit':
      return `would commit ${names('committed').join(', ')} into ${name}`;
    case 'rebase':
      return `would rebase ${name} onto ${onto}`;
    case 'flatten':
      return `would make ${name} independent of ${names('dropped').join(', ')}`;
    case 'drop':
      return `would drop ${names('dropped').join(', ')}: ${name} rests on ${onto} then`;
    case 'delete-snapshot':
      return `would delete the snapshot ${snapshotLabel(snapshot)} of ${name}`;
  }
}

/** The numbers of a plan. */
export function planRows(plan: Plan): PlanRow[] {
  const { target, stepwise } = plan;
  const zeros = plan.zerosAsData === 0 ? '' : `, ${formatSize(plan.zerosAsData)} of it zeros`;
  const facts: PlanRow[] = [
    ['would copy', `${plan.bytesCopiedExact ? '' : 'at most '}${exactSize(plan.bytesCopied)}${zeros}`],
    ['would zero', `${exactSize(plan.bytesZeroed)}${growthText(plan)}`],
  ];
  if (stepwise !== undefined && stepwise.steps.length > 1)
    facts.push([
      'one by one',
      `${exactSize(stepwise.bytesCopied)}, at most ${formatSize(stepwise.repeatedAtMost)} again after an abort`,
    ]);
  if (target.sizeAfter !== target.sizeBefore)
    facts.push(['virtual size', `${formatSize(target.sizeBefore)} → ${formatSize(target.sizeAfter)}`]);
  facts.push(
    ...spaceFacts(target.possible, target),
    ['volume needs', needText(target)],
    ...justOpenedFacts(target),
  );
  for (const why of target.why)
    facts.push(['', `${target.possible.length > 0 ? 'not fixed' : 'a bound'}: ${why}`]);
  if (target.bitmapBytes > 0) facts.push(['bitmaps kept', exactSize(target.bitmapBytes)]);
  facts.push(
    [
      'new clusters',
      `${formatCount(target.newClusters)} for data, ${formatCount(target.newTables)} for tables`,
    ],
    [
      'given back',
      `${formatCount(target.freedClusters)} ${target.freedClusters === 1 ? 'cluster' : 'clusters'}`,
    ],
    ['by', `${JOBS[plan.job]}, qemu ${plan.qemuVersion}${VERSIONS[plan.qemuVersionSource]}`],
  );
  return facts;
}

function growthText({ growthZeros }: Plan): string {
  return growthZeros === 0 ? '' : `, and ${formatSize(growthZeros)} behind the old end when it grows`;
}

/** Most sizes that are listed one by one. */
const MAX_SIZES = 4;

/** The length of the file and the image end, before and after; `possible` are the sizes that can come of it, if known. */
function spaceFacts(possible: readonly PossibleSize[], target: PlannedTarget): PlanRow[] {
  const { device, fileLengthBefore, fileLengthAtLeast, fileLength } = target;
  const { imageEndBefore, imageEndAtLeast, imageEnd } = target;
  const lengths = possible.map(size => size.fileLength);
  const ends = possible.map(size => size.imageEnd);
  return [
    device
      ? ['volume has', exactSize(fileLengthBefore)]
      : [
          'file length',
          `${formatSize(fileLengthBefore)} → ${sizesText(lengths, fileLengthAtLeast, fileLength)}`,
        ],
    ['image end', `${formatSize(imageEndBefore)} → ${sizesText(ends, imageEndAtLeast, imageEnd)}`],
  ];
}

/** What comes of it in a qemu that took no clusters of the target before, where that is less than what can come of it. */
function justOpenedFacts({ possible }: PlannedTarget): PlanRow[] {
  const opened = possible.filter(({ justOpened }) => justOpened);
  if (opened.length === possible.length) return [];
  const sizes = (list: readonly number[]) => sizesText(list, Math.min(...list), Math.max(...list));
  const length = sizes(opened.map(({ fileLength }) => fileLength));
  const end = sizes(opened.map(({ imageEnd }) => imageEnd));
  const where = 'where qemu took no clusters of the target since it opened it';
  return [['just opened', `file length ${length}, image end ${end}: ${where}`]];
}

function needText({ volumeSize, volumeSizeAtLeast }: PlannedTarget): string {
  return `${volumeSize === volumeSizeAtLeast ? '' : 'at most '}${exactSize(volumeSize)}`;
}

/** A size, the few that it can be, or its bounds. */
function sizesText(possible: readonly number[], least: number, most: number): string {
  if (least === most) return exactSize(most);
  const sizes = [...new Set(possible)].sort((a, b) => a - b);
  if (sizes.length >= 2 && sizes.length <= MAX_SIZES) {
    const counts = sizes.map(formatCount);
    return `${counts.slice(0, -1).join(', ')} or ${counts.at(-1)} bytes`;
  }
  const choice = sizes.length > 0 ? `, one of ${sizes.length} sizes` : '';
  return `at most ${exactSize(most)}, at least ${formatSize(least)}${choice}`;
}

/** What a job does to the ranges of a case: which layers hold them, and what is done there. */
export function planCaseText({ holders, owner, effect }: PlanCase, layers: readonly PlannedLayer[]): string {
  const labels = planLabels(layers);
  const name = (index: number) => labels[index] ?? '';
  const who = holders.length === 0 ? 'held by none' : `held by ${holders.map(name).join(', ')}`;
  const from = owner === null ? '' : ` from ${name(owner)}`;
  return `${who}: ${EFFECTS[effect]}${from}`;
}
