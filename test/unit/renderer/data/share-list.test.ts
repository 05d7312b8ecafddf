import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stateShares } from '../../../../renderer/data/share-list.ts';
import { STATES } from '../../../../shared/extent/flags.ts';
import { PARTS, partOf } from '../../../../shared/extent/parts.ts';

const data = STATES.indexOf('data');

test('the shares of a pixel add up to 100 percent, whatever they are', () => {
  const shares = fc.uniqueArray(fc.tuple(fc.nat(PARTS.length - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    selector: ([part]) => part,
  });
  fc.assert(
    fc.property(shares, list => {
      expect(stateShares(list).reduce((sum, { percent }) => sum + percent, 0)).toBe(100);
    }),
  );
});

test('hidden shares are kept apart from those that are read, and shares of one state are summed', () => {
  const zeros = STATES.indexOf('zeroHole');
  expect(
    stateShares([
      [partOf(data), 100],
      [partOf(data, 'overridden'), 50],
      [partOf(data, 'shadowed'), 5],
      [partOf(zeros), 50],
      [partOf(zeros, 'hidesData'), 50],
    ]),
  ).toEqual([
    { state: 'data', isHidden: false, percent: 39 },
    { state: 'zeroHole', isHidden: false, percent: 39 },
    { state: 'data', isHidden: true, percent: 22 },
  ]);
});
