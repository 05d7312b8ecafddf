/** What qemu answers about ranges of a chain. */
import { describe, expect, it } from 'vitest';
import { passOver, statusAbove } from '../../../../electron/plan/layers/block-status.ts';
import { CLUSTER, fakeRuns } from '../../../support/fake-runs.ts';

describe('statusAbove', () => {
  const layers = [fakeRuns('dddddd'), fakeRuns('..zz'), fakeRuns('.d....')];
  const at = (cluster: number, top = 2, bottom = 0) =>
    statusAbove(layers, top, bottom, cluster * CLUSTER, (6 - cluster) * CLUSTER);

  it('stops at the topmost layer that holds something', () => {
    expect(at(1)).toMatchObject({ layer: 2, zero: false, length: CLUSTER });
    expect(at(2)).toMatchObject({ layer: 1, zero: true, length: 2 * CLUSTER });
  });

  it('ends an answer where any layer on the way changes', () => {
    expect(at(0)).toMatchObject({ layer: 0, zero: false, length: CLUSTER });
  });

  it('takes the rest of a shorter layer for zeros that hide what is below', () => {
    expect(at(4)).toMatchObject({ layer: 1, zero: true, length: 2 * CLUSTER });
  });

  it('asks no layer below the bottom one', () => {
    expect(at(0, 2, 1)).toMatchObject({ layer: -1, zero: true, length: CLUSTER });
  });

  it('ends an answer at the end of a slice of L2 entries', () => {
    const small = [fakeRuns('z'.repeat(200), 512)].map(runs => ({ ...runs, sliceSpan: 64 * 512 }));
    expect(statusAbove(small, 0, 0, 60 * 512, 140 * 512)).toMatchObject({ length: 4 * 512, zero: true });
  });
});

it('qemu tells of compressed clusters one by one, and of others up to the end of a slice', () => {
  const lengthOf = (letters: string) => statusAbove([fakeRuns(letters)], 0, 0, 0, 4 * CLUSTER).length;
  expect(['cccc', 'dddd'].map(letters => lengthOf(letters) / CLUSTER)).toEqual([1, 4]);
});

describe('passOver', () => {
  const sliced = (kinds: string) => ({ ...fakeRuns(kinds, 512), sliceSpan: 64 * 512 });
  const layers = [sliced(`${'.'.repeat(200)}${'z'.repeat(200)}`), sliced('.'.repeat(400))];

  it('goes over slices of L2 entries where no layer decides', () => {
    expect(statusAbove(layers, 1, 0, 0, 400 * 512)).toMatchObject({ layer: -1, length: 64 * 512 });
    expect(passOver(layers, 1, 0, 0, 400 * 512)).toMatchObject({ layer: -1, length: 200 * 512 });
  });

  it('goes over slices of L2 entries that cannot be read', () => {
    const damaged = [sliced('d'.repeat(400)), sliced(`${'x'.repeat(300)}${'.'.repeat(100)}`)];
    const whole = { layer: 1, damaged: true, length: 290 * 512 };
    expect(passOver(damaged, 1, 0, 10 * 512, 390 * 512)).toMatchObject(whole);
  });

  it('answers as qemu does where one does', () => {
    const at = 250 * 512;
    expect(passOver(layers, 1, 0, at, 150 * 512)).toEqual(statusAbove(layers, 1, 0, at, 150 * 512));
  });
});
