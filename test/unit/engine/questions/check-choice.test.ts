/** A layer or bitmap that is not there is refused: an answer about it would be sums of nothing. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ListSpec } from '../../../../electron/engine/worker/protocol.ts';
import { batchesOf, type FedLayer, fedPlan } from '../../../support/fed-chain.ts';
import { writeQcow2 } from '../../../support/images/qcow2-builder.ts';
import { type MergeSession, openSession, planFiles } from '../../../support/merge-session.ts';
import { temporaryFolder } from '../../../support/tools.ts';

const MIB = 2 ** 20;
const UNKNOWN = { code: 'LAYER_UNKNOWN' };
const NOT_OFFERED = { code: 'CONTEXT_NOT_OFFERED' };

function oneFile(): MergeSession {
  const path = join(temporaryFolder(), 'one.qcow2');
  writeQcow2(openSync(path, 'wx+'), { size: MIB, clusters: () => 'data' });
  return openSession(planFiles([path]));
}

function exportOf(kind: FedLayer['kind']): MergeSession {
  const contexts = { 'base:allocation': [0], 'qemu:allocation-depth': [1], 'qemu:dirty-bitmap:b': [1] };
  const layer: FedLayer = { kind, units: 1, contexts };
  const session = openSession({
    layers: [fedPlan(layer, MIB, 'export')],
    size: MIB,
    buildPyramid: true,
    extentBudget: 100,
  });
  for (const batch of batchesOf(layer, MIB, 1)) session.feed(0, batch);
  session.send({ kind: 'feedEnded', layer: 0, end: {} });
  return session;
}

const bitmap = (layer: number, name: string) => ({ context: 'bitmap', bitmap: { layer, name } }) as const;

test('a layer that the chain does not have', async () => {
  const session = oneFile();
  await expect(session.ask('totals', { layer: 1 })).rejects.toMatchObject(UNKNOWN);
  await expect(session.ask('overview', { layer: 1, span: MIB })).rejects.toMatchObject(UNKNOWN);
  await expect(
    session.ask('contextTotals', { layer: 1, selection: { context: 'depth' } }),
  ).rejects.toMatchObject(UNKNOWN);
  await expect(session.ask('totals', { layer: 0 })).resolves.toMatchObject({ extents: 1 });
});

test('one layer of an export of a whole chain', async () => {
  await expect(exportOf('wholeChain').ask('totals', { layer: 0 })).rejects.toMatchObject(UNKNOWN);
  await expect(exportOf('isolatedLayer').ask('totals', { layer: 0 })).resolves.toMatchObject({ extents: 1 });
});

test('a bitmap that the chosen layer does not have, in sums and in lists', async () => {
  const session = exportOf('isolatedLayer');
  const sums = (selection: ReturnType<typeof bitmap>, layer?: number) =>
    session.ask('contextTotals', { selection, layer });
  await expect(sums(bitmap(0, 'b'))).resolves.toEqual([[1, MIB]]);
  await expect(sums(bitmap(0, 'c'))).rejects.toMatchObject(NOT_OFFERED);
  await expect(sums(bitmap(1, 'b'))).rejects.toMatchObject(NOT_OFFERED);
  const spec: ListSpec = { list: 'nbdinfo', ...bitmap(0, 'c') };
  session.send({ kind: 'list', id: 99, request: { spec, layer: undefined } });
  const reply = await session.until(message => message.kind === 'error' && message.id === 99);
  expect(reply).toMatchObject({ error: NOT_OFFERED });
});

test('a drawing in more columns than a tile has', async () => {
  const session = oneFile();
  await expect(session.ask('overview', { span: 4095 })).rejects.toMatchObject({ code: 'TOO_MANY_COLUMNS' });
  await expect(session.ask('overview', { span: 4096 })).resolves.toHaveLength(2);
});
