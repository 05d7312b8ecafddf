import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRowTemplates, createRowText } from '../../electron/formats/chunk-writer.ts';
import { contextRow } from '../../electron/formats/nbdinfo.ts';
import { type NumberRows, qemuImgRow } from '../../electron/formats/rows.ts';
import { contextWithRole } from '../../shared/nbd-contexts.ts';

/** Whole numbers of every length, and those where a digit more begins. */
const number = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.integer({ min: 0, max: 15 }).chain(power => fc.constantFrom(10 ** power, 10 ** power - 1)),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER),
);
const rows = fc.array(fc.tuple(number, number, fc.nat(200), fc.oneof(fc.constant(-1), number)), {
  maxLength: 40,
});

function packed(list: readonly (readonly [number, number, number, number])[]): NumberRows {
  return {
    count: list.length,
    starts: Float64Array.from(list, row => row[0]),
    lengths: Float64Array.from(list, row => row[1]),
    keys: Int32Array.from(list, row => row[2]),
    hosts: Float64Array.from(list, row => row[3]),
  };
}

test('rows of templates read as the rows that were printed', () => {
  fc.assert(
    fc.property(rows, rows, fc.nat(3), fc.integer({ min: 1, max: 300 }), (list, words, first, size) => {
      const images = createRowTemplates(qemuImgRow);
      const printContext = (start: number, length: number, key: number) =>
        `,\n${contextRow(contextWithRole('allocation'), start, length, key % 4)}`;
      const contexts = createRowTemplates(printContext);
      const withoutHosts = words.map(([start, length, key]) => [start, length, key, -1] as const);
      const text = createRowText(size);
      text.rows(images, packed(list), first);
      text.text('naïve ✓\n');
      text.rows(contexts, packed(withoutHosts), 0);
      const expected = [
        ...list.slice(first).map(row => qemuImgRow(...row)),
        'naïve ✓\n',
        ...withoutHosts.map(([start, length, key]) => printContext(start, length, key)),
      ].join('');
      expect(text.length).toBe(Buffer.byteLength(expected));
      expect(Buffer.from(text.take()).toString()).toBe(expected);
      expect(text.length).toBe(0);
    }),
  );
});

const plain = createRowTemplates((start, length) => `${start}-${length} `);

test('what was taken stays as it is while more is written', () => {
  const text = createRowText(64);
  text.rows(plain, packed([[1, 2, 0, -1]]), 0);
  const taken = text.take();
  text.rows(plain, packed([[3, 4, 0, -1]]), 0);
  expect(Buffer.from(taken).toString()).toBe('1-2 ');
  expect(Buffer.from(text.take()).toString()).toBe('3-4 ');
});

test('memory that was handed back is written to again, and grows where it is too short', () => {
  const text = createRowText(64);
  text.rows(plain, packed([[1, 2, 0, -1]]), 0);
  const { buffer } = text.take();
  text.rows(plain, packed([[3, 4, 0, -1]]), 0);
  expect(Buffer.from(text.take(buffer)).toString()).toBe('3-4 ');
  text.rows(plain, packed([[5, 6, 0, -1]]), 0);
  const again = text.take(new ArrayBuffer(1));
  expect(again.buffer).toBe(buffer);
  expect(Buffer.from(again).toString()).toBe('5-6 ');
  text.rows(plain, packed([[7, 8, 0, -1]]), 0);
  expect(Buffer.from(text.take()).toString()).toBe('7-8 ');
});
