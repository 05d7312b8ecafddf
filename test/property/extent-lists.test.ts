import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NumberRows } from '../../electron/formats/chunk-writer.ts';
import { type MapRowKind, MapRowKinds } from '../../electron/formats/map-rows.ts';
import { nbdContextKeys } from '../../electron/formats/nbdinfo.ts';
import { qemuImgFormat, qemuImgKeys } from '../../electron/formats/qemu-img.ts';
import { RowWalk } from '../../electron/formats/row-walk.ts';
import { comparePages, isFullyRead } from '../../shared/extent/compare.ts';
import {
  COMPRESSED,
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE,
  LOCAL,
  OUT_OF_RANGE,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../../shared/extent/flags.ts';
import type { Page } from '../../shared/extent/page.ts';
import { WordSet } from '../../shared/extent/page.ts';
import { createRunCounter } from '../../shared/extent/statistics.ts';
import { Sweeper, type SweepLayer, type SweptPage } from '../../shared/extent/sweep.ts';
import {
  arbitraryDirtyLayer,
  arbitraryHostLayer,
  arbitraryLayer,
  arbitraryRuns,
  LAYER_WORDS,
  pagesOf,
  sweepLayers,
  sweepOverlays,
} from '../support/extent-arbitraries.ts';
import {
  type NaiveLayer,
  type NaiveUnit,
  naiveCount,
  naiveRuns,
  naiveState,
  naiveSweep,
  STATE_ORDER,
} from '../support/naive-model.ts';

const SCALE = 512;

function forSweptPages(
  layers: readonly NaiveLayer[],
  pageUnits: number,
  take: (swept: SweptPage) => void,
): NaiveUnit[] {
  const axis = layers.at(-1)!.words.length;
  const sweeper = new Sweeper();
  const real = layers.map(layer => sweepLayers(layer, SCALE, pageUnits, axis));
  const overlays = layers.flatMap((layer, i) =>
    layer.dirty === undefined ? [] : [sweepOverlays(layer, i, SCALE, pageUnits, axis)],
  );
  for (let page = 0; page * pageUnits < axis; page++) {
    const base = page * pageUnits * SCALE;
    const end = Math.min(axis, (page + 1) * pageUnits) * SCALE;
    take(
      sweeper.sweep(
        real.map(pages => pages[page] as SweepLayer),
        overlays.map((pages, number) => ({ ...pages[page]!, number })),
        base,
        end,
      ),
    );
  }
  return naiveSweep(layers, axis);
}

/** Units with equal keys joined; `undefined` is left out. `follows` says whether two values may be one row. */
function joined<T>(
  values: readonly (T | undefined)[],
  follows: (row: T, value: T, distance: number) => boolean,
) {
  const rows: { start: number; length: number; value: T }[] = [];
  values.forEach((value, unit) => {
    const last = rows.at(-1);
    if (value === undefined) return;
    if (last !== undefined && last.start + last.length === unit && follows(last.value, value, last.length))
      last.length++;
    else rows.push({ start: unit, length: 1, value });
  });
  return rows;
}

const pageUnits = fc.integer({ min: 1, max: 30 });
const chains = fc.array(fc.oneof(arbitraryLayer(), arbitraryDirtyLayer()), { minLength: 1, maxLength: 5 });

/** A walk over the merged map, and the rows it has come to. */
function mapWalk() {
  const kinds = new MapRowKinds();
  const rows: ({ start: number; length: number } & MapRowKind)[] = [];
  const walk = new RowWalk(kinds, false, finished => {
    for (const [start, length, key] of rowsOf(finished)) rows.push({ start, length, ...kinds.kind(key) });
  });
  return { rows, walk };
}

test('map rows run on over page borders for as long as owner, word, hidden layers and dirty bitmaps stay', () => {
  fc.assert(
    fc.property(chains, pageUnits, (layers, units) => {
      const { rows, walk } = mapWalk();
      const naive = forSweptPages(layers, units, swept => walk.add(swept));
      walk.finish();
      const dirtyLayers = layers.flatMap((layer, i) => (layer.dirty === undefined ? [] : [i]));
      const expected = joined(
        naive.map(({ stop, guest, words, overridden, shadowed }) => {
          const added = dirtyLayers.map(layer => words[layer]! & (DIRTY | DIRTY_UNKNOWN));
          const word = added.reduce((all, bits) => all | bits, guest) >>> 0;
          const dirtyIn = [...added.keys()].filter(number => added[number]! & DIRTY);
          return { stop, word, overridden, shadowed, dirtyIn };
        }),
        (row, value) => JSON.stringify(row) === JSON.stringify(value),
      );
      expect(rows).toEqual(
        expected.map(({ start, length, value }) => ({
          start: start * SCALE,
          length: length * SCALE,
          ...value,
        })),
      );
    }),
    { numRuns: 300 },
  );
});

test('a layer swept alone after its chain shows nothing of the others', () => {
  const sweeper = new Sweeper();
  fc.assert(
    fc.property(fc.array(arbitraryLayer(), { minLength: 2, maxLength: 4 }), layers => {
      const axis = layers[0]!.words.length;
      const pages = layers.map(layer => sweepLayers(layer, SCALE, 1000, 1000)[0] as SweepLayer);
      sweeper.sweep(pages, [], 0, axis * SCALE);
      const { rows, walk } = mapWalk();
      walk.add(sweeper.sweep([pages[0]!], [], 0, axis * SCALE));
      walk.finish();
      expect(rows.flatMap(row => [...row.overridden, ...row.shadowed])).toEqual([]);
    }),
  );
});

function rowsOf({ count, starts, lengths, keys, hosts }: NumberRows) {
  return Array.from({ length: count }, (_, i) => [starts[i]!, lengths[i]!, keys[i]!, hosts[i]!] as const);
}

/** The row of one unit in `qemu-img map`: what it would print but for start and length. */
function imgRow(unit: NaiveUnit, layerCount: number, withCompressed: boolean) {
  const { stop, guest, host } = unit;
  const top = layerCount - 1;
  const isCompressed = (guest & COMPRESSED) !== 0;
  const offset = {
    ...(withCompressed ? { compressed: stop >= 0 && isCompressed } : {}),
    ...(host < 0 ? {} : { offset: host }),
  };
  if (stop < 0) return { depth: top, present: false, zero: true, data: false, ...offset };
  const state = naiveState(guest);
  if (state === 'unread' || state === 'unreadable') return undefined;
  if (state === 'outOfRange')
    return { depth: Math.max(0, top - (stop + 1)), present: false, zero: true, data: false, ...offset };
  const zero = (guest & (LOCAL | HOLE | ZERO)) === (LOCAL | HOLE | ZERO);
  return { depth: top - stop, present: true, zero, data: !zero, ...offset };
}

test('qemu-img rows join where every key is equal and the offset runs on', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryHostLayer(SCALE), { minLength: 1, maxLength: 4 }),
      pageUnits,
      fc.record({ compressed: fc.boolean() }),
      (layers, units, dialect) => {
        const rows: unknown[] = [];
        const format = qemuImgFormat(dialect);
        const walk = new RowWalk(qemuImgKeys(layers.length, dialect), true, finished =>
          rows.push(...rowsOf(finished).map(row => JSON.parse(format.row(...row)))),
        );
        const naive = forSweptPages(layers, units, swept => walk.add(swept));
        walk.finish();
        const expected = joined(
          naive.map(unit => imgRow(unit, layers.length, dialect.compressed)),
          ({ offset: a, ...row }, { offset: b, ...value }, distance) =>
            JSON.stringify(row) === JSON.stringify(value) &&
            (a === undefined || b === undefined ? a === b : a + distance * SCALE === b),
        );
        expect(rows).toEqual(
          expected.map(({ start, length, value }) => ({
            start: start * SCALE,
            length: length * SCALE,
            ...value,
          })),
        );
      },
    ),
    { numRuns: 300 },
  );
});

