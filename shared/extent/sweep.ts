/**
 * The sweep: all layers of one page laid over each other, split wherever any of them changes.
 *
 * What the walk from the top finds follows from the words of the layers alone (marks.ts), and few different combinations
 * of words occur: segments carry the number of their combination, and the walk is made once for each.
 */
import { ABSENT_EVERYWHERE, DIRTY, DIRTY_UNKNOWN, OUT_OF_RANGE, RESERVED, UNREAD } from './flags.ts';
import { ListMerger, type MergedLists } from './list-merger.ts';
import { markWords } from './marks.ts';
import { copiedInto, type Page } from './page.ts';
import { isSameKind, pairBits, type SweepSource, sweepSourceOf } from './sweep-source.ts';

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
  /**
   * For each combination the word that the guest sees: that of the layer where the walk stops, with the dirty marks of
   * every layer's bitmaps.
   */
  guest: Uint32Array;
  /**
   * For each combination what the guest's track shows, and the layer where the walk stops there: `guest` and `stops`, but
   * past the end of a layer nothing is stored, as where every layer is absent. The disk itself does not end there.
   */
  shown: Uint32Array;
  shownStops: Int16Array;
  /**
   * Host offset of each segment's first byte, -1 where there is none: in the layer where the walk stops; where every
   * layer is absent in the base, and past the end of a layer in the one above it, which may keep host space there.
   * Empty unless a layer brought host offsets.
   */
  hosts: Float64Array;
  /** Of each numbered overlay what it adds in each combination: DIRTY, DIRTY_UNKNOWN or 0, also where it has no page. */
  overlays: readonly Uint32Array[];
}

/** For `below` of a sweep of one layer alone: nothing is below it, and reserved host space keeps its state. */
export const LAYER_ALONE = -1;

/** Combinations that are remembered from page to page at most. */
const MAX_REMEMBERED = 4096;

/** What the combinations of a sweep are made of: sweeps of alike inputs number them alike. */
interface SweepInputs {
  readonly sources: readonly SweepSource[];
  /** The layer of each source. */
  readonly layers: readonly number[];
  readonly layerCount: number;
  /** What the guest sees where every layer is absent, or {@link LAYER_ALONE}. */
  readonly below: number;
  /** The number of each source that is a numbered overlay, -1 of the others. */
  readonly numbers: readonly number[];
}

const NO_INPUTS: SweepInputs = { sources: [], layers: [], layerCount: 0, below: 0, numbers: [] };

const NO_HOSTS = new Float64Array(0);

