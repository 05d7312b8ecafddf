import { expect, it } from 'vitest';
import { seekIn } from '../../../../electron/engine/questions/seek.ts';
import { STATES } from '../../../../shared/extent/flags.ts';
import { createPyramid, type Pyramid, summarizePage } from '../../../../shared/extent/pyramid.ts';
import type { SeekKind } from '../../../../shared/model/statistics.ts';
import { fedChain } from '../../../support/fed-chain.ts';

const MIB = 2 ** 20;

/** A raw layer of 256 MiB in four pages of 64 MiB; `zeros` are ranges in MiB. */
function tablesOf(...zeros: readonly (readonly [number, number])[]) {
  const flags = Array.from({ length: 256 }, (_, at) =>
    zeros.some(([from, to]) => at >= from && at < to) ? 3 : 0,
  );
  const tables = fedChain([{ kind: 'rawLayer', units: 256, contexts: { 'base:allocation': flags } }], MIB);
  const pyramid = createPyramid(tables.pageCount, tables.pageSpan, tables.slotCount);
  for (let page = 0; page < tables.pageCount; page++) summarizePage(pyramid, page, tables.sweep(page));
  return { tables, pyramid };
}

type Given = { tables: Parameters<typeof seekIn>[0]; pyramid: Pyramid };
const ZERO: SeekKind = { state: STATES.indexOf('zeroHole') };

async function places(
  { tables, pyramid }: Given,
  kind: SeekKind,
  froms: readonly number[],
  backwards: boolean,
) {
  const found: number[] = [];
  for (const from of froms) {
    const place = await seekIn(tables, pyramid, { track: 0, from: from * MIB, backwards, kind });
    found.push(place < 0 ? -1 : place / MIB);
  }
  return found;
}

it('finds an extent again after pages that hold none of its kind', async () => {
  const given = tablesOf([0, 64], [128, 192]);
  expect(await places(given, ZERO, [0, 63, 64, 127, 128, 200], false)).toEqual([128, 128, 128, 128, -1, -1]);
  expect(await places(given, ZERO, [256, 150, 128, 100, 1, 0], true)).toEqual([128, 128, 0, 0, 0, -1]);
});

it('takes an extent over several pages for one, from its start', async () => {
  const given = tablesOf([10, 250]);
  expect(await places(given, ZERO, [-1, 9, 10, 64, 200], false)).toEqual([10, 10, -1, -1, -1]);
  expect(await places(given, ZERO, [256, 250, 192, 100, 64, 11, 10], true)).toEqual([
    10, 10, 10, 10, 10, 10, -1,
  ]);
  expect(await places(given, 'change', [-1, 0, 10, 250], false)).toEqual([0, 10, 250, -1]);
  expect(await places(given, 'change', [256, 250, 200, 10, 0], true)).toEqual([250, 10, 10, 0, -1]);
});

it('finds extents that begin or end exactly at page borders', async () => {
  const given = tablesOf([64, 128], [192, 193]);
  expect(await places(given, ZERO, [0, 64, 192], false)).toEqual([64, 192, -1]);
  expect(await places(given, ZERO, [256, 192, 128, 64], true)).toEqual([192, 64, 64, -1]);
});

it('finds a place at the very start from just before it', async () => {
  const { tables, pyramid } = tablesOf([0, 10]);
  const ask = (from: number) => seekIn(tables, pyramid, { track: 0, from, backwards: false, kind: ZERO });
  expect(await ask(-1)).toBe(0);
  expect(await ask(0)).toBe(-1);
});

it('seeks beyond either end without harm', async () => {
  const given = tablesOf([10, 20]);
  expect(await places(given, ZERO, [1000], false)).toEqual([-1]);
  expect(await places(given, ZERO, [1000], true)).toEqual([10]);
  expect(await places(given, ZERO, [-5], true)).toEqual([-1]);
});
