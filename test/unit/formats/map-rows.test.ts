import { expect, it } from 'vitest';
import { MapRowKinds } from '../../../electron/formats/map-rows.ts';
import { RowWalk } from '../../../electron/formats/row-walk.ts';
import { DEPTH_SHIFT, LOCAL, RESERVED } from '../../../shared/extent/flags.ts';
import type { SweptPage } from '../../../shared/extent/sweep.ts';

/** A page whose segments of one byte each have one of these words, all in one layer. */
function page(base: number, words: readonly number[]): SweptPage {
  const column = Uint32Array.from(words);
  return {
    base,
    end: base + words.length,
    count: words.length,
    starts: Float64Array.from({ length: words.length + 1 }, (_, i) => i),
    combos: Int32Array.from(words.keys()),
    comboCount: words.length,
    words: [column],
    stops: new Int16Array(words.length),
    guest: column,
    shown: column,
    shownStops: new Int16Array(words.length),
    hosts: new Float64Array(0),
    overlays: [],
  };
}

const wordOf = (depth: number, flags = 0) => (LOCAL | flags | (depth << DEPTH_SHIFT)) >>> 0;

it('forgets kinds that no row needs, and joins the row under way with its equal on the next page', () => {
  const kinds = new MapRowKinds();
  const rows: [start: number, length: number, word: number][] = [];
  const walk = new RowWalk(kinds, false, ({ starts, lengths, keys, count }) => {
    for (let i = 0; i < count; i++) rows.push([starts[i]!, lengths[i]!, kinds.kind(keys[i]!).word]);
  });
  // More words than kinds are kept, in two pages; the last of each comes again as the first of the next.
  const many = Array.from({ length: 60_000 }, (_, i) => wordOf(i));
  const more = Array.from({ length: 60_000 }, (_, i) => wordOf(59_999 - i, RESERVED));
  walk.add(page(0, many));
  walk.add(page(60_000, [wordOf(59_999), ...more]));
  walk.add(page(120_001, [wordOf(0, RESERVED), wordOf(1)]));
  walk.finish();
  expect(rows.slice(59_998, 60_001)).toEqual([
    [59_998, 1, wordOf(59_998)],
    [59_999, 2, wordOf(59_999)],
    [60_001, 1, wordOf(59_999, RESERVED)],
  ]);
  expect(rows.slice(-2)).toEqual([
    [120_000, 2, wordOf(0, RESERVED)],
    [120_002, 1, wordOf(1)],
  ]);
});
