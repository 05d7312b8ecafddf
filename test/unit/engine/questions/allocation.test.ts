/** The engine measures how a layer uses its file, one question at a time. */
import { expect, test } from 'vitest';
import { openSession, planFiles } from '../../../support/merge-session.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

test('each layer is measured, and one that is read over NBD is not', async () => {
  const base = buildImage({ size: 2 ** 20, clusters: [{ index: 1, kind: 'data' }] });
  const top = buildImage({ size: 2 ** 20, clusters: () => 'data' });
  const plan = planFiles([base.path, top.path], { buildPyramid: false });
  const raw = {
    title: 'raw',
    size: 2 ** 20,
    clusterSize: 1,
    nbd: { exportKind: 'rawLayer' as const, contexts: [] },
  };
  const session = openSession({ ...plan, layers: [...plan.layers, raw] });
  const data = async (layer: number) => {
    const reply = await session.ask('allocation', { layer });
    return reply.measured ? reply.allocation.account.data : reply.why;
  };
  expect(await data(0)).toBe(65_536);
  expect(await data(1)).toBe(2 ** 20);
  expect(await data(2)).toContain('not read by its own tables');
  await expect(data(7)).rejects.toMatchObject({ code: 'LAYER_UNKNOWN' });
});

test('a newer question ends a long measurement', async () => {
  const { path } = buildImage({
    size: 2 ** 33,
    clusterBits: 9,
    clusters: index => (index < 2 ** 20 ? 'zeroHole' : 'unallocated'),
  });
  const session = openSession(planFiles([path], { buildPyramid: false }));
  const first = session.ask('allocation', { layer: 0 });
  const second = session.ask('allocation', { layer: 0 });
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await second).toMatchObject({ measured: true });
});
