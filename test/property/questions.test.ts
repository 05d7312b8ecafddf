/** Every question whose arguments pass their schema is answered, or refused with an error code other than INTERNAL. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES, messageBytes } from '../../electron/shell/ipc/answer.ts';
import { checkArguments } from '../../electron/shell/ipc/arguments.ts';
import { CowscopeError } from '../../shared/error.ts';
import { STATES } from '../../shared/extent/flags.ts';
import {
  MAX_DETAILED_EXTENTS,
  MAX_FINDINGS_PER_PAGE,
  MAX_MARK_COLUMNS,
  MAX_PLACES_PER_PAGE,
  MAX_TILES_PER_CALL,
  type QuestionArgs,
  type QuestionName,
} from '../../shared/ipc/questions.ts';
import { MARK_KEYS } from '../../shared/legend.ts';
import { FINDING_SEVERITIES, WHOLE_CHAIN } from '../../shared/model/finding.ts';
import { HOST_KINDS } from '../../shared/model/layout.ts';
import { PLACE_ORDERS } from '../../shared/model/place.ts';
import { batchesOf, type FedLayer, fedPlan } from '../support/fed-chain.ts';
import { writeQcow2 } from '../support/images/qcow2-builder.ts';
import { type MergeSession, openSession, planFiles } from '../support/merge-session.ts';
import { temporaryFolder } from '../support/tools.ts';

const CLUSTER = 65_536;
const SIZE = 300 * CLUSTER;

/** Offsets in, around and far beyond the disk. */
const offset = fc.oneof(
  fc.integer({ min: 0, max: SIZE + 2 * CLUSTER }),
  fc.constantFrom(0, SIZE - 1, SIZE, Number.MAX_SAFE_INTEGER),
);
const range = fc
  .tuple(offset, offset)
  .map(([a, b]): { start: number; end: number } => ({ start: Math.min(a, b), end: Math.max(a, b) }));
const markRange = fc
  .tuple(range, fc.integer({ min: 1, max: MAX_MARK_COLUMNS }))
  .map(([bytes, columns]) => ({ ...bytes, columns }));
const layerNumber = fc.integer({ min: 0, max: 199 });
const layerRange = fc.tuple(layerNumber, range).map(([layer, bytes]) => ({ layer, ...bytes }));
const layer = fc.option(layerNumber, { nil: undefined });

