/** What keeps answers small, memory bounded and the newest question first, however long the chain is. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { statisticsOf } from '../../../../electron/engine/questions/statistics.ts';
import { tilesOf } from '../../../../electron/engine/questions/tiles.ts';
import { MAX_MESSAGE_BYTES, messageBytes } from '../../../../electron/shell/ipc/answer.ts';
import {
  BINS_PER_PAGE,
  binsPerPageFor,
  createPyramid,
  summarize,
} from '../../../../shared/extent/pyramid.ts';
import { batchesOf, type FedLayer, fedChain, fedPlan } from '../../../support/fed-chain.ts';
import { ALL_FINDINGS } from '../../../support/findings.ts';
import { writeQcow2 } from '../../../support/images/qcow2-builder.ts';
import { openSession, planFiles } from '../../../support/merge-session.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const MIB = 2 ** 20;
/** Most layers of a chain. */
const LAYERS = 200;
/** 64 units of 1 MiB are a page. */
const layer: FedLayer = {
  kind: 'isolatedLayer',
  units: 192,
  contexts: {
    'base:allocation': Array.from({ length: 192 }, (_, i) => (i % 2) * 3),
    'qemu:allocation-depth': Array.from({ length: 192 }, (_, i) => i % 2),
  },
};

afterEach(() => void vi.restoreAllMocks());

test('tiles of the longest chain come in messages of 1 MiB, fewer at a time', () => {
  const tables = fedChain(
    Array.from({ length: LAYERS }, () => layer),
    MIB,
  );
  const pyramid = createPyramid(tables.pageCount, tables.pageSpan, tables.slotCount);
  for (let page = 0; page < tables.pageCount; page++) summarize(pyramid, page, tables.sweep(page));
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

test('many tracks have fewer bins in a page, so that all together stay within bounds', () => {
  expect(binsPerPageFor(4096, 4)).toBe(BINS_PER_PAGE);
  expect(binsPerPageFor(4096, 32)).toBe(BINS_PER_PAGE);
  expect(binsPerPageFor(4096, 33)).toBe(BINS_PER_PAGE / 2);
  expect(binsPerPageFor(4096, LAYERS + 1)).toBe(4);
  expect(binsPerPageFor(1, LAYERS + 1)).toBe(BINS_PER_PAGE);
  expect(binsPerPageFor(4096, 100_000)).toBe(1);
  const { tracks, binSpan } = createPyramid(4096, 2 ** 30, LAYERS);
  expect(binSpan).toBe(2 ** 28);
  expect(tracks.map(({ count }) => count)).toEqual(Array(LAYERS + 1).fill(4096 * 4));
});

test('a newer question for statistics ends the one under way', async () => {
  const session = openSession({
    layers: [fedPlan(layer, MIB, 'layer')],
    size: layer.units * MIB,
    buildPyramid: true,
    extentBudget: 1000,
  });
  // Every page takes longer than a slice.
  let time = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    time += 100;
    return time;
  });
  const first = session.ask('statistics', { start: 0, end: layer.units * MIB });
  const second = session.ask('statistics', { start: 0, end: layer.units * MIB });
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(second).resolves.toHaveLength(2);
});

test('nothing is counted for a question that is superseded before it begins', async () => {
  const tables = fedChain([layer], MIB);
  const sweep = vi.spyOn(tables, 'sweep');
  await expect(statisticsOf(tables, 0, MIB, () => true)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(sweep).not.toHaveBeenCalled();
});

test('a push says how much was found, and equal differences of many pages are one finding', async () => {
  const clusters = 1200;
  const path = join(temporaryFolder(), 'striped.qcow2');
  const striped = (i: number) => (i % 2 === 0 ? 'data' : 'unallocated');
  writeQcow2(openSync(path, 'wx+'), { size: clusters * 65536, clusters: striped });
  const lie: FedLayer = {
    kind: 'isolatedLayer',
    units: clusters,
    contexts: {
      'base:allocation': Array(clusters).fill(0),
      'qemu:allocation-depth': Array(clusters).fill(1),
    },
  };
  const nbd = { exportKind: lie.kind, contexts: Object.keys(lie.contexts) };
  const session = openSession(planFiles([path], {}, nbd));
  await session.read();
  for (const batch of batchesOf(lie, 65536, clusters)) session.feed(0, batch);
  session.send({ kind: 'feedEnded', layer: 0, end: {} });
  const pushed = await session.until(({ kind }) => kind === 'findings');
  expect(pushed).toMatchObject({ summary: { total: 1, severities: { hazard: 1 } } });
  const { findings, total } = await session.ask('findings', ALL_FINDINGS);
  expect(total).toBe(1);
  expect(findings).toMatchObject([{ code: 'WITNESSES_DIFFER', count: 600, bytesAtRisk: 600 * 65536 }]);
  const at = (offset: number) =>
    session.ask('findings', { skip: 0, most: 1, start: offset, end: offset + 1 });
  expect(await at(1199 * 65536)).toMatchObject({ total: 1 });
  expect(await at(1198 * 65536)).toMatchObject({ total: 0 });
});
