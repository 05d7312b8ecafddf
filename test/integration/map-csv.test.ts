/** The map as comma-separated values says what the JSON document says, row for row. */
import { expect, it } from 'vitest';
import { makeChain, recipes } from '../../examples/recipes.mjs';
import { cowscope } from '../support/cli.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { temporaryFolder } from '../support/tools.ts';

interface JsonRow {
  readonly start: number;
  readonly length: number;
  readonly owner: number | null;
  readonly state: string;
  readonly overrides: readonly number[];
  readonly shadows: readonly number[];
  readonly holeOverrides?: true;
  readonly damaged?: true;
  readonly dirty?: true;
  readonly dirtyUnknown?: true;
  readonly host?: number;
}

const NAMES = 'start,length,owner,state,overrides,shadows,hole_overrides,damaged,dirty';
const yes = (flag: boolean | undefined) => (flag ? 'yes' : '');

function lineOf(row: JsonRow, withHosts: boolean): string {
  const dirty = row.dirty ? 'yes' : row.dirtyUnknown ? 'unknown' : '';
  const values = [
    row.start,
    row.length,
    row.owner ?? '',
    row.state,
    row.overrides.join(' '),
    row.shadows.join(' '),
    yes(row.holeOverrides),
    yes(row.damaged),
    dirty,
    ...(withHosts ? [row.host ?? ''] : []),
  ];
  return values.join(',');
}

async function compare(...args: readonly string[]): Promise<void> {
  const withHosts = args.includes('--host-offsets');
  const csv = await cowscope(['map', '--output', 'csv', ...args]);
  const json = await cowscope(['map', '--output', 'json', ...args]);
  const { rows } = JSON.parse(json.stdout) as { readonly rows: readonly JsonRow[] };
  expect(rows.length).toBeGreaterThan(0);
  expect(csv.stdout.trimEnd().split('\n')).toEqual([
    withHosts ? `${NAMES},host` : NAMES,
    ...rows.map(row => lineOf(row, withHosts)),
  ]);
  expect(csv.code).toBe(json.code);
}

it.each(recipes.map(recipe => [recipe.name, recipe] as const))('of the demo chain %s', async (_, recipe) => {
  const top = (await makeChain(recipe, temporaryFolder())).at(-1) as string;
  await compare(top);
  await compare('--host-offsets', top);
  await compare('--layer', '0', top);
});

it.each([1, 2, 3])('of random chain %d', async seed => {
  const { top } = await randomChain(5_000_000 + seed, temporaryFolder(), { bitmaps: true });
  await compare('--host-offsets', '--allow-all', top);
});

it('needs rows: sums and other forms have none', async () => {
  for (const more of [['--totals'], ['--as', 'qemu-img'], ['--as', 'nbdinfo']]) {
    const { code, stderr } = await cowscope(['map', '--output', 'csv', ...more, 'top.qcow2']);
    expect([code, stderr]).toEqual([
      64,
      expect.stringContaining('--output csv is about the rows of the map'),
    ]);
  }
});
