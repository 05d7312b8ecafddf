/** Sums over a whole chain: pages are swept one after the other and nothing is kept. */
import { CowscopeError } from '../../../shared/error.ts';
import { addSwept, createColumns, toTile } from '../../../shared/extent/columns.ts';
import {
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE_OVERRIDES,
  LOCAL,
  OVERRIDDEN,
  OVERRIDES,
  SHADOWED,
  STATES,
  stateIndexOf,
  UNREAD,
} from '../../../shared/extent/flags.ts';
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import { bitmapOf, type ContextSelection } from '../../../shared/model/context.ts';
import type { MapTotals } from '../../../shared/model/statistics.ts';
import { TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';
import { nbdContextKeys } from '../../formats/nbdinfo.ts';
import { RowWalk } from '../../formats/row-walk.ts';
import type { ChainTables, SweepOptions } from '../tables/chain-tables.ts';
import { summedPages, sweptPages } from '../tables/page-walk.ts';

/** States that read as zeros, by their index. */
const ZERO_STATES = new Set(
  (['zeroHole', 'zeroAllocated', 'outOfRange'] as const).map(state => STATES.indexOf(state)),
);

/** Sums of the merged map, or of one layer alone. */
export async function totalsOf(tables: ChainTables, layer: number | undefined): Promise<MapTotals> {
  const slots = layer === undefined ? tables.slotCount : 1;
  const bitmaps = tables.bitmaps(layer);
  const sums = emptySums(slots, bitmaps.length);
  let extents = 0;
  let last = -1;
  const absentIsZero = layer === undefined || (layer === 0 && tables.plan.baseMissing !== true);
  const summer = new PageSummer(slots, bitmaps.length, absentIsZero);
  const options: SweepOptions = { layer, readMissing: true, eachBitmap: true };
  for await (const page of summedPages(tables, options, swept => summer.sum(swept))) {
    extents += (page.first === last ? 0 : 1) + page.changes;
    last = page.last;
    for (const name of SUM_NAMES) {
      const [total, added] = [sums[name], page.sums[name]];
      for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (added[i] as number);
    }
  }
  const { states, owners, shadowed, overridden, dirty, zero, unknown } = sums;
  const [overrides = 0, holeOverrides = 0] = sums.overrides;
  return {
    states,
    owners,
    overrides,
    holeOverrides,
    shadowed,
    overridden,
    extents,
    bitmaps: bitmaps.map((choice, i) => ({
      ...choice,
      dirty: dirty[i] as number,
      zero: zero[i] as number,
      unknown: unknown[i] as number,
    })),
  };
}

/** What is summed, in bytes. `overrides` includes those by zeros; the last three have a sum for each bitmap. */
const SUM_NAMES = [
  'states',
  'owners',
  'shadowed',
  'overridden',
  'overrides',
  'dirty',
  'zero',
  'unknown',
] as const;
type Sums = Readonly<Record<(typeof SUM_NAMES)[number], number[]>>;

function emptySums(slots: number, bitmaps: number): Sums {
  const zeros = (count: number) => new Array<number>(count).fill(0);
  return {
    states: zeros(STATES.length),
    owners: zeros(slots + 1),
    shadowed: zeros(slots),
    overridden: zeros(slots),
    overrides: zeros(2),
    dirty: zeros(bitmaps),
    zero: zeros(bitmaps),
    unknown: zeros(bitmaps),
  };
}

/** The sums of a page, and what is needed to count extents over the borders of pages: numbers of what the guest sees. */
interface PageSums {
  readonly sums: Sums;
  readonly first: number;
  readonly last: number;
  /** Changes of what the guest sees within the page. */
  readonly changes: number;
}

/** Sums up pages of one list. */
class PageSummer {
  readonly #slots: number;
  readonly #bitmaps: number;
  readonly #absentIsZero: boolean;
  /** What the guest sees, numbered over all pages. */
  readonly #known = new Map<number, number>();

  constructor(slots: number, bitmaps: number, absentIsZero: boolean) {
    this.#slots = slots;
    this.#bitmaps = bitmaps;
    this.#absentIsZero = absentIsZero;
  }

  sum(swept: SweptPage): PageSums {
    const { combos, comboCount, stops, guest, count } = swept;
    const bytes = new Float64Array(comboCount);
    const views = new Int32Array(comboCount);
    for (let combo = 0; combo < comboCount; combo++)
      views[combo] = numberOf(this.#known, (guest[combo] as number) * 2 ** 16 + (stops[combo] as number));
    const changes = addBytes(swept, views, bytes);
    const sums = emptySums(this.#slots, this.#bitmaps);
    for (let combo = 0; combo < comboCount; combo++) this.#add(sums, swept, combo, bytes[combo] as number);
    const viewAt = (i: number) => views[combos[i] as number] as number;
    return { sums, first: viewAt(0), last: viewAt(count - 1), changes };
  }

  /** Adds `length` bytes that have this combination of words. */
  #add(sums: Sums, { stops, guest, words, overlays }: SweptPage, combo: number, length: number): void {
    const add = (to: number[], at: number) => {
      to[at] = (to[at] as number) + length;
    };
    const word = guest[combo] as number;
    const state = stateIndexOf(word);
    add(sums.states, state);
    add(sums.owners, word & LOCAL ? (stops[combo] as number) : this.#slots);
    const isAbsent = (stops[combo] as number) < 0;
    const readsZero = isAbsent ? this.#absentIsZero && !(word & UNREAD) : ZERO_STATES.has(state);
    for (let number = 0; number < this.#bitmaps; number++) {
      const added = (overlays[number] as Uint32Array)[combo] as number;
      if (added & DIRTY) add(sums.dirty, number);
      if (added & DIRTY && readsZero) add(sums.zero, number);
      if (added & DIRTY_UNKNOWN) add(sums.unknown, number);
    }
    if (word & OVERRIDES) add(sums.overrides, 0);
    if (word & HOLE_OVERRIDES) add(sums.overrides, 1);
    for (let slot = 0; slot < this.#slots; slot++) {
      const hidden = (words[slot] as Uint32Array)[combo] as number;
      if (hidden & SHADOWED) add(sums.shadowed, slot);
      else if (hidden & OVERRIDDEN) add(sums.overridden, slot);
    }
  }
}

/**
 * Adds the bytes of each combination to `bytes`; returns how often its number in `views` changes. A function apart: in a
 * longer one what V8 optimizes while the loop runs has not seen what follows it, and every page is thrown out of it there.
 */
function addBytes({ starts, combos, count }: SweptPage, views: Int32Array, bytes: Float64Array): number {
  let start = 0;
  let changes = 0;
  let view = views[combos[0] as number] as number;
  for (let i = 0; i < count; i++) {
    const combo = combos[i] as number;
    const end = starts[i + 1] as number;
    bytes[combo] = (bytes[combo] as number) + end - start;
    start = end;
    if (views[combo] !== view) changes++;
    view = views[combo] as number;
  }
  return changes;
}

/** The number of a key: its own for each different one. */
function numberOf(known: Map<number, number>, key: number): number {
  const number = known.get(key) ?? known.size;
  known.set(key, number);
  return number;
}

/** Bytes per context word, in ascending order of the word. */
export async function contextTotalsOf(
  tables: ChainTables,
  selection: ContextSelection,
  layer: number | undefined,
): Promise<[number, number][]> {
  const sums = new Map<number, number>();
  const slots = layer === undefined ? tables.slotCount : 1;
  const bitmap = bitmapOf(selection);
  const bitmapSlot = layer === undefined ? (bitmap?.layer ?? 0) : 0;
  const walk = new RowWalk(nbdContextKeys(selection.context, slots, bitmapSlot), false, rows => {
    for (let i = 0; i < rows.count; i++) {
      const word = rows.keys[i] as number;
      sums.set(word, (sums.get(word) ?? 0) + (rows.lengths[i] as number));
    }
  });
  const options: SweepOptions = { layer, readMissing: true, bitmap };
  for await (const swept of sweptPages(tables, options)) walk.add(swept);
  walk.finish();
  return [...sums].sort((a, b) => a[0] - b[0]);
}

/** The whole axis as one tile of columns of `span` bytes for each track, for a drawing in text. */
export async function overviewColumns(
  tables: ChainTables,
  span: number,
  layer: number | undefined,
): Promise<TileColumns[]> {
  if (tables.sizeOf(layer) > span * TILE_COLUMNS) throw tooManyColumns(span);
  const slots = layer === undefined ? tables.slotCount : 1;
  const columns = Array.from({ length: slots + 1 }, (_, t) => createColumns(TILE_COLUMNS, span, t === 0));
  for await (const swept of sweptPages(tables, { layer, readMissing: true }))
    addSwept(columns, 0, swept, swept.base, swept.end);
  return columns.map((track, t) => toTile(track, t === 0 ? 0 : slots + 1 - t, 0));
}

function tooManyColumns(span: number): CowscopeError {
  return new CowscopeError({
    code: 'TOO_MANY_COLUMNS',
    what: `a drawing of the whole disk in columns of ${span} bytes has more than ${TILE_COLUMNS} of them`,
    subject: '',
    advice: 'use wider columns',
  });
}
