import { expect, test } from 'vitest';
import { choicesOf, toggledFilter } from '../../../../../renderer/views/findings/facets.ts';
import type { FindingCount } from '../../../../../shared/model/finding.ts';

function count(
  code: string,
  severity: FindingCount['severity'],
  layer: number,
  findings: number,
): FindingCount {
  return { code, severity, layer, findings, places: findings, bytesAtRisk: 0, followUps: 0 };
}

const counts = [
  count('A', 'corruption', 1, 2),
  count('A', 'corruption', 0, 3),
  count('B', 'leak', 0, 5),
  count('C', 'note', -1, 1),
];

test('each choice counts the findings that it shows with what is chosen of the other facets', () => {
  expect(choicesOf('codes', counts, {})).toEqual([
    { value: 'A', findings: 5 },
    { value: 'B', findings: 5 },
    { value: 'C', findings: 1 },
  ]);
  expect(choicesOf('codes', counts, { layers: [0], codes: ['A'] })).toEqual([
    { value: 'A', findings: 3 },
    { value: 'B', findings: 5 },
    { value: 'C', findings: 0 },
  ]);
  expect(choicesOf('layers', counts, { severities: ['corruption'] })).toEqual([
    { value: 1, findings: 2 },
    { value: 0, findings: 3 },
    { value: -1, findings: 0 },
  ]);
});

test('a choice is taken out again, and a facet without choices filters nothing', () => {
  const once = toggledFilter({ layers: [1] }, 'codes', 'A');
  expect(once).toEqual({ layers: [1], codes: ['A'] });
  expect(toggledFilter(once, 'codes', 'B')).toEqual({ layers: [1], codes: ['A', 'B'] });
  expect(toggledFilter(once, 'codes', 'A')).toEqual({ layers: [1] });
});
