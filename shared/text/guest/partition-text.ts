/** The guest's partitions in words, and which of them ranges of the disk lie in. Names and labels stay untrusted text. */
import { type Finding, MAX_FINDING_PLACES, type Range } from '../../model/finding.ts';
import type { GuestContent, GuestDisk, GuestPartition, ProbedRange } from '../../model/guest/guest-disk.ts';
import { formatCount, formatSize } from '../offset.ts';

/** How much of some ranges lies in one partition. */
export interface PartitionShare {
  /** Absent for what lies in no partition. */
  readonly partition?: GuestPartition;
  readonly bytes: number;
  /** Clusters that the ranges touch there. */
  readonly clusters: number;
}

/** How much of the ranges, which are in order and apart, lies in each partition and, last, in none. */
export function sharesOf(
  ranges: readonly Range[],
  { partitions, gaps }: Pick<GuestDisk, 'partitions' | 'gaps'>,
  clusterSize: number,
): PartitionShare[] {
  const shares: PartitionShare[] = [];
  for (const partition of partitions) {
    if (partition.kind === 'extended') continue; // what it holds lies in logical partitions, or in none
    const share = shareWithin(ranges, [[partition.start, partition.length]], clusterSize);
    if (share.bytes > 0) shares.push({ partition, ...share });
  }
  const rest = shareWithin(ranges, gaps, clusterSize);
  if (rest.bytes > 0) shares.push(rest);
  return shares;
}

function shareWithin(ranges: readonly Range[], places: readonly Range[], clusterSize: number) {
  let bytes = 0;
  let clusters = 0;
  let counted = -1; // the last cluster that was counted
  for (const [start, length] of ranges)
    for (const [placeStart, placeLength] of places) {
      const from = Math.max(start, placeStart);
      const to = Math.min(start + length, placeStart + placeLength);
      if (to <= from) continue;
      bytes += to - from;
      const first = Math.max(Math.floor(from / clusterSize), counted + 1);
      counted = Math.max(counted, Math.ceil(to / clusterSize) - 1);
      clusters += Math.max(0, counted - first + 1);
    }
  return { bytes, clusters };
}

/** What a partition is, by its content or else by its recorded type: `partition 2 (ext4)`. */
export function partitionTitle({ number, content, typeName }: GuestPartition): string {
  const what = content?.type ?? typeName;
  return what === '' ? `partition ${number}` : `partition ${number} (${what})`;
}

/**
 * Where a finding lies in the guest: `in partition 2 (ext4), 3 clusters; in no partition, 1 cluster`. Empty where it names no
 * range of the guest or nothing is known of the disk. `clusterSize` is that of its layer: below 512 bytes are named.
 */
export function findingPartitions(finding: Finding, disk: GuestDisk, clusterSize: number): string {
  const { guest, bytesAtRisk } = finding;
  if (guest.length === 0 || !disk.isUsable) return '';
  const listed = guest.reduce((sum, [, length]) => sum + length, 0);
  const most = guest.length === MAX_FINDING_PLACES || bytesAtRisk > listed ? 'at least ' : '';
  const amount = ({ bytes, clusters }: Pick<PartitionShare, 'bytes' | 'clusters'>) =>
    `${most}${clusterSize < 512 ? formatSize(bytes) : `${formatCount(clusters)} cluster${clusters === 1 ? '' : 's'}`}`;
  if (disk.scheme === 'none') {
    const { content } = disk.whole;
    if (content === undefined) return '';
    const share = shareWithin(guest, [[0, disk.size]], Math.max(1, clusterSize));
    return `in the ${content.type} of the whole disk, ${amount(share)}`;
  }
  return sharesOf(guest, disk, Math.max(1, clusterSize))
    .map(
      share =>
        `in ${share.partition === undefined ? 'no partition' : partitionTitle(share.partition)}, ${amount(share)}`,
    )
    .join('; ');
}

/** The partitions that a byte of the disk lies in, smallest last; extended ones only where no logical one has it. */
function partitionsAt({ partitions }: Pick<GuestDisk, 'partitions'>, offset: number): GuestPartition[] {
  const holders = partitions.filter(({ start, length }) => start <= offset && offset < start + length);
  const narrow = holders.filter(({ kind }) => kind !== 'extended');
  return narrow.length > 0 ? narrow : holders;
}

/** In which partition a byte of the disk lies: `partition 2 (ext4)`; empty where nothing is known of the disk. */
export function partitionTextAt(disk: GuestDisk, offset: number): string {
  if (!disk.isUsable) return '';
  if (disk.scheme !== 'none') {
    const holders = partitionsAt(disk, offset);
    return holders.length === 0 ? 'no partition' : holders.map(partitionTitle).join(' and ');
  }
  const { content } = disk.whole;
  return content === undefined ? '' : `${content.type} of the whole disk`;
}

/** What a range holds: `ext4 "root"`, `no known signature`, or that it could not be read. */
export function contentText({ content, unread }: ProbedRange): string {
  if (content !== undefined) return describeContent(content);
  return unread === undefined ? 'no known signature' : `not known: ${unread}`;
}

function describeContent({ type, label, uuid, also }: GuestContent): string {
  const words = [type];
  if (label !== '') words.push(JSON.stringify(label));
  if (uuid !== '') words.push(uuid);
  const others = also.length === 0 ? '' : ` (also signatures of ${also.join(', ')})`;
  return `${words.join(' ')}${others}`;
}

function unreadText({ unread }: ProbedRange): string {
  const what = 'the first sector could not be read';
  return unread === undefined ? what : `${what}: ${unread}`;
}

/** How the disk is divided, in one line. */
export function divisionText({
  scheme,
  sectorSize,
  sectorSizeFrom,
  diskId,
  isUsable,
  whole,
}: GuestDisk): string {
  if (scheme === 'none') return isUsable ? `no partition table, ${contentText(whole)}` : unreadText(whole);
  const table = scheme === 'gpt' ? 'GPT' : 'MBR';
  if (!isUsable) return `${table}, and no copy of it can be used: the partitions are not known`;
  const sectors = `sectors of ${sectorSize} bytes${sectorSizeFrom === 'assumed' ? ' (assumed: the table does not tell)' : ''}`;
  return `${table}, ${sectors}${diskId === '' ? '' : `, id ${diskId}`}`;
}

/** One row: a partition, or a range that none has. */
export interface PartitionRow {
  /** Empty for a range that no partition has. */
  readonly number: string;
  readonly start: number;
  readonly length: number;
  readonly what: string;
}

/** Partitions and the ranges that none has, in order of their start. Untrusted text. */
export function partitionRows({ partitions, gaps }: GuestDisk): PartitionRow[] {
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
