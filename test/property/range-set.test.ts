import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeSet } from '../../shared/range-set.ts';

const SIZE = 64;
const arbitraryRange = fc.tuple(fc.nat(SIZE - 1), fc.nat(12));

/** One cell a number: true where it is in the set. */
function naive(ranges: readonly (readonly [number, number])[]): boolean[] {
  const cells = new Array<boolean>(SIZE + 13).fill(false);
  for (const [start, length] of ranges) cells.fill(true, start, start + length);
  return cells;
}

test('a set of ranges answers as a list of cells does, in whatever order ranges were added', () => {
  fc.assert(
    fc.property(fc.array(arbitraryRange, { maxLength: 40 }), ranges => {
      const set = new RangeSet();
      for (const range of ranges) set.add(...range);
      const cells = naive(ranges);
      expect(cells.map((_, at) => set.has(at))).toEqual(cells);
      const starts = cells.flatMap((inside, at) => (inside && cells[at - 1] !== true ? [at] : []));
      expect(set.ranges().map(([start]) => start)).toEqual(starts);
      expect(set.ranges().reduce((sum, [, length]) => sum + length, 0)).toBe(cells.filter(Boolean).length);
      for (let from = -1; from < SIZE + 13; from += 3) {
        expect(set.nextStart(from, false)).toBe(starts.find(start => start > from) ?? -1);
        expect(set.nextStart(from, true)).toBe(starts.findLast(start => start < from) ?? -1);
        const part = cells.slice(Math.max(0, from), from + 5);
        const outside = cells.findIndex((inside, at) => at >= from && !inside);
        if (from >= 0) expect(set.endFrom(from)).toBe(outside < 0 ? cells.length : outside);
        expect(set.touches(Math.max(0, from), from + 5)).toBe(part.some(Boolean));
        expect(set.covers(Math.max(0, from), from + 5)).toBe(part.length > 0 && part.every(Boolean));
      }
    }),
  );
});

test('a set over its limit grows coarse: it holds all that was added, in at most that many ranges', () => {
  fc.assert(
    fc.property(fc.array(arbitraryRange, { maxLength: 40 }), ranges => {
      const set = new RangeSet(4);
      for (const range of ranges) set.add(...range);
      expect(set.count).toBeLessThanOrEqual(4);
      const cells = naive(ranges);
      for (const [at, inside] of cells.entries()) if (inside || set.isExact) expect(set.has(at)).toBe(inside);
    }),
  );
});
