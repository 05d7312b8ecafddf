/** The guest's partitions for a person: the table, what each range holds, and notes about it. */
import type { GuestDisk } from '../../../shared/model/guest/guest-disk.ts';
import { evidenceText, placedSentence } from '../../../shared/text/finding-text.ts';
import { contentText, divisionText, partitionRows } from '../../../shared/text/guest/partition-text.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** The longest line: names and labels are short, and evidence is cut. */
const MAX_LINE_CHARACTERS = 1000;

/** Lines without their ends. */
export function partitionLines(disk: GuestDisk): string[] {
  const lines = [`disk of ${formatSize(disk.size)}: ${divisionText(disk)}`];
  if (disk.scheme !== 'none' && disk.whole.content !== undefined)
    lines.push(`the disk as a whole: ${contentText(disk.whole)}`);
  const rows = partitionRows(disk);
  const width = Math.max(0, ...rows.map(({ start }) => formatOffset(start).length));
  for (const { number, start, length, what } of rows)
    lines.push(
      `${number.padStart(5)}  ${formatOffset(start).padEnd(width)}  ${formatSize(length).padEnd(11)}  ${what}`,
    );
  for (const finding of disk.findings) {
    lines.push('', `${finding.severity} ${finding.code}: ${placedSentence(finding)}`);
    for (const piece of finding.evidence) lines.push(`  ${evidenceText(piece)}`);
    lines.push(`  next: ${finding.advice}`);
  }
  return lines.map(line => escapeUntrusted(line, MAX_LINE_CHARACTERS));
}