/** What qemu-nbd answers for one unit of the whole chain. */
function contextWord(
  kind: 'allocation' | 'depth',
  { stop, guest }: NaiveUnit,
  layerCount: number,
): number | undefined {
  if (stop < 0) return kind === 'allocation' ? 3 : 0;
  if (guest & (UNREAD | UNREADABLE)) return undefined;
  const depth = layerCount - stop;
  if (guest & OUT_OF_RANGE) return kind === 'allocation' ? 3 : depth;
  if (kind === 'depth') return guest & LOCAL ? depth : 0;
  return (guest & HOLE ? 1 : 0) + (guest & ZERO ? 2 : 0);
}

/** What it answers for a bitmap; nothing where that is not known. */
function bitmapWord(word: number): number | undefined {
  return word & DIRTY_UNKNOWN ? undefined : Number((word & DIRTY) !== 0);
}

test('nbdinfo rows join where the context says the same', () => {
  fc.assert(
    fc.property(
      chains,
      pageUnits,
      fc.constantFrom('allocation', 'depth', 'bitmap'),
      (layers, units, kind) => {
        const rows: { start: number; length: number; value: number }[] = [];
        const bitmapLayer = layers.length - 1;
        const walk = new RowWalk(nbdContextKeys(kind, layers.length, bitmapLayer), false, finished => {
          for (const [start, length, value] of rowsOf(finished))
            rows.push({ start: start / SCALE, length: length / SCALE, value });
        });
        const naive = forSweptPages(layers, units, swept => walk.add(swept));
        walk.finish();
        const values = naive.map(unit =>
          kind === 'bitmap' ? bitmapWord(unit.words[bitmapLayer]!) : contextWord(kind, unit, layers.length),
        );
        expect(rows).toEqual(joined(values, (row, value) => row === value));
      },
    ),
    { numRuns: 300 },
  );
});

