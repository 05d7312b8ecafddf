import { expect, test } from 'vitest';
import { FindingLog } from '../../../../electron/engine/findings/finding-log.ts';
import { findingNumberIn } from '../../../../electron/engine/questions/finding-number.ts';
import { createPyramid } from '../../../../shared/extent/pyramid.ts';
import { type Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import { type FedLayer, fedChain } from '../../../support/fed-chain.ts';

const MIB = 2 ** 20;
const READABLE: FedLayer = {
  kind: 'rawLayer',
  units: 64,
  contexts: { 'base:allocation': new Array(64).fill(0) },
};

function cause(code: string, severity: Cause['severity']): Cause {
  return { id: code, code, severity, what: () => code, advice: '' };
}

test('places are numbered as a walk from one to the next meets them, each once', async () => {
  const tables = fedChain([READABLE, READABLE], MIB);
  const pyramid = createPyramid(tables.pageCount, tables.pageSpan, tables.slotCount);
  const [base, top] = [new FindingCollector(0), new FindingCollector(1)];
  const log = new FindingLog([
    { index: 0, findings: base },
    { index: 1, findings: top },
  ]);
  for (const at of [3, 9]) base.add(cause('A', 'corruption'), { guest: [at * MIB, MIB] });
  base.add(cause('B', 'hazard'), { guest: [3 * MIB, 2 * MIB] });
  top.add(cause('A', 'corruption'), { guest: [3 * MIB, MIB] });
  top.add(cause('C', 'note'), { guest: [5 * MIB, MIB] });
  log.add([makeFinding({ code: 'D', severity: 'leak', layer: 1, what: 'd', guest: [[20 * MIB, 1]] })]);
  const walked: string[] = [];
  let place = { layer: 2, offset: -1 };
  for (;;) {
    const next = log.nextPlace(place, false);
    if (next === null) break;
    place = next;
    const track = place.layer === 1 ? 1 : 2;
    const { number, total } = await findingNumberIn(tables, pyramid, log, { track, offset: place.offset });
    walked.push(`${track}:${place.offset / MIB} is ${number} of ${total}`);
  }
  expect(walked).toEqual(['1:3 is 1 of 4', '2:3 is 2 of 4', '2:9 is 3 of 4', '1:20 is 4 of 4']);
});

test('a damaged range that no finding names is a place, and one that a finding names is no second one', async () => {
  const tables = fedChain(
    [{ ...READABLE, unreadable: unit => unit === 8 || (unit >= 12 && unit < 14) }],
    MIB,
  );
  const pyramid = createPyramid(tables.pageCount, tables.pageSpan, tables.slotCount);
  const findings = new FindingCollector(0);
  findings.add(cause('A', 'corruption'), { guest: [8 * MIB, MIB] });
  const log = new FindingLog([{ index: 0, findings }]);
  const numbers = [0, 8, 12].map(at => findingNumberIn(tables, pyramid, log, { track: 1, offset: at * MIB }));
  expect(await Promise.all(numbers)).toEqual([
    { number: 0, total: 2 },
    { number: 1, total: 2 },
    { number: 2, total: 2 },
  ]);
});
