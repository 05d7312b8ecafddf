import { expect, it } from 'vitest';
import {
  compressedRange,
  compressedRangeV1,
  exactCompressedOffset,
} from '../../../../electron/qcow2/format/compressed.ts';

const halves = (entry: bigint) => [Number(entry >> 32n), Number(entry & 0xffffffffn)] as const;

it.each([
  [9, 61],
  [12, 58],
  [16, 54],
  [21, 49],
])('parts offset and sectors of clusters of 1 << %i bytes at bit %i', (clusterBits, x) => {
  const most = 2n ** BigInt(62 - x) - 1n;
  const entry = (1n << 62n) | (most << BigInt(x)) | 0x1_2345_6789n;
  const extraSectors = Number(most);
  const length = (extraSectors + 1) * 512 - (0x1_2345_6789 % 512);
  expect(compressedRange(...halves(entry), clusterBits)).toEqual({
    offset: 0x1_2345_6789,
    extraSectors,
    length,
  });
});

it('reads the size of version 1 in bytes', () => {
  const entry = (1n << 63n) | (300n << 51n) | 0x2_0000_0101n;
  expect(compressedRangeV1(...halves(entry), 12)).toMatchObject({ offset: 0x2_0000_0101, length: 300 });
});

it('names every digit of an offset past 2^53', () => {
  expect(exactCompressedOffset(...halves((1n << 62n) | (1n << 60n) | 1n), 9, 3)).toBe(0x1000000000000001n);
  expect(exactCompressedOffset(...halves((1n << 63n) | (1n << 53n) | 1n), 9, 1)).toBe(0x20000000000001n);
});