test('statistics count bytes and runs of every state, and the lower median of their lengths', () => {
  const lists = arbitraryRuns(
    fc.constantFrom(...LAYER_WORDS, LOCAL | DIRTY, LOCAL | 0x800, LOCAL | 0x1800, LOCAL | 0x2000),
    30,
  );
  fc.assert(
    fc.property(lists, fc.constantFrom(1, 512, 2 ** 40), (words, scale) => {
      const units = words.map(
        (word): NaiveUnit => ({
          words: [word],
          stop: 0,
          guest: word,
          overridden: [],
          shadowed: [],
          host: -1,
        }),
      );
      const counter = createRunCounter(4);
      words.forEach((word, i) => {
        counter.add(i * scale, (i + 1) * scale, word);
      });
      const runs = naiveRuns(units, 0, 0, units.length).map(list =>
        list.map(length => length * scale).sort((a, b) => a - b),
      );
      const count = (bit: number) => naiveCount(units, 0, 0, units.length, bit) * scale;
      expect(counter.finish()).toEqual({
        track: 4,
        bytes: runs.map(list => list.reduce((sum, length) => sum + length, 0)),
        runs: runs.map(list => list.length),
        shortest: runs.map(list => list[0] ?? 0),
        longest: runs.map(list => list.at(-1) ?? 0),
        median: runs.map(list => list[Math.ceil(list.length / 2) - 1] ?? 0),
        overrideBytes: count(0x800),
        holeOverrideBytes: count(0x1000),
        shadowedBytes: count(0x2000),
        overriddenBytes: count(0x4000),
        dirtyUnknownBytes: count(0x400),
        dirtyBytes: count(DIRTY),
      });
    }),
    { numRuns: 300 },
  );
});

test('the median of millions of runs is exact, and past a million lengths the power of two below it', () => {
  const medians = (lengthOf: (i: number) => number) => {
    const counter = createRunCounter(0);
    let at = 0;
    for (let i = 0; i < 1_000_010; i++) {
      const border = at + lengthOf(i);
      counter.add(at, border, LOCAL);
      counter.add(border, border + 7000, LOCAL | HOLE | ZERO);
      at = border + 7000;
    }
    const { runs, median, shortest, longest } = counter.finish();
    return (['data', 'zeroHole'] as const).map(state => {
      const s = STATE_ORDER.indexOf(state);
      return [runs[s], median[s], shortest[s], longest[s]];
    });
  };
  expect(medians(i => (i % 3 === 0 ? 2999 : 3000 + (i % 2)))).toEqual([
    [1_000_010, 3000, 2999, 3001],
    [1_000_010, 7000, 7000, 7000],
  ]);
  expect(medians(i => i + 1)).toEqual([
    [1_000_010, 2 ** 18, 1, 1_000_010],
    [1_000_010, 7000, 7000, 7000],
  ]);
});

/** What both witnesses can say of a word; undefined where it says nothing. */
function comparable(word: number): string | undefined {
  const state = naiveState(word);
  if (state === 'unread') return undefined;
  if (state === 'unreadable' || state === 'outOfRange') return state;
  if (state === 'unallocated' || state === 'reserved') return 'absent';
  if (!(word & LOCAL)) return undefined;
  if (state === 'zeroAllocated') return 'zeroHole';
  return state === 'compressed' ? 'data' : state;
}

test('two witnesses differ exactly where what both can say differs', () => {
  const words = arbitraryRuns(fc.constantFrom(...LAYER_WORDS), 12);
  fc.assert(
    fc.property(
      words,
      words,
      fc.constantFrom(1, 512, 2 ** 33),
      fc.nat({ max: 5 }),
      (a, b, scale, pagesBefore) => {
        const length = Math.min(a.length, b.length);
        const sets = [new WordSet(), new WordSet()] as const;
        const [first, second] = [a, b].map(
          (list, i) => pagesOf(list.slice(0, length), sets[i as 0], scale, length)[0],
        );
        const base = pagesBefore * length * scale;
        const found = comparePages(
          first as Page,
          sets[0].words,
          second as Page,
          sets[1].words,
          base,
          base + length * scale,
        );
        const values = Array.from({ length }, (_, i) => {
          const [x, y] = [comparable(a[i]!), comparable(b[i]!)];
          return x === undefined || y === undefined || x === y ? undefined : { first: a[i]!, second: b[i]! };
        });
        const expected = joined(
          values,
          (row, value) => row.first === value.first && row.second === value.second,
        );
        expect(found).toEqual(
          expected.map(({ start, length: units, value }) => ({
            start: base + start * scale,
            end: base + (start + units) * scale,
            ...value,
          })),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('a page is fully read when nothing of it is unread', () => {
  fc.assert(
    fc.property(
      arbitraryRuns(fc.constantFrom(LOCAL, UNREAD, UNREADABLE), 8),
      fc.integer({ min: 1, max: 9 }),
      (list, span) => {
        const words = new WordSet();
        const pages = pagesOf(list, words, 1, span);
        const table = { size: list.length, pageSpan: span, words, pages: [...pages, undefined] };
        const read = pages.map((_, i) => !list.slice(i * span, (i + 1) * span).includes(UNREAD));
        expect(table.pages.map((_, i) => isFullyRead(table, i))).toEqual([...read, false]);
      },
    ),
  );
});
