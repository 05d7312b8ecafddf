/** Findings in words, for every front. */
import type { ErrorRecord } from '../error.ts';
import {
  EVIDENCE_BYTES,
  EVIDENCE_MILLISECONDS,
  type Finding,
  type FindingEvidence,
  MAX_FINDING_PLACES,
  totalLength,
} from '../model/finding.ts';
import { exactSize, formatCount, formatOffset, formatRawValue, formatSize } from './offset.ts';
import { formatTime } from './time.ts';

/** Names of programs and fields, such as `cluster_bits`: they are written small at the start of a sentence too. */
const NAME = /^(?:qemu|libvirt|virsh|cowscope)\b|^[a-z0-9]+_/;

/** A text that messages put into the middle of a line, as a sentence that stands alone. */
export function asSentence(text: string): string {
  const end = /[.!?]$/.test(text) ? '' : '.';
  const first = NAME.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase();
  return `${first}${text.slice(1)}${end}`;
}

/** What a finding says as a sentence that stands alone. Untrusted text. */
export function findingSentence({ what }: Finding): string {
  return asSentence(what);
}

/** As {@link findingSentence}, with the offsets of the guest that it is about. */
export function placedSentence(finding: Finding): string {
  const where = findingGuestText(finding);
  return asSentence(where === '' ? finding.what : `${finding.what.replace(/\.$/, '')} [${where}]`);
}

/** Which offsets of the guest a finding is about, such as `guest 0x0004_0000, 64 KiB`; empty where it is about none. */
export function findingGuestText({ guest, bytesAtRisk }: Finding): string {
  const [first, ...others] = guest;
  if (first === undefined) return '';
  const listed = totalLength(guest);
  const start = `guest ${formatOffset(first[0])}`;
  if (others.length === 0 && bytesAtRisk <= listed) return `${start}, ${formatSize(first[1])}`;
  const bytes = Math.max(bytesAtRisk, listed);
  return `${start} and further, ${guest.length === MAX_FINDING_PLACES && bytes === listed ? 'at least ' : ''}${formatSize(bytes)} in all`;
}

/**
 * A value that proves a finding, and where it lies in the file: `header at 0x0000_0048: 0x0000_0000_0000_0001 (dirty)`, or
 * `virtual size: 1 MiB (1,048,576 bytes)`. Untrusted text.
 */
export function evidenceText({ source, fileOffset, value, bits }: FindingEvidence): string {
  const where = fileOffset === undefined ? source : `${source} at ${formatOffset(fileOffset)}`;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (bits === EVIDENCE_BYTES && Number.isSafeInteger(number)) return `${where}: ${exactSize(number)}`;
  if (bits === EVIDENCE_MILLISECONDS && Number.isSafeInteger(number))
    return `${where}: ${formatTime(number / 1000)}`;
  if (value === '') return bits === '' ? where : `${where}: ${bits}`;
  const shown = Number.isSafeInteger(number) ? formatCount(number) : formatRawValue(value);
  return `${where}: ${shown}${bits === '' ? '' : ` (${bits})`}`;
}

/** A finding as an error record, for standard error. `path` names the file that it is about. */
export function findingRecord(finding: Finding, path: string): ErrorRecord {
  const { code, what, advice } = finding;
  const where = findingGuestText(finding);
  return { code, what: where === '' ? what : `${what} [${where}]`, subject: path, advice };
}
