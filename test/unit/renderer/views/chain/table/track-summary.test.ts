import { expect, test } from 'vitest';
import { trackSummary } from '../../../../../../renderer/views/chain/table/track-summary.ts';
import { STATES } from '../../../../../../shared/extent/flags.ts';
import { LEGEND } from '../../../../../../shared/legend.ts';
import { PRESENT } from '../../../../../../shared/model/tile.ts';
import { goldenChain } from '../../../../../support/window/fake-chain.ts';

const mid = goldenChain().tracks[2]!;

test('the summary of a track names the largest share first, then the marks', () => {
  const shares = STATES.map(
    state => ({ data: 0.62, unallocated: 0.378, zeroHole: 0.002 })[state as string] ?? 0,
  );
  expect(trackSummary(mid, { shares, present: PRESENT.holeOverrides | PRESENT.overrides }, LEGEND)).toBe(
    'mid.qcow2: 62 % data, 38 % unallocated, under 1 % zero (no space); marks: zeros that hide data',
  );
  expect(trackSummary(mid, { shares: STATES.map(() => 0), present: 0 }, LEGEND)).toBe('mid.qcow2: loading');
});
