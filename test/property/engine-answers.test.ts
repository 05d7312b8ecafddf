import fc from 'fast-check';
import { expect, test } from 'vitest';
import { totalsOf } from '../../electron/engine/lists/totals.ts';
import { boundsAt } from '../../electron/engine/questions/extent-bounds.ts';
import { extentsOf } from '../../electron/engine/questions/extents.ts';
import { PlaceAnswers } from '../../electron/engine/questions/places.ts';
import { numberIn, seekIn } from '../../electron/engine/questions/seek.ts';
import { statisticsOf } from '../../electron/engine/questions/statistics.ts';
import { sumsOf } from '../../electron/engine/questions/sums.ts';
import { tilesOf } from '../../electron/engine/questions/tiles.ts';
import type { ChainTables } from '../../electron/engine/tables/chain-tables.ts';
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
  UNREAD,
  UNREADABLE,
} from '../../shared/extent/flags.ts';
import { createPyramid, type Pyramid, summarizePage } from '../../shared/extent/pyramid.ts';
import type { MarkKey } from '../../shared/legend.ts';
import type { Place } from '../../shared/model/place.ts';
import type { SeekKind } from '../../shared/model/statistics.ts';
import { arbitraryRuns } from '../support/extent-arbitraries.ts';
import { type FedLayer, fedChain } from '../support/fed-chain.ts';
import {
  type NaiveLayer,
  type NaiveUnit,
  naiveColumn,
  naiveCount,
  naiveDepthWord,
  naiveExtents,
  naiveRuns,
  naiveSeek,
  naiveState,
  naiveStateBits,
  naiveStatusWord,
  naiveSweep,
  PART_ORDER,
  STATE_ORDER,
} from '../support/naive-model.ts';
import { tileShare } from '../support/pictures/tile-share.ts';

/** A page of the smallest span holds 64 units, a bin 2. */
const MIB = 2 ** 20;
const PAGE_UNITS = 64;

const size = fc.integer({ min: 1, max: 220 });
const allocation = fc.constantFrom(0, 0, 3, 3, 2, 1);

function fill<T>(values: readonly T[], units: number): T[] {
  return Array.from({ length: units }, (_, i) => values[i % values.length] as T);
}

/** An isolated or raw layer, or one served without allocation-depth; with or without a bitmap; perhaps partly read. */
function arbitraryFedLayer(): fc.Arbitrary<FedLayer> {
  return fc
    .record({
      units: size,
      kind: fc.constantFrom('isolatedLayer' as const, 'isolatedLayer' as const, 'rawLayer' as const),
      flags: arbitraryRuns(allocation, 20),
      depths: arbitraryRuns(fc.constantFrom(0, 0, 1), 20),
      dirty: arbitraryRuns(fc.constantFrom(0, 1), 10),
      withDepth: fc.integer({ min: 0, max: 5 }).map(die => die > 0),
      withBitmap: fc.boolean(),
      fed: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      failsAt: fc.integer({ min: 0, max: 400 }),
    })
    .map(({ units, kind, flags, depths, dirty, withDepth, withBitmap, fed, failsAt }) => ({
      units,
      kind,
      contexts: {
        'base:allocation': fill(flags, units),
        ...(withDepth && kind !== 'rawLayer' ? { 'qemu:allocation-depth': fill(depths, units) } : {}),
        ...(withBitmap ? { 'qemu:dirty-bitmap:b0': fill(dirty, units) } : {}),
      },
      fed: Math.round(fed * units),
      unreadable: unit => unit >= failsAt && unit < failsAt + 3,
    }));
}

function arbitraryWholeChain(): fc.Arbitrary<FedLayer> {
  return fc
    .record({
      units: size,
      flags: arbitraryRuns(allocation, 20),
      depths: arbitraryRuns(fc.integer({ min: 0, max: 4 }), 20),
    })
    .map(({ units, flags, depths }) => ({
      units,
      kind: 'wholeChain',
      contexts: { 'base:allocation': fill(flags, units), 'qemu:allocation-depth': fill(depths, units) },
    }));
}

