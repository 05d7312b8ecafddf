import { expect, it } from 'vitest';
import { MisreadRows } from '../../../electron/plan/misreads.ts';
import type { MisreadRow } from '../../../shared/model/misread.ts';

it('rows of one layer that touch and are misread alike are one row', () => {
  const taken: MisreadRow[] = [];
  const rows = new MisreadRows(row => taken.push(row));
  const added = [
    [0, 0, 10, 'below'],
    [0, 10, 5, 'below'],
    [0, 20, 5, 'below'],
    [0, 25, 5, 'stale'],
    [1, 30, 5, 'stale'],
  ] as const;
  for (const [layer, start, length, reads] of added) rows.add({ layer, start, length, reads });
  expect(taken).toHaveLength(3);
  rows.finish();
  rows.finish();
  expect(taken.map(({ layer, start, length, reads }) => [layer, start, length, reads])).toEqual([
    [0, 0, 15, 'below'],
    [0, 20, 5, 'below'],
    [0, 25, 5, 'stale'],
    [1, 30, 5, 'stale'],
  ]);
});
