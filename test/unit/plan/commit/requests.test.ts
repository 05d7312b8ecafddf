/** The requests that commits send to their target. */
import { describe, expect, it } from 'vitest';
import {
  commitJobRequests,
  mirrorGranularity,
  mirrorRequests,
} from '../../../../electron/plan/commit/requests.ts';
import { CLUSTER, fakeRuns } from '../../../support/fake-runs.ts';

const KIB = 1024;
/** A request in short: its bytes in KiB, and c for a copy or z for zeros. */
const short = (requests: Iterable<{ start: number; end: number; zero: boolean }>) =>
  [...requests].map(({ start, end, zero }) => `${start / KIB}+${(end - start) / KIB}${zero ? 'z' : 'c'}`);
const TARGET = { clusterSize: CLUSTER, zeroUnit: CLUSTER };

describe('mirrorRequests', () => {
  it('copies what the committed layers hold, and leaves out what they do not', () => {
    const runs = [fakeRuns('dddd'), fakeRuns('.dz.')];
    expect(short(mirrorRequests({ runs, target: 0, top: 1 }, TARGET))).toEqual(['64+64c', '128+64z']);
  });

  it('tells which requests are sent together: those of one range, of what layers above the target hold', () => {
    const order = (base: string, top: string) =>
      [...mirrorRequests({ runs: [fakeRuns(base), fakeRuns(top)], target: 0, top: 1 }, TARGET)].map(
        ({ isFirst, isKnown }) => `${isFirst ? 'first' : 'next'} ${isKnown ? 'known' : 'asked'}`,
      );
    expect(order('dddddd', 'dzd.dz')).toEqual([
      'first known',
      'next known',
      'next known',
      'first known',
      'next known',
    ]);
    const parts = [fakeRuns('dd'), fakeRuns(`d${'.'.repeat(16)}d${'.'.repeat(14)}`, 4 * KIB)];
    const [first, next] = mirrorRequests({ runs: parts, target: 0, top: 1 }, TARGET);
    expect([first?.isKnown, next?.isFirst, next?.isKnown]).toEqual([true, false, false]);
  });

  it('does not say that a request has to wait for the next one where its zeros may need no file to be read', () => {
    const mixed = `${'z'.repeat(8)}${'.'.repeat(8)}${'d'.repeat(32)}`;
    const parts = [fakeRuns('...'), fakeRuns(mixed, 4 * KIB)];
    const requests = [...mirrorRequests({ runs: parts, target: 0, top: 1 }, TARGET)];
    expect(requests.map(({ start, isFirst }) => [start / KIB, isFirst])).toEqual([
      [0, true],
      [64, true],
    ]);
    const read = [fakeRuns('...'), fakeRuns(`d${mixed.slice(1)}`, 4 * KIB)];
    const [, next] = mirrorRequests({ runs: read, target: 0, top: 1 }, TARGET);
    expect(next?.isFirst).toBe(false);
  });

  it('tells from where on data is surely still read when a request is sent', () => {
    const passed = (base: string, top: string) =>
      [...mirrorRequests({ runs: [fakeRuns(base), fakeRuns(top)], target: 0, top: 1 }, TARGET)].map(
        ({ passesFrom = -1 }) => passesFrom / CLUSTER,
      );
    expect(passed('......', 'dzdz.d')).toEqual([0, 0, 0, 0, 0]);
    // More than 16 requests: one of the first has to end before the next is sent.
    expect(passed('.'.repeat(20), 'dz'.repeat(10)).slice(14)).toEqual([0, 0, 16, 17, 18, 19]);
    // What the second begins with is the target's, whose tables may have to be read first.
    const parts = [fakeRuns('ddd'), fakeRuns(`${'d'.repeat(16)}.${'d'.repeat(15)}`, 4 * KIB)];
    const asked = [...mirrorRequests({ runs: parts, target: 0, top: 1 }, TARGET)];
    expect(asked.map(({ start, passesFrom }) => [start / CLUSTER, (passesFrom ?? -1) / CLUSTER])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect([...commitJobRequests({ runs: parts, target: 0, top: 1 }, true)][0]?.passesFrom).toBeUndefined();
  });

  it('copies whole units of the target where a layer with smaller clusters holds a part of one', () => {
    const runs = [fakeRuns('dd'), fakeRuns('.d..............................', 4 * KIB)];
    expect(short(mirrorRequests({ runs, target: 0, top: 1 }, TARGET))).toEqual(['0+64c']);
  });

  it('writes zeros as data where they are no whole unit, or where no one answer covers it', () => {
    const half = [fakeRuns('dd'), fakeRuns(`${'z'.repeat(8)}${'.'.repeat(24)}`, 4 * KIB)];
    expect(short(mirrorRequests({ runs: half, target: 0, top: 1 }, TARGET))).toEqual(['0+64c']);
    const mixed = [fakeRuns('dd'), fakeRuns(`${'z'.repeat(8)}${'a'.repeat(8)}${'.'.repeat(16)}`, 4 * KIB)];
    expect(short(mirrorRequests({ runs: mixed, target: 0, top: 1 }, TARGET))).toEqual(['0+64c']);
  });

  it('keeps zeros of subclusters since version 8.1, whose unit is smaller than a cluster', () => {
    const runs = [fakeRuns('dd', 128 * KIB), fakeRuns('z...')];
    const target = { clusterSize: 128 * KIB, zeroUnit: 128 * KIB };
    expect(short(mirrorRequests({ runs, target: 0, top: 1 }, target))).toEqual(['0+64c']);
    expect(short(mirrorRequests({ runs, target: 0, top: 1 }, { ...target, zeroUnit: 4 * KIB }))).toEqual([
      '0+64z',
    ]);
  });

  it('stores zeros behind the end of a layer between, which hides the target', () => {
    const runs = [fakeRuns('dddd'), fakeRuns('d.'), fakeRuns('....')];
    expect(short(mirrorRequests({ runs, target: 0, top: 2 }, TARGET))).toEqual(['0+64c', '128+128z']);
  });

  it('sends one request for all that cannot be read, where the job ends', () => {
    const damage = 'x'.repeat(2 ** 11); // 128 MiB
    const runs = [fakeRuns('d'.repeat(2 ** 12)), fakeRuns(`d${damage}.d`)];
    const requests = [...mirrorRequests({ runs, target: 0, top: 1 }, TARGET)];
    expect(short(requests)).toEqual(['0+64c', `64+${64 * 2 ** 11}c`, `${64 * (2 ** 11 + 2)}+64c`]);
    expect(requests.map(({ damaged }) => damaged)).toEqual([false, true, false]);
    expect(short(commitJobRequests({ runs, target: 0, top: 1 }, true))).toEqual(short(requests));
  });

  it('ends with the layer where its end lies within a unit', () => {
    const runs = [fakeRuns('dd'), fakeRuns('d'.repeat(5), 4 * KIB)];
    expect(short(mirrorRequests({ runs, target: 0, top: 1 }, TARGET))).toEqual(['0+20c']);
  });

  it('copies in units of 4 to 64 KiB, and of 64 KiB into a raw target', () => {
    expect([512, 4096, 32_768, 2 ** 21, 0].map(mirrorGranularity)).toEqual([
      4096, 4096, 32_768, 65_536, 65_536,
    ]);
  });
});

describe('commitJobRequests', () => {
  const runs = [fakeRuns('dddd'), fakeRuns('.dz.')];

  it('copies what is allocated, with zeros as data', () => {
    expect(short(commitJobRequests({ runs, target: 0, top: 1 }, false))).toEqual(['64+64c', '128+64c']);
  });

  it('stores zeros as zeros where this qemu does', () => {
    expect(short(commitJobRequests({ runs, target: 0, top: 1 }, true))).toEqual(['64+64c', '128+64z']);
  });
});
