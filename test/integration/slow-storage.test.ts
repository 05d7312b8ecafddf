/** Storage where each read takes long is read many tables at a time; what is found is the same. */
import { expect, test } from 'vitest';
import { ChainTables } from '../../electron/engine/tables/chain-tables.ts';
import { sweptPages } from '../../electron/engine/tables/page-walk.ts';
import type { EnginePlan } from '../../electron/engine/worker/protocol.ts';
import { fileSource } from '../../electron/qcow2/read/file-source.ts';
import type { OpenSource } from '../../electron/qcow2/read/source.ts';
import { guestWord } from '../../shared/extent/swept-view.ts';
import type { ImageSpec } from '../support/images/qcow2-builder.ts';
import { type SlowReads, slowSources } from '../support/images/slow-source.ts';
import { openSession, planFiles } from '../support/merge-session.ts';
import { buildImage } from '../support/qcow2-reading.ts';

const READ_MS = 2;

/** Two layers with a table for each 512 MiB, each behind the data that it describes. */
const SPECS: readonly ImageSpec[] = [
  { size: 2 ** 37, clusters: index => (index % 1000 < 500 ? 'data' : 'zeroHole') },
  { size: 2 ** 38, clusters: index => (index % 777 < 300 ? 'data' : 'unallocated') },
];
const TABLES = 2 ** 37 / 2 ** 29 + 2 ** 38 / 2 ** 29;

function planOf(specs: readonly ImageSpec[], buildPyramid = false): EnginePlan {
  return planFiles(
    specs.map(spec => buildImage(spec).path),
    { buildPyramid },
  );
}

/** Where the word of the guest changes, and its word. */
async function walked(plan: EnginePlan, open: OpenSource): Promise<[number, number][]> {
  const rows: [number, number][] = [];
  for await (const swept of sweptPages(new ChainTables(plan, open), { readMissing: true }))
    for (let i = 0; i < swept.count; i++) {
      const word = guestWord(swept, i);
      if (rows.at(-1)?.[1] !== word) rows.push([swept.base + swept.starts[i]!, word]);
    }
  return rows;
}

function expectManyAtOnce({ blocking, waiting, mostAtOnce }: SlowReads, tables: number): void {
  expect(waiting).toBeGreaterThan(tables * 0.9);
  expect(mostAtOnce).toBeGreaterThanOrEqual(16);
  expect(mostAtOnce).toBeLessThanOrEqual(32);
  expect(blocking).toBeLessThan(tables * 0.1);
}

test('a walk over tables that lie apart reads many at a time', async () => {
  const plan = planOf(SPECS);
  const slow = slowSources(READ_MS, true);
  expect(await walked(plan, slow.open)).toEqual(await walked(plan, fileSource));
  expectManyAtOnce(slow.reads, TABLES);
});

test('tables that lie one behind the other are read in one go', async () => {
  const plan = planOf(SPECS.map(spec => ({ ...spec, l2Together: true })));
  const slow = slowSources(READ_MS, true);
  expect(await walked(plan, slow.open)).toEqual(await walked(plan, fileSource));
  expect(slow.reads.waiting + slow.reads.blocking).toBeLessThan(TABLES / 2);
});

test('a source that cannot read without blocking gives the same', async () => {
  const plan = planOf(SPECS);
  const slow = slowSources(READ_MS, false);
  expect(await walked(plan, slow.open)).toEqual(await walked(plan, fileSource));
  expect(slow.reads.waiting).toBe(0);
});

test('the background reading of a window reads ahead, and ends with what a fast disk gives', async () => {
  const plan = planOf(SPECS, true);
  const slow = slowSources(READ_MS, true);
  const session = openSession(plan, slow.open);
  await session.read();
  expectManyAtOnce(slow.reads, TABLES);
  const fast = openSession(plan);
  await fast.read();
  expect(await session.ask('totals', {})).toEqual(await fast.ask('totals', {}));
});
