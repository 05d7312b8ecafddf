/** Merges the lists of one page: in whole units where their starts allow it, which is fast, and plainly elsewhere. */
import {
  type CodeList,
  createCodeList,
  createCodeListMerge,
  MAX_KEYS,
  mergeAnyLists,
  readKey,
} from './merge-code-lists.ts';
import { pageStart } from './page.ts';
import { loadCodeList, pairBits, type SweepSource, shiftOf } from './sweep-source.ts';

/** The segments of merged lists. Arrays may be longer than needed; they are reused by the next merge. */
export interface MergedLists {
  /** Segments. */
  readonly count: number;
  /** Start of each segment in bytes from the start of the page; element `count` is the page's length. */
  readonly starts: Float64Array;
  /** The number of each segment's combination of codes. */
  readonly combos: Int32Array;
  /** Combinations are numbered below this. */
  readonly comboCount: number;
  /** Lists of the same kinds number their combinations the same in the next merge. */
  readonly lasting: boolean;
  /** Writes the code of each list in a combination. */
  readCodes(combo: number, into: Uint32Array): void;
}

/** One merge of several: what it merged, and the key of each combination it found. */
interface Pass {
  readonly codeLists: readonly CodeList[];
  readonly keys: readonly number[];
}

/** Starts and ends stay below this in a merge in whole units. */
const MAX_UNITS = 2 ** 30;

/** Reusable memory of the merge; grows to the largest page merged. */
export class ListMerger {
  readonly #codeLists: CodeList[] = [];
  readonly #merges: CodeList[] = [];
  readonly #codeListMerge = createCodeListMerge();
  #starts = new Float64Array(1);

  /** Renumbers combinations from the next merge on. */
  forget(): void {
    this.#codeListMerge.forget();
  }

  /** Merges the lists of a page of `length` bytes. What it returns is valid until the next call. */
  merge(lists: readonly SweepSource[], length: number): MergedLists {
    return this.#mergeInUnits(lists, length) ?? mergePlainly(lists, length);
  }

  /** Merges as many lists at a time as have few enough combinations. Undefined where those or the units are too many. */
  #mergeInUnits(lists: readonly SweepSource[], length: number): MergedLists | undefined {
    const shift = lists.reduce((least, list) => Math.min(least, shiftOf(list, length)), 31);
    const unit = 2 ** shift;
    const units = Math.ceil(length / unit);
    if (units >= MAX_UNITS) return undefined;
    lists.forEach((list, i) => {
      loadCodeList(codeListAt(this.#codeLists, i), list, shift, units);
    });
    let merged = this.#codeLists[0] as CodeList;
    const passes: Pass[] = [];
    for (let next = 1; next < lists.length; ) {
      const together = [merged];
      let keys = merged.codeCount;
      while (next < lists.length) {
        const codeList = this.#codeLists[next] as CodeList;
        keys *= codeList.codeCount;
        if (keys > MAX_KEYS) break;
        together.push(codeList);
        next++;
      }
      if (together.length === 1) return undefined;
      if (passes.length > 0) this.#codeListMerge.forget();
      const into = codeListAt(this.#merges, passes.length);
      passes.push({ codeLists: together, keys: this.#codeListMerge.merge(together, into) });
      merged = into;
    }
    return {
      count: merged.count,
      starts: this.#startsOf(merged, unit, length),
      combos: merged.codes,
      comboCount: merged.codeCount,
      lasting: passes.length <= 1,
      readCodes: (combo, into) => readPasses(passes, combo, into, lists.length),
    };
  }

  #startsOf({ count, starts }: CodeList, unit: number, length: number): Float64Array {
    if (this.#starts.length <= count) this.#starts = new Float64Array(starts.length);
    const inBytes = this.#starts;
    for (let i = 0; i < count; i++) inBytes[i] = (starts[i] as number) * unit;
    inBytes[count] = length;
    return inBytes;
  }
}

function mergePlainly(lists: readonly SweepSource[], length: number): MergedLists {
  const { starts, codes, combinations } = mergeAnyLists(
    lists.map(({ page, codeCount, inside, kept, count }) => ({
      count,
      startOf: i => (i < kept ? pageStart(page, i) : inside),
      codeOf: i => (i < kept ? (page.codes[i] as number) << pairBits(page) : codeCount - 1),
    })),
    length,
  );
  return {
    count: starts.length,
    starts: Float64Array.from(starts.concat(length)),
    combos: Int32Array.from(codes),
    comboCount: combinations.length,
    lasting: false,
    readCodes: (combo, into) => into.set(combinations[combo] as number[]),
  };
}

function codeListAt(codeLists: CodeList[], index: number): CodeList {
  const codeList = codeLists[index] ?? createCodeList();
  codeLists[index] = codeList;
  return codeList;
}

/** Goes back through the merges: in each the first list is what the one before came to. */
function readPasses(passes: readonly Pass[], combo: number, into: Uint32Array, listCount: number): void {
  let end = listCount;
  let id = combo;
  for (const { codeLists, keys } of passes.toReversed()) {
    const first = end - codeLists.length;
    readKey(keys[id] as number, codeLists, into, first);
    id = into[first] as number;
    end = first + 1;
  }
  into[0] = id;
}
