import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCount, formatShare, formatSize, formatTwoSizes } from '../../../../shared/text/offset.ts';

test('counts are grouped as Intl groups them', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 15 }), (count, digits) => {
      const whole = Math.floor(count / 10 ** digits);
      expect(formatCount(whole)).toBe(whole.toLocaleString('en'));
    }),
  );
});

test('a share that is there never reads as none, and one that is not all never as all', () => {
  expect([0, 0.0004, 0.001, 0.125, 0.999, 0.9991, 1 - 2 ** -53, 1].map(formatShare)).toEqual([
    '0.0 %',
    'under 0.1 %',
    '0.1 %',
    '12.5 %',
    '99.9 %',
    'over 99.9 %',
    'over 99.9 %',
    '100.0 %',
  ]);
});

test('a size that rounds to the next unit is written in that unit', () => {
  expect([1023, 1024, 2 ** 20 - 1, 2 ** 20 - 6, 2 ** 30 - 1, 2 ** 53 - 1, 2 ** 63].map(formatSize)).toEqual([
    '1023 bytes',
    '1 KiB',
    '1 MiB',
    '1023.99 KiB',
    '1 GiB',
    '8 PiB',
    '8192 PiB',
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
