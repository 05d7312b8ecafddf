import { afterEach, expect, test, vi } from 'vitest';
import { statisticsOf } from '../../../../electron/engine/questions/statistics.ts';
import { alternatingLayer, fedChain, fedPlan } from '../../../support/fed-chain.ts';
import { openSession } from '../../../support/merge-session.ts';

const MIB = 2 ** 20;
/** Three pages: 64 units of 1 MiB are a page. */
const layer = alternatingLayer(192);

afterEach(() => void vi.restoreAllMocks());

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