function wordsOf({ kind, units, contexts, fed = units, unreadable = () => false }: FedLayer): number[] {
  return Array.from({ length: units }, (_, unit) => {
    if (unit >= fed) return UNREAD;
    return naiveStatusWord(kind, {
      allocation: contexts['base:allocation']?.[unit],
      depth: contexts['qemu:allocation-depth']?.[unit],
      unreadable: unreadable(unit),
    });
  });
}

function naiveLayerOf(layer: FedLayer): NaiveLayer {
  const { units, contexts, fed = units, unreadable = () => false } = layer;
  const bitmap = contexts['qemu:dirty-bitmap:b0'];
  if (bitmap === undefined) return { words: wordsOf(layer) };
  const dirty = bitmap.map((bit, unit) =>
    unit >= fed ? undefined : unreadable(unit) ? DIRTY_UNKNOWN : bit * DIRTY,
  );
  return { words: wordsOf(layer), dirty };
}

/** The lanes of a chain served whole: one for each depth seen, the deepest first. */
function naiveDepths(layer: FedLayer): NaiveLayer[] {
  const words = wordsOf(layer);
  const deepest = Math.max(1, ...(layer.contexts['qemu:allocation-depth'] ?? []));
  return Array.from({ length: deepest }, (_, i) => ({
    words: words.map(word => naiveDepthWord(word, deepest - i)),
  }));
}

interface Chain {
  readonly tables: ChainTables;
  readonly pyramid: Pyramid;
  readonly units: readonly NaiveUnit[];
  readonly lanes: number;
  /** Layers that have a bitmap. */
  readonly bitmapLayers: readonly number[];
}

function chainOf(layers: readonly FedLayer[]): Chain {
  const tables = fedChain(layers, MIB, 37);
  const pyramid = createPyramid(tables.pageCount, tables.pageSpan, tables.slotCount);
  for (let page = 0; page < tables.pageCount; page++) summarizePage(pyramid, page, tables.sweep(page));
  const whole = layers[0]?.kind === 'wholeChain' ? layers[0] : undefined;
  const bitmapLayers = layers.flatMap((layer, i) => ('qemu:dirty-bitmap:b0' in layer.contexts ? [i] : []));
  const naive = whole === undefined ? layers.map(naiveLayerOf) : naiveDepths(whole);
  return {
    tables,
    pyramid,
    units: naiveSweep(naive, layers.at(-1)!.units),
    lanes: naive.length,
    bitmapLayers,
  };
}

