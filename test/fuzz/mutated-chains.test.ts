/**
 * Chains with mutated images, described, mapped and listed: every answer is whole and of valid JSON or an error with a
 * code, reads are bounded by what the files hold, and no byte is changed. COWSCOPE_MUTATIONS sets how many are tried.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { describeTarget } from '../../electron/service/describe-target.ts';
import { CowscopeError } from '../../shared/error.ts';
import { jsonText } from '../../shared/text/json.ts';
import { asked } from '../support/counted-reads.ts';
import { closeFiles, openSession, planFiles } from '../support/merge-session.ts';
import { newFile } from '../support/qcow2-reading.ts';
import { type MutatedImage, mutate, mutation, type SeedImage, seedImage } from './mutations.ts';

vi.mock('node:fs', async original =>
  (await import('../support/counted-reads.ts')).countingReads(await original()),
);

/** Bytes read for a chain of two images of a few hundred KiB, holes included: a file of a TiB has as many to offer. */
const MAX_ASKED = 2 ** 28;
const TRIES = Number(process.env.COWSCOPE_MUTATIONS ?? 150);

const CONTENT = new Uint8Array(512).fill(7);
const BASE: SeedImage = seedImage({
  size: 2 ** 20,
  clusterBits: 9,
  clusters: index => (index % 5 === 0 ? 'data' : 'unallocated'),
});
const TOPS: SeedImage[] = [
  seedImage({
    size: 2 ** 20,
    clusterBits: 9,
    clusters: [
      { index: 1, kind: 'data', content: CONTENT },
      { index: 2, kind: 'zeroHole' },
      { index: 90, kind: 'compressed', content: CONTENT },
      { index: 700, kind: 'zeroAllocated' },
    ],
    snapshots: [
      { id: '1', name: 'one' },
      { id: '2', name: 'two', clusters: [{ index: 7, kind: 'data' }] },
    ],
    bitmaps: [{ name: 'b', granularity: 512, dirty: [[0, 5000]] }],
  }),
  seedImage({
    size: 2 ** 21,
    clusterBits: 14,
    extendedL2: true,
    clusters: [
      { index: 1, kind: 'subclusters', alloc: 5, zero: 2 },
      { index: 2, kind: 'zeroAllocated' },
      { index: 100, kind: 'data' },
    ],
    bitmaps: [{ name: 'b' }, { name: 'c', dirty: [[2 ** 20, 2 ** 20 + 1]] }],
  }),
  seedImage({
    size: 2 ** 30,
    clusters: [
      { index: 5, kind: 'data' },
      { index: 9000, kind: 'data' },
    ],
  }),
];
const PATHS = [newFile(), newFile()] as const;

function write(path: string, { bytes, length }: MutatedImage): void {
  const fd = openSync(path, 'w');
  writeSync(fd, bytes);
  ftruncateSync(fd, length);
  closeSync(fd);
}

/** Rows that cover the disk from its start on without a gap. */
function expectWhole(text: string, size: number): void {
  const rows: { start: number; length: number }[] = JSON.parse(text);
  let end = 0;
  for (const { start, length } of rows) {
    expect(start).toBe(end);
    expect(length).toBeGreaterThan(0);
    end = start + length;
  }
  expect(end).toBe(size);
}

/** What `layers`, `map` and its lists read, in this process. */
async function readEverything(paths: readonly string[]): Promise<void> {
  const consent = { allow: [], allowAll: true };
  const described = await describeTarget({ kind: 'files', files: paths }, consent);
  expect(JSON.parse(jsonText(described)).layers).toHaveLength(described.layers.length);
  const plan = planFiles(paths, { buildPyramid: false });
  const session = openSession(plan);
  for (const hosts of [false, true])
    expectWhole(await session.list({ list: 'map', format: 'json', hosts }), plan.size);
  expect(await session.list({ list: 'map', format: 'text', hosts: true })).not.toContain('undefined');
  const { states } = await session.ask('totals', {});
  expect(states.reduce((sum, bytes) => sum + bytes, 0)).toBe(plan.size);
  const { findings } = await session.ask('findings', { skip: 0, most: 100 });
  for (const { code, bytesAtRisk } of findings) {
    expect(code).not.toBe('INTERNAL');
    expect(bytesAtRisk).toBeGreaterThanOrEqual(0);
  }
}

/** Reads a chain; an error must have a code that tells the cause. */
async function readChain(paths: readonly string[]): Promise<void> {
  try {
    await readEverything(paths);
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    expect(error.code).toMatch(/^(QCOW[12]|CHAIN)_[A-Z0-9_]+$/);
  } finally {
    closeFiles();
  }
}

it('a chain with mutated images is read to an end, and left as it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...TOPS),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.array(mutation, { maxLength: 1 }),
      async (seed, ofTop, ofBase) => {
        const images = [mutate(BASE, ofBase), mutate(seed, ofTop)] as const;
        for (const [i, path] of PATHS.entries()) write(path, images[i]!);
        const before = PATHS.map(path => statSync(path, { bigint: true }));
        asked.bytes = 0;
        await readChain(PATHS);
        expect(asked.bytes).toBeLessThan(MAX_ASKED);
        for (const [i, path] of PATHS.entries()) {
          const after = statSync(path, { bigint: true });
          expect([after.size, after.mtimeNs]).toEqual([before[i]!.size, before[i]!.mtimeNs]);
          const { bytes } = images[i]!;
          if (after.size < 2 ** 24)
            expect(readFileSync(path).subarray(0, bytes.length).equals(bytes)).toBe(true);
        }
      },
    ),
    // The same ones each time; by hand others, as many as wanted.
    process.env.COWSCOPE_MUTATIONS === undefined ? { numRuns: TRIES, seed: 20_261_126 } : { numRuns: TRIES },
  );
});
