/** Where two tables of one layer differ: the two witnesses compared with each other. */
import { ABSENT, HOLE, LOCAL, OUT_OF_RANGE, UNREAD, UNREADABLE, ZERO } from './flags.ts';
import { type Page, pageStart } from './page.ts';
import type { ExtentTable } from './table.ts';

/** A range where the words differ in a way that both witnesses could know. */
export interface WitnessDifference {
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly second: number;
}

/**
 * A word reduced to what base:allocation and allocation-depth can say, so that a finer witness compares with a
 * coarser one. A data cluster whose host range is a hole (LOCAL ZERO without HOLE, qemu's guess) is data.
 * Undefined where nothing is known.
 */
export function comparableWord(word: number): number | undefined {
  if (word & UNREAD) return undefined;
  if (word & UNREADABLE) return UNREADABLE;
  if (word & OUT_OF_RANGE) return OUT_OF_RANGE;
  if (word & ABSENT) return ABSENT;
  const content = word & HOLE ? word & (HOLE | ZERO) : 0;
  return word & LOCAL ? LOCAL | content : undefined;
}

/**
 * Differences of two read pages of one span, ascending, neighbors with equal words joined. `base` and `end` in bytes.
 * `comparable` makes of a word what is to be equal; what it makes undefined of is never a difference.
 */
export function comparePages(
  first: Page,
  firstWords: ArrayLike<number>,
  second: Page,
  secondWords: ArrayLike<number>,
  base: number,
  end: number,
  comparable: (word: number) => number | undefined = comparableWord,
): WitnessDifference[] {
  const found: WitnessDifference[] = [];
  const length = end - base;
  let i = 0;
  let j = 0;
  let position = 0;
  while (position < length) {
    const a = firstWords[first.codes[i] as number] as number;
    const b = secondWords[second.codes[j] as number] as number;
    const aEnd = i + 1 < first.count ? pageStart(first, i + 1) : length;
    const bEnd = j + 1 < second.count ? pageStart(second, j + 1) : length;
    const stop = Math.min(aEnd, bEnd, length);
    const x = comparable(a);
    const y = comparable(b);
    if (x !== undefined && y !== undefined && x !== y) {
      const previous = found.at(-1);
      if (
        previous !== undefined &&
        previous.end === base + position &&
        previous.first === a &&
        previous.second === b
      )
        found[found.length - 1] = { ...previous, end: base + stop };
      else found.push({ start: base + position, end: base + stop, first: a, second: b });
    }
    if (aEnd === stop) i++;
    if (bEnd === stop) j++;
    position = stop;
  }
  return found;
}

/** True where every byte of the page was read. */
export function isFullyRead(table: ExtentTable, index: number): boolean {
  const page = table.pages[index];
  if (page === undefined) return false;
  const unread = table.words.words.findIndex(word => (word & UNREAD) !== 0);
  return unread < 0 || !page.codes.includes(unread);
}
