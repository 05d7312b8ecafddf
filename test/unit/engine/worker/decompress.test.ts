/** Streams of deflate as qemu takes them. */
import zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { loadDecompress, loadDeepOptions } from '../../../../electron/engine/worker/decompress.ts';

const K64 = 65_536;
const deflate = (content: Uint8Array) => zlib.deflateRawSync(content, { windowBits: 12 });

it.each([
  ['that compresses well', (i: number) => i >>> 13],
  ['that does not', (i: number) => Math.imul(i, 0x9e3779b1) >>> 21],
])('takes what fills the cluster of a stream that holds more, of data %s', async (_, byte) => {
  const content = Uint8Array.from({ length: 3 * K64 }, (_, i) => byte(i));
  const decompress = await loadDecompress(['zlib']);
  const bytes = decompress(deflate(content), K64, 'zlib');
  expect(Buffer.compare(bytes, content.subarray(0, K64))).toBe(0);
  const { tryDecompress } = await loadDeepOptions('zlib');
  expect(tryDecompress?.(deflate(content), K64)).toBeUndefined();
});

it('says where a stream ends early, and what is wrong with one that is damaged', async () => {
  const { tryDecompress } = await loadDeepOptions('zlib');
  expect(tryDecompress?.(deflate(new Uint8Array(1000)), K64)).toBe('it ends after 1000 of 65536 bytes');
  expect(tryDecompress?.(Uint8Array.of(0xff, 0xff, 0xff), K64)).toBe('invalid block type');
});
