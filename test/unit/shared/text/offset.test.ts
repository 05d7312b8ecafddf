import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCount, formatShare, formatTwoSizes } from '../../../../shared/text/offset.ts';

test('counts are grouped as Intl groups them', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 15 }), (count, digits) => {
      const whole = Math.floor(count / 10 ** digits);
      expect(formatCount(whole)).toBe(whole.toLocaleString('en'));
    }),
  );
});

test('a share that is there never reads as none', () => {
  expect([0, 0.0004, 0.001, 0.125, 1].map(formatShare)).toEqual([
    '0.0 %',
    'under 0.1 %',
    '0.1 %',
    '12.5 %',
    '100.0 %',
  ]);
});

test('two sizes that differ never read the same', () => {
  expect(formatTwoSizes(2 ** 27, 2 ** 28)).toEqual(['128 MiB', '256 MiB']);
  expect(formatTwoSizes(134_217_728, 134_219_776)).toEqual([
    '128 MiB (134,217,728 bytes)',
    '128 MiB (134,219,776 bytes)',
  ]);
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (one, other) => {
      fc.pre(one !== other);
      const [first, second] = formatTwoSizes(one, other);
      expect(first).not.toBe(second);
    }),
  );
});
