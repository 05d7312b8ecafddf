import { expect, test } from 'vitest';
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';

test('a view covers exactly the bytes of its array', () => {
  const view = dataViewOf(Uint8Array.of(9, 1, 2, 9).subarray(1, 3));
  expect([view.byteLength, view.getUint16(0)]).toEqual([2, 0x0102]);
});

test.each([
  [0n, 0],
  [2n ** 32n + 5n, 2 ** 32 + 5],
  [2n ** 53n - 1n, Number.MAX_SAFE_INTEGER],
  [2n ** 53n + 1n, 2 ** 53],
  [2n ** 64n - 1n, 2 ** 64],
])('%s is read in both byte orders, rounded above 2^53', (stored, read) => {
  const view = new DataView(new ArrayBuffer(24));
  view.setBigUint64(3, stored);
  view.setBigUint64(12, stored, true);
  expect([uint64At(view, 3), uint64At(view, 12, true)]).toEqual([read, read]);
});

test('a number of which the last byte is not there is not read', () => {
  expect(() => uint64At(new DataView(new ArrayBuffer(8)), 1)).toThrow(RangeError);
});
