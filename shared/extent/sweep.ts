/**
 * The sweep: all layers of one page laid over each other, split wherever any of them changes.
 *
 * What the walk from the top finds follows from the words of the layers alone (marks.ts), and few different combinations
 * of words occur: segments carry the number of their combination, and the walk is made once for each.
 */
import { ABSENT_EVERYWHERE, DIRTY, DIRTY_UNKNOWN, OUT_OF_RANGE, UNREAD } from './flags.ts';
import { markWords } from './marks.ts';
import {
  createLane,
  createLaneMerge,
  growLane,
  type Lane,
  MAX_KEYS,
  mergeAny,
  readKey,
} from './merge-columns.ts';
import { grown, type Page, pageIndexAt, pageStart, trailingZeros } from './page.ts';

/** One layer of one page as the sweep takes it. */
export interface SweepLayer {
  /** Undefined where the page was not read: the whole page is UNREAD. */
  readonly page: Page | undefined;
  /** The word of each code of the page. */
  readonly words: ArrayLike<number>;
  /** The layer's size in bytes; offsets at or past it are OUT_OF_RANGE. */
  readonly size: number;
  /** Host offsets equal guest offsets, as in a raw layer. */
  readonly identityHosts?: boolean;
}

/**
 * A run table (dirty bitmap, findings) whose words are added to a layer's words without changing its state: what was
 * not read adds DIRTY_UNKNOWN, and past the layer's end nothing is added.
 */
export interface SweepOverlay {
  readonly layer: number;
  readonly page: Page | undefined;
  readonly words: ArrayLike<number>;
  /** Where its own words go in {@link SweptPage.overlays}. Default: they are not kept apart. */
  readonly number?: number;
}

/** Layers of one page on common boundaries. Arrays may be longer than needed; they are reused by the next sweep. */
export interface SweptPage {
  /** First byte of the page, and the byte after its last one on the guest's axis. */
  base: number;
  end: number;
  /** Segments. */
  count: number;
  /** Start of each segment in bytes from `base`; element `count` is end - base. */
  starts: Float64Array;
  /** The number of each segment's combination of layer words. */
  combos: Int32Array;
  /** Combinations are numbered below this; some may not occur in this page. */
  comboCount: number;
  /** Of each layer that was swept (base first) its word in each combination, with marks. */
  words: readonly Uint32Array[];
  /** For each combination the layer where the walk stops, -1 where every layer is absent. */
  stops: Int16Array;
  /** For each combination the word that the guest sees: that of the layer where the walk stops. */
  guest: Uint32Array;
  /**
   * Host offset of each segment's first byte, -1 where there is none: in the layer where the walk stops; where every
   * layer is absent in the base, and past the end of a layer in the one above it, which may keep host space there.
   * Empty unless a layer brought host offsets.
   */
  hosts: Float64Array;
  /** Of each numbered overlay what it adds in each combination: DIRTY, DIRTY_UNKNOWN or 0, also where it has no page. */
  overlays: readonly Uint32Array[];
}

/** Reusable memory of the sweep; grows to the largest page swept. */
export interface Sweeper {
  /**
   * Sweeps one page. `base` is its first byte and `end` the end of the page on the axis; layers are given from base
   * (index 0) to top. `below` is what the guest sees where every layer is absent: zeros, or UNREAD where a backing
   * file below the base is missing. The returned object is valid until the next call.
   */
  sweep(
    layers: readonly SweepLayer[],
    overlays: readonly SweepOverlay[],
    base: number,
    end: number,
    below?: number,
  ): SweptPage;
}

/** Starts and ends stay below this in a merge in whole units. */
const MAX_UNITS = 2 ** 30;

/** Combinations that are remembered from page to page at most. */
const MAX_REMEMBERED = 4096;

