import { ftruncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { createMap } from '../../../../electron/qcow2/read/map.ts';
import { WordSet } from '../../../../shared/extent/page.ts';
import { MAX_FINDING_PLACES } from '../../../../shared/model/finding.ts';
import { findSnapshot } from '../../../../shared/model/layer.ts';
import { pokeU32, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { buildImage, statesOf } from '../../../support/qcow2-reading.ts';

const TWO = [
  { id: '1', name: 'one', vmStateSize: 5, date: 1234 },
  { id: '2', name: 'one', diskSize: 2 ** 21, clusters: [] },
];

describe('snapshots', () => {
  it('are read with every field', () => {
    const { source, snapshotL1Offsets, snapshotTableOffset } = buildImage({ size: 2 ** 20, snapshots: TWO });
    const { snapshots, findings } = openQcow2(source);
    expect(findings).toMatchObject([{ code: 'QCOW2_SNAPSHOT_SIZE', severity: 'note', count: 1 }]);
    expect(findings[0]?.what).toBe(
      'snapshot 2 "one" was taken of a disk of 2 MiB (2,097,152 bytes); the active disk has 1 MiB (1,048,576 bytes)',
    );
    expect(snapshots).toEqual([
      {
        id: '1',
        name: 'one',
        l1TableOffset: snapshotL1Offsets[0],
        l1Size: 1,
        diskSize: 2 ** 20,
        vmStateSize: 5,
        dateSeconds: 1234,
        dateNanoseconds: 0,
        vmClock: 0,
        fileOffset: snapshotTableOffset,
        length: 68,
        extraDataSize: 24,
      },
      expect.objectContaining({ id: '2', diskSize: 2 ** 21, l1TableOffset: snapshotL1Offsets[1] }),
    ]);
  });

  it('are found by id before name', () => {
    const snapshots = openQcow2(
      buildImage({
        size: 2 ** 20,
        snapshots: [
          { id: '7', name: '8' },
          { id: '8', name: '7' },
        ],
      }).source,
    ).snapshots;
    expect(findSnapshot(snapshots, '8')?.id).toBe('8');
    expect(findSnapshot(snapshots, '7')?.id).toBe('7');
    expect(findSnapshot(snapshots, '9')).toBeUndefined();
  });

  it('beyond the end of the file end the table', () => {
    const { source, snapshotTableOffset } = buildImage({ size: 2 ** 20, snapshots: TWO });
    ftruncateSync(source.fd, snapshotTableOffset + 80);
    const { snapshots, findings } = openQcow2(source);
    expect(snapshots).toHaveLength(1);
    expect(findings.map(({ code, host }) => [code, host[0]?.[0]])).toEqual([
      ['QCOW2_SNAPSHOT_TABLE', snapshotTableOffset + 72],
    ]);
  });

  it('are many and long', () => {
    const snapshots = Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, name: `${i}`.repeat(2000) }));
    const image = openQcow2(buildImage({ size: 2 ** 20, snapshots }).source);
    expect(image.findings).toEqual([]);
    expect(image.snapshots.map(({ id, name }) => ({ id, name }))).toEqual(snapshots);
  });

  it.each([
    ['not aligned', (fd: number, at: number) => pokeU64(fd, at, 0x200n)],
    ['too large', (fd: number, at: number) => pokeU32(fd, at + 8, 0xffffffff)],
  ])('with an L1 table that is %s cannot be mapped, the others can', (_, damage) => {
    const { source, snapshotTableOffset } = buildImage({ size: 2 ** 20, snapshots: TWO });
    damage(source.fd, snapshotTableOffset);
    const image = openQcow2(source);
    const worst = image.findings.filter(({ severity }) => severity !== 'note');
    expect(worst).toMatchObject([{ code: 'QCOW2_SNAPSHOT_L1', severity: 'corruption' }]);
    expect(() => createMap(image, { words: new WordSet(), snapshotId: '1' })).toThrow(
      'QCOW2_SNAPSHOT_UNUSABLE',
    );
    expect(statesOf(image, { snapshotId: '2' })).toEqual([[0, 2 ** 21, 'unallocated']]);
    expect(statesOf(image)).toEqual([[0, 2 ** 20, 'unallocated']]);
  });

  it('of a disk that is too large are mapped up to 8 PiB', () => {
    const { source, snapshotTableOffset } = buildImage({ size: 2 ** 20, snapshots: TWO });
    pokeU64(source.fd, snapshotTableOffset + 48, 2n ** 60n);
    const image = openQcow2(source);
    expect(image.snapshots[0]?.diskSize).toBe(2 ** 53 - 512);
    expect(image.findings).toMatchObject([{ code: 'QCOW2_SNAPSHOT_SIZE', count: 2 }]);
    expect(createMap(image, { words: new WordSet(), snapshotId: '1' }).size).toBe(2 ** 53 - 512);
  });

  it('are reported with the numbers that are stored, also above 2^53, and where the table ends early', () => {
    const { source, snapshotTableOffset } = buildImage({ size: 2 ** 20, snapshots: TWO });
    pokeU64(source.fd, snapshotTableOffset, 2n ** 64n - 1n);
    pokeU64(source.fd, snapshotTableOffset + 48, 2n ** 64n - 2n);
    ftruncateSync(source.fd, snapshotTableOffset + 80);
    const { findings } = openQcow2(source);
    expect(findings.map(({ code }) => code)).toEqual([
      'QCOW2_SNAPSHOT_SIZE',
      'QCOW2_SNAPSHOT_L1',
      'QCOW2_SNAPSHOT_TABLE',
    ]);
    expect(findings[0]?.what).toBe(
      'snapshot 1 "one" was taken of a disk of 18,446,744,073,709,551,614 bytes, of which 8 PiB (9,007,199,254,740,480 bytes) are shown; the active disk has 1 MiB (1,048,576 bytes)',
    );
    expect(findings[0]?.evidence).toMatchObject([
      { fileOffset: snapshotTableOffset + 48, value: '0xfffffffffffffffe' },
    ]);
    expect(findings[1]?.evidence).toMatchObject([
      { fileOffset: snapshotTableOffset, value: '0xffffffffffffffff00000001' },
    ]);
  });

  it('that are all broken are one finding with a true count', () => {
    const snapshots = Array.from({ length: 40 }, (_, i) => ({ id: `${i}`, name: 's' }));
    const { source } = buildImage({ size: 2 ** 20, snapshots });
    for (const { fileOffset } of openQcow2(source).snapshots) pokeU64(source.fd, fileOffset, 0x200n);
    const image = openQcow2(source);
    expect(image.snapshots.filter(({ unusable }) => unusable !== undefined)).toHaveLength(40);
    expect(image.findings).toMatchObject([{ code: 'QCOW2_SNAPSHOT_L1', count: 40 }]);
    expect(image.findings[0]?.evidence).toHaveLength(MAX_FINDING_PLACES);
  });

  it('that do not exist are an error with a code', () => {
    const image = openQcow2(buildImage({ size: 2 ** 20 }).source);
    expect(() => createMap(image, { words: new WordSet(), snapshotId: '1' })).toThrow(
      'QCOW2_SNAPSHOT_UNKNOWN',
    );
  });
});
