/** A plan for a person: hazards first, then numbers, then the commands to copy. */

import type { ExtentState } from '../../../shared/extent/flags.ts';
import { LEGEND } from '../../../shared/legend.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { Plan, PlanCase, PlanJob, PlannedLayer } from '../../../shared/model/plan.ts';
import { findingGuestText, findingSentence } from '../../../shared/text/finding-text.ts';
import { formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { type Fact, factLines } from './definition-rows.ts';

const JOBS: Readonly<Record<PlanJob, string>> = {
  'qemu-img': 'qemu-img',
  live: 'a running qemu',
  active: 'a running qemu',
};

/** Characters of a sentence that are printed. */
const MAX_TEXT = 2000;

const VERSIONS = { given: '', machine: ', the installed one', assumed: ', assumed' } as const;

const EFFECTS: Readonly<Record<PlanCase['effect'], string>> = {
  kept: 'target keeps its own',
  allocated: 'copied to new space of the target',
  overwritten: 'copied over what the target holds',
  zeros: 'zeros in the target',
  compared: 'copied where it differs from what is read without it',
  changed: 'nothing is copied, so what is read here may change',
};

/** The whole plan. */
export function planText(plan: Plan): string {
  const { layers, target, hazards, commands, cases, ranges } = plan;
  const isNote = ({ severity }: Finding) => severity === 'note';
  const dangers = hazards.filter(finding => !isNote(finding));
  const lines = [
    `${titleOf(plan)}: nothing is done here`,
    '',
    ...section(dangers.length === 0 ? 'no hazards found' : 'hazards', findingLines(dangers, layers)),
    ...factLines(numbers(plan)),
    '',
    ...section(
      'what happens where',
      cases.map(entry => caseText(entry, layers)),
    ),
    ...section(plan.bytesCopiedExact ? 'before and after' : 'before and after, at most', stripLines(plan)),
    ...section('notes', findingLines(hazards.filter(isNote), layers)),
    ...section(
      'if it is aborted',
      plan.abort.map(text => escapeUntrusted(text, MAX_TEXT)),
    ),
    'commands to copy (nothing was run)',
    ...(commands.length === 0 ? ['  none does it: see above'] : commands.map(command => `  ${command}`)),
  ];
  if (ranges !== undefined)
    lines.push(
      '',
      `ranges of ${escapeUntrusted(layers[target.layer]?.name ?? '')}, before and after`,
      ...ranges.map(
        ({ start, length, before, after }) =>
          `  ${formatOffset(start)}  ${formatSize(length).padEnd(12)} ${before}${after === before ? '' : ` → ${after}`}`,
      ),
    );
  return `${lines.join('\n')}\n`;
}

/** The target's disk before and after, one letter a column, on one axis; a mark where something is written. */
function stripLines({ strip, target }: Plan): string[] {
  if (strip === undefined || strip.before.length === 0) return [];
  const { before, after, written, span } = strip;
  const letters = (states: readonly ExtentState[]) => states.map(state => LEGEND[state].letter).join('');
  const seen = [...new Set([...before, ...after])].map(
    state => `${LEGEND[state].letter} ${LEGEND[state].label}`,
  );
  const marks = written.map(isWritten => (isWritten ? '^' : ' ')).join('');
  return [
    `before ${letters(before)}`,
    `after  ${letters(after)}`,
    ...(written.includes(true) ? [`       ${marks.trimEnd()}`] : []),
    `${formatSize(span)} a letter, ${formatSize(target.sizeAfter)} in all: ${seen.join(', ')}, ^ written`,
  ];
}

/** A heading with its lines and a blank one; nothing where a heading of its kind has no lines. */
function section(heading: string, lines: readonly string[]): string[] {
  if (lines.length === 0 && heading !== 'no hazards found') return [];
  return [heading, ...lines.map(line => `  ${line}`), ''];
}

function findingLines(findings: readonly Finding[], layers: readonly PlannedLayer[]): string[] {
  return findings.flatMap(finding => {
    const name = layers[finding.layer]?.name;
    const where = name === undefined ? '' : `${escapeUntrusted(name)}: `;
    const places = findingGuestText(finding);
    return [
      `${finding.severity} ${finding.code}`,
      `  ${where}${escapeUntrusted(findingSentence(finding), MAX_TEXT)}${places === '' ? '' : ` [${places}]`}`,
      ...(finding.advice === '' ? [] : [`  → ${escapeUntrusted(finding.advice, MAX_TEXT)}`]),
    ];
  });
}

function titleOf({ operation, layers, target }: Plan): string {
  const names = (role: PlannedLayer['role']) =>
    layers
      .filter(layer => layer.role === role)
      .map(({ name }) => escapeUntrusted(name))
      .toReversed();
  const name = escapeUntrusted(layers[target.layer]?.name ?? '');
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
      return `would delete a snapshot of ${name}`;
  }
}

function numbers(plan: Plan): Fact[] {
  const { target, stepwise } = plan;
  const zeros = plan.zerosAsData === 0 ? '' : `, ${formatSize(plan.zerosAsData)} of it zeros`;
  const facts: Fact[] = [
    ['would copy', `${plan.bytesCopiedExact ? '' : 'at most '}${exactSize(plan.bytesCopied)}${zeros}`],
    ['would zero', exactSize(plan.bytesZeroed)],
  ];
  if (stepwise !== undefined && stepwise.steps.length > 1)
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
