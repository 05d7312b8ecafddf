import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkWriter, type NumberRows, RowTemplates } from '../../electron/formats/chunk-writer.ts';
import { contextRow } from '../../electron/formats/nbdinfo.ts';
import { qemuImgFormat } from '../../electron/formats/qemu-img.ts';
import { contextWithRole } from '../../shared/nbd-contexts.ts';
import { jsonNumber } from '../../shared/text/json.ts';

const QEMU_IMG = qemuImgFormat({ compressed: true });

/** Whole numbers of every length, those where a digit more begins, and those around the borders of a double's digits. */
const number = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.integer({ min: 0, max: 19 }).chain(power => fc.constantFrom(10 ** power, 10 ** power - 1)),
  fc.integer({ min: 0, max: 63 }).chain(power => fc.constantFrom(2 ** power, 2 ** power - 1)),
  fc.bigInt({ min: 0n, max: 2n ** 55n }).map(sectors => Number(sectors) * 512), // host offsets of damaged entries
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER, 2 ** 56 - 512, 2 ** 64),
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
      const images = new RowTemplates(QEMU_IMG.row);
      const printContext = (start: number, length: number, key: number) =>
        `,\n${contextRow(contextWithRole('allocation'), start, length, key % 4)}`;
      const contexts = new RowTemplates(printContext);
      const withoutHosts = words.map(([start, length, key]) => [start, length, key, -1] as const);
      const text = new ChunkWriter(size);
      text.rows(images, packed(list), first);
      text.text('naïve ✓\n');
      text.rows(contexts, packed(withoutHosts), 0);
      const expected = [
        ...list.slice(first).map(row => QEMU_IMG.row(...row)),
        'naïve ✓\n',
        ...withoutHosts.map(([start, length, key]) => printContext(start, length, key)),
      ].join('');
      expect(text.length).toBe(Buffer.byteLength(expected));
      expect(Buffer.from(text.take()).toString()).toBe(expected);
      expect(text.length).toBe(0);
    }),
  );
});

const plain = new RowTemplates((start, length) => `${start}-${length} `);

test('what was taken stays as it is while more is written', () => {
  const text = new ChunkWriter(64);
  text.rows(plain, packed([[1, 2, 0, -1]]), 0);
  const taken = text.take();
  text.rows(plain, packed([[3, 4, 0, -1]]), 0);
  expect(Buffer.from(taken).toString()).toBe('1-2 ');
  expect(Buffer.from(text.take()).toString()).toBe('3-4 ');
});

test('memory that was handed back is written to again, and grows where it is too short', () => {
  const text = new ChunkWriter(64);
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

test('every number is printed with all its digits', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number, number), { minLength: 1, maxLength: 40 }), list => {
      const text = new ChunkWriter(64);
      const print = (start: number, length: number, _key: number, host: number) =>
        `[${[start, length, host].map(jsonNumber).join(',')}]`;
      text.rows(new RowTemplates(print), packed(list.map(([a, b, c]) => [a, b, 0, c] as const)), 0);
      const digits = list.map(row => `[${row.map(value => BigInt(value)).join(',')}]`).join('');
      expect(Buffer.from(text.take()).toString()).toBe(digits);
    }),
    { numRuns: 1000 },
  );
});

test('a row of more keys than templates are kept reads the same', () => {
  const text = new ChunkWriter(2 ** 20);
  const templates = new RowTemplates((start, length, key) => `${start} ${length} ${key}\n`);
  const keys = Array.from({ length: 70_000 }, (_, i) => [i, 1, i, -1] as const);
  text.rows(templates, packed(keys), 0);
  text.rows(templates, packed([[7, 8, 0, -1]]), 0);
  expect(Buffer.from(text.take()).toString()).toBe(`${keys.map(([i]) => `${i} 1 ${i}\n`).join('')}7 8 0\n`);
});
