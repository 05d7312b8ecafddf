import { expect, it } from 'vitest';
import { DamageSearch } from '../../../../electron/nbd/walk/damage-search.ts';

const FINEST = 65_536;

/** Requests of a walk over `size` bytes where `isBad` tells whether a piece fails; each failure takes `milliseconds`. */
function requestsOf(
  size: number,
  isBad: (start: number, length: number) => boolean,
  milliseconds = 0,
): number {
  const search = new DamageSearch(FINEST);
  let requests = 0;
  for (let start = 0; start < size && !search.isOver; requests++) {
    const piece = search.piece;
    if (isBad(start, piece)) {
      search.failed(milliseconds);
      search.gaveUp(milliseconds);
    } else search.succeeded();
    start += piece;
  }
  return requests;
}

it('takes few requests for a dead disk, the fewer the slower it fails', () => {
  expect(requestsOf(2 ** 53, () => true)).toBeLessThan(10_000);
  expect(requestsOf(2 ** 53, () => true, 10_000)).toBeLessThan(200);
});

it('ends on a disk that fails as often as it can', () => {
  const odd = (start: number, length: number) => length > FINEST || (start / FINEST) % 2 === 1;
  expect(requestsOf(2 ** 53, odd)).toBeLessThan(70_000);
});

it('looks for the finest pieces again after a run of bad ones', () => {
  const search = new DamageSearch(FINEST);
  for (let i = 0; i < 600; i++) search.gaveUp(0);
  expect(search.piece).toBe(4 * FINEST);
  expect([FINEST, 2 * FINEST].map(length => search.isCoarse(length))).toEqual([false, true]);
  search.succeeded();
  expect(search.piece).toBe(FINEST);
});
