/** How a disk is cut into pages: bounded for a layer and for all layers of a chain together. */
import { describe, expect, it } from 'vitest';
import { geometryOf } from '../../../../electron/qcow2/format/geometry.ts';
import {
  chainPageSpan,
  finestUnit,
  listedPageSpan,
  maxPageUnits,
  pageSpanFor,
} from '../../../../shared/extent/table.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const LONGEST_CHAIN = 200;

describe('the page span', () => {
  it('is 64 MiB for a usual disk', () => {
    expect(pageSpanFor(100 * GIB, 65_536)).toBe(2 ** 26);
    expect(
      chainPageSpan(Array<number>(LONGEST_CHAIN).fill(100 * GIB), Array<number>(LONGEST_CHAIN).fill(65_536)),
    ).toBe(2 ** 26);
  });

  it.each([1, 2, 8, 9, 100, LONGEST_CHAIN])('bounds pages and extents of %i layers together', layers => {
    for (const clusterSize of [512, 4096, 65_536, 2 ** 21])
      for (const size of [GIB, 2 ** 40, 2 ** 46, 2 ** 53 - 512]) {
        const span = chainPageSpan(Array<number>(layers).fill(size), Array<number>(layers).fill(clusterSize));
        const units = span / finestUnit(clusterSize);
        expect(units).toBeLessThanOrEqual(2 ** 30);
        if (units < 2 ** 30) expect(layers * Math.ceil(size / span)).toBeLessThanOrEqual(2 ** 20);
        expect(Math.min(units, maxPageUnits(layers)) * layers).toBeLessThanOrEqual(
          Math.max(2 ** 24, layers * 2 ** 17),
        );
      }
  });

  it('lets every extent of a page be kept where pages need not be longer', () => {
    expect(2 ** 26 / 512).toBeLessThanOrEqual(maxPageUnits(LONGEST_CHAIN));
    const size = 16 * 2 ** 40;
    expect(chainPageSpan([size], [65_536]) / 2048).toBeLessThanOrEqual(maxPageUnits(1));
  });

  const unitsOf = (clusterBits: number, extendedL2 = false) => geometryOf(clusterBits, extendedL2, GIB);

  it('is what one L2 table describes where a chain of 64 KiB clusters is listed', () => {
    expect(listedPageSpan([100 * GIB], [unitsOf(16)])).toBe(512 * MIB);
    expect(listedPageSpan([100 * GIB], [unitsOf(16), unitsOf(15)])).toBe(128 * MIB);
    expect(listedPageSpan([100 * GIB], [unitsOf(21)])).toBe(512 * MIB);
    expect(listedPageSpan([100 * GIB], [])).toBe(512 * MIB);
  });

  it('is the same for a list and a picture where 64 MiB have many units, and on very large disks', () => {
    expect(listedPageSpan([100 * GIB], [unitsOf(9)])).toBe(64 * MIB);
    expect(listedPageSpan([100 * GIB], [unitsOf(16, true)])).toBe(64 * MIB);
    expect(listedPageSpan([2 ** 46], [unitsOf(16)])).toBe(chainPageSpan([2 ** 46], [65_536]));
  });
});
