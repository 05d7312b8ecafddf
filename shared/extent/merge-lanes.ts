/**
 * The merge of several lists of one page into one: split wherever any list changes, and for each piece the number of
 * the combination of codes that holds there. There are few different combinations, so that whatever follows from a
 * combination is worked out once and looked up for each piece.
 */

/** One list: extents with a code each, ascending from 0 with no gaps. */
export interface Lane {
  /** Start of each extent in whole units below 2**30, then the end of the page. Longer than needed. */
  starts: Int32Array;
  codes: Int32Array;
  count: number;
  /** Codes are below this. */
  codeCount: number;
}

/** Where each combination of a merge came from: its codes in the three lists that were merged. */
export interface Triples {
  readonly first: number[];
  readonly second: number[];
  readonly third: number[];
}

/** Most combinations that one merge looks up in an array. */
export const MAX_KEYS = 2 ** 18;

/** An empty lane of its own memory, for {@link growLane}. */
export function createLane(): Lane {
  return { starts: new Int32Array(0), codes: new Int32Array(0), count: 0, codeCount: 0 };
}

/** Makes room for `count` extents and the end. What the lane held is lost when it grows. */
export function growLane(lane: Lane, count: number): void {
  if (lane.codes.length > count) return;
  const size = Math.max(count + 1, lane.codes.length * 2, 4096);
  lane.starts = new Int32Array(size);
  lane.codes = new Int32Array(size);
}

/**
 * Merges three lanes that end together into `out`, whose codes number the combinations in the order they occur.
 * `ids` is reused memory of at least the product of the three code counts.
 */
export function mergeLanes(a: Lane, b: Lane, c: Lane, out: Lane, ids: Int32Array): Triples {
  growLane(out, a.count + b.count + c.count);
  const { starts: aStarts, codes: aCodes } = a;
  const { starts: bStarts, codes: bCodes } = b;
  const { starts: cStarts, codes: cCodes } = c;
  const { starts, codes } = out;
  const bWidth = c.codeCount;
  const aWidth = b.codeCount * bWidth;
  const end = aStarts[a.count] as number;
  const triples: Triples = { first: [], second: [], third: [] };
  ids.fill(-1, 0, a.codeCount * aWidth);
  let i = 0;
  let j = 0;
  let k = 0;
  let n = 0;
  let position = 0;
  let known = 0;
  while (position < end) {
    const key =
      Math.imul(aCodes[i] as number, aWidth) + Math.imul(bCodes[j] as number, bWidth) + (cCodes[k] as number);
    let id = ids[key] as number;
    if (id < 0) {
      id = known++;
      ids[key] = id;
      triples.first.push(aCodes[i] as number);
      triples.second.push(bCodes[j] as number);
      triples.third.push(cCodes[k] as number);
    }
    starts[n] = position;
    codes[n] = id;
    n++;
    // Branch-free, since which list ends next is as good as random: the least of three, then a step of 0 or 1 each.
    const x = aStarts[i + 1] as number;
    const y = bStarts[j + 1] as number;
    const z = cStarts[k + 1] as number;
    const xy = y + ((x - y) & ((x - y) >> 31));
    position = z + ((xy - z) & ((xy - z) >> 31));
    i += (x - position - 1) >>> 31;
    j += (y - position - 1) >>> 31;
    k += (z - position - 1) >>> 31;
  }
  starts[n] = end;
  out.count = n;
  out.codeCount = known;
  return triples;
}

/** A list as {@link mergeAny} reads it. Starts in bytes, ascending from 0. */
export interface LaneReader {
  readonly count: number;
  startOf(i: number): number;
  codeOf(i: number): number;
}

/** Pieces in bytes, the number of each piece's combination, and the codes of each combination in every list. */
export interface AnyMerge {
  readonly starts: number[];
  readonly codes: number[];
  readonly combinations: number[][];
}

/**
 * Merges any number of lists up to `length` bytes, of whatever starts and codes. The plain way of {@link mergeLanes},
 * for what does not fit there: pages of more than 2**30 units and lists with very many different codes.
 */
export function mergeAny(lists: readonly LaneReader[], length: number): AnyMerge {
  const merged: AnyMerge = { starts: [], codes: [], combinations: [] };
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