const chains = fc
  .oneof(
    { weight: 5, arbitrary: fc.array(arbitraryFedLayer(), { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.tuple(arbitraryWholeChain()) },
  )
  .map(chainOf);

const laneOf = ({ lanes }: Chain, track: number) => (track === 0 ? -1 : lanes - track);

test('a page of the tables under test holds what the constants here say', () => {
  const tables = fedChain(
    [{ kind: 'rawLayer', units: 65, contexts: { 'base:allocation': fill([0], 65) } }],
    MIB,
  );
  expect([tables.pageSpan, tables.pageCount]).toEqual([PAGE_UNITS * MIB, 2]);
});

test('exact extents equal the naive ones on every track, over page borders and clipped to what was asked', async () => {
  await fc.assert(
    fc.asyncProperty(chains, fc.nat(), fc.nat(), async (chain, a, b) => {
      const { tables, units, lanes } = chain;
      const from = a % units.length;
      const to = from + 1 + (b % (units.length - from));
      const reply = await extentsOf(
        tables,
        9,
        from * MIB,
        to === units.length ? Number.MAX_SAFE_INTEGER : to * MIB,
      );
      if (reply.tooMany) throw new Error('there are never that many here');
      expect([reply.end, reply.version]).toEqual([to * MIB, 9]);
      expect(reply.tracks.map(({ track }) => track)).toEqual(Array.from({ length: lanes + 1 }, (_, i) => i));
      for (const { track, starts, words, owners } of reply.tracks) {
        const expected = naiveExtents(units, laneOf(chain, track), from, to);
        expect([...starts]).toEqual(expected.map(({ start }) => start * MIB));
        expect([...words]).toEqual(expected.map(({ word }) => word));
        expect([...owners]).toEqual(track === 0 ? expected.map(({ stop }) => stop) : []);
      }
    }),
    { numRuns: 150 },
  );
});

test('tiles of every level hold what the naive columns hold', () => {
  fc.assert(
    fc.property(chains, fc.integer({ min: 18, max: 30 }), fc.nat(), (chain, level, which) => {
      const { tables, pyramid, lanes } = chain;
      const fine = level < 20 ? 4 : 1; // narrower than a unit: the same naive units, each four times
      const units = chain.units.flatMap(unit => new Array<NaiveUnit>(fine).fill(unit));
      const span = (2 ** level * fine) / MIB;
      const tileCount = Math.ceil(units.length / (span * 256));
      const first = which % (tileCount + 1);
      const { tiles, ...reply } = tilesOf(tables, pyramid, 5, { level, first, count: 2 });
      expect(reply).toEqual({ level, version: 5 });
      const shown = Math.min(2, tileCount - first);
      expect(tiles.map(({ tile }) => tile)).toEqual(
        Array.from({ length: shown * (lanes + 1) }, (_, i) => first + Math.floor(i / (lanes + 1))),
      );
      for (const answer of tiles) {
        const { tile, track, present } = answer;
        for (let c = 0; c < 256 && (tile * 256 + c) * span < units.length + span; c++) {
          const at = (tile * 256 + c) * span;
          const column = naiveColumn(units.slice(at, at + span), laneOf(chain, track));
          const total = column.parts.reduce((sum, bytes) => sum + bytes, 0);
          const found = PART_ORDER.map((_, part) => tileShare(answer, part, c));
          expect(present[c]).toBe(column.present);
          expect(found.map(share => share > 0)).toEqual(column.parts.map(bytes => bytes > 0));
          expect(found.reduce((sum, share) => sum + share, 0)).toBe(total > 0 ? 255 : 0);
        }
      }
    }),
    { numRuns: 150 },
  );
});

/** Any place, and often one beside the border of two pages, where extents of chance seldom end. */
const places = fc.oneof(
  fc.nat(),
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: -2, max: 1 }))
    .map(([n, by]) => n * PAGE_UNITS + by),
);

test('the bounds of the extents at an offset are those of the list of extents, over page borders too', () => {
  fc.assert(
    fc.property(chains, places, ({ tables, units, lanes }, which) => {
      const unit = which % units.length;
      for (const [t, bounds] of boundsAt(tables, unit * MIB + (which % MIB), () => 0).entries()) {
        const extent = naiveExtents(units, t - 1).find(({ start, end }) => unit >= start && unit < end)!;
        expect(bounds).toEqual({
          start: extent.start * MIB,
          end: extent.end * MIB,
          isStartCut: false,
          isEndCut: false,
        });
        expect(t).toBeLessThanOrEqual(lanes);
      }
    }),
    { numRuns: 200 },
  );
});

test('bounds that take too long to find are cut, and say so', () => {
  const silent = {
    kind: 'isolatedLayer' as const,
    units: 5 * PAGE_UNITS,
    contexts: {
      'base:allocation': fill([0], 5 * PAGE_UNITS),
      'qemu:allocation-depth': fill([1], 5 * PAGE_UNITS),
    },
  };
  const tables = fedChain([silent], MIB);
  // The clock stands still while a search begins, and has passed the limit when it looks for the second page.
  const ticks = [0, 0, 1000, 2000, 2000, 3000];
  const [guest] = boundsAt(tables, (2 * PAGE_UNITS + 1) * MIB, () => ticks.shift() ?? 9000);
  expect(guest).toEqual({
    start: PAGE_UNITS * MIB,
    end: 4 * PAGE_UNITS * MIB,
    isStartCut: true,
    isEndCut: true,
  });
});

