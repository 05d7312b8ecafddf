import { expect, it } from 'vitest';
import { geometryOf, tableIndexOf } from '../../../../electron/qcow2/format/geometry.ts';

it('covers 512 MiB with an L1 entry of 64 KiB clusters, half of that with extended L2', () => {
  expect(geometryOf(16, false, 2 ** 40)).toMatchObject({
    l2Entries: 8192,
    l1Coverage: 2 ** 29,
    l1Needed: 2048,
  });
  expect(geometryOf(16, true, 2 ** 40)).toMatchObject({
    l2Entries: 4096,
    l1Coverage: 2 ** 28,
    subclusters: 32,
  });
  expect(geometryOf(9, false, 1)).toMatchObject({ l2Entries: 64, l1Coverage: 2 ** 15, l1Needed: 1 });
});

it('finds the indexes of offsets far above 2^32', () => {
  const geometry = geometryOf(16, false, 2 ** 50);
  expect(tableIndexOf(geometry, 2 ** 49 + 3 * 65_536 + 17)).toEqual({ l1Index: 2 ** 20, l2Index: 3 });
  expect(tableIndexOf(geometry, 2 ** 29 - 1)).toEqual({ l1Index: 0, l2Index: 8191 });
});
