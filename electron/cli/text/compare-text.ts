/** A comparison for a person: what is compared, the ranges that differ, the sums, and what they mean. */
import {
  incompleteComparisonText,
  LOST_LABEL,
  RELATION_LABELS,
} from '../../../shared/compare/relation-labels.ts';
import { sameText } from '../../../shared/compare/same-text.ts';
import { legendOfWitness } from '../../../shared/legend.ts';
import { isRemote } from '../../../shared/model/chain.ts';
import {
  type ComparedState,
  type ComparisonSums,
  type ComparisonVerdict,
  DIFFERENCE_KINDS,
  type Difference,
} from '../../../shared/model/comparison.ts';
import { formatCount, formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import type { ComparedChain } from '../../service/compare/compare-targets.ts';

/** The longest path that the usual systems take. */
const MAX_PATH_CHARACTERS = 4096;
const OFFSET_CHARACTERS = 16;
const LEGEND = legendOfWitness('metadata');

const KIND_WIDTH = Math.max(...DIFFERENCE_KINDS.map(kind => RELATION_LABELS[kind].label.length));

/** What is compared. */
export function compareHead(a: ComparedChain, b: ComparedChain): string {
  return `a  ${sideText(a)}\nb  ${sideText(b)}\n\n`;
}

function sideText({ chain, layer, size }: ComparedChain): string {
  const own = chain.layers[layer];
  const part = layer > 0 ? `, layers 0 to ${layer}` : '';
  const snapshot = own?.snapshot === undefined ? '' : `, snapshot ${JSON.stringify(own.snapshot.name)}`;
  return `${escapeUntrusted(`${own?.path ?? ''}${snapshot}`, MAX_PATH_CHARACTERS)}: ${formatSize(size)}${part}`;
}

/** One range. */
export function compareRow(
  { start, length, kind, a, b }: Difference,
  [first, second]: readonly [ComparedChain, ComparedChain],
): string {
  const sides = `${stateText(a, first)} | ${stateText(b, second)}`;
  return `  ${formatOffset(start).padEnd(OFFSET_CHARACTERS)}  ${formatSize(length).padStart(11)}  ${RELATION_LABELS[kind].label.padEnd(KIND_WIDTH)}  ${sides}\n`;
}

function stateText({ state, layer, lost }: ComparedState, { chain }: ComparedChain): string {
  if (state === 'unallocated' || state === 'reserved') return 'nothing stored';
  const label = lost === true ? LOST_LABEL : LEGEND[state].label;
  // The layers of an export of a chain have no numbers.
  return layer < 0 || isRemote({ chain }) ? label : `${label}, layer ${layer}`;
}

/** What a comparison came to. */
export interface CompareTail {
  readonly sums: ComparisonSums;
  /** Bytes that one disk or both have lost. */
  readonly lost: number;
  readonly verdict: ComparisonVerdict;
}

/** The sums, and the outcome in a few sentences. */
export function compareTail({ sums, lost, verdict }: CompareTail): string {
  const rows = DIFFERENCE_KINDS.filter(kind => sums.kinds[kind].bytes > 0).map(kind => {
    const { bytes, ranges } = sums.kinds[kind];
    const where = ranges === 1 ? '1 range' : `${formatCount(ranges)} ranges`;
    return `  ${RELATION_LABELS[kind].label.padEnd(KIND_WIDTH)}  ${formatSize(bytes).padStart(11)}  in ${where}`;
  });
  const same = `  ${'same'.padEnd(KIND_WIDTH)}  ${formatSize(sums.same).padStart(11)}`;
  return `${[...(rows.length > 0 ? ['', ...rows] : []), same, '', verdictText(sums, verdict), ...lostText(lost)].join('\n')}\n`;
}

function lostText(lost: number): string[] {
  if (lost === 0) return [];
  return [
    `${formatSize(lost)} are lost: they lie past the end of a file, where qemu reads zeros without an error. See cowscope check.`,
  ];
}

function verdictText(sums: ComparisonSums, verdict: ComparisonVerdict): string {
  const { kinds, firstContent } = sums;
  switch (verdict) {
    case 'same':
      return sameText(sums);
    case 'different':
      return firstContent < 0
        ? 'The disks read the same as far as both go, and are not the same by --strict.'
        : `The disks differ, first at ${formatOffset(firstContent)}.`;
    case 'mayDiffer':
      return `The disks may differ: ${formatSize(kinds.mayDiffer.bytes)} hold data that was not compared. Add --content to read it.`;
    case 'incomplete': {
      const differ = firstContent < 0 ? '' : ` The disks differ, first at ${formatOffset(firstContent)}.`;
      return `${incompleteComparisonText(kinds.unreadable.bytes)}${differ}`;
    }
  }
}
