import { expect, test } from 'vitest';
import { FindingLog } from '../../../../electron/engine/findings/finding-log.ts';
import { type Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { type Finding, makeFinding, WHOLE_CHAIN } from '../../../../shared/model/finding.ts';

function cause(code: string, severity: Finding['severity'] = 'corruption'): Cause {
  return { id: code, code, severity, what: count => `${code} ${count}`, advice: '' };
}

/** The log of two layers: 3 places of A and 1 of B in the base, 1 of A on top, and a note of the chain. */
function exampleLog() {
  const [base, top] = [new FindingCollector(0), new FindingCollector(1)];
  const log = new FindingLog([
    { index: 0, findings: base },
    { index: 1, findings: top },
  ]);
  for (const start of [100, 300, 500]) base.add(cause('A'), { guest: [start, 10] });
  base.add(cause('B', 'hazard'), { guest: [300, 100] });
  top.add(cause('A'), { guest: [300, 50] });
  log.add([makeFinding({ code: 'N', severity: 'note', layer: WHOLE_CHAIN, what: 'n', guest: [[0, 1]] })]);
  return { log, base, top };
}

const all = { skip: 0, most: 100 };
const listed = (findings: readonly Finding[]) => findings.map(({ code, layer }) => `${code}${layer}`);

test('findings of all sources are ranked together and handed out page by page', () => {
  const { log } = exampleLog();
  expect(listed(log.page({}, 0, 100).findings)).toEqual(['A1', 'A0', 'B0', 'N-1']);
  expect(listed(log.page({}, 1, 2).findings)).toEqual(['A0', 'B0']);
  expect(log.page({}, 1, 2).total).toBe(4);
  expect(log.page({}, 4, 2)).toEqual({ findings: [], total: 4 });
});

test.each([
  [{ severities: ['hazard', 'note'] as const }, ['B0', 'N-1']],
  [{ codes: ['A'] }, ['A1', 'A0']],
  [{ layers: [WHOLE_CHAIN, 1] }, ['A1', 'N-1']],
  [{ start: 505, end: 506 }, ['A0']],
  [{ start: 0, end: 1 }, ['N-1']],
  [{ start: 310, end: 349 }, ['A1', 'B0']],
  [{ start: 200, end: 250 }, []],
  [{ start: 300, end: 301, layers: [0], severities: ['corruption'] as const }, ['A0']],
])('a filter %o lets the right findings through', (filter, expected) => {
  const { log } = exampleLog();
  const page = log.page(filter, all.skip, all.most);
  expect(listed(page.findings)).toEqual(expected);
  expect(page.total).toBe(expected.length);
});

test('what is found later is in the next answer, in its rank', () => {
  const { log, base } = exampleLog();
  const before = log.changes;
  expect(log.summary()).toEqual({ total: 4, severities: { corruption: 2, hazard: 1, leak: 0, note: 1 } });
  base.add(cause('C'), { guest: [0, 1000] });
  expect(log.changes).toBeGreaterThan(before);
  expect(log.page({}, 0, 1)).toMatchObject({ findings: [{ code: 'C' }], total: 5 });
  expect(log.summary().total).toBe(5);
});

test('counts are true by code, severity and layer', () => {
  const { log } = exampleLog();
  expect(log.counts()).toEqual([
    { code: 'A', severity: 'corruption', layer: 1, findings: 1, places: 1, bytesAtRisk: 50, followUps: 0 },
    { code: 'A', severity: 'corruption', layer: 0, findings: 1, places: 3, bytesAtRisk: 30, followUps: 0 },
    { code: 'B', severity: 'hazard', layer: 0, findings: 1, places: 1, bytesAtRisk: 100, followUps: 0 },
    { code: 'N', severity: 'note', layer: -1, findings: 1, places: 1, bytesAtRisk: 1, followUps: 0 },
  ]);
});

test('the next place goes by offset, and at one offset from the top layer down, past notes', () => {
  const { log } = exampleLog();
  const walk = (backwards: boolean) => {
    const places: string[] = [];
    let from = backwards ? { layer: WHOLE_CHAIN, offset: 1e6 } : { layer: 2, offset: -1 };
    for (;;) {
      const next = log.nextPlace(from, backwards);
      if (next === null) return places;
      places.push(`${next.offset}/${next.layer}`);
      from = next;
    }
  };
  const forwards = ['100/0', '300/1', '300/0', '500/0'];
  expect(walk(false)).toEqual(forwards);
  expect(walk(true)).toEqual(forwards.toReversed());
});

test('what a check found stands for what a map found of the same cause, and a later check for an earlier one', () => {
  const { log } = exampleLog();
  const before = log.changes;
  const checked = (code: string, count: number) =>
    makeFinding({ code, severity: 'corruption', layer: 0, what: code, count, guest: [[700, 1]] });
  const places = new FindingCollector(0);
  for (const code of ['A', 'D'])
    for (let at = 700; at < 800; at += 2) places.add(cause(code), { guest: [at, 1] });
  log.setChecked(0, [checked('A', 9), checked('D', 1)], places);
  expect(log.changes).toBeGreaterThan(before);
  expect(log.ofLayer(0).map(({ code, count }) => [code, count])).toEqual([
    ['A', 9],
    ['D', 1],
    ['B', 1],
  ]);
  expect(listed(log.page({ start: 700, end: 701 }, 0, 100).findings)).toEqual(['A0', 'D0']);
  // Also at places that a finding does not list one by one.
  expect(listed(log.page({ start: 798, end: 799 }, 0, 100).findings)).toEqual(['A0', 'D0']);
  expect(log.nextPlace({ layer: 0, offset: 790 }, false)).toEqual({ layer: 0, offset: 792 });
  log.setChecked(0, [], new FindingCollector(0));
  expect(log.ofLayer(0).map(({ code, count }) => [code, count])).toEqual([
    ['A', 3],
    ['B', 1],
  ]);
});

test('the columns that findings touch are marked with the worst severity, layer by layer, and notes leave none', () => {
  const { log } = exampleLog();
  const marks = (start: number, end: number, columns: number) =>
    log.marks({ start, end }, columns).map(({ layer, columns: marked }) => [layer, [...marked]]);
  // 1 is a corruption, 2 a hazard: A at 100, 300 and 500 and B at 300 to 400 in layer 0, A at 300 to 350 in layer 1.
  expect(marks(0, 600, 6)).toEqual([
    [0, [0, 1, 0, 1, 0, 1]],
    [1, [0, 0, 0, 1, 0, 0]],
  ]);
  expect(marks(300, 400, 4)).toEqual([
    [0, [1, 2, 2, 2]],
    [1, [1, 1, 0, 0]],
  ]);
  expect(marks(0, 10, 10)).toEqual([]);
  const places = new FindingCollector(0);
  places.add(cause('D'), { guest: [20, 5] });
  log.setChecked(0, [makeFinding({ code: 'D', severity: 'corruption', layer: 0, what: 'd' })], places);
  expect(marks(0, 100, 4)).toEqual([[0, [1, 0, 0, 0]]]);
});

test('marks are as severe as what a check made of a cause that the map shows', () => {
  const { log, base } = exampleLog();
  const columns = () => log.marks({ start: 300, end: 400 }, 1).map(({ columns }) => [...columns]);
  const [marked] = columns();
  const checked = new FindingCollector(0);
  checked.add(cause('A'), { guest: [300, 10] });
  checked.add(cause('A', 'note'), { guest: [300, 10] });
  checked.replace(cause('A', 'note'));
  log.setChecked(0, checked.list(), checked);
  expect(columns()[0]).not.toEqual(marked);
  expect(log.nextPlace({ layer: 2, offset: 450 }, false)).toBeNull();
  expect(base.list().map(({ severity }) => severity)).toEqual(['note', 'hazard']);
});

test('findings are marked along the file of their layer, too', () => {
  const { log, base } = exampleLog();
  base.add(cause('H', 'leak'), { host: [600, 100] });
  base.add(cause('A'), { guest: [900, 10], host: [0, 50] });
  log.add([makeFinding({ code: 'W', severity: 'hazard', layer: 0, what: 'w', host: [[300, 1]] })]);
  const range = { start: 0, end: 800 };
  expect(log.hostMarks(0, range, 8)).toEqual([{ layer: 0, columns: Uint8Array.of(1, 0, 0, 2, 0, 0, 3, 0) }]);
  expect(log.hostMarks(1, range, 8)).toEqual([]);
  expect(log.hostMarks(7, range, 8)).toEqual([]);
});
