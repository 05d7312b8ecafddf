import { expect, test } from 'vitest';
import {
  ABSENT,
  COMPRESSED,
  type ExtentState,
  HOLE,
  HOLE_OVERRIDES,
  LOCAL,
  OVERRIDDEN,
  OVERRIDES,
  RESERVED,
  SHADOWED,
  stateOf,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../../../../shared/extent/flags.ts';
import { type Page, PageWriter, WordSet } from '../../../../shared/extent/page.ts';
import { Sweeper, type SweepLayer, type SweptPage } from '../../../../shared/extent/sweep.ts';
import { guestWord, layersWith, layerWord, stopAt } from '../../../../shared/extent/swept-view.ts';
import { GOLDEN_TABLE, type GoldenLayer } from '../../../support/golden-table.ts';

const K = 1024;
const CLUSTER = 64 * K;

const WORDS: Readonly<Partial<Record<ExtentState, number>>> = {
  data: LOCAL,
  compressed: LOCAL | COMPRESSED,
  zeroHole: LOCAL | HOLE | ZERO,
  zeroAllocated: LOCAL | HOLE | ZERO | RESERVED,
  unallocated: ABSENT | HOLE | ZERO,
  reserved: ABSENT | HOLE | ZERO | RESERVED,
  unread: UNREAD,
  unreadable: UNREADABLE,
};

/** A layer from a list of states, one for each cluster. */
function layer(...states: ExtentState[]): SweepLayer {
  const words = new WordSet();
  const writer = new PageWriter();
  writer.begin();
  states.forEach((state, i) => {
    writer.push(i * CLUSTER, words.code(WORDS[state]!));
  });
  return { page: writer.seal(), words: words.words, size: states.length * CLUSTER };
}

function sweep(layers: readonly SweepLayer[]): SweptPage {
  return new Sweeper().sweep(layers, [], 0, layers.at(-1)!.size);
}

/** One line for each segment: clusters, stop, guest's state, marks of each layer from base to top. */
function lines(swept: SweptPage): string[] {
  const marks = (word: number) =>
    [word & OVERRIDES && 'o', word & HOLE_OVERRIDES && 'h', word & OVERRIDDEN && 'u', word & SHADOWED && 's']
      .filter(Boolean)
      .join('') || '-';
  return Array.from({ length: swept.count }, (_, i) => {
    const each = swept.words.map((_, lane) => marks(layerWord(swept, lane, i)));
    return `${swept.starts[i]! / CLUSTER} ${stopAt(swept, i)} ${stateOf(guestWord(swept, i))} ${each.join(' ')}`;
  });
}

test('the golden chain comes out cell by cell', () => {
  const order: GoldenLayer[] = ['base', 'mid', 'top'];
  const layers = order.map(name => {
    const states = GOLDEN_TABLE.flatMap(row =>
      new Array<ExtentState>(row.length / CLUSTER).fill(row.states[name]),
    );
    return layer(...states.filter(state => state !== 'outOfRange'));
  });
  const swept = sweep(layers);
  const rows = GOLDEN_TABLE.flatMap(row =>
    Array.from({ length: row.length / CLUSTER }, (_, i) => ({ ...row, offset: row.offset + i * CLUSTER })),
  );
  expect(swept.end).toBe(rows.length * CLUSTER);
  for (const row of rows) {
    let i = 0;
    while (swept.starts[i + 1]! <= row.offset) i++;
    const guest = guestWord(swept, i);
    const owner = guest & LOCAL ? order[stopAt(swept, i)] : undefined;
    const words = order.map((_, lane) => layerWord(swept, lane, i));
    const holeOverrides = row.overrides && row.states[row.owner ?? 'base'].startsWith('zero');
    expect({
      offset: row.offset,
      owner,
      states: words.map(stateOf),
      overrides: (guest & OVERRIDES) !== 0,
      holeOverrides: (guest & HOLE_OVERRIDES) !== 0,
      shadowed: layersWith(swept, i, SHADOWED),
    }).toEqual({
      offset: row.offset,
      owner: row.owner,
      states: order.map(name => row.states[name]),
      overrides: row.overrides,
      holeOverrides,
      shadowed: [],
    });
    const hidden = order.filter(name => name !== row.owner && WORDS[row.states[name]]! & LOCAL);
    expect(layersWith(swept, i, OVERRIDDEN).map(lane => order[lane])).toEqual(row.overrides ? hidden : []);
  }
  expect(lines(swept)[0]).toBe('0 0 data - - -');
});

test('past a shorter middle layer nothing owns anything and the base is shadowed', () => {
  const base = layer('data', 'data', 'data', 'data');
  const middle = layer('unallocated', 'unallocated');
  const top = layer('unallocated', 'unallocated', 'unallocated', 'data');
  expect(lines(sweep([base, middle, top]))).toEqual([
    '0 0 data - - -',
    '2 1 outOfRange s - -',
    '3 2 data s - -',
  ]);
});

test('what the top holds past a shorter middle layer overrides nothing: the walk would not reach the base', () => {
  const below = layer('data', 'data');
  expect(lines(sweep([below, layer('data'), layer('zeroHole', 'zeroHole')]))).toEqual([
    '0 2 zeroHole u ou oh',
    '1 2 zeroHole s - -',
  ]);
});

test('a zero cluster over data is a hole that overrides; over zeros or nothing it is not', () => {
  const base = layer('data', 'zeroHole', 'unallocated', 'compressed', 'reserved');
  const zeros = new Array<ExtentState>(5).fill('zeroHole');
  expect(lines(sweep([base, layer(...zeros)]))).toEqual([
    '0 1 zeroHole u oh',
    '1 1 zeroHole u o',
    '2 1 zeroHole - -',
    '3 1 zeroHole u oh',
    '4 1 zeroHole - -',
  ]);
  const allocated = new Array<ExtentState>(5).fill('zeroAllocated');
  expect(lines(sweep([base, layer(...allocated)]))[0]).toBe('0 1 zeroAllocated u oh');
});

test('zeros in between do not make a hole over data harmless', () => {
  expect(lines(sweep([layer('data'), layer('zeroHole'), layer('zeroHole')]))).toEqual([
    '0 2 zeroHole u ohu oh',
  ]);
});

test('the walk stops where a layer was not read or cannot be read, and what is known around it stays', () => {
  expect(lines(sweep([layer('data'), layer('unread'), layer('unallocated')]))).toEqual(['0 1 unread - - -']);
  expect(lines(sweep([layer('data'), layer('unreadable'), layer('unallocated')]))).toEqual([
    '0 1 unreadable - - -',
  ]);
  expect(lines(sweep([layer('data'), layer('unread'), layer('zeroHole')]))).toEqual(['0 2 zeroHole u - oh']);
  expect(lines(sweep([layer('data'), layer('data'), layer('unread')]))).toEqual(['0 2 unread u o -']);
});

test('a page that was not read is unread up to the layer’s end', () => {
  const unread: SweepLayer = { page: undefined, words: [], size: CLUSTER };
  expect(lines(sweep([unread, layer('unallocated', 'unallocated')]))).toEqual([
    '0 0 unread - -',
    '1 0 outOfRange - -',
  ]);
});

test('reserved host space is transparent', () => {
  expect(lines(sweep([layer('data'), layer('reserved')]))).toEqual(['0 0 data - -']);
});

const ONE_EXTENT: Page = { count: 1, shift: 0, starts: new Uint16Array(1), codes: new Uint8Array(1) };

test('data whose host range is a hole is data: never a hole that overrides', () => {
  const guessed: SweepLayer = { page: ONE_EXTENT, words: [LOCAL | ZERO], size: CLUSTER };
  expect(lines(sweep([layer('data'), guessed]))).toEqual(['0 1 data u o']);
});

test('a layer whose owner is not known ends the walk and hides nothing for certain', () => {
  const unknown: SweepLayer = { page: ONE_EXTENT, words: [HOLE | ZERO], size: CLUSTER };
  expect(lines(sweep([layer('data'), unknown]))).toEqual(['0 1 zeroHole - -']);
});

test('pages with more than 255 different words keep them all', () => {
  const words = Array.from({ length: 300 }, (_, i) => LOCAL | (i << 16));
  const set = new WordSet();
  const writer = new PageWriter();
  writer.begin();
  words.forEach((word, i) => {
    writer.push(i * CLUSTER, set.code(word));
  });
  const swept = new Sweeper().sweep(
    [{ page: writer.seal(), words: set.words, size: 300 * CLUSTER }],
    [],
    0,
    300 * CLUSTER,
  );
  expect(Array.from({ length: swept.count }, (_, i) => guestWord(swept, i))).toEqual(words);
});

test('an empty page has no segments', () => {
  const swept = new Sweeper().sweep([{ page: undefined, words: [], size: 0 }], [], 0, 0);
  expect([swept.count, swept.starts[0]]).toEqual([0, 0]);
});
