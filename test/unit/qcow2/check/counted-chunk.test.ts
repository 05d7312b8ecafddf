/** A chunk of clusters is the same whether it is kept as stretches or has a counter for each cluster. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CountedChunk } from '../../../../electron/qcow2/check/counted-chunk.ts';
import { CHUNK_CLUSTERS } from '../../../../electron/qcow2/layout/cluster-chunks.ts';
import { CLUSTER_USE } from '../../../../electron/qcow2/layout/cluster-uses.ts';

const length = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(4096, 20_000));
const use = fc.constantFrom(
  CLUSTER_USE.data,
  CLUSTER_USE.data,
  CLUSTER_USE.data,
  CLUSTER_USE.table,
  CLUSTER_USE.snapshotData,
);
const refcounts = fc.array(fc.tuple(length, fc.constantFrom(1, 1, 1, 0, 2, 13)), { maxLength: 3 });
/** Clusters to pass over or to go back, clusters to refer to, times, use, copied flag. */
const references = fc.array(
  fc.tuple(fc.constantFrom(0, 0, 0, 0, 1, -1, 3000), length, fc.constantFrom(1, 1, 2), use, fc.boolean()),
  { maxLength: 8 },
);

/** Applies refcounts and references to a chunk; returns what it answers. */
function count(
  chunk: CountedChunk,
  [stored, referred]: [
    readonly (readonly [number, number])[],
    readonly (readonly [number, number, number, number, boolean])[],
  ],
): unknown[] {
  const answers: unknown[] = [];
  let at = 0;
  for (const [clusters, refcount] of stored) {
    if (refcount > 0) chunk.storeRun(at, at + clusters, refcount);
    at += clusters;
  }
  at = 0;
  for (const [skip, clusters, times, kind, isCopied] of referred) {
    const from = Math.max(0, at + skip);
    at = Math.min(CHUNK_CLUSTERS, from + clusters);
    answers.push(chunk.referRun(from, at, times, kind, isCopied));
  }
  for (let odd = chunk.nextOdd(0), n = 0; odd < CHUNK_CLUSTERS && n < 50; odd = chunk.nextOdd(odd + 1), n++)
    answers.push(odd, chunk.storedAt(odd), chunk.referencesAt(odd), chunk.endOfSame(odd, CHUNK_CLUSTERS));
  answers.push(chunk.lastUsed(CHUNK_CLUSTERS), chunk.lastUsed(100));
  return answers;
}

test('stretches and counters of a chunk give the same answers and become the same counters', () => {
  fc.assert(
    fc.property(fc.tuple(refcounts, references), work => {
      const inStretches = new CountedChunk();
      const inCounters = new CountedChunk();
      expect(inCounters.counters).toHaveLength(CHUNK_CLUSTERS);
      expect(count(inStretches, work)).toEqual(count(inCounters, work));
      expect(Buffer.from(inStretches.counters.buffer).equals(Buffer.from(inCounters.counters.buffer))).toBe(
        true,
      );
    }),
  );
});

test('a chunk that is filled in order takes no memory for its clusters', () => {
  const chunk = new CountedChunk();
  chunk.storeRun(0, 32_768, 1);
  chunk.storeRun(32_768, CHUNK_CLUSTERS, 1);
  for (let from = 0; from < CHUNK_CLUSTERS; from += 4096)
    expect(chunk.referRun(from, from + 4096, 1, CLUSTER_USE.data, true)).toBe(0);
  expect(chunk.nextOdd(0)).toBe(CHUNK_CLUSTERS);
  expect(chunk.lastUsed(CHUNK_CLUSTERS)).toBe(CHUNK_CLUSTERS - 1);
  expect(chunk.hasCounters).toBe(false);
});