const ARGUMENTS: { [Q in QuestionName]: fc.Arbitrary<QuestionArgs<Q>> } = {
  tiles: fc.record({
    level: fc.integer({ min: 0, max: 53 }),
    first: offset,
    count: fc.integer({ min: 1, max: MAX_TILES_PER_CALL }),
  }),
  extents: range,
  extentDetails: fc
    .array(layerRange, { minLength: 1, maxLength: MAX_DETAILED_EXTENTS })
    .map(extents => ({ extents })),
  inspect: fc.record({ offset }),
  statistics: range,
  sums: range,
  seek: fc.record({
    track: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 0xffff })),
    from: fc.oneof(fc.constant(-1), offset),
    backwards: fc.boolean(),
    kind: fc.oneof(
      fc.constantFrom('change' as const, 'override' as const, 'holeOverride' as const),
      fc.constantFrom('dirty' as const, 'damaged' as const),
      fc.record({ state: fc.integer({ min: 0, max: 9 }) }),
    ),
  }),
  guestRuns: fc.record({ start: offset, layer }),
  matchNumber: fc.record({
    track: fc.integer({ min: 0, max: 5 }),
    offset,
    kind: fc.constantFrom('override' as const, 'damaged' as const, { state: 0 }),
  }),
  places: fc
    .record({
      order: fc.constantFrom(...PLACE_ORDERS),
      skip: offset,
      most: fc.integer({ min: 1, max: MAX_PLACES_PER_PAGE }),
    })
    .chain(page =>
      fc
        .record(
          {
            kinds: fc.subarray([...MARK_KEYS], { minLength: 1 }),
            tracks: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 3 }),
            states: fc.subarray([...STATES], { minLength: 1 }),
            bitmap: fc.record({ layer: fc.nat({ max: 3 }), name: fc.constantFrom('b', 'none') }),
            minLength: offset,
          },
          { requiredKeys: [] },
        )
        .map(filter => ({ ...page, ...filter })),
    ),
  totals: fc.record({ layer }),
  contextTotals: fc.record({
    layer,
    selection: fc.oneof(
      fc.record({ context: fc.constantFrom('allocation' as const, 'depth' as const, 'joint' as const) }),
      fc.record({
        context: fc.constant('bitmap' as const),
        bitmap: fc.record({ layer: fc.nat({ max: 3 }), name: fc.constantFrom('b', 'none') }),
      }),
    ),
  }),
  overview: fc.record({ layer, span: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2 * SIZE })) }),
  findings: fc
    .record({ skip: offset, most: fc.integer({ min: 1, max: MAX_FINDINGS_PER_PAGE }) })
    .chain(page =>
      fc
        .record(
          {
            severities: fc.subarray([...FINDING_SEVERITIES], { minLength: 1 }),
            codes: fc.constant(['X']),
            layers: fc.array(fc.integer({ min: WHOLE_CHAIN, max: 199 }), { minLength: 1, maxLength: 3 }),
            start: offset,
            end: offset,
            complete: fc.boolean(),
          },
          { requiredKeys: [] },
        )
        .map(filter => ({ ...page, ...filter })),
    ),
  findingCounts: fc.constant({}),
  findingMarks: markRange,
  bitmapMarks: markRange,
  bitmapSums: fc.constant({}),
  hostFindingMarks: fc
    .tuple(range, fc.integer({ min: 1, max: MAX_MARK_COLUMNS }), layerNumber)
    .map(([bytes, columns, layer]) => ({ ...bytes, columns, layer })),
  nextFinding: fc.record({
    layer: fc.integer({ min: WHOLE_CHAIN, max: 200 }),
    offset: fc.oneof(fc.constant(-1), offset),
    backwards: fc.boolean(),
  }),
  findingNumber: fc.record({ track: fc.integer({ min: 0, max: 5 }), offset }),
  allocation: fc.record({ layer: layerNumber }),
  hostLayout: fc.record({ layer: layerNumber }),
  hostTiles: fc.record({
    layer: layerNumber,
    level: fc.integer({ min: 0, max: 53 }),
    first: offset,
    count: fc.integer({ min: 1, max: MAX_TILES_PER_CALL }),
  }),
  hostRuns: layerRange,
  hostSeek: fc.record({
    layer: layerNumber,
    kind: fc.constantFrom(...HOST_KINDS),
    from: fc.oneof(fc.constant(-1), offset),
    backwards: fc.boolean(),
  }),
  hostCluster: fc.record({ layer: layerNumber, offset }),
  check: fc.record({ layer: layerNumber, deep: fc.boolean() }, { requiredKeys: ['layer'] }),
  checkCost: fc.record({ layer: layerNumber, deep: fc.boolean() }, { requiredKeys: ['layer'] }),
  compareWitnesses: fc.constant({}),
  checkProgress: fc.constant({}),
  stopCheck: fc.constant({}),
};

function chainOfFiles(): MergeSession {
  const folder = temporaryFolder();
  const kinds = ['data', 'zeroHole', 'unallocated'] as const;
  const paths = [0, 1].map(index => {
    const path = join(folder, `${index}.qcow2`);
    const clusters = (i: number) => kinds[(i * (index + 1)) % 3]!;
    writeQcow2(openSync(path, 'wx+'), { size: SIZE, clusters });
    return path;
  });
  return openSession(planFiles(paths));
}

function exportOfChain(): MergeSession {
  const units = SIZE / CLUSTER;
  const fed: FedLayer = {
    kind: 'wholeChain',
    units,
    contexts: {
      'base:allocation': Array.from({ length: units }, (_, i) => (i % 2) * 3),
      'qemu:allocation-depth': Array.from({ length: units }, (_, i) => i % 4),
      'qemu:dirty-bitmap:b': Array.from({ length: units }, (_, i) => i % 2),
    },
  };
  const session = openSession({
    layers: [fedPlan(fed, CLUSTER, 'export')],
    size: SIZE,
    buildPyramid: true,
    extentBudget: 10_000,
  });
  for (const batch of batchesOf(fed, CLUSTER, 100)) session.feed(0, batch);
  session.send({ kind: 'feedEnded', layer: 0, end: {} });
  return session;
}

test.each([
  ['a chain of files', chainOfFiles],
  ['an export of a chain', exportOfChain],
])('every question about %s is answered or refused with a code', async (_of, open) => {
  const session = open();
  const question = fc.oneof(
    ...Object.entries(ARGUMENTS).map(([name, args]) =>
      (args as fc.Arbitrary<object>).map(given => [name as QuestionName, given] as const),
    ),
  );
  await fc.assert(
    fc.asyncProperty(question, async ([name, args]) => {
      const { sessionId: _, ...checked } = checkArguments(`chain:${name}`, { ...args, sessionId: 1 });
      try {
        const reply = await session.ask(name, checked as never);
        expect(messageBytes(reply)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
      } catch (error) {
        if (!(error instanceof CowscopeError)) throw error;
        expect(error.code, `${name} ${JSON.stringify(args)}: ${error.what}`).not.toBe('INTERNAL');
      }
    }),
    { numRuns: 400 },
  );
});