/** A layer or overlay cut to what counts in one page. */
interface Source {
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

/** What the combinations of a sweep are made of: where it is alike, so are they. */
interface Shape {
  readonly sources: readonly Source[];
  /** The layer of each source. */
  readonly layers: readonly number[];
  readonly layerCount: number;
  /** What the guest sees where every layer is absent. */
  readonly below: number;
  /** The number of each source that is a numbered overlay, -1 of the others. */
  readonly numbers: readonly number[];
}

const NO_SHAPE: Shape = { sources: [], layers: [], layerCount: 0, below: 0, numbers: [] };

/** The combinations of one merge: how many, and the code of each list in one of them. */
interface Combinations {
  readonly count: number;
  /** A merge of the same shape numbers them the same. */
  readonly lasting: boolean;
  read(combo: number, codes: Uint32Array): void;
}

/** One merge of several: what it merged, and the key of each combination it found. */
interface Pass {
  readonly lanes: readonly Lane[];
  readonly keys: readonly number[];
}

const NOT_READ: Page = { count: 1, shift: 31, starts: new Uint16Array(1), codes: new Uint8Array(1) };
const UNREAD_ONLY = [UNREAD];
const NO_HOSTS = new Float64Array(0);

/** A sweeper for any number of layers. */
export function createSweeper(): Sweeper {
  const lanes: Lane[] = [];
  const merges: Lane[] = [];
  const laneMerge = createLaneMerge();
  const columns: Uint32Array[] = [];
  const overlayColumns: Uint32Array[] = [];
  // Pages are much alike: combinations keep their numbers, and what was marked stays, while what they are made of does.
  let known = NO_SHAPE;
  let marked = 0;
  let codes = new Uint32Array(8);
  let words = new Uint32Array(8);
  let hosts = NO_HOSTS;
  const out: SweptPage = {
    base: 0,
    end: 0,
    count: 0,
    starts: new Float64Array(1),
    combos: new Int32Array(0),
    comboCount: 0,
    words: [],
    stops: new Int16Array(0),
    guest: new Uint32Array(0),
    hosts,
    overlays: [],
  };

  function sweep(
    layers: readonly SweepLayer[],
    overlays: readonly SweepOverlay[],
    base: number,
    end: number,
    below = ABSENT_EVERYWHERE,
  ): SweptPage {
    const length = end - base;
    const sources: Source[] = [];
    const lists: Source[] = [];
    const add = (page: Page | undefined, words: ArrayLike<number>, size: number) => {
      const source = sourceOf(page, words, size - base, length, lists);
      sources.push(source);
      if (source.list === lists.length) lists.push(source);
    };
    for (const { page, words, size } of layers) add(page, words, size);
    for (const { page, words, layer } of overlays) add(page, words, (layers[layer] as SweepLayer).size);
    out.base = base;
    out.end = end;
    const at = [...layers.keys(), ...overlays.map(({ layer }) => layer)];
    const numbers = [...layers.map(() => -1), ...overlays.map(({ number = -1 }) => number)];
    const shape = { sources, layers: at, layerCount: layers.length, below, numbers };
    if (marked > MAX_REMEMBERED || !isAlike(shape, known)) forget();
    const merged = mergeInUnits(lists, length) ?? mergePlainly(lists, length);
    if (!merged.lasting) forget();
    markFrom(marked, shape, merged);
    if (merged.lasting) {
      known = shape;
      marked = merged.count;
    }
    out.hosts = NO_HOSTS;
    if (layers.some(({ identityHosts, page }) => identityHosts === true || page?.hosts !== undefined))
      findHosts(layers, sources);
    return out;
  }

  function forget(): void {
    laneMerge.forget();
    known = NO_SHAPE;
    marked = 0;
  }

  /** Merges in whole units, as many lists at a time as have few enough combinations. Undefined where those or units are too many. */
  function mergeInUnits(lists: readonly Source[], length: number): Combinations | undefined {
    const shift = lists.reduce((least, list) => Math.min(least, shiftOf(list, length)), 31);
    const unit = 2 ** shift;
    const units = Math.ceil(length / unit);
    if (units >= MAX_UNITS) return undefined;
    lists.forEach((list, i) => {
      load(laneAt(lanes, i), list, shift, units);
    });
    let merged = lanes[0] as Lane;
    const passes: Pass[] = [];
    for (let next = 1; next < lists.length; ) {
      const together = [merged];
      let keys = merged.codeCount;
      while (next < lists.length) {
        const lane = lanes[next] as Lane;
        keys *= lane.codeCount;
        if (keys > MAX_KEYS) break;
        together.push(lane);
        next++;
      }
      if (together.length === 1) return undefined;
      if (passes.length > 0) laneMerge.forget();
      const into = laneAt(merges, passes.length);
      passes.push({ lanes: together, keys: laneMerge.merge(together, into) });
      merged = into;
    }
    const { count, starts, codes, codeCount } = merged;
    if (out.starts.length <= count) out.starts = new Float64Array(starts.length);
    for (let i = 0; i < count; i++) out.starts[i] = (starts[i] as number) * unit;
    out.starts[count] = length;
    out.combos = codes;
    out.count = count;
    return {
      count: codeCount,
      lasting: passes.length <= 1,
      read: (combo, into) => readPasses(passes, combo, into, lists.length),
    };
  }

  function mergePlainly(lists: readonly Source[], length: number): Combinations {
    const merged = mergeAny(
      lists.map(({ page, codeCount, inside, kept, count }) => ({
        count,
        startOf: i => (i < kept ? pageStart(page, i) : inside),
        codeOf: i => (i < kept ? (page.codes[i] as number) << pairBits(page) : codeCount - 1),
      })),
      length,
    );
    out.count = merged.starts.length;
    out.starts = Float64Array.from(merged.starts.concat(length));
    out.combos = Int32Array.from(merged.codes);
    return {
      count: merged.combinations.length,
      lasting: false,
      read: (combo, into) => into.set(merged.combinations[combo] as number[]),
    };
  }

  /** Marks the words of the combinations from number `first` on. */
  function markFrom(
    first: number,
    { sources, layers, layerCount, below, numbers }: Shape,
    combinations: Combinations,
  ): void {
    const { count } = combinations;
    reserve(sources.length, layerCount, count);
    reserveOverlays(Math.max(-1, ...numbers) + 1);
    out.comboCount = count;
    for (const column of out.overlays) column.fill(0, first, count); // what has no page here adds nothing
    for (let combo = first; combo < count; combo++) {
      combinations.read(combo, codes);
      for (let i = 0; i < sources.length; i++) {
        const { words: known, list, page } = sources[i] as Source;
        const code = (codes[list] as number) >> pairBits(page);
        words[i] = code < known.length ? (known[code] as number) : OUT_OF_RANGE;
      }
      const stop = markWords(words, layerCount);
      for (let i = layerCount; i < sources.length; i++) {
        const layer = layers[i] as number;
        const word = words[i] as number;
        const added = word & UNREAD ? DIRTY_UNKNOWN : word;
        words[layer] = (words[layer] as number) | added;
        const number = numbers[i] as number;
        if (number >= 0) (overlayColumns[number] as Uint32Array)[combo] = added & (DIRTY | DIRTY_UNKNOWN);
      }
      out.stops[combo] = stop;
      out.guest[combo] = stop < 0 ? below : (words[stop] as number);
      for (let i = 0; i < layerCount; i++) (columns[i] as Uint32Array)[combo] = words[i] as number;
    }
  }

  function reserve(sourceCount: number, layerCount: number, comboCount: number): void {
    if (words.length < sourceCount) {
      codes = new Uint32Array(sourceCount * 2);
      words = new Uint32Array(sourceCount * 2);
    }
    if (out.stops.length < comboCount) {
      const size = comboCount * 2;
      out.stops = grown(out.stops, new Int16Array(size));
      out.guest = grown(out.guest, new Uint32Array(size));
      columns.forEach((column, i) => {
        columns[i] = grown(column, new Uint32Array(size));
      });
    }
    while (columns.length < layerCount) columns.push(new Uint32Array(out.stops.length));
    out.words = columns.slice(0, layerCount);
  }

  /** Columns for so many numbered overlays, as long as the others. */
  function reserveOverlays(count: number): void {
    while (overlayColumns.length < count) overlayColumns.push(new Uint32Array(0));
    for (let i = 0; i < count; i++) {
      const column = overlayColumns[i] as Uint32Array;
      if (column.length < out.stops.length)
        overlayColumns[i] = grown(column, new Uint32Array(out.stops.length));
    }
    out.overlays = overlayColumns.slice(0, count);
  }

  function findHosts(layers: readonly SweepLayer[], sources: readonly Source[]): void {
    const { base, count, starts, combos, stops } = out;
    if (hosts.length < count) hosts = new Float64Array(starts.length);
    out.hosts = hosts;
    const cursors = new Int32Array(layers.length);
    const units = layers.map((_, i) => 2 ** (sources[i] as Source).page.shift);
    for (let n = 0; n < count; n++) {
      const start = starts[n] as number;
      hosts[n] = -1;
      let at = Math.max(0, stops[combos[n] as number] as number);
      if (start >= (sources[at] as Source).inside && at + 1 < layers.length) at++;
      const { page, kept, inside } = sources[at] as Source;
      if (start >= inside) continue;
      if ((layers[at] as SweepLayer).identityHosts === true) hosts[n] = base + start;
      if (page.hosts === undefined) continue;
      const unit = units[at] as number;
      let i = cursors[at] as number;
      while (i + 1 < kept && (page.starts[i + 1] as number) * unit <= start) i++;
      cursors[at] = i;
      const host = page.hosts[i] as number;
      if (host >= 0) hosts[n] = host + (start - (page.starts[i] as number) * unit);
    }
  }

  return { sweep };
}

/** Cuts a layer or overlay, of which `left` bytes remain from the page's start on, to a page of `length` bytes. */
function sourceOf(
  page: Page | undefined,
  words: ArrayLike<number>,
  left: number,
  length: number,
  lists: readonly Source[],
): Source {
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

/** True if the combinations of two sweeps mean the same: word sets only grow, so that their length tells whether they did. */
function isAlike(one: Shape, other: Shape): boolean {
  return (
    one.layerCount === other.layerCount &&
    one.below === other.below &&
    one.sources.length === other.sources.length &&
    one.layers.every((layer, i) => layer === other.layers[i]) &&
    one.numbers.every((number, i) => number === other.numbers[i]) &&
    one.sources.every((source, i) => isSameKind(source, other.sources[i] as Source))
  );
}

function isSameKind(one: Source, other: Source): boolean {
  return (
    one.words === other.words &&
    one.codeCount === other.codeCount &&
    one.list === other.list &&
    pairBits(one.page) === pairBits(other.page)
  );
}

/** The largest shift, up to 31, that leaves every start of a list whole. */
function shiftOf({ page, kept, inside }: Source, length: number): number {
  const ofPage = kept > 1 ? page.shift : 31;
  return inside < length ? Math.min(ofPage, trailingZeros(inside)) : ofPage;
}

function laneAt(lanes: Lane[], index: number): Lane {
  const lane = lanes[index] ?? createLane();
  lanes[index] = lane;
  return lane;
}

/** Neighbours of one code that differ in their host offsets alone are told apart by one more bit. */
function pairBits({ hosts }: Page): 0 | 1 {
  return hosts === undefined ? 0 : 1;
}

function load(
  lane: Lane,
  { page, codeCount, inside, kept, count }: Source,
  shift: number,
  units: number,
): void {
  growLane(lane, count);
  const { starts, codes } = lane;
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
  lane.count = count;
  lane.codeCount = codeCount;
}

/** Goes back through the merges: in each the first lane is what the one before came to. */
function readPasses(passes: readonly Pass[], combo: number, into: Uint32Array, listCount: number): void {
  let end = listCount;
  let id = combo;
  for (const { lanes, keys } of passes.toReversed()) {
    const first = end - lanes.length;
    readKey(keys[id] as number, lanes, into, first);
    id = into[first] as number;
    end = first + 1;
  }
  into[0] = id;
}
