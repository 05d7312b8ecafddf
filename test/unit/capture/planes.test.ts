import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePlanes, encodePlanes } from '../../../electron/capture/planes.ts';

const STRIDES = [1, 2] as const;

/** Bytes as tables have them: zeros, ones, numbers that count up, and anything. */
const table = fc
  .tuple(
    fc.array(
      fc.oneof(
        fc.constant(0n),
        fc.constant(1n),
        fc.nat(1000).map(n => (1n << 63n) | (BigInt(n) << 16n)),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      ),
      { maxLength: 200 },
    ),
    fc.uint8Array({ maxLength: 7 }),
  )
  .map(([words, tail]) => {
    const bytes = Buffer.alloc(words.length * 8 + tail.length);
    for (const [i, word] of words.entries()) bytes.writeBigUInt64BE(word, i * 8);
    bytes.set(tail, words.length * 8);
    return new Uint8Array(bytes);
  });

describe('planes', () => {
  it('give back the bytes that were coded', () => {
    fc.assert(
      fc.property(table, fc.constantFrom(...STRIDES), (bytes, stride) => {
        expect(decodePlanes(encodePlanes(bytes, stride), bytes.length, stride)).toEqual(bytes);
      }),
    );
  });

  it('shorten a table of neighboring clusters to a thousandth', () => {
    const bytes = Buffer.alloc(2 ** 18);
    for (let i = 0; i < 2 ** 15; i++) bytes.writeBigUInt64BE((1n << 63n) | (BigInt(i + 5) << 16n), i * 8);
    expect(encodePlanes(bytes, 1).length).toBeLessThan(2 ** 9);
  });

  it('are refused where they are anything else, and decode no more than was announced', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(4096), (stored, length) => {
        const decoded = decodePlanes(stored, length, 1);
        expect(decoded === undefined || decoded.length === length).toBe(true);
      }),
    );
    const bomb = encodePlanes(new Uint8Array(2 ** 22), 1); // 512 KiB of kinds in some 500 bytes
    expect(decodePlanes(bomb, 4096, 1)).toBeUndefined();
  });
});
