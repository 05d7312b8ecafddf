/** The columns of a target's disk in the text of a plan. */
import { expect, it } from 'vitest';
import { TargetStrip } from '../../../electron/plan/target-strip.ts';
import { DATA, UNALLOCATED, ZERO_HOLE } from '../../../electron/qcow2/format/entry.ts';

const UNIT = 65_536;

it('marks zeros that are stored when the target grows as written, and nothing where it only gets longer', () => {
  const strip = new TargetStrip(4 * UNIT, UNIT);
  strip.add(0, UNIT, DATA, DATA, false);
  strip.add(UNIT, 2 * UNIT, UNALLOCATED, DATA, true);
  strip.add(2 * UNIT, 3 * UNIT, ZERO_HOLE, ZERO_HOLE, false);
  strip.add(3 * UNIT, 4 * UNIT, UNALLOCATED, UNALLOCATED, false);
  expect(strip.strip(2 * UNIT)).toEqual({
    span: UNIT,
    before: ['data', 'unallocated', 'outOfRange', 'outOfRange'],
    after: ['data', 'data', 'zeroHole', 'unallocated'],
    written: [false, true, true, false],
  });
});
