import { expect, test } from 'vitest';
import { type Cause, causeOf, FindingCollector, guestRange } from '../../../shared/finding-collector.ts';
import { MAX_FINDING_PLACES } from '../../../shared/model/finding.ts';

const CAUSE: Cause = {
  id: 'table',
  code: 'TABLE_BAD',
  severity: 'corruption',
  what: count => `${count} entries are bad`,
  advice: 'copy it',
};

test('one cause is one finding with a true count, its bytes, joined ranges and bounded evidence', () => {
  const collector = new FindingCollector(3);
  for (let i = 0; i < 1000; i++)
    collector.add(CAUSE, {
      guest: [i * 200, i < 10 ? 200 : 100],
      evidence: { source: 'L2 entry', fileOffset: i, value: '0x1', bits: '' },
    });
  const [finding, ...others] = collector.list();
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    code: 'TABLE_BAD',
    layer: 3,
    what: '1000 entries are bad',
    count: 1000,
    bytesAtRisk: 10 * 200 + 990 * 100,
  });
  expect(finding?.guest).toHaveLength(MAX_FINDING_PLACES);
  expect(finding?.guest[0]).toEqual([0, 2100]);
  expect(finding?.evidence).toHaveLength(MAX_FINDING_PLACES);
});

test('a place that is not listed is still found by its offset', () => {
  const collector = new FindingCollector();
  for (let i = 0; i < 1000; i++) collector.add(CAUSE, { guest: [i * 200, 100] });
  collector.add({ ...CAUSE, id: 'other' }, { guest: [50_000, 1] });
  expect(collector.listWithin(199_850, 199_851).map(({ id }) => id)).toEqual(['table']);
  expect(collector.listWithin(50_000, 50_001).map(({ id }) => id)).toEqual(['table', 'other']);
  expect(collector.listWithin(199_950, 199_951)).toEqual([]);
  expect(collector.nextPlace(198_900, false)).toBe(199_000);
  expect(collector.nextPlace(199_000, true)).toBe(198_800);
  expect(collector.nextPlace(1e9, false)).toBe(-1);
});

test('the lowest ranges are listed, whatever order they come in', () => {
  const collector = new FindingCollector();
  for (let i = 999; i >= 0; i--) collector.add(CAUSE, { guest: [i * 200, 100] });
  expect(collector.list()[0]?.guest.at(0)).toEqual([0, 100]);
  expect(collector.list()[0]?.guest.at(-1)).toEqual([(MAX_FINDING_PLACES - 1) * 200, 100]);
});

test('a cause without a place of the guest puts no bytes at risk and touches no offset', () => {
  const collector = new FindingCollector();
  collector.add(causeOf({ code: 'HEADER_BAD', severity: 'corruption', what: 'bad', advice: '' }), {
    host: [8, 8],
  });
  expect(collector.list()).toMatchObject([{ id: 'HEADER_BAD', guest: [], host: [[8, 8]], bytesAtRisk: 0 }]);
  expect(collector.listWithin(0, Number.MAX_SAFE_INTEGER)).toEqual([]);
});

test('ranges of a cause that leaves the data whole are named and not counted as at risk', () => {
  const collector = new FindingCollector();
  collector.add({ ...CAUSE, risksData: false }, { guest: [0, 100] });
  expect(collector.list()).toMatchObject([{ guest: [[0, 100]], bytesAtRisk: 0 }]);
});

test('a guest range ends where the disk ends, and past it there is none', () => {
  expect(guestRange(100, 200, 150)).toEqual({ guest: [100, 50] });
  expect(guestRange(200, 300, 150)).toEqual({});
});
