import { expect, it } from 'vitest';
import { sameText } from '../../../../shared/compare/same-text.ts';
import type { ComparisonSums } from '../../../../shared/model/comparison.ts';

it.each([
  [0, 0, 'The disks are the same.'],
  [0, 512, 'The disks read the same, and store it otherwise.'],
  [512, 0, 'The disks read the same as far as both go; the longer one ends in zeros.'],
  [
    512,
    512,
    'The disks read the same as far as both go, and store it otherwise; the longer one ends in zeros.',
  ],
])('says of %i bytes past one end and %i stored otherwise what they are', (length, state, text) => {
  const kinds = { length: { bytes: length, ranges: 1 }, state: { bytes: state, ranges: 1 } };
  expect(sameText({ kinds } as unknown as ComparisonSums)).toBe(text);
});
