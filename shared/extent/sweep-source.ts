/** The layers and overlays of one sweep, cut to what counts in its page. */
import { UNREAD } from './flags.ts';
import { type CodeList, growCodeList } from './merge-code-lists.ts';
import { type Page, pageIndexAt, pageStart, trailingZeros } from './page.ts';

/** A layer or overlay cut to what counts in one page. */
export interface SweepSource {
  readonly page: Page;
  /** The word of each code of the page. One code more stands for what lies past the cut: OUT_OF_RANGE. */
  readonly words: ArrayLike<number>;
  /** Codes in the merge, where each is shifted by {@link pairBits}. */
  readonly codeCount: number;
  /** Bytes of the page that count, at most its length. */
  readonly inside: number;
  /** Extents that start before the cut, and with the one past it. */
  readonly kept: number;
  readonly count: number;
  /** Its place among the lists to merge: layers that share one page share one list. */
  readonly list: number;
}

const NOT_READ: Page = { count: 1, shift: 31, starts: new Uint16Array(1), codes: new Uint8Array(1) };
const UNREAD_ONLY = [UNREAD];

/** Cuts a layer or overlay, of which `left` bytes remain from the page's start on, to a page of `length` bytes. */
export function sweepSourceOf(
  page: Page | undefined,
  words: ArrayLike<number>,
  left: number,
  length: number,
  lists: readonly SweepSource[],
): SweepSource {
  const inside = Math.max(0, Math.min(left, length));
  const from = page ?? NOT_READ;
  const known = page === undefined ? UNREAD_ONLY : words;
  const kept = pageStart(from, from.count - 1) < inside ? from.count : keptBefore(from, inside);
  const codeCount = (known.length + 1) << pairBits(from);
  const same = lists.findIndex(
    list => list.page === from && list.inside === inside && list.codeCount === codeCount,
  );
  const list = same < 0 ? lists.length : same;
  return {
    page: from,
    words: known,
    codeCount,
    inside,
    kept,
    count: inside < length ? kept + 1 : kept,
    list,
  };
}

/** Extents of a page that start before `inside`. */
function keptBefore(page: Page, inside: number): number {
  return inside === 0 ? 0 : pageIndexAt(page, inside - 1) + 1;
}

/** True if two sources have the same codes with the same meaning: word sets only grow, so that their length tells whether they did. */
export function isSameKind(one: SweepSource, other: SweepSource): boolean {
  return (
    one.words === other.words &&
    one.codeCount === other.codeCount &&
    one.list === other.list &&
    pairBits(one.page) === pairBits(other.page)
  );
}

/** The largest shift, up to 31, that leaves every start of a list whole. */
export function shiftOf({ page, kept, inside }: SweepSource, length: number): number {
  const ofPage = kept > 1 ? page.shift : 31;
  return inside < length ? Math.min(ofPage, trailingZeros(inside)) : ofPage;
}

/** Neighbors of one code that differ in their host offsets alone are distinguished by one more bit. */
export function pairBits({ hosts }: Page): 0 | 1 {
  return hosts === undefined ? 0 : 1;
}

/** Fills a list with the list of a source, in units of 2**shift bytes; the page has `units` of them. */
export function loadCodeList(
  codeList: CodeList,
  { page, codeCount, inside, kept, count }: SweepSource,
  shift: number,
  units: number,
): void {
  growCodeList(codeList, count);
  const { starts, codes } = codeList;
  starts.set(kept === page.count ? page.starts : page.starts.subarray(0, kept));
  codes.set(kept === page.count ? page.codes : page.codes.subarray(0, kept));
  const more = page.shift - shift;
  if (more > 0) for (let i = 1; i < kept; i++) starts[i] = (starts[i] as number) << more;
  if (count > kept) {
    starts[kept] = inside / 2 ** shift;
    codes[kept] = codeCount - 1;
  }
  if (pairBits(page) === 1) for (let i = 0; i < kept; i++) codes[i] = ((codes[i] as number) << 1) | (i & 1);
  starts[count] = units;
  codeList.count = count;
  codeList.codeCount = codeCount;
}
