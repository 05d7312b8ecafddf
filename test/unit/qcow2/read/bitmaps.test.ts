import { ftruncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createBitmapMap } from '../../../../electron/qcow2/read/bitmap-map.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { DIRTY, DIRTY_UNKNOWN } from '../../../../shared/extent/flags.ts';
import { WordSet } from '../../../../shared/extent/page.ts';
import { FindingCollector } from '../../../../shared/finding-collector.ts';
import { pokeU32, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { bitmapRuns, buildImage } from '../../../support/qcow2-reading.ts';

const SIZE = 2 ** 28 + 512;
const SPEC = {
  size: SIZE,
  clusterBits: 9,
  bitmaps: [
    {
      name: 'a',
      granularity: 512,
      dirty: [
        [0, 1],
        [4096, 8192],
        [SIZE - 512, SIZE],
      ] as [number, number][],
    },
    { name: 'in use', inUse: true, enabled: false },
  ],
};

describe('stored bitmaps', () => {
  it('are listed with what makes them usable or not', () => {
    const { bitmaps, findings } = openQcow2(buildImage(SPEC).source);
    expect(findings).toEqual([]);
    expect(bitmaps).toMatchObject([
      { name: 'a', granularity: 512, inUse: false, enabled: true, tableSize: 129 },
      {
        name: 'in use',
        granularity: 65_536,
        inUse: true,
        enabled: false,
        unusable: 'it was not saved cleanly',
      },
    ]);
    expect(bitmaps[0]).not.toHaveProperty('unusable');
  });

  it('have a table that is no cluster where its offset above 2^53 is one only once it is rounded', () => {
    const { source, bitmapDirectoryOffset } = buildImage(SPEC);
    pokeU64(source.fd, bitmapDirectoryOffset, 2n ** 62n + 1n);
    const { bitmaps, findings } = openQcow2(source);
    expect(bitmaps[0]).toMatchObject({ name: 'a', broken: true });
    expect(findings.map(({ what }) => what)).toEqual([
      'bitmap directory entry 0 puts its table at 0x4000_0000_0000_0001, which is not a cluster',
    ]);
  });

  it('map to runs, whatever the page', () => {
    const image = openQcow2(buildImage(SPEC).source);
    const runs = [
      [0, 512, DIRTY],
      [512, 3584, 0],
      [4096, 4096, DIRTY],
      [8192, SIZE - 8704, 0],
      [SIZE - 512, 512, DIRTY],
    ];
    for (const span of [2 ** 30, 2 ** 26, 2 ** 20 + 512, 512 * 3000])
      expect(bitmapRuns(image, 'a', span)).toEqual(runs);
  });

  it('that are not usable are unknown, never clean', () => {
    const image = openQcow2(buildImage(SPEC).source);
    expect(bitmapRuns(image, 'in use')).toEqual([[0, SIZE, DIRTY_UNKNOWN]]);
  });

  it('that are out of date are unknown', () => {
    const { source } = buildImage(SPEC);
    pokeU64(source.fd, 88, 0n);
    const image = openQcow2(source);
    expect(image.findings).toMatchObject([{ code: 'QCOW2_BITMAPS_STALE', severity: 'hazard' }]);
    expect(bitmapRuns(image, 'a')).toEqual([[0, SIZE, DIRTY_UNKNOWN]]);
  });

  it('with a bad table entry are unknown there alone', () => {
    const { source, bitmapTableOffsets } = buildImage(SPEC);
    const table = bitmapTableOffsets[0]!;
    pokeU64(source.fd, table + 8, 1n); // all dirty
    pokeU64(source.fd, table + 16, 0x201n); // an offset and all dirty at once
    pokeU64(source.fd, table + 32, 1n << 40n); // past the end
    const coverage = 512 * 8 * 512;
    const image = openQcow2(source);
    const findings = new FindingCollector();
    expect(bitmapRuns(image, 'a', 2 ** 26, findings)).toEqual([
      [0, 512, DIRTY],
      [512, 3584, 0],
      [4096, 4096, DIRTY],
      [8192, coverage - 8192, 0],
      [coverage, coverage, DIRTY],
      [2 * coverage, coverage, DIRTY_UNKNOWN],
      [3 * coverage, coverage, 0],
      [4 * coverage, coverage, DIRTY_UNKNOWN],
      [5 * coverage, 123 * coverage, 0],
      [128 * coverage, 512, DIRTY],
    ]);
    expect(findings.list()).toMatchObject([
      {
        code: 'QCOW2_BITMAP_TABLE',
        guest: [
          [2 * coverage, coverage],
          [4 * coverage, coverage],
        ],
        count: 2,
        bytesAtRisk: 0, // the data of the disk is whole
      },
    ]);
  });

  it('whose table is cut off by the end of the file are unknown from there', () => {
    const { source, bitmapTableOffsets } = buildImage({
      size: SIZE,
      clusterBits: 9,
      bitmaps: [{ name: 'a', granularity: 512 }],
    });
    const image = openQcow2(source);
    ftruncateSync(source.fd, bitmapTableOffsets[0]! + 8 * 10);
    const findings = new FindingCollector();
    expect(bitmapRuns(image, 'a', 2 ** 26, findings)).toEqual([
      [0, 10 * 2 ** 21, 0],
      [10 * 2 ** 21, SIZE - 10 * 2 ** 21, DIRTY_UNKNOWN],
    ]);
    expect(findings.list()).toMatchObject([
      { code: 'QCOW2_BITMAP_TABLE', guest: [[10 * 2 ** 21, SIZE - 10 * 2 ** 21]] },
    ]);
  });

  it('before a broken directory entry are kept', () => {
    const { source, bitmapDirectoryOffset } = buildImage(SPEC);
    pokeU32(source.fd, bitmapDirectoryOffset + 32 + 20, 0xffffff00);
    const image = openQcow2(source);
    expect(image.bitmaps.map(({ name }) => name)).toEqual(['a']);
    expect(image.findings).toMatchObject([{ code: 'QCOW2_BITMAP_DIRECTORY', severity: 'corruption' }]);
  });

  it('that do not exist are an error with a code', () => {
    const image = openQcow2(buildImage(SPEC).source);
    expect(() => createBitmapMap(image, 'b', { words: new WordSet() })).toThrow('QCOW2_BITMAP_UNKNOWN');
  });
});
