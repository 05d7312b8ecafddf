import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRefcount, refcountAt } from '../../../../electron/qcow2/format/refcounts.ts';

describe('refcountAt', () => {
  const block = new DataView(Uint8Array.of(9, 0b1001_0011, 0x80, 0, 0, 0, 0, 0, 5).buffer);
  it.each([
    [1, [1, 1, 0, 0, 1, 0, 0, 1, 0]],
    [2, [3, 0, 1, 2, 0, 0, 0, 2]],
    [4, [3, 9, 0, 8]],
    [8, [0x93, 0x80, 0, 0, 0, 0, 0, 5]],
    [16, [0x9380, 0, 0, 5]],
    [32, [0x93800000, 5]],
    [64, [0x93800000 * 2 ** 32 + 5]],
  ])('reads counts that are %i bits wide', (bits, counts) => {
    expect(counts.map((_, index) => refcountAt(block, 1, index, bits))).toEqual(counts);
  });
});

it('nextRefcount misses no count of any width', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 4, 8, 16, 32, 64),
      fc.array(fc.nat(511), { maxLength: 4 }),
      (bits, used) => {
        const bytes = new Uint8Array(520);
        for (const at of used) bytes[8 + at] = 1 << (at % 8);
        const view = new DataView(bytes.buffer);
        const end = (512 * 8) / bits;
        const found: number[] = [];
        for (
          let c = nextRefcount(view, 8, 0, end, bits);
          c < end;
          c = nextRefcount(view, 8, c + 1, end, bits)
        )
          if (refcountAt(view, 8, c, bits) !== 0) found.push(c);
        const all = Array.from({ length: end }, (_, c) => c).filter(c => refcountAt(view, 8, c, bits) !== 0);
        expect(found).toEqual(all);
      },
    ),
  );
});
