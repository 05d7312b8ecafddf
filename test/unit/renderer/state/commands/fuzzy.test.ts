import { expect, test } from 'vitest';
import { fuzzyScore } from '../../../../../renderer/state/commands/fuzzy.ts';

test('the beginnings of words score higher than letters inside them', () => {
  expect(fuzzyScore('zi', 'Zoom in')).toBeGreaterThan(fuzzyScore('zi', 'Size it'));
  expect(fuzzyScore('xyz', 'Zoom in')).toBe(-1);
  expect(fuzzyScore('', 'anything')).toBeGreaterThanOrEqual(0);
});
