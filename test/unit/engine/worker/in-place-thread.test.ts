/** An engine in the thread that asks it. */
import { expect, it } from 'vitest';
import { EngineClient } from '../../../../electron/engine/worker/client.ts';
import { InPlaceThread } from '../../../../electron/engine/worker/in-place-thread.ts';
import { golden, makeChain } from '../../../../examples/recipes.mjs';
import { openSession, planFiles } from '../../../support/merge-session.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const MAP_TEXT = { list: 'map', format: 'text', hosts: false } as const;

it('answers questions and lists as an engine that is given messages does', async () => {
  const files = await makeChain(golden, temporaryFolder());
  const plan = planFiles(files, { buildPyramid: false });
  const client = new EngineClient(new InPlaceThread(), {});
  await client.open(plan);
  let text = '';
  const { rows } = await client.list({ spec: MAP_TEXT, layer: undefined }, chunk => {
    text += new TextDecoder().decode(chunk);
  });
  const session = openSession(plan);
  expect(text).toBe(await session.list(MAP_TEXT));
  expect(rows).toBe(text.split('\n').filter(line => line.startsWith('0x')).length);
  expect(await client.ask('totals', { layer: undefined })).toEqual(
    await session.ask('totals', { layer: undefined }),
  );
  await client.close();
});

it('is not heard any more once it is closed, and what waits fails', async () => {
  const files = await makeChain(golden, temporaryFolder());
  const client = new EngineClient(new InPlaceThread(), {});
  await client.open(planFiles(files, { buildPyramid: true }));
  const waiting = client.ask('totals', { layer: undefined });
  await client.close();
  await expect(waiting).rejects.toThrow('the chain was closed');
  await expect(client.ask('totals', { layer: undefined })).rejects.toThrow('the chain was closed');
});

it('passes on why a chain could not be opened', async () => {
  const [base] = await makeChain(golden, temporaryFolder());
  const plan = planFiles([base as string], { buildPyramid: false });
  const layers = plan.layers.map(layer => ({
    ...layer,
    metadata: { ...layer.metadata!, snapshotId: 'no such snapshot' },
  }));
  const client = new EngineClient(new InPlaceThread(), {});
  await expect(client.open({ ...plan, layers })).rejects.toMatchObject({
    code: expect.stringMatching(/^QCOW2_/),
  });
});
