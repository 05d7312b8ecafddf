import { expect, it } from 'vitest';
import { contextTotals } from '../../../electron/formats/nbdinfo.ts';
import { contextWithRole } from '../../../shared/nbd-contexts.ts';
import { runWell } from '../../support/tools.ts';

/** Percentages of `sizes` within their sum. */
function percentages(sizes: readonly number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size);
  const sums = sizes.map((size, word) => [word, size] as const);
  return JSON.parse(contextTotals(undefined, sums, total)).map(({ percent }: { percent: number }) => percent);
}

it('rounds percentages as printf does, ties to the even digit', async () => {
  const cases = [
    [1000, 24],
    [65536, 983040],
    [1, 2 ** 40 - 1],
    [3, 4],
    [2 ** 50, 1],
    ...Array.from({ length: 64 }, (_, i) => [2 * i + 1, 2 ** 11 - 2 * i - 1]),
  ];
  const values = cases.flatMap(sizes => {
    const total = sizes.reduce((sum, size) => sum + size);
    return sizes.map(size => String((100 * size) / total));
  });
  const printed = await runWell('printf', ['%.6g\\n', ...values], { env: { ...process.env, LC_ALL: 'C' } });
  expect(cases.flatMap(percentages)).toEqual(printed.trim().split('\n').map(Number));
});

it('prints no row of an empty export', () => {
  expect(JSON.parse(contextTotals(contextWithRole('allocation'), [], 0))).toEqual([]);
});
