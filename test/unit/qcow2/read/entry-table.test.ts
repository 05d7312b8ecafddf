/** Tables that are read in parts give the entries of the file with a bounded memory. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { EntryTable, PartCache } from '../../../../electron/qcow2/read/entry-table.ts';
import { memorySource } from '../../../../electron/qcow2/read/memory-source.ts';
import type { ImageSource } from '../../../../electron/qcow2/read/source.ts';
import { formatOffset } from '../../../../shared/text/offset.ts';
import { bytesSource } from '../../../support/images/bytes-source.ts';

const PART = 4096;

/** A source of a table at `offset` with these entries, all others zero. */
function tableOf(count: number, used: readonly (readonly [index: number, value: bigint])[], offset = 0) {
  const bytes = new Uint8Array(offset + count * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of used) view.setBigUint64(offset + index * 8, value);
  return bytesSource(bytes, 'image');
}

function valueAt(table: EntryTable, index: number): bigint {
  return (BigInt(table.hi(index)) << 32n) | BigInt(table.lo(index));
}

test('gives every entry, in any order and with any cache', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(5 * PART - 1), { maxLength: 20 }),
      fc.array(fc.nat(5 * PART - 1), { maxLength: 50 }),
      fc.nat(3),
      (used, asked, parts) => {
        const entries = used.map(index => [index, (BigInt(index + 1) << 33n) | 5n] as const);
        const table = new EntryTable(
          tableOf(5 * PART, entries, 512),
          512,
          5 * PART,
          new PartCache(parts * PART * 8),
        );
        for (const index of [...asked, ...used])
          expect(valueAt(table, index)).toBe(entries.find(([at]) => at === index)?.[1] ?? 0n);
        const sorted = [...used].sort((a, b) => a - b);
        for (const from of asked) {
          const next = sorted.find(index => index >= from);
          expect(table.nextUsed(from, 5 * PART)).toBe(next ?? 5 * PART);
          const end = Math.min(5 * PART, from + 10);
          expect(table.nextUsed(from, end)).toBe(Math.min(end, next ?? end));
        }
      },
    ),
  );
});

test('finds where a run of equal entries ends', () => {
  const table = new EntryTable(
    tableOf(2 * PART, [
      [1, 7n],
      [2, 7n],
      [3, 7n | (1n << 63n)],
      [PART + 1, 9n],
    ]),
    0,
    2 * PART,
  );
  expect(table.endOfRun(0, 100)).toBe(1);
  expect(table.endOfRun(1, 100)).toBe(3);
  expect(table.endOfRun(1, 2)).toBe(2);
  expect(table.endOfRun(3, 100)).toBe(4);
  expect(table.endOfRun(4, 2 * PART)).toBe(PART + 1);
});

test('holds as many entries as the file has', () => {
  expect(new EntryTable(bytesSource(new Uint8Array(100)), 16, 50).count).toBe(10);
  expect(new EntryTable(bytesSource(new Uint8Array(100)), 16, 3).count).toBe(3);
  expect(new EntryTable(bytesSource(new Uint8Array(100)), 200, 3).count).toBe(0);
});

test('reads a part without used entries once and keeps none of it', () => {
  const source = memorySource({
    path: 'image',
    size: 2 ** 31,
    pieces: [{ offset: 2 ** 30, bytes: Uint8Array.of(1) }],
    between: 'zeros',
  });
  const readAt = vi.spyOn(source, 'readAt');
  const cache = new PartCache();
  const table = new EntryTable(source, 0, 2 ** 28, cache);
  expect(table.nextUsed(0, 2 ** 28)).toBe(2 ** 27);
  expect(cache.bytes).toBe(PART * 8);
  const reads = readAt.mock.calls.length;
  expect(table.nextUsed(1, 2 ** 27)).toBe(2 ** 27);
  expect(readAt.mock.calls.length).toBe(reads);
});

test('keeps the parts of all its tables within the memory of the cache', () => {
  const cache = new PartCache(3 * PART * 8);
  const tables = [1, 2, 3].map(
    () =>
      new EntryTable(
        tableOf(
          4 * PART,
          [0, 1, 2, 3].map(part => [part * PART, 1n] as const),
        ),
        0,
        4 * PART,
        cache,
      ),
  );
  for (let round = 0; round < 50; round++)
    for (const table of tables) {
      expect(table.lo(((round * 7) % 4) * PART)).toBe(1);
      expect(cache.bytes).toBeLessThanOrEqual(3 * PART * 8);
    }
});

test('a part that cannot be read is an error each time, and ends where the next part begins', () => {
  const source: ImageSource = {
    ...bytesSource(new Uint8Array(3 * PART * 8).fill(1)),
    readAt(into, position) {
      if (position >= PART * 8 && position < 2 * PART * 8) throw new Error('EIO');
      into.fill(1);
      return into.length;
    },
  };
  const table = new EntryTable(source, 0, 3 * PART);
  expect(table.hi(0)).toBe(0x01010101);
  for (let i = 0; i < 2; i++)
    expect(() => table.hi(PART + 5)).toThrow(
      expect.objectContaining({
        code: 'QCOW2_READ_FAILED',
        what: `the file could not be read at offset ${formatOffset(PART * 8)}: EIO`,
      }),
    );
  expect(table.endOfPart(PART + 5)).toBe(2 * PART);
  expect(table.hi(2 * PART)).toBe(0x01010101);
});

test('a file that became shorter is an error and not a table of zeros', () => {
  let size = 2 * PART * 8;
  const bytes = bytesSource(new Uint8Array(size));
  const source: ImageSource = {
    ...bytes,
    currentSize: () => size,
    readAt: (into, position) => bytes.readAt(into.subarray(0, Math.max(0, size - position)), position),
  };
  const table = new EntryTable(source, 0, 2 * PART);
  size = PART * 8 + 16;
  expect(table.nextUsed(0, PART)).toBe(PART);
  expect(() => table.nextUsed(PART, 2 * PART)).toThrow(/shorter/);
});
