/** A plan for a person: hazards first, then numbers, then the commands to copy. */
import type { ExtentState } from '../../../shared/extent/flags.ts';
import { LEGEND } from '../../../shared/legend.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { Plan, PlannedLayer } from '../../../shared/model/plan/plan.ts';
import { findingGuestText, findingSentence } from '../../../shared/text/finding-text.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { otherCommands, planCaseText, planRows, planTitle } from '../../../shared/text/plan-text.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { numberedIfShared } from '../../plan/layer-names.ts';
import { definitionLine } from './definition-rows.ts';

/** Characters of a sentence that are printed. */
const MAX_TEXT_CHARACTERS = 2000;

/** The whole plan. */
export function planText(plan: Plan): string {
  const { layers, target, hazards, commands, cases, ranges } = plan;
  const isNote = ({ severity }: Finding) => severity === 'note';
  const dangers = hazards.filter(finding => !isNote(finding));
  const lines = [
    `${planTitle(plan)}: nothing is done here`,
    '',
    ...section(dangers.length === 0 ? 'no hazards found' : 'hazards', findingLines(dangers, layers)),
    ...planRows(plan).map(definitionLine),
    '',
    ...section(
      'what happens where',
      cases.map(entry => `${formatSize(entry.bytes).padStart(12)}  ${planCaseText(entry, layers)}`),
    ),
    ...section(plan.bytesCopiedExact ? 'before and after' : 'before and after, at most', stripLines(plan)),
    ...section('notes', findingLines(hazards.filter(isNote), layers)),
    ...section(
      'if it is aborted',
      plan.abort.map(text => escapeUntrusted(text, MAX_TEXT_CHARACTERS)),
    ),
    'commands to copy (nothing was run)',
    ...(commands.length === 0 ? ['  none does it: see above'] : commands.map(command => `  ${command}`)),
    ...otherCommands(plan).flatMap(other => [
      other.heading,
      ...other.commands.map(command => `  ${command}`),
    ]),
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
    const layer = layers[finding.layer];
    const where =
      layer === undefined ? '' : `${numberedIfShared(escapeUntrusted(layer.name), layer, layers)}: `;
    const places = findingGuestText(finding);
    return [
      `${finding.severity} ${finding.code}`,
      `  ${where}${escapeUntrusted(findingSentence(finding), MAX_TEXT_CHARACTERS)}${places === '' ? '' : ` [${places}]`}`,
      ...(finding.advice === '' ? [] : [`  → ${escapeUntrusted(finding.advice, MAX_TEXT_CHARACTERS)}`]),
    ];
  });
}
