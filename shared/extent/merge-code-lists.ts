/**
 * The merge of several lists of one page into one: split wherever any list changes, and for each piece the number of
 * the combination of codes that holds there. There are few different combinations, so that whatever follows from a
 * combination is worked out once and looked up for each piece.
 */

/** One list: extents with a code each, ascending from 0 with no gaps; neighbors have different codes. */
export interface CodeList {
  /** Start of each extent in whole units below 2**30, then the end of the page. Longer than needed. */
  starts: Int32Array;
  codes: Int32Array;
  count: number;
  /** Codes are below this. */
  codeCount: number;
}

/** Most combinations that one merge looks up in an array. */
export const MAX_KEYS = 2 ** 18;

/** Units that are merged at once: what is written in one loop is still at hand in the next. */
const WINDOW = 1024;

/** An empty list with separate memory, for {@link growCodeList}. */
export function createCodeList(): CodeList {
  return { starts: new Int32Array(0), codes: new Int32Array(0), count: 0, codeCount: 0 };
}

/** Makes room for `count` extents and the end. What the list held is lost when it grows. */
export function growCodeList(codeList: CodeList, count: number): void {
  if (codeList.codes.length > count) return;
  const size = Math.max(count + 1, codeList.codes.length * 2, 4096);
  codeList.starts = new Int32Array(size);
  codeList.codes = new Int32Array(size);
}

/**
 * A merge of lists. The code of each list is one digit of a mixed-radix key. A change in a list adds a fixed delta to the
 * key, so all changes are accumulated in one array indexed by unit, and a single scan of it yields the merged pieces. The
 * inner loop has no branch that depends on the data.
 */
export interface CodeListMerge {
  /**
   * Merges lists that end together, the product of whose code counts is at most MAX_KEYS, into `out`, whose codes number
   * the combinations in the order they occur. Returns the key of each combination: see {@link readKey}. A combination
   * keeps its number in all merges until {@link forget}; between them no code count may change but that of the first list.
   */
  merge(codeLists: readonly CodeList[], out: CodeList): readonly number[];
  /** Renumbers combinations from the next merge on. */
  forget(): void;
}

/** A merge with separate memory, 1 MiB. */
export function createCodeListMerge(): CodeListMerge {
  /** The number of each key's combination, -1 for keys that have not occurred. */
  const ids = new Int32Array(MAX_KEYS).fill(-1);
  const changes = new Int32Array(WINDOW);
  let keys: number[] = [];

  function forget(): void {
    for (const known of keys) ids[known] = -1;
    keys = [];
  }

  function merge(codeLists: readonly CodeList[], out: CodeList): readonly number[] {
    const first = codeLists[0] as CodeList;
    const end = first.starts[first.count] as number;
    growCodeList(
      out,
      codeLists.reduce((sum, codeList) => sum + codeList.count, 1),
    );
    const widths = widthsOf(codeLists);
    const cursors = new Int32Array(codeLists.length);
    let n = 0;
    let key = -1; // before the first piece, so that it is a change even where its key is 0
    changes[0] = codeLists.reduce(
      (sum, { codes }, i) => sum + (codes[0] as number) * (widths[i] as number),
      1,
    );
    for (let from = 0; from < end; from = nextWindow(codeLists, cursors, end)) {
      const to = Math.min(from + WINDOW, end);
      for (let i = 0; i < codeLists.length; i++)
        cursors[i] = addChanges(
          codeLists[i] as CodeList,
          cursors[i] as number,
          widths[i] as number,
          from,
          to,
          changes,
        );
      let next = collectPieces(changes, from, to, key, ids, out, n);
      if (next < 0) {
        numberKeys(changes, to - from, key, ids, keys);
        next = collectPieces(changes, from, to, key, ids, out, n);
      }
      changes.fill(0, 0, to - from);
      n = next;
      key = keys[out.codes[n - 1] as number] as number;
    }
    out.starts[n] = end;
    out.count = n;
    out.codeCount = keys.length;
    return keys;
  }

  return { merge, forget };
}

/** The code of each list in a key of their merge, from the last list back to the first. */
export function readKey(key: number, codeLists: readonly CodeList[], into: Uint32Array, at: number): void {
  let rest = key;
  for (let i = codeLists.length - 1; i > 0; i--) {
    const { codeCount } = codeLists[i] as CodeList;
    into[at + i] = rest % codeCount;
    rest = Math.floor(rest / codeCount);
  }
  into[at] = rest;
}

