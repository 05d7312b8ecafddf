import { expect, test } from 'vitest';
import {
  compareFindings,
  makeFinding,
  NO_FINDINGS,
  rankFindings,
  touchesRange,
  worstSeverity,
} from '../../../../shared/model/finding.ts';

const of = (
  id: string,
  severity: 'corruption' | 'hazard' | 'leak' | 'note',
  guest: [number, number][] = [],
) => makeFinding({ code: 'X', id, severity, what: id, guest });

test('a finding counts the bytes of its guest ranges as at risk', () => {
  const finding = makeFinding({
    code: 'X',
    severity: 'note',
    what: 'x',
    guest: [
      [0, 10],
      [20, 5],
    ],
  });
  expect(finding).toMatchObject({ id: 'X', layer: 0, count: 1, bytesAtRisk: 15, host: [], evidence: [] });
});

test('findings are ranked by severity, then bytes at risk, then guest offset', () => {
  const ranked = [
    of('note', 'note', [[0, 1000]]),
    of('without a place', 'corruption'),
    of('leak', 'leak'),
    of('small, later', 'corruption', [[50, 10]]),
    of('small, earlier', 'corruption', [[5, 10]]),
    of('large', 'corruption', [[70, 20]]),
    of('hazard', 'hazard', [[0, 500]]),
  ].sort(compareFindings);
  expect(ranked.map(({ id }) => id)).toEqual([
    'large',
    'small, earlier',
    'small, later',
    'without a place',
    'hazard',
    'leak',
    'note',
  ]);
});

test('of findings that are alike the one of the upper layer comes first, whatever was found first', () => {
  const lower = { ...of('a', 'note'), layer: 0 };
  const upper = { ...of('a', 'note'), layer: 2 };
  expect([lower, upper].sort(compareFindings)).toEqual([upper, lower]);
  expect([upper, lower].sort(compareFindings)).toEqual([upper, lower]);
});

test('a range is touched by any of its bytes and by none beside it', () => {
  expect(touchesRange([[10, 5]], 14, 15)).toBe(true);
  expect(touchesRange([[10, 5]], 15, 20)).toBe(false);
  expect(touchesRange([[10, 5]], 0, 10)).toBe(false);
});

test('the worst severity of no findings is none', () => {
  expect(worstSeverity(NO_FINDINGS)).toBeUndefined();
  expect(worstSeverity({ total: 2, severities: { ...NO_FINDINGS.severities, leak: 1, note: 1 } })).toBe(
    'leak',
  );
});

test('what follows from a finding is ranked directly behind it, and what names a cause that is not there by itself', () => {
  const cause = of('cause', 'corruption');
  const note = { ...of('note', 'note'), causedBy: 'leak' };
  const leak = { ...of('leak', 'leak'), causedBy: 'cause' };
  const elsewhere = { ...of('cause', 'hazard'), layer: 1 };
  const lone = { ...of('lone', 'hazard'), causedBy: 'gone' };
  const [a, b] = [
    { ...of('a', 'corruption'), causedBy: 'b' },
    { ...of('b', 'corruption'), causedBy: 'a' },
  ];
  const ranked = rankFindings([a, b, note, leak, lone, elsewhere, cause]);
  expect(ranked).toEqual([cause, leak, note, elsewhere, lone, a, b]);
});
