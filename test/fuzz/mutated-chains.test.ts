/**
 * Chains with mutated images, read by what is behind each command: every answer is whole and of valid JSON or an error
 * with a code, reads and time are bounded by what the files hold, and no byte is changed. COWSCOPE_MUTATIONS sets how
 * many are tried, COWSCOPE_SEED which.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { scanStore } from '../../electron/chain/store/scan-store.ts';
import { checkText } from '../../electron/cli/text/check-text.ts';
import { layoutRowText, layoutText } from '../../electron/cli/text/layout-text.ts';
import { planText } from '../../electron/cli/text/plan-text.ts';
import { storeLines } from '../../electron/cli/text/store-text.ts';
import { checkDocument } from '../../electron/formats/check-json.ts';
import { layoutDocument } from '../../electron/formats/layout-json.ts';
import { planJson } from '../../electron/formats/plan-json.ts';
import { checkTarget } from '../../electron/service/check-target.ts';
import { describeTarget } from '../../electron/service/describe-target.ts';
import { withLayout } from '../../electron/service/layout-target.ts';
import { planTarget } from '../../electron/service/plan/plan-target.ts';
import { CowscopeError } from '../../shared/error.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { jsonText } from '../../shared/text/json.ts';
import { asked } from '../support/counted-reads.ts';
import { closeFiles, openSession, planFiles } from '../support/merge-session.ts';
import { newFile } from '../support/qcow2-reading.ts';
import {
  type MutatedImage,
  type Mutation,
  mutate,
  mutation,
  type SeedImage,
  seedImage,
} from './mutations.ts';

vi.mock('node:fs', async original =>
  (await import('../support/counted-reads.ts')).countingReads(await original()),
);

/**
 * Bytes read for a chain of two images of a few hundred KiB, holes included: a file of a TiB has as many to offer. Bitmap
 * data that is taken for an L1 table names 8,000 tables in a hole, and each walk of a deep check reads them: 640 MiB.
 */
const MAX_ASKED = 2 ** 30;
/** Of the processor, so that a busy machine changes nothing. */
const MAX_CPU_MS = 10_000;
const TRIES = Number(process.env.COWSCOPE_MUTATIONS ?? 250);
const SEED = Number(process.env.COWSCOPE_SEED ?? 20_261_126);

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

const CONSENT = { allow: [], allowAll: true };

