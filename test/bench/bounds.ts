/**
 * What the machine needs for the bare work: the least code that does it, for plain inputs only and with no check. What a
 * target says in nanoseconds of one machine is a ratio to these, measured beside the real thing.
 */

/** An extent list as loops like best: where each run ends, ascending to the end of the list, and a code each. */
export interface RunList {
  readonly ends: Uint32Array;
  readonly codes: Uint8Array;
}

/** Runs found, with room for all that may be. */
export interface FoundRuns {
  readonly starts: Uint32Array;
  readonly codes: Uint8Array;
}

/** Codes of {@link scanEntries}. */
export const SCANNED = { unallocated: 0, data: 1, zeroHole: 2, zeroAllocated: 3 } as const;

/** Bits of an L2 entry's upper half that belong to its host offset. */
const OFFSET_HI = 0x00ffffff;

/**
 * Finds the runs of `entries` standard L2 entries of version 3 in `view`: unallocated, data and zeros, neither compressed
 * clusters nor anything odd. Returns how many there are.
 */
export function scanEntries(view: DataView, entries: number, found: FoundRuns): number {
  const { starts, codes } = found;
  let n = 0;
  let last = -1;
  for (let i = 0; i < entries; i++) {
    const at = i << 3;
    const hi = view.getUint32(at) & OFFSET_HI;
    const lo = view.getUint32(at + 4);
    const code = ((lo & 1) << 1) | ((hi | (lo & ~1)) === 0 ? 0 : 1);
    if (code !== last) {
      starts[n] = i;
      codes[n++] = code;
      last = code;
    }
  }
  return n;
}

/**
 * Splits three lists of one length (below 2^30) wherever one of them changes. A piece's code has that of the first list
 * in its lowest two bits, and so on. Returns how many pieces there are.
 */
export function mergeThree(a: RunList, b: RunList, c: RunList, found: FoundRuns): number {
  const { starts, codes } = found;
  const { ends: aEnds, codes: aCodes } = a;
  const { ends: bEnds, codes: bCodes } = b;
  const { ends: cEnds, codes: cCodes } = c;
  const end = aEnds[aEnds.length - 1] as number;
  let i = 0;
  let j = 0;
  let k = 0;
  let n = 0;
  for (let at = 0; at < end; ) {
    starts[n] = at;
    codes[n++] = (aCodes[i] as number) | ((bCodes[j] as number) << 2) | ((cCodes[k] as number) << 4);
    // The least of three and a step of 0 or 1 in each list, from sign bits: compilers of JavaScript make branches of all else.
    const x = (aEnds[i] as number) | 0;
    const y = (bEnds[j] as number) | 0;
    const z = (cEnds[k] as number) | 0;
    const least = y + ((x - y) & ((x - y) >> 31));
    at = z + ((least - z) & ((least - z) >> 31));
    i += 1 + ((at - x) >> 31);
    j += 1 + ((at - y) >> 31);
    k += 1 + ((at - z) >> 31);
  }
  return n;
}

/** The same for up to four lists in the form that everybody writes first: loops over the lists for every piece. */
export function mergeByLoop(lists: readonly RunList[], found: FoundRuns): number {
  const { starts, codes } = found;
  const end = lists[0]?.ends.at(-1) ?? 0;
  const cursors = new Int32Array(lists.length);
  let n = 0;
  for (let at = 0; at < end; ) {
    let next = end;
    let code = 0;
    for (let list = 0; list < lists.length; list++) {
      const { ends, codes: own } = lists[list] as RunList;
      const cursor = cursors[list] as number;
      if ((ends[cursor] as number) < next) next = ends[cursor] as number;
      code |= (own[cursor] as number) << (list * 2);
    }
    starts[n] = at;
    codes[n++] = code;
    for (let list = 0; list < lists.length; list++) {
      const cursor = cursors[list] as number;
      if (((lists[list] as RunList).ends[cursor] as number) === next) cursors[list] = cursor + 1;
    }
    at = next;
  }
  return n;
}
