import { expect, test } from 'vitest';
import { tilesOf } from '../../../../electron/engine/questions/tiles.ts';
import { MAX_MESSAGE_BYTES, messageBytes } from '../../../../electron/shell/ipc/answer.ts';
import { createPyramid, summarizePage } from '../../../../shared/extent/pyramid.ts';
import { alternatingLayer, fedChain } from '../../../support/fed-chain.ts';

const MIB = 2 ** 20;
/** Most layers of a chain. */
const LAYERS = 200;
/** Three pages: 64 units of 1 MiB are a page. */
const layer = alternatingLayer(192);

test('tiles of the longest chain come in messages of 1 MiB, fewer at a time', () => {
  const tables = fedChain(
    Array.from({ length: LAYERS }, () => layer),
    MIB,
  );
  const pyramid = createPyramid(tables.pageCount, tables.pageSpan, tables.slotCount);
  for (let page = 0; page < tables.pageCount; page++) summarizePage(pyramid, page, tables.sweep(page));
  for (const first of [0, 5]) {
    const reply = tilesOf(tables, pyramid, 1, { level: 12, first, count: 8 });
    expect(reply.tiles.length).toBeGreaterThan(0);
    expect(reply.tiles.length % (LAYERS + 1)).toBe(0);
    expect(reply.tiles[0]?.tile).toBe(first);
    expect(messageBytes(reply)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
  }
  const short = fedChain([layer, layer], MIB);
  const few = createPyramid(short.pageCount, short.pageSpan, short.slotCount);
  expect(tilesOf(short, few, 1, { level: 12, first: 0, count: 8 }).tiles).toHaveLength(8 * 3);
});