/** Sweeps pages of any number of layers, with memory that grows to the largest page. */
export class Sweeper {
  readonly #merger = new ListMerger();
  /** The inputs whose combinations are numbered and marked. Both are reused across pages while the inputs stay the same. */
  #known = NO_INPUTS;
  /** Combinations of {@link #known} that are marked. */
  #marked = 0;
  #codes = new Uint32Array(8);
  #words = new Uint32Array(8);
  #hosts = NO_HOSTS;
  readonly #columns: Uint32Array[] = [];
  readonly #overlayColumns: Uint32Array[] = [];
  readonly #out: SweptPage = {
    base: 0,
    end: 0,
    count: 0,
    starts: new Float64Array(1),
    combos: new Int32Array(0),
    comboCount: 0,
    words: [],
    stops: new Int16Array(0),
    guest: new Uint32Array(0),
    shown: new Uint32Array(0),
    shownStops: new Int16Array(0),
    hosts: NO_HOSTS,
    overlays: [],
  };

  /**
   * Sweeps one page. `base` is its first byte and `end` the end of the page on the axis; layers are given from base
   * (index 0) to top. `below` is what the guest sees where every layer is absent: zeros, or UNREAD where a backing
   * file below the base is missing; {@link LAYER_ALONE} keeps apart where the one layer reserves host space. The returned
   * object is valid until the next call.
   */
  sweep(
    layers: readonly SweepLayer[],
    overlays: readonly SweepOverlay[],
    base: number,
    end: number,
    below = ABSENT_EVERYWHERE,
  ): SweptPage {
    const { inputs, lists } = inputsOf(layers, overlays, base, end, below);
    if (this.#marked > MAX_REMEMBERED || !isAlike(inputs, this.#known)) this.#forget();
    const merged = this.#merger.merge(lists, end - base);
    if (!merged.lasting) this.#forget();
    const out = this.#out;
    out.base = base;
    out.end = end;
    out.count = merged.count;
    out.starts = merged.starts;
    out.combos = merged.combos;
    out.comboCount = merged.comboCount;
    this.#mark(this.#marked, inputs, merged);
    if (merged.lasting) {
      this.#known = inputs;
      this.#marked = merged.comboCount;
    }
    out.hosts = NO_HOSTS;
    if (layers.some(({ identityHosts, page }) => identityHosts === true || page?.hosts !== undefined))
      this.#findHosts(layers, inputs.sources);
    return out;
  }

  #forget(): void {
    this.#merger.forget();
    this.#known = NO_INPUTS;
    this.#marked = 0;
  }

  /** Marks the words of the combinations from number `first` on. */
  #mark(
    first: number,
    { sources, layers, layerCount, below, numbers }: SweepInputs,
    merged: MergedLists,
  ): void {
    const count = merged.comboCount;
    this.#reserve(sources.length, layerCount, count);
    this.#reserveOverlays(Math.max(-1, ...numbers) + 1);
    const out = this.#out;
    const codes = this.#codes;
    const words = this.#words;
    const columns = this.#columns;
    const overlayColumns = this.#overlayColumns;
    for (const column of out.overlays) column.fill(0, first, count); // what has no page here adds nothing
    for (let combo = first; combo < count; combo++) {
      merged.readCodes(combo, codes);
      for (let i = 0; i < sources.length; i++) {
        const { words: known, list, page } = sources[i] as SweepSource;
        const code = (codes[list] as number) >> pairBits(page);
        words[i] = code < known.length ? (known[code] as number) : OUT_OF_RANGE;
      }
      const stop = markWords(words, layerCount);
      let dirty = 0;
      for (let i = layerCount; i < sources.length; i++) {
        const layer = layers[i] as number;
        const word = words[i] as number;
        const added = word & UNREAD ? DIRTY_UNKNOWN : word;
        words[layer] = (words[layer] as number) | added;
        dirty |= added & (DIRTY | DIRTY_UNKNOWN);
        const number = numbers[i] as number;
        if (number >= 0) (overlayColumns[number] as Uint32Array)[combo] = added & (DIRTY | DIRTY_UNKNOWN);
      }
      out.stops[combo] = stop;
      const guest = (stop < 0 ? absentWord(below, words[0]) : (words[stop] as number)) | dirty;
      const isPastEnd = (guest & OUT_OF_RANGE) !== 0;
      out.guest[combo] = guest;
      out.shown[combo] = isPastEnd ? ABSENT_EVERYWHERE | dirty : guest;
      out.shownStops[combo] = isPastEnd ? -1 : stop;
      for (let i = 0; i < layerCount; i++) (columns[i] as Uint32Array)[combo] = words[i] as number;
    }
  }

  #reserve(sourceCount: number, layerCount: number, comboCount: number): void {
    const out = this.#out;
    const columns = this.#columns;
    if (this.#words.length < sourceCount) {
      this.#codes = new Uint32Array(sourceCount * 2);
      this.#words = new Uint32Array(sourceCount * 2);
    }
    if (out.stops.length < comboCount) {
      const size = comboCount * 2;
      out.stops = copiedInto(out.stops, new Int16Array(size));
      out.guest = copiedInto(out.guest, new Uint32Array(size));
      out.shown = copiedInto(out.shown, new Uint32Array(size));
      out.shownStops = copiedInto(out.shownStops, new Int16Array(size));
      columns.forEach((column, i) => {
        columns[i] = copiedInto(column, new Uint32Array(size));
      });
    }
    while (columns.length < layerCount) columns.push(new Uint32Array(out.stops.length));
    out.words = columns.slice(0, layerCount);
  }

  /** Columns for so many numbered overlays, as long as the others. */
  #reserveOverlays(count: number): void {
    const out = this.#out;
    const overlayColumns = this.#overlayColumns;
    while (overlayColumns.length < count) overlayColumns.push(new Uint32Array(0));
    for (let i = 0; i < count; i++) {
      const column = overlayColumns[i] as Uint32Array;
      if (column.length < out.stops.length)
        overlayColumns[i] = copiedInto(column, new Uint32Array(out.stops.length));
    }
    out.overlays = overlayColumns.slice(0, count);
  }

  #findHosts(layers: readonly SweepLayer[], sources: readonly SweepSource[]): void {
    const { base, count, starts, combos, stops } = this.#out;
    if (this.#hosts.length < count) this.#hosts = new Float64Array(starts.length);
    const hosts = this.#hosts;
    this.#out.hosts = hosts;
    const cursors = new Int32Array(layers.length);
    const units = layers.map((_, i) => 2 ** (sources[i] as SweepSource).page.shift);
    for (let n = 0; n < count; n++) {
      const start = starts[n] as number;
      hosts[n] = -1;
      let at = Math.max(0, stops[combos[n] as number] as number);
      if (start >= (sources[at] as SweepSource).inside && at + 1 < layers.length) at++;
      const { page, kept, inside } = sources[at] as SweepSource;
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
}

/** What is seen where every layer is absent; `base` is the word of the lowest one. */
function absentWord(below: number, base = 0): number {
  return below === LAYER_ALONE ? ABSENT_EVERYWHERE | (base & RESERVED) : below;
}

/** The inputs of a sweep, and the different lists among its sources. */
function inputsOf(
  layers: readonly SweepLayer[],
  overlays: readonly SweepOverlay[],
  base: number,
  end: number,
  below: number,
): { inputs: SweepInputs; lists: SweepSource[] } {
  const sources: SweepSource[] = [];
  const lists: SweepSource[] = [];
  const add = (page: Page | undefined, words: ArrayLike<number>, size: number) => {
    const source = sweepSourceOf(page, words, size - base, end - base, lists);
    sources.push(source);
    if (source.list === lists.length) lists.push(source);
  };
  for (const { page, words, size } of layers) add(page, words, size);
  for (const { page, words, layer } of overlays) add(page, words, (layers[layer] as SweepLayer).size);
  const layerOf = [...layers.keys(), ...overlays.map(({ layer }) => layer)];
  const numbers = [...layers.map(() => -1), ...overlays.map(({ number = -1 }) => number)];
  return { inputs: { sources, layers: layerOf, layerCount: layers.length, below, numbers }, lists };
}

/** True if the combinations of two sweeps mean the same. */
function isAlike(one: SweepInputs, other: SweepInputs): boolean {
  return (
    one.layerCount === other.layerCount &&
    one.below === other.below &&
    one.sources.length === other.sources.length &&
    one.layers.every((layer, i) => layer === other.layers[i]) &&
    one.numbers.every((number, i) => number === other.numbers[i]) &&
    one.sources.every((source, i) => isSameKind(source, other.sources[i] as SweepSource))
  );
}
