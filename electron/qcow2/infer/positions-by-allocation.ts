/**
 * Places of L2 tables by what file systems have in use: the clusters that a table has are those which were written, and file
 * systems keep account of what they wrote. Compared are the places where used and unused space meet.
 */
import { type SlicedWork, shouldYield } from '../read/sliced-work.ts';
import type { PositionSearch, Root, TablePosition } from './position-search.ts';
import { TableData } from './table-data.ts';

/** Blocks of the disk that are asked for, and words of 32 clusters that are compared: a second's work. */
const MAX_ASKED = 2 ** 26;
const BLOCK_BYTES = 4096;
const MAX_COMPARED_WORDS = 2 ** 27;
/** Ends of used space that have to be the same, beside half of all that either side has. */
const MIN_EQUAL_ENDS = 8;
/** Of the clusters that either side has, the share that both must have, and that of another pair which makes it doubtful. */
const MIN_SHARE = 0.9;
const MAX_SHARE_OF_OTHERS = 0.75;

const HOW = 'it has the clusters that a file system has in use there';

/** One bit for each cluster that a table describes. */
interface Pattern {
  readonly used: Uint32Array;
  readonly known: Uint32Array;
  /** Where the cluster before is the opposite. */
  readonly ends: Uint32Array;
}

/** The places that the use of space tells; none twice, and no table twice. Throws QCOW2_READ_FAILED. */
export function* positionsByAllocation(
  search: PositionSearch,
  roots: readonly Root[],
): SlicedWork<TablePosition[]> {
  const { image, open, entries, placed } = search;
  const { l2Entries, l1Coverage, clusterSize } = image.geometry;
  const asked = roots.filter(({ file }) => file.isUsed !== undefined);
  // What a backing file has is in use and in no table of the image.
  if (asked.length === 0 || image.header.backingFileSize > 0) return [];
  const mostEntries = MAX_ASKED / Math.max(1, clusterSize / BLOCK_BYTES) - l2Entries;
  const disk = new Map<number, Pattern>();
  for (let index = 0; index < entries && disk.size * l2Entries <= mostEntries; index++) {
    const here = placed.has(index) ? [] : asked.filter(root => reaches(root, index * l1Coverage, l1Coverage));
    if (here.length > 0 || shouldYield(index)) yield;
    if (here.length === 0) continue;
    const ask = (entry: number) => isUsed(here, index * l1Coverage + entry * clusterSize, clusterSize);
    disk.set(index, yield* patternOf(l2Entries, ask));
  }
  if (disk.size * open.length * Math.ceil(l2Entries / 32) > MAX_COMPARED_WORDS) return [];
  const pairs: (TablePosition & Likeness)[] = [];
  for (const cluster of open) {
    yield;
    const data = new TableData(image, cluster);
    const table = yield* patternOf(l2Entries, entry => data.isWritten(entry));
    for (const [index, pattern] of disk) {
      const alike = likeness(table, pattern);
      if (alike.share > MAX_SHARE_OF_OTHERS || alike.equalEnds * 2 > MIN_EQUAL_ENDS)
        pairs.push({ cluster, index, how: HOW, ...alike });
    }
  }
  return pairs.filter(pair => pair.isAlike && !pairs.some(other => isRival(pair, other)));
}

/** True if bytes of the volume lie in that range of the disk. */
function reaches({ volume }: Root, start: number, length: number): boolean {
  return volume.segments.some(
    segment => segment.disk < start + length && segment.disk + segment.length > start,
  );
}

/** Whether a file system has a range of the disk in use; undefined where none can tell. */
function isUsed(roots: readonly Root[], disk: number, length: number): boolean | undefined {
  for (const { file, volume } of roots)
    for (const { start, disk: from, length: bytes } of volume.segments)
      if (disk >= from && disk + length <= from + bytes) {
        const at = start + disk - from;
        // A volume may be longer than its file system, which counts nothing behind its end.
        return at + length <= file.size ? file.isUsed?.(at, length) : undefined;
      }
  return undefined;
}

function* patternOf(count: number, ask: (entry: number) => boolean | undefined): SlicedWork<Pattern> {
  const words = Math.ceil(count / 32);
  const [used, known, ends] = [new Uint32Array(words), new Uint32Array(words), new Uint32Array(words)];
  let before: boolean | undefined;
  for (let entry = 0; entry < count; entry++) {
    if (shouldYield(entry)) yield;
    const word = entry >>> 5;
    const bit = 1 << (entry & 31);
    const now = ask(entry);
    if (now === true) used[word] = (used[word] as number) | bit;
    if (now !== undefined) known[word] = (known[word] as number) | bit;
    if (now !== undefined && before !== undefined && now !== before)
      ends[word] = (ends[word] as number) | bit;
    before = now;
  }
  return { used, known, ends };
}

/** How alike a table and a range of the disk are. */
interface Likeness {
  /** Share of the clusters in use on either side that both have; 0 where less than half of them are known. */
  readonly share: number;
  readonly equalEnds: number;
  readonly isAlike: boolean;
}

function likeness(table: Pattern, disk: Pattern): Likeness {
  let [both, either, equalEnds, tableEnds, diskEnds, knownOfBoth] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < table.used.length; i++) {
    const known = (table.known[i] as number) & (disk.known[i] as number);
    const [a, b] = [(table.used[i] as number) & known, (disk.used[i] as number) & known];
    const [c, d] = [(table.ends[i] as number) & known, (disk.ends[i] as number) & known];
    knownOfBoth += bitsIn(known);
    both += bitsIn(a & b);
    either += bitsIn(a | b);
    equalEnds += bitsIn(c & d);
    tableEnds += bitsIn(c);
    diskEnds += bitsIn(d);
  }
  // Where little is known, a few clusters that both have say nothing.
  const isComparable = knownOfBoth * 2 >= table.used.length * 32;
  const share = either === 0 ? 0 : both / either;
  const isAlike =
    share >= MIN_SHARE && equalEnds >= MIN_EQUAL_ENDS && equalEnds * 2 >= Math.max(tableEnds, diskEnds);
  return { share: isComparable ? share : 0, equalEnds, isAlike: isAlike && isComparable };
}

function bitsIn(word: number): number {
  let value = word - ((word >>> 1) & 0x55555555);
  value = (value & 0x33333333) + ((value >>> 2) & 0x33333333);
  return Math.imul((value + (value >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** True for another pair of the same table or range that is nearly as good. */
function isRival(pair: TablePosition & Likeness, other: TablePosition & Likeness): boolean {
  const isSame = (pair.cluster === other.cluster) !== (pair.index === other.index);
  return isSame && (other.share > MAX_SHARE_OF_OTHERS || other.equalEnds * 2 > pair.equalEnds);
}
