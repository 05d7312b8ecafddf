/** The check of a chain for a person: the verdict first, then layer by layer what was found and what to do next. */
import {
  type ChainCheck,
  type CheckCounts,
  type CheckStep,
  type LayerCheck,
  leftByReason,
} from '../../../shared/model/check.ts';
import { type Finding, LIKELY_CAUSE, WHOLE_CHAIN } from '../../../shared/model/finding.ts';
import type { GuestDisk } from '../../../shared/model/guest/guest-disk.ts';
import type { ChainInfo, LayerInfo } from '../../../shared/model/layer.ts';
import { captureSentence } from '../../../shared/text/capture-text.ts';
import { checkCommands } from '../../../shared/text/check-commands.ts';
import { evidenceText, findingGuestText, findingSentence } from '../../../shared/text/finding-text.ts';
import { divisionText, findingPartitions } from '../../../shared/text/guest/partition-text.ts';
import { countOf, formatCount, formatOffset } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** The longest line: the longest path that the usual systems take, and some words. */
const MAX_LINE_CHARACTERS = 4200;
/** Pieces of evidence of one finding that are printed. */
const SHOWN_EVIDENCE = 3;

/** In which of the guest's partitions a finding lies; empty where that is not known. */
type Where = (finding: Finding) => string;

/** The whole answer, top layer first, with the guest's partitions where they were read. */
export function checkText(chain: ChainInfo, check: ChainCheck, guest?: GuestDisk): string {
  const where: Where = finding =>
    guest === undefined
      ? ''
      : findingPartitions(finding, guest, chain.layers[finding.layer]?.clusterSize ?? 1);
  const lines = [`verdict: ${check.verdict}${layersIn(check)}`];
  if (chain.capture !== undefined) lines.push(captureSentence(chain.capture));
  if (guest !== undefined) lines.push(`guest: ${divisionText(guest)}`);
  const isNamed = chain.capture?.redacted !== true; // commands need the names of files
  for (const layer of check.layers.toReversed()) {
    const info = chain.layers[layer.layer];
    if (info === undefined) continue;
    lines.push('', ...layerLines(info, layer, ofLayer(check, layer.layer), where));
    const { verdict, counts } = layer;
    const isDamaged = verdict === 'corrupt' || verdict === 'leaks' || (counts?.leaks ?? 0) > 0;
    if (isDamaged && isNamed) lines.push(...commandLines(info));
  }
  const chainWide = ofLayer(check, WHOLE_CHAIN);
  if (chainWide.length > 0) lines.push('', 'the chain', ...findingLines(chainWide, where));
  const left = notCheckedLines(check.steps);
  if (left.length > 0) lines.push('', ...left);
  return `${lines.map(line => escapeUntrusted(line, MAX_LINE_CHARACTERS)).join('\n')}\n`;
}

function layersIn({ layers, verdict }: ChainCheck): string {
  if (layers.length === 1) return '';
  const same = layers.filter(layer => layer.verdict === verdict).length;
  return same === 0 ? `, ${layers.length} layers` : `, ${same} of ${layers.length} layers`;
}

function ofLayer({ findings }: ChainCheck, layer: number): Finding[] {
  return findings.filter(finding => finding.layer === layer);
}

function layerLines(
  info: LayerInfo,
  check: LayerCheck,
  findings: readonly Finding[],
  where: Where,
): string[] {
  const lines = [`layer ${info.index}: ${check.verdict}  ${info.path}`, ...findingLines(findings, where)];
  const done = check.steps.filter(step => step.done).map(({ name }) => name);
  if (done.length > 0) lines.push(`  checked: ${done.join(', ')}`);
  lines.push(...notCheckedLines(check.steps));
  if (check.counts !== undefined) lines.push(...countLines(check.counts, check.qemuRefusal));
  return lines;
}

/** A line for each reason why something was not checked, with all that was not for that reason. */
function notCheckedLines(steps: readonly CheckStep[]): string[] {
  return leftByReason(steps).map(
    ({ names, why }) => `  not checked: ${names.join(', ')}${why === '' ? '' : ` (${why})`}`,
  );
}

/** The numbers of `qemu-img check`, or what it says instead of counting and what its rules come to. */
function countLines(counts: CheckCounts, refusal: string | undefined): string[] {
  const { corruptions, leaks, checkErrors, allocatedClusters, totalClusters, imageEnd } = counts;
  const share = totalClusters === 0 ? 0 : (allocatedClusters / totalClusters) * 100;
  const errors = checkErrors === 0 ? '' : `, ${countOf(checkErrors, 'refcount')} not readable`;
  const title =
    refusal === undefined
      ? 'as qemu-img check counts'
      : `qemu-img check counts nothing of it (${JSON.stringify(refusal)}); by its rules`;
  return [
    `  ${title}: ${countOf(corruptions, 'corruption')}, ${countOf(leaks, 'leak')}${errors}; ${formatCount(allocatedClusters)} of ${formatCount(totalClusters)} clusters allocated (${share.toFixed(2)} %), ${formatCount(counts.fragmentedClusters)} fragmented, ${formatCount(counts.compressedClusters)} compressed; image end ${formatOffset(imageEnd)}`,
  ];
}

/** Findings in their order, each with those that follow from it. */
function findingLines(findings: readonly Finding[], where: Where): string[] {
  const ids = new Set(findings.map(({ id }) => id));
  const roots = findings.filter(({ causedBy }) => causedBy === undefined || !ids.has(causedBy));
  return roots.flatMap(root => [
    ...oneFinding(root, where(root)),
    ...findings.filter(({ causedBy }) => causedBy === root.id).flatMap(found => followUp(found)),
  ]);
}

function oneFinding(finding: Finding, partitions: string): string[] {
  const indent = '  ';
  const { code, severity, advice, evidence, count } = finding;
  const guest = findingGuestText(finding);
  const lines = [`${indent}${severity} ${code}: ${findingSentence(finding)}`];
  if (guest !== '') lines.push(`${indent}  ${guest}${partitions === '' ? '' : `: ${partitions}`}`);
  for (const found of evidence.slice(0, SHOWN_EVIDENCE)) lines.push(`${indent}  ${evidenceText(found)}`);
  const more = count - Math.min(evidence.length, SHOWN_EVIDENCE);
  if (evidence.length > 0 && more > 0) lines.push(`${indent}  and ${formatCount(more)} more`);
  if (advice !== '') lines.push(`${indent}  next: ${advice}`);
  return lines;
}

function followUp(finding: Finding): string[] {
  const follows = finding.severity === 'leak' ? 'may follow from it' : 'follows from it';
  const link = finding.code === LIKELY_CAUSE ? 'how it came about' : follows;
  const sentence = `    ${link}: ${finding.severity} ${finding.code}: ${findingSentence(finding)}`;
  const [first] = finding.evidence;
  return first === undefined ? [sentence] : [sentence, `      ${evidenceText(first)}`];
}

/** Commands to copy: they write to no file but a new one. */
function commandLines(layer: LayerInfo): string[] {
  const commands = checkCommands(layer).map(({ label, command }) => [`  ${label}:`, command] as const);
  const width = Math.max(0, ...commands.map(([label]) => label.length));
  return commands.map(([label, command]) => `${label.padEnd(width)} ${command}`);
}