test('a page that was not summarized counts as unread in tiles', () => {
  fc.assert(
    fc.property(chains, fc.nat(), ({ tables, pyramid, units }, which) => {
      const page = which % tables.pageCount;
      pyramid.fresh[page] = 0;
      const { tiles } = tilesOf(tables, pyramid, 0, { level: 20, first: 0, count: 1 });
      const end = Math.min(units.length, (page + 1) * PAGE_UNITS);
      for (const { present } of tiles)
        expect(new Set(present.slice(page * PAGE_UNITS, end))).toEqual(
          new Set([2 ** PART_ORDER.indexOf('unread')]),
        );
    }),
    { numRuns: 30 },
  );
});

test('statistics equal the naive sums of every track', async () => {
  await fc.assert(
    fc.asyncProperty(chains, fc.nat(), fc.nat(), async (chain, a, b) => {
      const { tables, units } = chain;
      const from = a % units.length;
      const to = from + 1 + (b % (units.length - from));
      for (const found of await statisticsOf(tables, from * MIB, to * MIB)) {
        const lane = laneOf(chain, found.track);
        const runs = naiveRuns(units, lane, from, to).map(list => list.sort((x, y) => x - y));
        expect(found.bytes.map(bytes => bytes / MIB)).toEqual(
          runs.map(list => list.reduce((sum, units) => sum + units, 0)),
        );
        expect(found.runs).toEqual(runs.map(list => list.length));
        expect(found.shortest.map(bytes => bytes / MIB)).toEqual(runs.map(list => list[0] ?? 0));
        expect(found.longest.map(bytes => bytes / MIB)).toEqual(runs.map(list => list.at(-1) ?? 0));
        expect(found.median.map(bytes => bytes / MIB)).toEqual(
          runs.map(list => list[Math.ceil(list.length / 2) - 1] ?? 0),
        );
        expect(found.overrideBytes / MIB).toBe(naiveCount(units, lane, from, to, OVERRIDES));
        expect(found.dirtyBytes / MIB).toBe(naiveCount(units, lane, from, to, DIRTY));
      }
    }),
    { numRuns: 80 },
  );
});

test('the sums of a range are those of its units, and what the guest reads of a layer is what that layer owns and has not lost', () => {
  fc.assert(
    fc.property(chains, fc.nat(), fc.nat(), fc.boolean(), (chain, a, b, fresh) => {
      const { tables, pyramid, units, lanes } = chain;
      if (!fresh) pyramid.fresh.fill(0);
      const from = a % units.length;
      const to = from + 1 + (b % (units.length - from));
      const sums = sumsOf(tables, pyramid, from * MIB, to === units.length ? 2 ** 53 - 1 : to * MIB);
      expect(sums.map(({ track }) => track)).toEqual(Array.from({ length: lanes + 1 }, (_, i) => i));
      const range = units.slice(from, to);
      const unread = PART_ORDER.map((_, part) => (part === PART_ORDER.indexOf('unread') ? range.length : 0));
      const owned = (isWanted: (owner: number) => boolean) =>
        range.filter(({ guest, stop }) => (guest & (LOCAL | UNREADABLE)) === LOCAL && isWanted(stop)).length;
      for (const { track, parts, read } of sums) {
        const lane = laneOf(chain, track);
        expect(parts.map(bytes => bytes / MIB)).toEqual(fresh ? naiveColumn(range, lane).parts : unread);
        expect(read / MIB).toBe(fresh ? owned(owner => track === 0 || owner === lane) : 0);
      }
    }),
    { numRuns: 100 },
  );
});

const kinds: readonly (readonly [SeekKind, number])[] = [
  ['change', 2 ** (PART_ORDER.length + 5) - 1],
  ['override', 2 ** PART_ORDER.length],
  ['holeOverride', 2 ** (PART_ORDER.length + 1)],
  ['dirty', 2 ** (PART_ORDER.length + 2)],
  ['damaged', 2 ** (PART_ORDER.length + 3) + naiveStateBits('unreadable')],
  ...STATE_ORDER.map((name, state) => [{ state }, naiveStateBits(name)] as const),
];

