/** Heads of images with bytes changed at random: an answer or an error with a code, never a raw exception, never a large read. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readImageHeader } from '../../electron/chain/store/image-header.ts';
import { CowscopeError } from '../../shared/error.ts';
import { qemuImg, temporaryFolder } from '../support/tools.ts';

/** Most bytes that the head of one image may be read in: a cluster of 2 MiB, and what recognizes the format. */
const MOST_BYTES = 2 ** 21 + 2 ** 18;

test('the head of any image is read in bounded reads, and gives an answer or an error with a code', async () => {
  const folder = temporaryFolder();
  const kinds = [
    ['qcow2', '-b', 'base', '-F', 'qcow2', '-u'],
    ['qcow2', '-o', 'compat=0.10,cluster_size=512'],
    ['qcow2', '-o', `data_file=${join(folder, 'data')}`],
    ['qcow'],
  ];
  const images: Buffer[] = [];
  for (const [i, [format = '', ...more]] of kinds.entries()) {
    const path = join(folder, `${i}`);
    await qemuImg('create', '-q', '-f', format, ...more, path, '1M');
    images.push(Buffer.concat([await readFile(path), Buffer.alloc(65_536)]).subarray(0, 65_536));
  }
  const change = fc.tuple(fc.nat({ max: 700 }), fc.uint8Array({ minLength: 1, maxLength: 8 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...images),
      fc.array(change, { maxLength: 6 }),
      fc.constantFrom(40, 72, 104, 512, 4096, 65_536, 2 ** 40),
      (image, changes, size) => {
        const bytes = Buffer.from(image);
        for (const [at, values] of changes) bytes.set(values.subarray(0, bytes.length - at), at);
        let read = 0;
        const source = {
          path: 'image',
          size,
          currentSize: () => size,
          bytesOnDisk: () => -1,
          readAt(into: Uint8Array, position: number) {
            const count = Math.max(0, Math.min(into.length, size - position));
            read += count;
            into.fill(0, 0, count);
            if (position < bytes.length) into.set(bytes.subarray(position, position + count));
            return count;
          },
        };
        try {
          const head = readImageHeader(source);
          expect(head.backingName.length).toBeLessThan(1024);
        } catch (error) {
          expect(error).toBeInstanceOf(CowscopeError);
          expect((error as CowscopeError).code).toMatch(/^QCOW/);
        }
        expect(read).toBeLessThan(MOST_BYTES);
      },
    ),
    { numRuns: 3000 },
  );
});
