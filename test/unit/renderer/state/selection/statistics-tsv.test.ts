import { expect, test } from 'vitest';
import { statisticsTsv } from '../../../../../renderer/state/selection/statistics-tsv.ts';
import { STATES } from '../../../../../shared/extent/flags.ts';
import { goldenChain } from '../../../../support/window/fake-chain.ts';

const chain = goldenChain();
const opened = { sessionId: 1, chain: chain.info, tracks: chain.tracks };

test('writes one row for each state and mark that occurs, tab-separated', () => {
  const zeros = STATES.map(() => 0);
  const first = (value: number) => [value, ...zeros.slice(1)];
  const sums = { runs: first(2), shortest: first(1), longest: first(7), median: first(4) };
  const marks = {
    overrideBytes: 8,
    holeOverrideBytes: 0,
    shadowedBytes: 0,
    overriddenBytes: 0,
    dirtyUnknownBytes: 0,
    dirtyBytes: 0,
  };
  const tsv = statisticsTsv([{ track: 0, bytes: first(8), ...sums, ...marks }], opened, {
    start: 0,
    end: 16,
  });
  expect(tsv.split('\n').slice(1, 3)).toEqual([
    'guest\t0\t16\tdata\t8\t50.000\t2\t1\t4\t7',
    'guest\t0\t16\toverrides\t8\t50.000',
  ]);
  const incomplete = { ...opened, chain: { ...opened.chain, complete: false } };
  const least = statisticsTsv([{ track: 0, bytes: first(8), ...sums, ...marks }], incomplete, {
    start: 0,
    end: 16,
  });
  expect(least.split('\n')[2]).toBe('guest\t0\t16\toverridesAtLeast\t8\t50.000');
});

test('escapes a track title that a spreadsheet would take for a formula', () => {
  const tracks = [{ ...chain.tracks[0]!, title: '=cmd()' }];
  const zeros = STATES.map(() => 1);
  const sums = { bytes: zeros, runs: zeros, shortest: zeros, longest: zeros, median: zeros };
  const marks = {
    overrideBytes: 0,
    holeOverrideBytes: 0,
    shadowedBytes: 0,
    overriddenBytes: 0,
    dirtyUnknownBytes: 0,
    dirtyBytes: 0,
  };
  expect(
    statisticsTsv([{ track: 0, ...sums, ...marks }], { ...opened, tracks }, { start: 0, end: 10 }),
  ).toContain("'=cmd()");
});
