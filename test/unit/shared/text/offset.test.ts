import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCount } from '../../../../shared/text/offset.ts';

test('counts are grouped as Intl groups them', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 15 }), (count, digits) => {
      const whole = Math.floor(count / 10 ** digits);
      expect(formatCount(whole)).toBe(whole.toLocaleString('en'));
    }),
  );
});