test('seeking finds the nearest extent of a kind, forwards and backwards, from everywhere', async () => {
  await fc.assert(
    fc.asyncProperty(
      chains,
      fc.nat(),
      fc.array(fc.integer({ min: -1, max: 230 * 4 }), { minLength: 6, maxLength: 6 }),
      fc.boolean(),
      async (chain, which, quarters, fresh) => {
        const { tables, pyramid, units, lanes } = chain;
        if (!fresh) pyramid.fresh[which % tables.pageCount] = 0;
        const track = which % (lanes + 1);
        for (const [kind, wanted] of kinds) {
          for (const quarter of quarters) {
            for (const backwards of [false, true]) {
              const from = (quarter * MIB) / 4;
              const found = await seekIn(tables, pyramid, { track, from, backwards, kind });
              const expected = naiveSeek(units, laneOf(chain, track), from / MIB, backwards, wanted);
              expect(found < 0 ? -1 : found / MIB).toBe(expected);
            }
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('the number of a match counts the matches up to it, of all matches on its track', async () => {
  await fc.assert(
    fc.asyncProperty(chains, fc.nat(), fc.nat(), async (chain, which, at) => {
      const { tables, pyramid, units, lanes } = chain;
      const track = which % (lanes + 1);
      const offset = (at % units.length) * MIB;
      for (const [kind, wanted] of kinds) {
        const starts: number[] = [];
        let start = naiveSeek(units, laneOf(chain, track), -1, false, wanted);
        for (; start >= 0; start = naiveSeek(units, laneOf(chain, track), start, false, wanted))
          starts.push(start);
        const number = starts.filter(found => found * MIB <= offset).length;
        const found = await numberIn(tables, pyramid, { track, offset, kind });
        expect(found).toEqual({ number, total: starts.length });
      }
    }),
    { numRuns: 40 },
  );
});

/** The marks of an extent that make it a place, most telling first. */
function naiveMarks(word: number): MarkKey[] {
  const overrides = word & HOLE_OVERRIDES ? 'holeOverrides' : word & OVERRIDES ? 'overrides' : undefined;
  return [
    ...(overrides === undefined ? [] : ([overrides] as const)),
    ...(word & SHADOWED ? (['shadowed'] as const) : []),
    ...(word & (DAMAGED | UNREADABLE) ? (['damaged'] as const) : []),
    ...(word & OVERRIDDEN ? (['overridden'] as const) : []),
  ];
}

/** The lanes that a lane hides in a unit, or the one that hides it. */
function naiveOthers({ words }: NaiveUnit, lane: number): number[] {
  const word = words[lane]!;
  if (word & OVERRIDES) {
    const stop = words.slice(0, lane).findLastIndex(below => below & OUT_OF_RANGE);
    return words.flatMap((below, i) => (i > stop && i < lane && below & LOCAL ? [i] : []));
  }
  const bit = word & OVERRIDDEN ? LOCAL : word & SHADOWED ? OUT_OF_RANGE : 0;
  const above = words.findLastIndex((other, i) => i > lane && (other & bit) !== 0);
  return above < 0 ? [] : [above];
}

/** Every place of a chain in order, in units. */
function naivePlaces({ units, lanes, bitmapLayers }: Chain) {
  const places = [];
  for (let lane = lanes - 1; lane >= 0; lane--)
    for (const { start, end, word } of naiveExtents(units, lane))
      for (const kind of naiveMarks(word)) {
        const others = new Set(units.slice(start, end).flatMap(unit => naiveOthers(unit, lane)));
        places.push({ kind, lane, start, end, state: naiveState(word), others: [...others].sort() });
      }
  for (const lane of bitmapLayers) {
    const bits = units.map(({ words }) => words[lane]! & (DIRTY | DIRTY_UNKNOWN));
    bits.forEach((bit, start) => {
      if (bit === 0 || bits[start - 1] === bit) return;
      const after = bits.findIndex((other, i) => i > start && other !== bit);
      const kind = bit === DIRTY ? ('dirty' as const) : ('dirtyUnknown' as const);
      const end = after < 0 ? units.length : after;
      places.push({ kind, lane, start, end, state: null, others: [] as number[] });
    });
  }
  return places.sort((a, b) => a.start - b.start);
}

test('places are the marked extents of every layer and the ranges of every bitmap, in order, with what they hide', async () => {
  await fc.assert(
    fc.asyncProperty(chains, fc.nat(), fc.integer({ min: 1, max: 4 }), async (chain, which, least) => {
      const { tables, pyramid, lanes } = chain;
      if (which % 3 === 0) pyramid.fresh[which % tables.pageCount] = 0;
      const source = { tables, pyramid, version: 1 };
      const places = new PlaceAnswers();
      const expected = naivePlaces(chain);
      const shown = (place: Place) => ({
        kind: place.kind,
        lane: lanes - place.track,
        start: place.start / MIB,
        end: place.end / MIB,
        state: place.state,
        others: place.others.map(track => lanes - track).sort(),
      });
      const all = await places.page(source, { order: 'start', skip: 0, most: 10_000 });
      expect(all.places.map(shown)).toEqual(expected);
      expect([all.total, all.listed]).toEqual([expected.length, expected.length]);
      const second = await places.page(source, { order: 'start', skip: 1, most: 1 });
      expect(second.places).toEqual(all.places.slice(1, 2));

      const lane = which % lanes;
      const filter = {
        tracks: [lanes - lane],
        minLength: least * MIB,
        states: ['data', 'zeroHole'] as const,
      };
      const some = await places.page(source, { ...filter, order: 'length', skip: 0, most: 10_000 });
      const passing = expected.filter(
        ({ lane: own, start, end, state }) =>
          own === lane && end - start >= least && (state === 'data' || state === 'zeroHole'),
      );
      expect(some.places.map(shown)).toEqual(passing.toSorted((a, b) => b.end - b.start - (a.end - a.start)));
      expect(some.bytes / MIB).toBe(passing.reduce((sum, { start, end }) => sum + end - start, 0));

      const marked = await places.page(source, { kinds: ['dirty'], order: 'start', skip: 0, most: 10_000 });
      expect(marked.places.map(shown)).toEqual(expected.filter(({ kind }) => kind === 'dirty'));
    }),
    { numRuns: 150 },
  );
});

test('totals equal the naive sums of the merged map', async () => {
  await fc.assert(
    fc.asyncProperty(chains, async ({ tables, units, lanes, bitmapLayers }) => {
      const found = await totalsOf(tables, undefined);
      const count = (test: (unit: NaiveUnit) => boolean) => units.filter(test).length * MIB;
      const each = Array.from({ length: lanes }, (_, i) => i);
      const owned = (unit: NaiveUnit) => (unit.guest & LOCAL) !== 0;
      const isZero = ({ stop, guest }: NaiveUnit) =>
        stop < 0 || ['zeroHole', 'zeroAllocated', 'outOfRange'].includes(naiveState(guest));
      expect(found).toEqual({
        states: STATE_ORDER.map(state => count(unit => naiveState(unit.guest) === state)),
        owners: [
          ...each.map(i => count(unit => owned(unit) && unit.stop === i)),
          count(unit => !owned(unit)),
        ],
        overrides: count(unit => (unit.guest & OVERRIDES) !== 0),
        holeOverrides: count(unit => (unit.guest & 0x1000) !== 0),
        shadowed: each.map(i => count(unit => unit.shadowed.includes(i))),
        overridden: each.map(i => count(unit => unit.overridden.includes(i))),
        extents: units.filter(
          ({ guest, stop }, i) => guest !== units[i - 1]?.guest || stop !== units[i - 1]?.stop,
        ).length,
        bitmaps: bitmapLayers.map(layer => ({
          layer,
          name: 'b0',
          dirty: count(({ words }) => (words[layer]! & DIRTY) !== 0),
          zero: count(unit => (unit.words[layer]! & DIRTY) !== 0 && isZero(unit)),
          unknown: count(({ words }) => (words[layer]! & DIRTY_UNKNOWN) !== 0),
        })),
      });
    }),
    { numRuns: 100 },
  );
});
