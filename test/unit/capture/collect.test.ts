/** A capture takes every table of an image, and no data of the guest. */
import { expect, it } from 'vitest';
import { collectTables } from '../../../electron/capture/collect.ts';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../electron/qcow2/read/sliced-work.ts';
import { pokeU64 } from '../../support/images/qcow2-builder.ts';
import { type BuiltImage, buildImage } from '../../support/qcow2-reading.ts';

const CLUSTER = 65_536;
const L2_SPAN = CLUSTER * (CLUSTER / 8);

function image(): BuiltImage {
  return buildImage({
    size: 3 * L2_SPAN,
    clusters: [
      { index: 0, kind: 'data' },
      { index: 2 * (CLUSTER / 8), kind: 'data' },
    ],
    snapshots: [{ id: '1', name: 'before', clusters: [{ index: 5, kind: 'data' }] }],
    bitmaps: [{ name: 'bits', dirty: [[0, 1]] }],
  });
}

/** The stretches that are taken, as [start, end). */
function taken(built: BuiltImage): (readonly [number, number])[] {
  const { stretches, isCut } = runToEnd(collectTables(openQcow2(built.source), built.fileSize));
  expect([isCut, stretches.left]).toEqual([false, 0]);
  return [...stretches.all()];
}

const holds = (stretches: readonly (readonly [number, number])[], from: number, length: number) =>
  stretches.some(([start, end]) => start <= from && from + length <= end);

/** Where the entry at an offset of the file leads. */
function entryAt({ source }: BuiltImage, offset: number): number {
  const bytes = new Uint8Array(8);
  source.readAt(bytes, offset);
  return Number(new DataView(bytes.buffer).getBigUint64(0) & 0x00ff_ffff_ffff_fe00n);
}

it('takes the tables of the active disk, of snapshots, refcounts and bitmaps, and no cluster of data', () => {
  const built = image();
  const stretches = taken(built);
  const { l1Offset, l2Offsets, snapshotL1Offsets, snapshotTableOffset, bitmapDirectoryOffset } = built;
  const [snapshotL1] = snapshotL1Offsets as [number];
  const [bitmapTable] = built.bitmapTableOffsets as [number];
  const snapshotL2 = entryAt(built, snapshotL1);
  const whole = [
    0,
    ...l2Offsets.values(),
    snapshotL2,
    built.refcountTableOffset,
    ...built.refcountBlockOffsets,
    entryAt(built, bitmapTable),
  ];
  expect(whole.filter(offset => !holds(stretches, offset, CLUSTER))).toEqual([]);
  for (const [offset, length] of [
    [l1Offset, 3 * 8],
    [snapshotL1, 3 * 8],
    [snapshotTableOffset, 40],
    [bitmapDirectoryOffset, 32],
    [bitmapTable, 8],
  ] as const)
    expect([offset, holds(stretches, offset, length)]).toEqual([offset, true]);
  const data = [...[...l2Offsets.values()].map(l2 => entryAt(built, l2)), entryAt(built, snapshotL2 + 5 * 8)];
  expect(data.every(offset => offset > 0)).toBe(true);
  expect(
    data.filter(offset => stretches.some(([start, end]) => start < offset + CLUSTER && offset < end)),
  ).toEqual([]);
});

it('follows no entry that is not on a cluster or leads past the end of the file', () => {
  const built = image();
  const { fd } = built.source;
  const [l2] = built.l2Offsets.values() as unknown as [number];
  const data = entryAt(built, l2);
  const before = taken(built);
  pokeU64(fd, built.l1Offset + 8, BigInt(data + 512));
  expect(taken(built)).toEqual(before);
  pokeU64(fd, built.l1Offset + 8, 2n ** 50n);
  expect(taken(built)).toEqual(before);
  pokeU64(fd, built.l1Offset + 8, BigInt(data));
  expect(holds(taken(built), data, CLUSTER)).toBe(true);
});
