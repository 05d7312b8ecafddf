/** Sources in memory give the same bytes, sizes and maps as files. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { memorySource } from '../../../../electron/qcow2/read/memory-source.ts';
import { readBytes, readFully, sizeNow } from '../../../../electron/qcow2/read/source.ts';
import { bytesSource } from '../../../support/images/bytes-source.ts';
import { buildImage, mapWhole } from '../../../support/qcow2-reading.ts';

const pieces = [
  { offset: 4, bytes: Uint8Array.of(1, 2, 3) },
  { offset: 7, bytes: Uint8Array.of(4) },
  { offset: 10, bytes: Uint8Array.of(5, 6) },
];

test('reads pieces with zeros between them and nothing past the end', () => {
  const source = memorySource({ path: 'p', size: 14, pieces, between: 'zeros' });
  expect([...readBytes(source, 0, 100)]).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 5, 6, 0, 0]);
  expect([...readBytes(source, 5, 4)]).toEqual([2, 3, 4, 0]);
  const into = new Uint8Array(4).fill(9);
  expect(readFully(source, into, 11)).toBe(3);
  expect([...into]).toEqual([6, 0, 0, 0]);
  expect(readFully(source, into, 14)).toBe(0);
  expect([sizeNow(source), source.bytesOnDisk()]).toEqual([14, 6]);
});

test('tells where data lies between holes', () => {
  const source = memorySource({ path: 'p', size: 14, pieces, between: 'zeros' });
  const data = (position: number) => source.nextData?.(position);
  expect(data(0)).toEqual({ start: 4, end: 7 });
  expect(data(5)).toEqual({ start: 5, end: 7 });
  expect(data(8)).toEqual({ start: 10, end: 12 });
  expect(data(12)).toBeUndefined();
});

test('says which bytes a capture does not hold instead of making them zeros', () => {
  const source = memorySource({ path: 'case.capture', size: 14, pieces, between: 'notCaptured' });
  expect([...readBytes(source, 4, 4)]).toEqual([1, 2, 3, 4]);
  expect(() => readBytes(source, 4, 5)).toThrow(
    expect.objectContaining({ code: 'NOT_CAPTURED', subject: 'case.capture' }),
  );
  expect(source.nextData?.(0)).toEqual({ start: 0, end: 14 });
});

test('an image in memory has the map of the file', () => {
  const { path, source } = buildImage({
    size: 2 ** 30,
    clusters: index => (index % 3 === 0 ? 'data' : index % 5 === 0 ? 'zeroHole' : 'unallocated'),
  });
  const image = openQcow2(bytesSource(readFileSync(path), path));
  expect(mapWhole(image)).toEqual(mapWhole(openQcow2(source)));
});