/** What one step of each list's code adds to a key. */
function widthsOf(codeLists: readonly CodeList[]): number[] {
  const widths = new Array<number>(codeLists.length);
  let width = 1;
  for (let i = codeLists.length - 1; i >= 0; i--) {
    widths[i] = width;
    width *= (codeLists[i] as CodeList).codeCount;
  }
  return widths;
}

/** The window in which any list changes next. Cursors stand on the last extent that has begun. */
function nextWindow(codeLists: readonly CodeList[], cursors: Int32Array, end: number): number {
  let next = end;
  for (let i = 0; i < codeLists.length; i++)
    next = Math.min(next, (codeLists[i] as CodeList).starts[(cursors[i] as number) + 1] as number);
  return next === end ? end : next & -WINDOW;
}

/** Adds what a list changes within [from,to) to the cells of `changes`; returns its cursor at `to`. */
function addChanges(
  { starts, codes }: CodeList,
  cursor: number,
  width: number,
  from: number,
  to: number,
  changes: Int32Array,
): number {
  let i = cursor;
  let before = codes[i] as number;
  for (;;) {
    const at = starts[i + 1] as number;
    if (at >= to) return i;
    i++;
    const code = codes[i] as number;
    changes[at - from] = (changes[at - from] as number) + Math.imul(code - before, width);
    before = code;
  }
}

/**
 * Stores the start and the combination's number of each piece that begins in [from,to), from place `n` on. Returns the
 * next place, or -1 where a key has no number yet.
 */
function collectPieces(
  changes: Int32Array,
  from: number,
  to: number,
  keyBefore: number,
  ids: Int32Array,
  { starts, codes }: CodeList,
  n: number,
): number {
  let key = keyBefore;
  let next = n;
  let unknown = 0;
  const length = to - from;
  for (let i = 0; i < length; i++) {
    const change = changes[i] as number;
    key += change;
    const id = ids[key] as number;
    unknown |= id;
    starts[next] = from + i;
    codes[next] = id;
    next += (change | -change) >>> 31;
  }
  return unknown < 0 ? -1 : next;
}

/** Gives a number to each key that occurs in the first `length` cells and has none. */
function numberKeys(
  changes: Int32Array,
  length: number,
  keyBefore: number,
  ids: Int32Array,
  keys: number[],
): void {
  let key = keyBefore;
  for (let i = 0; i < length; i++) {
    key += changes[i] as number;
    if ((ids[key] as number) < 0) ids[key] = keys.push(key) - 1;
  }
}

/** A list as {@link mergeAnyLists} reads it. Starts in bytes, ascending from 0. */
export interface ListReader {
  readonly count: number;
  startOf(i: number): number;
  codeOf(i: number): number;
}

/** Pieces in bytes, the number of each piece's combination, and the codes of each combination in every list. */
export interface MergedPieces {
  readonly starts: number[];
  readonly codes: number[];
  readonly combinations: number[][];
}

/**
 * Merges any number of lists up to `length` bytes, of whatever starts and codes. The plain way of {@link CodeListMerge},
 * for what does not fit there: pages of more than 2**30 units and lists with very many different codes.
 */
export function mergeAnyLists(lists: readonly ListReader[], length: number): MergedPieces {
  const merged: MergedPieces = { starts: [], codes: [], combinations: [] };
  const known = new Map<string, number>();
  const cursors = lists.map(() => 0);
  for (let position = 0; position < length; ) {
    const codes = lists.map((list, j) => list.codeOf(cursors[j] as number));
    const key = codes.join();
    let id = known.get(key);
    if (id === undefined) {
      id = merged.combinations.push(codes) - 1;
      known.set(key, id);
    }
    merged.starts.push(position);
    merged.codes.push(id);
    let nearest = length;
    lists.forEach((list, j) => {
      const next = (cursors[j] as number) + 1;
      if (next < list.count) nearest = Math.min(nearest, list.startOf(next));
    });
    lists.forEach((list, j) => {
      const next = (cursors[j] as number) + 1;
      if (next < list.count && list.startOf(next) === nearest) cursors[j] = next;
    });
    position = nearest;
  }
  return merged;
}
