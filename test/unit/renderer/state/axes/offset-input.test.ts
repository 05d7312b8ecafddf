import { expect, test } from 'vitest';
import { parseOffsetInput } from '../../../../../renderer/state/axes/offset-input.ts';

const CONTEXT = { current: 0x10000, size: 2 ** 30, clusterSize: 65536, l1Coverage: 2 ** 29 };

test.each([
  ['0x12_0000', 0x120000],
  ['64M', 2 ** 26],
  ['+64K', 0x20000],
  ['-0x8000', 0x8000],
  ['50%', 2 ** 29],
  ['%25', 2 ** 28],
  ['cluster 0x12', 0x120000],
  ['L1[1]', 2 ** 29],
  ['4P', 2 ** 30 - 1],
  ['-1G', 0],
])('%s', (text, offset) => {
  expect(parseOffsetInput(text, CONTEXT)).toBe(offset);
});

test.each(['', 'x', 'cluster', 'L1[]', '+', '0x', '1e9', 'cluster x'])('%j is no place', text => {
  expect(parseOffsetInput(text, CONTEXT)).toBeUndefined();
});

test('a layer without tables has no L1 entries', () => {
  expect(parseOffsetInput('L1[0]', { ...CONTEXT, l1Coverage: 0 })).toBeUndefined();
});
