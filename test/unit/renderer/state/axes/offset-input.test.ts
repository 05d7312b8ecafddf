import { expect, test } from 'vitest';
import { parseOffsetInput } from '../../../../../renderer/state/axes/offset-input.ts';

const CONTEXT = { current: 0x10000, size: 2 ** 30, clusterSize: 65536, l1Coverage: 2 ** 29 };

test.each([
  ['0x12_0000', 0x120000],
  ['64M', 2 ** 26],
  ['1,048,576', 2 ** 20],
  ['+64K', 0x20000],
  ['-0x8000', 0x8000],
  ['50%', 2 ** 29],
  ['%25', 2 ** 28],
  ['100%', 2 ** 30 - 1],
  ['end', 2 ** 30 - 1],
  ['cluster 0x12', 0x120000],
  ['cluster 1,024', 2 ** 26],
  ['sector 8', 4096],
  ['LBA 0x10', 8192],
  ['2048s', 2 ** 20],
  ['L1[1]', 2 ** 29],
  ['L1[1] L2[2]', 2 ** 29 + 2 * 65536],
  ['l1[0x1],l2[3]', 2 ** 29 + 3 * 65536],
  ['L2[5]', 5 * 65536],
])('%s names an offset', (text, offset) => {
  expect(parseOffsetInput(text, CONTEXT)).toEqual({ kind: 'offset', offset });
});

test.each([
  ['4P', 'past'],
  ['1G', 'past'],
  ['200%', 'past'],
  ['cluster 99999999', 'past'],
  ['-1G', 'before'],
] as const)('%s lies outside the disk and is not clamped', (text, side) => {
  expect(parseOffsetInput(text, CONTEXT)).toEqual({ kind: 'outside', side });
});

test.each(['', 'x', 'cluster', 'L1[]', '+', '0x', 'cluster x', '1,04', 'L1[0] L2[99999]'])(
  '%j names no offset',
  text => {
    expect(parseOffsetInput(text, CONTEXT)).toEqual({ kind: 'none' });
  },
);

test('hexadecimal digits without 0x are asked about, and decimal ones are not', () => {
  expect(parseOffsetInput('c0000000', CONTEXT)).toEqual({ kind: 'unsure', meant: '0xc0000000' });
  expect(parseOffsetInput('4096', CONTEXT)).toEqual({ kind: 'offset', offset: 4096 });
});

test('a layer without tables has no entries', () => {
  expect(parseOffsetInput('L1[0]', { ...CONTEXT, l1Coverage: 0 })).toEqual({ kind: 'none' });
  expect(parseOffsetInput('L2[1]', { ...CONTEXT, l1Coverage: 0 })).toEqual({ kind: 'none' });
});
