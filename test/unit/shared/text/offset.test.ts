import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  countOf,
  formatCount,
  formatOffset,
  formatRawValue,
  formatShare,
  formatSize,
  formatTwoSizes,
  parseOffset,
} from '../../../../shared/text/offset.ts';

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

test('an offset is grouped by four digits from the right, exactly above 2^53 too', () => {
  expect([0, 0x52a00, 0x1_2345_6789, 2n ** 60n + 1n].map(formatOffset)).toEqual([
    '0x0000_0000',
    '0x0005_2a00',
    '0x1_2345_6789',
    '0x1000_0000_0000_0001',
  ]);
  fc.assert(
    fc.property(fc.maxSafeNat(), offset => {
      expect(parseOffset(formatOffset(offset))).toBe(offset);
    }),
  );
});

test('a raw value is grouped as an offset is, and what is no number stays as it is', () => {
  const grouped = [
    ['0x8000000000052a00', '0x8000_0000_0005_2a00'],
    ['0x52a00', '0x0005_2a00'],
    ['0x4000', '0x0000_4000'],
    ['0x007d000400000000001a0000', '0x007d_0004_0000_0000_001a_0000'],
    ['0x8000000000050000 0x0000000000000001', '0x8000_0000_0005_0000 0x0000_0000_0000_0001'],
  ] as const;
  for (const [value, text] of grouped) expect(formatRawValue(value)).toBe(text);
  for (const value of ['0x01', '0x0007', '', '3', '55 aa', '"0x52a00"', '0x52a00.qcow2'])
    expect(formatRawValue(value)).toBe(value);
});

test('a count of one names one thing', () => {
  expect([countOf(1, 'L2 table'), countOf(0, 'L2 table'), countOf(1024, 'entry', 'entries')]).toEqual([
    '1 L2 table',
    '0 L2 tables',
    '1,024 entries',
  ]);
});
