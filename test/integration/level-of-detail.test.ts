/** A chain whose exact pages are not kept gives the same answers as one whose pages are. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { EnginePlan } from '../../electron/engine/worker/protocol.ts';
import { describeTarget } from '../../electron/service/describe-target.ts';
import { openFiles } from '../../electron/service/open-files.ts';
import type { Inspection } from '../../shared/model/inspection.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import type { SeekKind } from '../../shared/model/statistics.ts';
import { ALL_FINDINGS } from '../support/findings.ts';
import { type SimpleKind, writeQcow2 } from '../support/images/qcow2-builder.ts';
import { type MergeSession, openSession, planFiles } from '../support/merge-session.ts';
import { openTarget } from '../support/session.ts';
import { statusList } from '../support/status-lists.ts';
import { temporaryFolder } from '../support/tools.ts';

const CLUSTER = 65_536;
/** A page of a small chain holds 1024 clusters; so many pages are more than any budget here. */
const CLUSTERS = 5 * 1024 + 77;
const SIZE = CLUSTERS * CLUSTER;
const CONTEXTS = ['base:allocation', 'qemu:allocation-depth'];
/** What a server says of each kind: flags of base:allocation, and the depth. */
const SERVED: Readonly<Record<SimpleKind, readonly [flags: number, depth: number]>> = {
  data: [0, 1],
  zeroHole: [3, 1],
  zeroAllocated: [3, 1],
  unallocated: [3, 0],
};
const KINDS = Object.keys(SERVED) as SimpleKind[];

/** The kind of each cluster of one layer. */
type Layer = readonly SimpleKind[];

const layers: fc.Arbitrary<readonly Layer[]> = fc.array(
  fc
    .array(fc.tuple(fc.constantFrom(...KINDS), fc.integer({ min: 1, max: 900 })), {
      minLength: 3,
      maxLength: 30,
    })
    .map(runs => {
      const clusters = runs.flatMap(([kind, length]) => new Array<SimpleKind>(length).fill(kind));
      return Array.from({ length: CLUSTERS }, (_, i) => clusters[i % clusters.length] as SimpleKind);
    }),
  { minLength: 1, maxLength: 3 },
);

function write(chain: readonly Layer[]): string[] {
  const folder = temporaryFolder();
  return chain.map((layer, i) => {
    const path = join(folder, `layer${i}.qcow2`);
    const fd = openSync(path, 'wx');
    const backing = i === 0 ? {} : { backingFile: `layer${i - 1}.qcow2`, backingFormat: 'qcow2' };
    writeQcow2(fd, { size: SIZE, clusters: index => layer[index] as SimpleKind, ...backing });
    closeSync(fd);
    return path;
  });
}

/** Feeds a layer as a server would, a part of a page at a time; at cluster `lie` the server says something else. */
function feed(session: MergeSession, index: number, layer: Layer, lie: number): void {
  const step = 700;
  for (let at = 0; at < CLUSTERS; at += step) {
    const kinds = layer.slice(at, at + step);
    const answers = kinds.map((kind, i) => (at + i === lie ? otherThan(kind) : SERVED[kind]));
    const list = (context: 0 | 1) =>
      statusList(
        context,
        answers.map(answer => ({ length: CLUSTER, value: answer[context] })),
      );
    const batch = { offset: at * CLUSTER, covered: kinds.length * CLUSTER, lists: [list(0), list(1)] };
    session.send({ kind: 'batch', layer: index, batch });
  }
  session.send({ kind: 'feedEnded', layer: index, end: {} });
}

function otherThan(kind: SimpleKind): readonly [number, number] {
  return kind === 'data' ? SERVED.zeroHole : SERVED.data;
}

/** Opens files with a budget, has all of them read by both witnesses, and asks everything there is to ask. */
async function everythingOf(
  files: readonly string[],
  chain: readonly Layer[],
  options: Partial<EnginePlan>,
  places: readonly number[],
): Promise<Record<string, unknown>> {
  const nbd = { exportKind: 'isolatedLayer' as const, contexts: CONTEXTS };
  const session = openSession(planFiles(files, options, nbd));
  if (options.buildPyramid !== false) await session.read();
  chain.forEach((layer, i) => {
    feed(session, i, layer, 1500 + i);
  });
  const answers: Record<string, unknown> = {
    map: await session.list({ list: 'map', format: 'json', hosts: false }),
    totals: await session.ask('totals', { layer: undefined }),
    findings: await session.ask('findings', ALL_FINDINGS),
  };
  for (const offset of places) {
    const end = Math.min(SIZE, offset + 40 * CLUSTER);
    answers[`inspect ${offset}`] = withoutNbd(await session.ask('inspect', { offset }));
    if (options.buildPyramid === false) continue;
    answers[`extents ${offset}`] = withoutVersion(await session.ask('extents', { start: offset, end }));
    answers[`statistics ${offset}`] = await session.ask('statistics', { start: offset, end: SIZE });
    for (const kind of ['change', 'override', 'holeOverride', { state: 0 }] satisfies SeekKind[])
      for (const backwards of [false, true])
        answers[`seek ${offset} ${JSON.stringify(kind)} ${backwards}`] = await session.ask('seek', {
          track: offset % (chain.length + 1),
          from: offset,
          backwards,
          kind,
        });
    for (const level of [15, 17, 21, 24]) {
      const first = Math.floor(offset / (256 * 2 ** level));
      answers[`tiles ${level} ${offset}`] = withoutVersion(
        await session.ask('tiles', { level, first, count: 2 }),
      );
    }
  }
  return answers;
}

