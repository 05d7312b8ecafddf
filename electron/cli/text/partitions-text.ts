/** The guest's partitions for a person: the table, what each range holds, and notes about it. */
import type { GuestDisk, GuestPartition } from '../../../shared/model/guest/guest-disk.ts';
import { placedSentence } from '../../../shared/text/finding-text.ts';
import { contentText, divisionText } from '../../../shared/text/guest/partition-text.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** The longest line: names and labels are short, and evidence is cut. */
const MAX_LINE = 1000;

/** One row: a partition, or a range that none has. */
interface Row {
  readonly number: string;
  readonly start: number;
  readonly length: number;
  readonly what: string;
}

/** Lines without their ends. */
export function partitionLines(disk: GuestDisk): string[] {
  const lines = [`disk of ${formatSize(disk.size)}: ${divisionText(disk)}`];
  if (disk.scheme !== 'none' && disk.whole.content !== undefined)
    lines.push(`the disk as a whole: ${contentText(disk.whole)}`);
  const rows = rowsOf(disk);
  const width = Math.max(0, ...rows.map(({ start }) => formatOffset(start).length));
  for (const { number, start, length, what } of rows)
    lines.push(
      `${number.padStart(5)}  ${formatOffset(start).padEnd(width)}  ${formatSize(length).padEnd(11)}  ${what}`,
    );
  for (const finding of disk.findings) {
    lines.push('', `${finding.severity} ${finding.code}: ${placedSentence(finding)}`);
    for (const { source, value } of finding.evidence) lines.push(`  ${source}: ${value}`);
    lines.push(`  next: ${finding.advice}`);
  }
  return lines.map(line => escapeUntrusted(line, MAX_LINE));
}

function rowsOf({ partitions, gaps }: GuestDisk): Row[] {
  const rows = [
    ...partitions.map(partition => ({
      number: String(partition.number),
      start: partition.start,
      length: partition.length,
      what: partitionText(partition),
    })),
    ...gaps.map(([start, length]) => ({ number: '', start, length, what: 'no partition' })),
  ];
  return rows.sort((a, b) => a.start - b.start || b.length - a.length);
}

function partitionText(partition: GuestPartition): string {
  const { kind, type, typeName, name } = partition;
  const content = kind === 'extended' ? '' : `${contentText(partition)}; `;
  const known = typeName === '' ? `type ${type}` : typeName;
  return `${content}${kind === 'logical' ? 'logical, ' : ''}${known}${name === '' ? '' : ` ${JSON.stringify(name)}`}`;
}
