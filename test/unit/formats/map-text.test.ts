/** The sums of a map for a person. */
import { expect, it } from 'vitest';
import { mapTextTotals } from '../../../electron/formats/map-text.ts';
import { type ExtentState, STATES } from '../../../shared/extent/flags.ts';
import { legendOfGuest, legendOfWitness } from '../../../shared/legend.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';
import type { MapTotals } from '../../../shared/model/statistics.ts';

const MIB = 2 ** 20;

/** The sums of two layers, of which the upper one owns 1 MiB of data. */
function totals(states: Partial<Record<ExtentState, number>>): string[] {
  const layers = ['base', 'top'].map((name, index) => ({ name, index, format: 'qcow2' }));
  const chain = { layers } as unknown as ChainInfo;
  const bytes = STATES.map(state => states[state] ?? 0);
  const unowned = bytes.reduce((sum, each) => sum + each, 0) - MIB;
  const sums: MapTotals = {
    states: bytes,
    owners: [0, MIB, unowned],
    overrides: 0,
    holeOverrides: 0,
    shadowed: [0, 0],
    overridden: [0, 0],
    extents: 2,
    bitmaps: [],
  };
  return mapTextTotals(chain, legendOfGuest(legendOfWitness('metadata')), sums, undefined)
    .split('\n')
    .map(line => line.trim().replace(/ +/g, ' '))
    .filter(line => line.startsWith('owne'));
}

it('says that no layer owns a range only where that is known', () => {
  expect(totals({ data: MIB, unallocated: 2 * MIB, outOfRange: MIB })).toEqual([
    'owned by top 1 MiB 25.0 %',
    'owned by base 0 bytes 0.0 %',
    'owned by no layer 3 MiB 75.0 %',
  ]);
  expect(totals({ data: MIB, unallocated: MIB, unread: MIB, unreadable: MIB })).toEqual([
    'owned by top 1 MiB 25.0 %',
    'owned by base 0 bytes 0.0 %',
    'owned by no layer 1 MiB 25.0 %',
    'owner not known 2 MiB 50.0 %',
  ]);
  expect(totals({ data: 2 * MIB })).toEqual([
    'owned by top 1 MiB 50.0 %',
    'owned by base 0 bytes 0.0 %',
    'owner not known 1 MiB 50.0 %',
  ]);
});
