/** Stretches of equal refcounts and of clusters that are counted alike, of all lengths and widths. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CountedChunk } from '../../../../electron/qcow2/check/counted-chunk.ts';
import { endOfEqualRefcounts } from '../../../../electron/qcow2/check/repeated-bytes.ts';
import { refcountAt } from '../../../../electron/qcow2/format/refcounts.ts';

/** Where one stretch ends and the next begins: close to each other, and around what is compared in one go. */
const borders = fc
  .array(fc.oneof(fc.nat(40), fc.constantFrom(511, 512, 513, 4095, 4096, 4097, 8190, 20_000)), {
    maxLength: 6,
  })
  .map(places => places.sort((a, b) => a - b));

it('endOfEqualRefcounts takes as many whole words of equal refcounts as there are, and nothing else', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 4, 8, 16, 32, 64), borders, fc.nat(99), (bits, places, start) => {
      const count = 24_000;
      const bytes = new Uint8Array(8 + Math.ceil((count * bits) / 8)).fill(0xff, 8);
      const view = new DataView(bytes.buffer);
      for (const at of places) bytes[8 + Math.floor((at * bits) / 8)] = 0x0f;
      const values = Array.from({ length: count }, (_, c) => refcountAt(view, 8, c, bits));
      const index = start % 2 === 0 ? start * 64 : start;
      const end = endOfEqualRefcounts(view, 8, index, count, bits);
      let same = index + 1;
      while (same < count && values[same] === values[index]) same++;
      const perWord = 32 / bits;
      const words = index % perWord === 0 ? Math.floor((same - index) / perWord) : 0;
      expect(end).toBe(bits <= 32 && words > 0 ? index + words * perWord : index + 1);
    }),
  );
});

it('endOfSame finds the first cluster that is counted otherwise', () => {
  fc.assert(
    fc.property(borders, fc.nat(99), fc.integer({ min: 1, max: 30_000 }), (places, at, length) => {
      const chunk = new CountedChunk();
      for (const place of places) chunk.counters[place] = 0x8010;
      const end = at + length;
      let expected = at + 1;
      while (expected < end && chunk.counters[expected] === chunk.counters[at]) expected++;
      expect(chunk.endOfSame(at, end)).toBe(expected);
    }),
  );
});
