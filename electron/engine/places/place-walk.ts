/** Finds the places of a chain, page by page: extents of its slots that have a mark, and ranges of its bitmaps. */
import {
  DAMAGED,
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE_OVERRIDES,
  LOCAL,
  OUT_OF_RANGE,
  OVERRIDDEN,
  OVERRIDES,
  SHADOWED,
  STATES,
  stateIndexOf,
  UNREADABLE,
} from '../../../shared/extent/flags.ts';
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import { MARK_KEYS, type MarkKey } from '../../../shared/legend.ts';
import type { BitmapChoice } from '../../../shared/model/context.ts';
import type { PlaceFilter } from '../../../shared/model/place.ts';
import type { LayerSets } from './layer-sets.ts';
import type { OpenPlace, PlaceList } from './place-list.ts';

/** Marks of bitmaps, by the bit that an overlay adds. */
const BITMAP_MARKS: readonly (readonly [MarkKey, number])[] = [
  ['dirty', DIRTY],
  ['dirtyUnknown', DIRTY_UNKNOWN],
];

/** What is searched: the slots of a chain, base first, and the bitmaps as a sweep numbers them. */
export interface Searched {
  readonly slotCount: number;
  readonly bitmaps: readonly BitmapChoice[];
}

/** Places that go on where the last segment ended: of one slot with its word, or of one bitmap with what it adds. */
interface Run {
  readonly slot: number;
  word: number;
  places: OpenPlace[];
  /** Number of the set of layers that it hides, or that hide it. */
  others: number;
}

/** Adds what it finds to a list. Pages are given in ascending order. */
export class PlaceWalk {
  readonly #list: PlaceList;
  readonly #sets: LayerSets;
  /** The marks of extents that are wanted. */
  readonly #marks: ReadonlySet<MarkKey>;
  /** By state index, undefined for all of them. */
  readonly #states: ReadonlySet<number> | undefined;
  readonly #slots: readonly Run[];
  /** With the number of each bitmap in the sweep. */
  readonly #bitmaps: readonly (Run & { readonly number: number })[];
  #end = 0;