/** A document and what is printed of it for people. Both must be whole. */
function expectPrinted(document: object, text: string): void {
  expect(JSON.parse(jsonText(document))).toBeTypeOf('object');
  expect(text).not.toMatch(/undefined|NaN|\[object/);
}

function expectFindings(findings: readonly Finding[]): void {
  for (const { code, bytesAtRisk } of findings) {
    expect(code).not.toBe('INTERNAL');
    expect(bytesAtRisk).toBeGreaterThanOrEqual(0);
  }
}

/** What `layers` says. */
async function describeChain(paths: readonly string[]): Promise<void> {
  const described = await describeTarget({ kind: 'files', files: paths }, CONSENT);
  expect(JSON.parse(jsonText(described)).layers).toHaveLength(described.layers.length);
}

/** `map` and its lists. */
async function mapChain(paths: readonly string[]): Promise<void> {
  const plan = planFiles(paths, { buildPyramid: false });
  const session = openSession(plan);
  for (const hosts of [false, true])
    expectWhole(await session.list({ list: 'map', format: 'json', hosts }), plan.size);
  expect(await session.list({ list: 'map', format: 'text', hosts: true })).not.toContain('undefined');
  const { states } = await session.ask('totals', {});
  expect(states.reduce((sum, bytes) => sum + bytes, 0)).toBe(plan.size);
  const { findings } = await session.ask('findings', { skip: 0, most: 100 });
  expectFindings(findings);
}

function checked(deep: boolean) {
  return async (paths: readonly string[]): Promise<void> => {
    const { chain, check } = await checkTarget({ kind: 'files', files: paths }, CONSENT, { deep });
    expectFindings(check.findings);
    expectPrinted(checkDocument(chain, check), checkText(chain, check));
  };
}

/** `layout` of the top layer: ranges that cover its file without a gap. */
async function layOut(paths: readonly string[]): Promise<void> {
  await withLayout({ kind: 'files', files: paths }, CONSENT, {}, async (info, { layout, columns, runs }) => {
    const ranges = [...runs()];
    let end = 0;
    for (const { start, length } of ranges) {
      expect(start).toBe(end);
      end = start + length;
    }
    const dataRuns = columns.runsOf('data');
    const text = [layoutText(info, layout, dataRuns), ...ranges.map(layoutRowText)].join('');
    expectPrinted(layoutDocument(info, layout, { dataRuns, ranges }), text);
  });
}

function planned(operation: 'commit' | 'flatten') {
  return async (paths: readonly string[]): Promise<void> => {
    const plan = await planTarget({ kind: 'files', files: paths }, CONSENT, {
      operation,
      job: 'qemu-img',
      qemu: { major: 7, minor: 2 },
      withRanges: true,
    });
    expectPrinted(planJson(plan), planText(plan));
  };
}

async function listStore(paths: readonly string[]): Promise<void> {
  const store = await scanStore({ roots: paths });
  expectPrinted(store, [...storeLines(store)].join('\n'));
}

/** Chains that took minutes: files grown far behind what they hold, and a disk of petabytes that cannot be read past 16 MiB. */
const ONCE_SLOW: [number, Mutation[], Mutation[], number][] = [
  [2, [{ kind: 'grow', length: 2 ** 31 }], [{ kind: 'grow', length: 2 ** 31 }], 4],
  [1, [{ kind: 'set', place: 1828169992, at: 25, bytes: 1, value: 0xf4n }], [], 5],
];

type Reader = (paths: readonly string[]) => Promise<void>;

/** What else reads an image, by the command that does: one of them each, so that thousands of images take minutes. */
const READERS: readonly [string, Reader][] = [
  ['map', mapChain],
  ['layout', layOut],
  ['check', checked(false)],
  ['check --deep', checked(true)],
  ['plan commit', planned('commit')],
  ['plan flatten', planned('flatten')],
  ['store', listStore],
];

/** Reads a chain in one way; an error must have a code that tells the cause. */
async function readChain([command, read]: [string, Reader], paths: readonly string[]): Promise<void> {
  asked.bytes = 0;
  const before = process.cpuUsage();
  try {
    await read(paths);
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    expect(error.code).toMatch(/^(QCOW[12]|CHAIN|PLAN|LAYOUT)_[A-Z0-9_]+$/);
  } finally {
    closeFiles();
  }
  expect(asked.bytes, command).toBeLessThan(MAX_ASKED);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000, command).toBeLessThan(MAX_CPU_MS);
}

it(`each of ${TRIES} chains with mutated images (seed ${SEED}) is read to an end, and left as it was`, {
  timeout: 60_000 + 10_000 * TRIES,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...TOPS.keys()),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.array(mutation, { maxLength: 1 }),
      fc.constantFrom(...READERS.keys()),
      async (top, ofTop, ofBase, reader) => {
        const images = [mutate(BASE, ofBase), mutate(TOPS[top]!, ofTop)] as const;
        for (const [i, path] of PATHS.entries()) write(path, images[i]!);
        const before = PATHS.map(path => statSync(path, { bigint: true }));
        await readChain(['layers', describeChain], PATHS);
        await readChain(READERS[reader]!, PATHS);
        for (const [i, path] of PATHS.entries()) {
          const after = statSync(path, { bigint: true });
          expect([after.size, after.mtimeNs]).toEqual([before[i]!.size, before[i]!.mtimeNs]);
          const { bytes } = images[i]!;
          if (after.size < 2 ** 24)
            expect(readFileSync(path).subarray(0, bytes.length).equals(bytes)).toBe(true);
        }
      },
    ),
    // A chain that takes too long is not worth an hour of smaller ones.
    { numRuns: TRIES, seed: SEED, endOnFailure: true, examples: ONCE_SLOW },
  );
});
