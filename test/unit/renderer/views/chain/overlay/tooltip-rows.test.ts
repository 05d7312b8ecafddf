import { expect, test } from 'vitest';
import type { Probe } from '../../../../../../renderer/data/probe.ts';
import { tooltipRows } from '../../../../../../renderer/views/chain/overlay/tooltip-rows.ts';
import type { TrackInfo } from '../../../../../../shared/model/track.ts';

/** The guest and so many layers below it, the top one first. */
const tracksOf = (layers: number) =>
  Array.from(
    { length: layers + 1 },
    (_, id) => ({ id, kind: id === 0 ? 'guest' : 'layer', layer: layers - id }) as TrackInfo,
  );
const extent = (part: number) => ({ part, present: 1 << part, extents: 1 }) as Probe;
const MIXED_PIXEL = { part: 0, present: 3, extents: 7 } as Probe;

test('neighboring layers that read alike share a row, but not the one that is read or pointed at', () => {
  const { rows, left } = tooltipRows({
    tracks: tracksOf(11),
    probeOf: ({ id }) => extent(id === 0 || id === 4 ? 1 : 2),
    owner: 4,
    hovered: 8,
  });
  expect(rows.map(({ tracks }) => tracks.map(({ id }) => id))).toEqual([
    [0],
    [1, 2, 3],
    [4],
    [5, 6, 7],
    [8],
    [9, 10, 11],
  ]);
  expect(left).toBe(0);
});

test('of many layers that differ those near the pointer are shown, with the guest and the layer that is read', () => {
  const { rows, left } = tooltipRows({
    tracks: tracksOf(200),
    probeOf: () => MIXED_PIXEL,
    owner: 190,
    hovered: 100,
  });
  const ids = rows.map(({ tracks }) => tracks[0]?.id);
  expect(ids).toHaveLength(16);
  expect(ids.slice(0, 2)).toEqual([0, 93]);
  expect(ids).toContain(100);
  expect(ids.at(-1)).toBe(190);
  expect(left).toBe(201 - 16);
});
