import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHUNK_CLUSTERS } from '../../../../electron/qcow2/layout/cluster-chunks.ts';
import { KeptKinds } from '../../../../electron/qcow2/layout/kept-kinds.ts';

const SAME = Uint8Array.from({ length: 256 }, (_, byte) => byte & 15);

/** A chunk of runs of random indexes: few long ones, or many of one or two clusters. */
const chunk = fc
  .record({ seed: fc.nat(), length: fc.constantFrom(1, 2, 7, 5000, CHUNK_CLUSTERS) })
  .map(({ seed, length }) =>
    Uint8Array.from({ length: CHUNK_CLUSTERS }, (_, at) => (Math.floor(at / length) * 7 + seed) % 256),
  );

test('what is kept of chunks is read as it was, and takes half a byte for each cluster at most', () => {
  fc.assert(
    fc.property(fc.array(chunk, { minLength: 1, maxLength: 20 }), chunks => {
      const kept = new KeptKinds(14);
      const ids = chunks.map((_, i) => 3 * i + 1);
      chunks.forEach((bytes, i) => {
        kept.keep(ids[i]!, bytes, SAME);
      });
      expect(kept.bytes).toBeLessThanOrEqual((chunks.length * CHUNK_CLUSTERS) / 2);
      // Chunks in turn, so that those that were unpacked have to go.
      for (const at of [0, 1, 4999, 5000, CHUNK_CLUSTERS - 1])
        chunks.forEach((bytes, i) => {
          expect(kept.indexOf(ids[i]! * CHUNK_CLUSTERS + at)).toBe(bytes[at]! & 15);
        });
      expect(kept.indexOf(0)).toBe(14);
    }),
    { numRuns: 4 },
  );
});

test('a chunk of one kind takes a few bytes', () => {
  const kept = new KeptKinds(0);
  kept.keep(4095, new Uint8Array(CHUNK_CLUSTERS).fill(5), SAME);
  expect([kept.bytes, kept.indexOf(2 ** 28 - 1), kept.indexOf(0)]).toEqual([3, 5, 0]);
});
