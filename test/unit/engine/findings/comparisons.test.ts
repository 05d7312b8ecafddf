import { openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { batchesOf, type FedLayer } from '../../../support/fed-chain.ts';
import { ALL_FINDINGS } from '../../../support/findings.ts';
import { writeQcow2 } from '../../../support/images/qcow2-builder.ts';
import { openSession, planFiles } from '../../../support/merge-session.ts';
import { temporaryFolder } from '../../../support/tools.ts';

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
