import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRowText, rowTemplate } from '../../electron/merge/row-text.ts';
import { contextRow } from '../../shared/extent/nbdinfo-text.ts';
import { qemuImgRow } from '../../shared/extent/rows.ts';

/** Whole numbers of every length, and those where a digit more begins. */
const number = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.integer({ min: 0, max: 15 }).chain(power => fc.constantFrom(10 ** power, 10 ** power - 1)),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER),
);
const rows = fc.array(fc.tuple(number, number, number), { maxLength: 40 });

test('rows of templates read as the rows that were printed', () => {
  fc.assert(
    fc.property(rows, fc.nat(4000), fc.integer({ min: 1, max: 300 }), (list, key, size) => {
      const withHost = rowTemplate((start, length, host) => qemuImgRow(start, length, key, host));
      const without = rowTemplate((start, length) => qemuImgRow(start, length, key, -1));
      const context = rowTemplate((start, length) => `,\n${contextRow('allocation', start, length, 3)}`);
      const text = createRowText(size);
      let expected = '';
      for (const [start, length, host] of list) {
        text.row(withHost, start, length, host);
        text.row(without, start, length, -1);
        text.row(context, start, length, -1);
        text.text('naïve ✓\n');
        expected += qemuImgRow(start, length, key, host) + qemuImgRow(start, length, key, -1);
        expected += `,\n${contextRow('allocation', start, length, 3)}naïve ✓\n`;
      }
      expect(text.length).toBe(Buffer.byteLength(expected));
      expect(Buffer.from(text.take()).toString()).toBe(expected);
      expect(text.length).toBe(0);
    }),
  );
});

test('what was taken stays as it is while more is written', () => {
  const template = rowTemplate((start, length) => `${start}-${length} `);
  const text = createRowText(64);
  text.row(template, 1, 2, -1);
  const taken = text.take();
  text.row(template, 3, 4, -1);
  expect(Buffer.from(taken).toString()).toBe('1-2 ');
  expect(Buffer.from(text.take()).toString()).toBe('3-4 ');
});
