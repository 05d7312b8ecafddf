import { expect, test } from 'vitest';
import type { FindingCount } from '../../../../shared/model/finding.ts';
import { findingTotals } from '../../../../shared/text/finding-totals.ts';

function count(facts: Partial<FindingCount>): FindingCount {
  const none = {
    code: 'X',
    severity: 'note',
    layer: 0,
    findings: 1,
    places: 1,
    bytesAtRisk: 0,
    followUps: 0,
  };
  return { ...none, ...facts } as FindingCount;
}

test.each([
  [[], ''],
  [[count({ severity: 'corruption' })], '1 corruption'],
  [
    [count({ severity: 'corruption', findings: 2, bytesAtRisk: 131072 }), count({ severity: 'hazard' })],
    '2 corruptions with up to 128 KiB at risk; 1 hazard',
  ],
  [
    [count({ code: 'QCOW2_LEAKED', severity: 'leak', places: 14, layer: 1 })],
    '14 leaked clusters waste 896 KiB and endanger nothing',
  ],
  [
    [count({ code: 'QCOW2_LEAKED', severity: 'leak' })],
    '1 leaked cluster wastes 512 bytes and endangers nothing',
  ],
  [
    [count({ code: 'QCOW2_LEAKED', severity: 'leak', places: 2, followUps: 1 })],
    '2 leaked clusters waste 1 KiB and may hold what damaged tables referred to',
  ],
  [
    [count({ code: 'QCOW2_REFCOUNT_HIGH', severity: 'leak', places: 3 }), count({ findings: 2 })],
    '3 refcounts are too high, which is harmless; 2 notes',
  ],
] as const)('the totals of %j are %j', (counts, text) => {
  expect(findingTotals(counts, layer => (layer === 1 ? 65536 : 512))).toBe(text);
});