function withoutVersion<T extends { readonly version: number }>({ version, ...rest }: T): Omit<T, 'version'> {
  expect(version).toBeGreaterThan(0);
  return rest;
}

/** What a server said is compared and then let go: only that evidence may be missing. */
function withoutNbd({ layers: found, ...rest }: Inspection): unknown {
  const kept = found.map(({ evidence, ...layer }) => ({
    ...layer,
    evidence: evidence.filter(({ source }) => !source.startsWith('NBD')),
  }));
  return { ...rest, layers: kept };
}

test('with any budget every answer is that of a chain that is kept whole', async () => {
  const place = fc.integer({ min: 0, max: SIZE - 1 });
  await fc.assert(
    fc.asyncProperty(
      layers,
      fc.integer({ min: 0, max: 60 }),
      fc.array(place, { minLength: 1, maxLength: 3 }),
      async (chain, budget, places) => {
        const files = write(chain);
        const whole = await everythingOf(files, chain, {}, places);
        expect(whole.findings, 'the lie in each layer is found').toMatchObject({
          findings: expect.arrayContaining(
            chain.map((_, layer) =>
              expect.objectContaining({ layer, guest: [[(1500 + layer) * CLUSTER, CLUSTER]] }),
            ),
          ),
        });
        const coarse = await everythingOf(files, chain, { extentBudget: budget }, places);
        expect(coarse).toEqual(whole);
        const streamed = await everythingOf(
          files,
          chain,
          { buildPyramid: false, extentBudget: budget },
          places.slice(0, 0),
        );
        for (const [question, answer] of Object.entries(streamed))
          expect(answer, question).toEqual(whole[question]);
      },
    ),
    { numRuns: 12 },
  );
});

test('the estimate is never too low, and a chain past the budget says that it is', async () => {
  await fc.assert(
    fc.asyncProperty(layers, async chain => {
      const files = write(chain);
      const session = openSession(planFiles(files, { buildPyramid: false }));
      let extents = 0;
      for (const layer of chain.keys()) extents += (await session.ask('totals', { layer })).extents;
      const target = { kind: 'files' as const, files: files.slice(-1) };
      const consent = { allow: [], allowAll: true };
      const { estimate, notes } = await describeTarget(target, consent);
      expect(estimate?.extents).toBeGreaterThanOrEqual(extents);
      expect(estimate?.extents).toBeLessThanOrEqual(chain.length * CLUSTERS);
      expect(notes).toEqual([]);
      const opened = await openFiles(target, { consent, witness: 'metadata', extentBudget: extents - 1 });
      const described = await opened.describe();
      await opened.close();
      expect(described.estimate).toEqual(estimate);
      expect(described.notes.join()).toContain('extents are read again');
    }),
    { numRuns: 5 },
  );
});

test.each<Partial<EnginePlan>>([{ extentBudget: 100 }, { fedBudget: 100 }])(
  'what a compared witness said is dropped, and the inspector names that: %o',
  async budget => {
    const layer = Array.from({ length: CLUSTERS }, (_, i) => KINDS[i % 4] as SimpleKind);
    const files = write([layer]);
    const nbd = { exportKind: 'isolatedLayer' as const, contexts: CONTEXTS };
    const session = openSession(planFiles(files, budget, nbd));
    await session.read();
    feed(session, 0, layer, -1);
    const { layers: found } = await session.ask('inspect', { offset: 0 });
    expect(found[0]?.evidence).toContainEqual({
      fact: 'compared with the image’s own tables, then let go',
      source: 'NBD',
      value: '',
    });
  },
);

test('qemu-nbd is asked once the picture is there', async () => {
  const layer = Array.from({ length: CLUSTERS }, (_, i) => KINDS[i % 4] as SimpleKind);
  const files = write([layer, layer]);
  const seen: string[][] = [];
  const events = {
    onProgress: (all: readonly LayerProgress[]) =>
      seen.push(all.map(({ witness, phase }) => `${witness} ${phase}`)),
  };
  const session = await openTarget({ kind: 'files', files: files.slice(-1) }, { buildPyramid: true }, events);
  try {
    expect(await session.fed()).toEqual([]);
    await vi.waitUntil(() => seen.at(-1)?.every(text => text.endsWith('done')), 20_000);
  } finally {
    await session.close();
  }
  expect(seen.some(now => now.includes('nbd done'))).toBe(true);
  for (const now of seen.filter(all => all.includes('metadata reading')))
    expect(now.filter(text => text.startsWith('nbd'))).toEqual(['nbd waiting', 'nbd waiting']);
});
