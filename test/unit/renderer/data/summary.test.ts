import { expect, test } from 'vitest';
import { summarizeStrip } from '../../../../renderer/data/summary.ts';
import { createColumnStrip, presentIn } from '../../../../shared/draw/strip/column-strip.ts';
import { stripFromTiles } from '../../../../shared/draw/strip/strip-from-tiles.ts';
import { ABSENT, HOLE, LOCAL, OVERRIDES, STATES, ZERO } from '../../../../shared/extent/flags.ts';
import { PRESENT } from '../../../../shared/model/tile.ts';
import { tiled } from '../../../support/pictures/tiled-strips.ts';

const DATA = LOCAL;
const NONE = ABSENT | HOLE | ZERO;

test('the summary adds up, mixed pixels by their shares', () => {
  const cache = tiled(10, 2 ** 18, [
    [0, 2 ** 17 + 512, DATA | OVERRIDES],
    [2 ** 17 + 512, 2 ** 18, NONE],
  ]);
  const strip = createColumnStrip(256);
  stripFromTiles(strip, 0, { start: 0, end: 2 ** 18 }, cache);
  const { shares, present } = summarizeStrip(strip);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
  expect(shares[STATES.indexOf('data')]).toBeCloseTo(0.5 + 1 / 512, 3);
  expect(present).toBe(presentIn(strip));
  expect(present & PRESENT.overrides).not.toBe(0);
});

test('a strip of which nothing is known has no shares', () => {
  expect(summarizeStrip(createColumnStrip(50)).shares).toEqual(STATES.map(() => 0));
});
