import { expect, it } from 'vitest';
import { RangeList } from '../../../electron/plan/range-list.ts';
import { DATA, UNALLOCATED, ZERO_HOLE } from '../../../electron/qcow2/format/entry.ts';

/** The rows as [start, length, before, after, written]. */
const rowsOf = (list: RangeList) =>
  list.rows.map(({ start, length, before, after, written }) => [start, length, before, after, written]);

it('joins neighbors that are alike before and after, and written alike', () => {
  const list = new RangeList(100);
  list.add(0, 10, DATA, DATA, false);
  list.add(10, 20, DATA, DATA, false);
  list.add(20, 30, DATA, DATA, true);
  list.add(30, 40, UNALLOCATED, DATA, true);
  list.add(40, 50, UNALLOCATED, ZERO_HOLE, true);
  list.add(50, 60, UNALLOCATED, ZERO_HOLE, true);
  expect(rowsOf(list)).toEqual([
    [0, 20, 'data', 'data', false],
    [20, 10, 'data', 'data', true],
    [30, 10, 'unallocated', 'data', true],
    [40, 20, 'unallocated', 'zeroHole', true],
  ]);
});

it('says that what lies behind the old end was no part of the disk', () => {
  const list = new RangeList(15);
  list.add(0, 10, DATA, DATA, false);
  list.add(10, 20, UNALLOCATED, DATA, true);
  list.add(20, 30, UNALLOCATED, DATA, true);
  expect(rowsOf(list)).toEqual([
    [0, 10, 'data', 'data', false],
    [10, 5, 'unallocated', 'data', true],
    [15, 15, 'outOfRange', 'data', true],
  ]);
});