  constructor(filter: PlaceFilter, { slotCount, bitmaps }: Searched, list: PlaceList, sets: LayerSets) {
    this.#list = list;
    this.#sets = sets;
    this.#marks = new Set(filter.kinds ?? MARK_KEYS);
    this.#states = filter.states && new Set(filter.states.map(state => STATES.indexOf(state)));
    const isWanted = (slot: number) => filter.tracks?.includes(slotCount - slot) ?? true;
    const runOf = (slot: number): Run => ({ slot, word: 0, places: [], others: 0 });
    // From the top down, as places at one offset are ordered.
    const slots = Array.from({ length: slotCount }, (_, i) => slotCount - 1 - i).filter(isWanted);
    const { bitmap: only } = filter;
    this.#slots = only === undefined ? slots.map(runOf) : [];
    this.#bitmaps = bitmaps
      .map(({ layer, name }, number) => ({ ...runOf(layer), name, number }))
      .filter(({ slot, name }) => only === undefined || (only.layer === slot && only.name === name))
      .filter(({ slot }) => isWanted(slot) && this.#states === undefined)
      .filter(() => BITMAP_MARKS.some(([mark]) => this.#marks.has(mark)));
  }

  /** True if bitmaps are searched: pages must be swept with each of them apart. */
  get takesBitmaps(): boolean {
    return this.#bitmaps.length > 0;
  }

  /** Adds a page. */
  add(swept: SweptPage): void {
    const { base, starts, combos, count } = swept;
    const others = new SegmentSets(swept, this.#sets);
    for (let i = 0; i < count; i++) {
      const combo = combos[i] as number;
      const start = base + (starts[i] as number);
      for (const run of this.#slots) {
        const word = (swept.words[run.slot] as Uint32Array)[combo] as number;
        if (word !== run.word) this.#begin(run, word, start);
        if (run.places.length > 0) run.others = this.#sets.union(run.others, others.of(combo, run.slot));
      }
      for (const run of this.#bitmaps) {
        const added = swept.overlays[run.number]?.[combo] ?? 0;
        if (added !== run.word) this.#beginRange(run, added, start);
      }
    }
    this.#end = swept.end;
  }

  /** Passes over a page up to `end` that has none of the marks. */
  skip(start: number, end: number): void {
    for (const run of [...this.#slots, ...this.#bitmaps]) {
      this.#close(run, start);
      run.word = 0;
    }
    this.#end = end;
  }

  /** Ends the list. */
  finish(): void {
    for (const run of [...this.#slots, ...this.#bitmaps]) this.#close(run, this.#end);
    this.#list.finish();
  }

  #begin(run: Run, word: number, start: number): void {
    this.#close(run, start);
    run.word = word;
    const state = stateIndexOf(word);
    if (this.#states?.has(state) === false) return;
    for (const kind of marksOf(word))
      if (this.#marks.has(kind))
        run.places.push(this.#list.begin({ kind, slot: run.slot, state, bitmap: -1, start }));
  }

  #beginRange(run: Run & { readonly number: number }, added: number, start: number): void {
    this.#close(run, start);
    run.word = added;
    for (const [kind, bit] of BITMAP_MARKS)
      if (added & bit && this.#marks.has(kind))
        run.places.push(this.#list.begin({ kind, slot: run.slot, state: -1, bitmap: run.number, start }));
  }

  #close(run: Run, end: number): void {
    for (const place of run.places) this.#list.end(place, end, run.others);
    run.places = [];
    run.others = 0;
  }
}

/** The marks of a layer's extent, but for those of bitmaps. Zeros that hide data are not also an override. */
function marksOf(word: number): readonly MarkKey[] {
  if ((word & MARKED) === 0) return NONE;
  const marks: MarkKey[] = [];
  if (word & HOLE_OVERRIDES) marks.push('holeOverrides');
  else if (word & OVERRIDES) marks.push('overrides');
  if (word & SHADOWED) marks.push('shadowed');
  if (word & (DAMAGED | UNREADABLE)) marks.push('damaged');
  if (word & OVERRIDDEN) marks.push('overridden');
  return marks;
}

const MARKED = HOLE_OVERRIDES | OVERRIDES | SHADOWED | DAMAGED | UNREADABLE | OVERRIDDEN;
const NONE: readonly MarkKey[] = [];

/** Which layers a slot hides in a combination of one page, or which hide it. */
class SegmentSets {
  readonly #swept: SweptPage;
  readonly #sets: LayerSets;
  /** By combination and slot: the number of the set + 1, 0 where it was not looked for. */
  readonly #known: Int32Array;

  constructor(swept: SweptPage, sets: LayerSets) {
    this.#swept = swept;
    this.#sets = sets;
    this.#known = new Int32Array(swept.comboCount * swept.words.length);
  }

  of(combo: number, slot: number): number {
    const at = combo * this.#swept.words.length + slot;
    const known = this.#known[at] as number;
    if (known > 0) return known - 1;
    const number = this.#sets.numberOf(this.#layersOf(combo, slot));
    this.#known[at] = number + 1;
    return number;
  }

  #layersOf(combo: number, slot: number): number[] {
    const { words } = this.#swept;
    const wordOf = (layer: number) => (words[layer] as Uint32Array)[combo] as number;
    const word = wordOf(slot);
    if (word & (OVERRIDES | HOLE_OVERRIDES)) {
      const hidden: number[] = [];
      for (let below = slot - 1; below >= 0 && !(wordOf(below) & OUT_OF_RANGE); below--)
        if (wordOf(below) & LOCAL) hidden.unshift(below);
      return hidden;
    }
    if (!(word & (OVERRIDDEN | SHADOWED))) return [];
    const hides = word & OVERRIDDEN ? LOCAL : OUT_OF_RANGE;
    for (let above = words.length - 1; above > slot; above--) if (wordOf(above) & hides) return [above];
    return [];
  }
}
