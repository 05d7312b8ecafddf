/** The sums of a map for a person. */
import { expect, it } from 'vitest';
import { mapTextTotals, totalRows } from '../../../electron/formats/map-text.ts';
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

it('tells layers and bitmaps apart whose names are the same or begin alike', () => {
  const name = 'virtual-machine-snapshot-number';
  const infos = ['disk', `${name}-1`, `${name}-2`, 'disk'];
  const layers = infos.map((title, index) => ({ name: title, index, format: 'qcow2' }));
  const bitmap = (layer: number, number: number) => ({
    layer,
    name: `backup-checkpoint-of-night-${number}`,
    dirty: MIB,
    zero: 0,
    unknown: 0,
  });
  const sums: MapTotals = {
    states: STATES.map(state => (state === 'data' ? MIB : 0)),
    owners: [0, 0, 0, MIB, 0],
    overrides: 0,
    holeOverrides: 0,
    shadowed: [0, 0, 0, 0],
    overridden: [0, 0, 0, 0],
    extents: 1,
    bitmaps: [bitmap(0, 1), bitmap(3, 1), bitmap(3, 2)],
  };
  const chain = { layers } as unknown as ChainInfo;
  const labels = totalRows(chain, legendOfGuest(legendOfWitness('metadata')), sums, undefined).map(
    ([label]) => label,
  );
  expect(labels.filter(label => /owned|dirty/.test(label))).toEqual([
    'owned by 3 disk',
    `owned by ${name}-2`,
    `owned by ${name}-1`,
    'owned by 0 disk',
    'dirty in backup-checkpoint-of-ni… of 0 disk',
    'dirty in backup-checkpoint-of-night-1 of 3 disk',
    'dirty in backup-checkpoint-of-night-2 of 3 disk',
  ]);
});

it('says of an incomplete chain what its layers hide at least, and never that it is nothing', () => {
  const layers = ['mid', 'top'].map((name, index) => ({ name, index, format: 'qcow2' }));
  const legend = legendOfGuest(legendOfWitness('metadata'));
  const sums: MapTotals = {
    states: STATES.map(state => (state === 'data' ? 2 * MIB : 0)),
    owners: [MIB, MIB, 0],
    overrides: MIB,
    holeOverrides: 0,
    shadowed: [0, 0],
    overridden: [MIB, 0],
    extents: 2,
    bitmaps: [],
  };
  const hiding = (complete: boolean) =>
    mapTextTotals({ layers, complete } as unknown as ChainInfo, legend, sums, undefined)
      .split('\n')
      .map(line => line.trim().replace(/ +/g, ' '))
      .slice(-3, -1);
  const { label } = legend.holeOverrides;
  expect(hiding(true)).toEqual(['overrides a lower layer 1 MiB 50.0 %', `${label} 0 bytes 0.0 %`]);
  expect(hiding(false)).toEqual(['overrides a lower layer, at least 1 MiB 50.0 %', `${label} not known`]);
});
