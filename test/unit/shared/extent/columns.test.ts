/** Columns of single pages, where a value is known by hand. */
import { expect, test } from 'vitest';
import { addExtent, addSwept, createColumns, sumColumns } from '../../../../shared/extent/columns.ts';
import { ABSENT_EVERYWHERE, DAMAGED, LOCAL, UNREADABLE } from '../../../../shared/extent/flags.ts';
import { PageWriter, WordSet } from '../../../../shared/extent/page.ts';
import { partIndexOf } from '../../../../shared/extent/parts.ts';
import { Sweeper, type SweepLayer } from '../../../../shared/extent/sweep.ts';

/** A layer of `size` bytes from starts and words. */
function layerOf(size: number, ...extents: readonly (readonly [start: number, word: number])[]): SweepLayer {
  const words = new WordSet();
  const writer = new PageWriter();
  writer.begin();
  for (const [start, word] of extents) writer.push(start, words.code(word));
  return { page: writer.seal(), words: words.words, size };
}

test('on the guest track, what is stored nowhere and what lies past a shorter layer is one extent', () => {
  const base = layerOf(2, [0, ABSENT_EVERYWHERE]);
  const top = layerOf(4, [0, ABSENT_EVERYWHERE]);
  const tracks = [true, false, false].map(isGuest => createColumns(1, 4, isGuest));
  addSwept(tracks, 0, new Sweeper().sweep([base, top], [], 0, 4), 0, 4);
  expect(tracks.map(({ runs }) => runs[0])).toEqual([1, 2, 1]);
});

test('a layer that ends where one of its extents would begin has no segment of length zero, however large the page is', () => {
  const end = 2 ** 31 + 1; // more units than a merge in whole units takes
  for (const cut of [1, 3, 2 ** 31 - 1]) {
    const base = layerOf(cut, [0, LOCAL], [cut, ABSENT_EVERYWHERE]);
    const top = layerOf(end, [0, ABSENT_EVERYWHERE]);
    const { count, starts } = new Sweeper().sweep([base, top], [], 0, end);
    expect([count, [...starts.subarray(0, count + 1)]]).toEqual([2, [0, cut, end]]);
  }
});

test('columns that begin within a wider one are summed up to its end, and no further', () => {
  const narrow = createColumns(8, 1, false);
  addExtent(narrow, 0, 0, 4, ABSENT_EVERYWHERE);
  addExtent(narrow, 0, 4, 8, LOCAL);
  const wide = createColumns(2, 4, false);
  sumColumns(narrow, 2, 6, wide, 0);
  const bytesOf = (word: number) => [0, 1].map(c => wide.bytes.at(c, partIndexOf(word)));
  expect([bytesOf(ABSENT_EVERYWHERE), bytesOf(LOCAL)]).toEqual([
    [2, 0],
    [0, 4],
  ]);
});

test('what is lost is read of no layer', () => {
  const only = layerOf(4, [0, LOCAL], [1, LOCAL | UNREADABLE | DAMAGED]);
  const tracks = [true, false].map(isGuest => createColumns(1, 4, isGuest));
  addSwept(tracks, 0, new Sweeper().sweep([only], [], 0, 4), 0, 4);
  expect(tracks[0]?.owners?.map(bytes => bytes?.[0])).toEqual([1]);
});
