import { expect, test } from 'vitest';
import { TileCache } from '../../../../renderer/data/tile-cache.ts';
import type { TilesReply } from '../../../../shared/ipc/questions.ts';
import type { TileColumns } from '../../../../shared/model/tile.ts';

const reply = (level: number, tile: number, version = 1): TilesReply => ({
  level,
  version,
  tiles: [0, 1].map(track => ({
    track,
    tile,
    present: new Uint32Array(256),
    parts: new Uint8Array(0),
    shares: new Uint8Array(0),
    runs: new Uint32Array(256),
    owners: new Int16Array(0),
  })),
});
const fresh = () => false;

test('a tile is found by level and place, with all its tracks', () => {
  const cache = new TileCache<TileColumns>(() => 0);
  cache.put(reply(4, 7), fresh);
  expect(cache.get(4, 7)?.tracks).toHaveLength(2);
  expect(cache.get(4, 6)).toBeUndefined();
  expect(cache.get(3, 7)).toBeUndefined();
});

test('what touches a range is stale, but still there', () => {
  const cache = new TileCache<TileColumns>(() => 0);
  cache.put(reply(0, 0), fresh);
  cache.put(reply(0, 1), fresh);
  cache.invalidate(0, 256);
  expect(cache.get(0, 0)?.stale).toBe(true);
  expect(cache.get(0, 1)?.stale).toBe(false);
});

test('a reply that was overtaken by a change is stale from the start', () => {
  const cache = new TileCache<TileColumns>(() => 0);
  cache.put(reply(0, 0), (start, end) => start < 10 && end > 5);
  expect(cache.get(0, 0)?.stale).toBe(true);
});

test('the least recently used go first, the overview never', () => {
  const cache = new TileCache<TileColumns>(() => 9, 40);
  cache.put(reply(9, 0), fresh);
  for (let tile = 0; tile < 40; tile++) {
    cache.put(reply(2, tile), fresh);
    cache.get(2, 0);
  }
  expect(cache.get(9, 0)).toBeDefined();
  expect(cache.get(2, 0)).toBeDefined();
  expect(cache.get(2, 39)).toBeDefined();
  expect(cache.get(2, 1)).toBeUndefined();
  expect(cache.levels()).toEqual([2, 9]);
});
