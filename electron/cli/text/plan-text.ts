/** A plan for a person: hazards first, then numbers, then the commands to copy. */
import type { CommitPlan, PLAN_JOBS, PlanCase, PlannedLayer } from '../../../shared/model/plan.ts';
import { findingGuestText, findingSentence } from '../../../shared/text/finding-text.ts';
import { formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { type Fact, factLines } from './definition-rows.ts';

const JOBS: Readonly<Record<(typeof PLAN_JOBS)[number], string>> = {
  'qemu-img': 'qemu-img commit',
  live: 'a live commit (block-commit of a middle layer)',
  active: 'an active commit (block-commit of the top layer)',
};

const VERSIONS = { given: '', machine: ', the installed one', assumed: ', assumed' } as const;

const EFFECTS: Readonly<Record<PlanCase['effect'], string>> = {
  kept: 'target keeps its own',
  allocated: 'copied to new space of the target',
  overwritten: 'copied over what the target holds',
  zeros: 'zeros in the target',
};

/** The whole plan. */
export function planText(plan: CommitPlan): string {
  const { layers, target, hazards, commands, ranges } = plan;
  const nameOf = (index: number) => escapeUntrusted(layers[index]?.name ?? '');
  const committed = layers
    .filter(({ role }) => role === 'committed')
    .map(({ name }) => escapeUntrusted(name));
  const lines = [
    `would commit ${committed.toReversed().join(', ')} into ${nameOf(target.layer)}: nothing is done here`,
    '',
    hazards.length === 0 ? 'no hazards found' : 'hazards',
    ...hazards.flatMap(finding => {
      const where = finding.layer < 0 ? '' : `${nameOf(finding.layer)}: `;
      const places = findingGuestText(finding);
      return [
        `  ${finding.severity} ${finding.code}`,
        `    ${where}${escapeUntrusted(findingSentence(finding), 2000)}${places === '' ? '' : ` [${places}]`}`,
        ...(finding.advice === '' ? [] : [`    → ${escapeUntrusted(finding.advice, 500)}`]),
      ];
    }),
    '',
    ...factLines(numbers(plan)),
    '',
    'what happens where',
    ...plan.cases.map(entry => `  ${caseText(entry, layers)}`),
    '',
    'if it is aborted',
    ...plan.abort.map(text => `  ${escapeUntrusted(text, 500)}`),
    '',
    'commands to copy (nothing was run)',
    ...commands.map(command => `  ${command}`),
  ];
  if (ranges !== undefined)
    lines.push(
      '',
      `ranges of ${nameOf(target.layer)}, before and after`,
      ...ranges.map(
        ({ start, length, before, after }) =>
          `  ${formatOffset(start)}  ${formatSize(length).padEnd(12)} ${before}${after === before ? '' : ` → ${after}`}`,
      ),
    );
  return `${lines.join('\n')}\n`;
}

function numbers(plan: CommitPlan): Fact[] {
  const { target, stepwise } = plan;
  const zeros = plan.zerosAsData === 0 ? '' : `, ${formatSize(plan.zerosAsData)} of it zeros`;
  const facts: Fact[] = [
    ['would copy', `${exactSize(plan.bytesCopied)}${zeros}`],
    ['would zero', exactSize(plan.bytesZeroed)],
  ];
  if (stepwise.steps.length > 1)
    facts.push([
      'one by one',
      `${exactSize(stepwise.bytesCopied)}, at most ${formatSize(stepwise.repeatedAtMost)} again after an abort`,
    ]);
  if (target.sizeAfter !== target.sizeBefore)
    facts.push(['virtual size', `${formatSize(target.sizeBefore)} → ${formatSize(target.sizeAfter)}`]);
  facts.push(
    ['file length', boundText(target.fileLengthBefore, target.fileLengthAtLeast, target.fileLength)],
    ['image end', boundText(target.imageEndBefore, target.imageEndAtLeast, target.imageEnd)],
    ['volume needs', exactSize(target.volumeSize)],
  );
  for (const why of target.why) facts.push(['', `a bound: ${why}`]);
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

function boundText(before: number, least: number, most: number): string {
  const after =
    least === most ? exactSize(most) : `at most ${exactSize(most)}, at least ${formatSize(least)}`;
  return `${formatSize(before)} → ${after}`;
}

function exactSize(bytes: number): string {
  return bytes < 1024 ? formatSize(bytes) : `${formatSize(bytes)} (${formatCount(bytes)} bytes)`;
}

function caseText({ holders, owner, effect, bytes }: PlanCase, layers: readonly PlannedLayer[]): string {
  const name = (index: number) => escapeUntrusted(layers[index]?.name ?? '');
  const who = holders.length === 0 ? 'held by none' : `held by ${holders.map(name).join(', ')}`;
  const from = owner === null ? '' : ` from ${name(owner)}`;
  return `${formatSize(bytes).padStart(12)}  ${who}: ${EFFECTS[effect]}${from}`;
}
