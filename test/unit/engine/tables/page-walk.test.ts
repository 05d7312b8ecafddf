/** Walking all pages: a long stretch that no table describes comes as one page, and nothing else changes. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { totalsOf } from '../../../../electron/engine/lists/totals.ts';
import { ChainTables, type SweepOptions } from '../../../../electron/engine/tables/chain-tables.ts';
import { summedPages, sweptPages } from '../../../../electron/engine/tables/page-walk.ts';
import type { EnginePlan } from '../../../../electron/engine/worker/protocol.ts';
import { fileSource } from '../../../../electron/qcow2/read/file-source.ts';
import { DIRTY, LOCAL, stateIndexOf } from '../../../../shared/extent/flags.ts';
import type { SweptPage } from '../../../../shared/extent/sweep.ts';
import { guestWord } from '../../../../shared/extent/swept-view.ts';
import { type ImageSpec, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { planFiles } from '../../../support/merge-session.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

const MIB = 2 ** 20;

function planOf(specs: readonly ImageSpec[]): EnginePlan {
  return planFiles(
    specs.map(spec => buildImage(spec).path),
    { buildPyramid: false },
  );
}

/** Rows of start, word of the guest, first bitmap and host offset, joined over pages. */
class Rows {
  readonly rows: [start: number, word: number, dirty: number, host: number][] = [];

  add(swept: SweptPage): void {
    for (let i = 0; i < swept.count; i++) {
      const word = guestWord(swept, i);
      const dirty = (swept.overlays[0]?.[swept.combos[i]!] ?? 0) & DIRTY;
      const host = swept.hosts[i] ?? -1;
      const last = this.rows.at(-1);
      if (last?.[1] !== word || last[2] !== dirty || host >= 0)
        this.rows.push([swept.base + swept.starts[i]!, word, dirty, host]);
    }
  }
}

async function walked(plan: EnginePlan, options: SweepOptions) {
  const tables = new ChainTables(plan, fileSource);
  const found = new Rows();
  let pages = 0;
  for await (const swept of sweptPages(tables, options)) {
    pages++;
    found.add(swept);
  }
  return { rows: found.rows, pages, all: tables.pageCount };
}

function pageByPage(plan: EnginePlan, options: SweepOptions): Rows['rows'] {
  const tables = new ChainTables(plan, fileSource);
  const found = new Rows();
  const count = Math.ceil(tables.sizeOf(options.layer) / tables.pageSpan);
  for (let page = 0; page < count; page++) found.add(tables.sweep(page, options));
  return found.rows;
}

test('other sweeps between two pages of a walk change nothing of it', async () => {
  const plan = planOf([{ size: 2 ** 30, clusters: index => (index % 3 === 0 ? 'data' : 'zeroHole') }]);
  const options = { readMissing: true };
  const tables = new ChainTables(plan, fileSource);
  const found = new Rows();
  for await (const swept of sweptPages(tables, options)) {
    found.add(swept);
    tables.sweep(0, options);
  }
  expect(found.rows).toEqual(pageByPage(plan, options));
});

test('pages that are described by different parts of one L2 table are summed one by one', async () => {
  const clusterSize = 2 ** 17;
  const isData = (i: number) => i % 4096 < 16 + i / 16;
  const plan = planOf([
    { size: 16_384 * clusterSize, clusterBits: 17, clusters: i => (isData(i) ? 'data' : 'zeroHole') },
  ]);
  const options = { readMissing: true };
  const tables = new ChainTables(plan, fileSource);
  expect(tables.pageCount).toBeGreaterThan(2);
  let summed = 0;
  for await (const _ of summedPages(tables, options, () => summed++));
  expect(summed).toBe(tables.pageCount);
  const data = Array.from({ length: 16_384 }, (_, i) => i).filter(isData).length;
  const sums = await totalsOf(new ChainTables(plan, fileSource), undefined);
  expect(sums.states[stateIndexOf(LOCAL)]).toBe(data * clusterSize);
});

test.each([
  ['the chain', {}],
  ['the chain with host offsets', { hosts: true }],
  ['the chain with a bitmap', { eachBitmap: true }],
  ['one bitmap', { bitmap: { layer: 1, name: 'b' } }],
  ['one layer', { layer: 1 }],
])('%s: a large disk with little in it comes in a few pages', async (_, part) => {
  const plan = planOf([
    { size: 2 ** 40, clusters: [{ index: 5, kind: 'data' }] },
    {
      size: 2 ** 45,
      bitmaps: [{ name: 'b', dirty: [[2 ** 44, 2 ** 44 + MIB]] }],
      clusters: [
        { index: 1, kind: 'zeroHole' },
        { index: 2 ** 27, kind: 'data' },
      ],
    },
    { size: 2 ** 46 - 3 * MIB, clusterBits: 21, clusters: [{ index: 2 ** 24, kind: 'data' }] },
  ]);
  const options: SweepOptions = { readMissing: true, ...part };
  const { rows, pages, all } = await walked(plan, options);
  expect(rows).toEqual(pageByPage(plan, options));
  expect(rows.length).toBeGreaterThan(2);
  expect(all).toBeGreaterThan(4000);
  expect(pages).toBeLessThan(200);
});

/** An image whose L1 entries from `first` on all name the table of entry 0. */
function oneTable(spec: ImageSpec, first: number, entries: number): string {
  const { path, source, l1Offset } = buildImage(spec);
  const l1 = readFileSync(path).subarray(l1Offset, l1Offset + 8);
  const table = Buffer.concat(Array.from({ length: entries - first }, () => l1));
  writeSync(source.fd, table, 0, table.length, l1Offset + 8 * first);
  return path;
}

/** Sums of bytes and rows, page by page. */
async function sums(plan: EnginePlan): Promise<unknown> {
  const tables = new ChainTables(plan, fileSource);
  const found = new Rows();
  const bytes = new Map<number, number>();
  for (let page = 0; page < tables.pageCount; page++) {
    const swept = tables.sweep(page, { readMissing: true });
    found.add(swept);
    for (let i = 0; i < swept.count; i++)
      bytes.set(
        stateIndexOf(guestWord(swept, i)),
        (bytes.get(stateIndexOf(guestWord(swept, i))) ?? 0) + swept.starts[i + 1]! - swept.starts[i]!,
      );
  }
  return { extents: found.rows.length, bytes };
}

/** Entries of a table: a reserved bit, and none that says anything. */
const UNUSUAL = { 2: 1n << 60n };
const EMPTY = { 0: 0n, 9: 0n };

describe('a table that millions of L1 entries name', () => {
  // 32 KiB under an L1 entry, pages of 2,048 entries.
  const entries = 20_000;
  const spec: ImageSpec = {
    size: entries * 32_768,
    clusterBits: 9,
    clusters: [
      { index: 0, kind: 'zeroHole' },
      { index: 9, kind: 'data' },
      { index: 64 * 5000, kind: 'zeroHole' }, // overwritten below, so that the L1 table is there
    ],
  };
  const base: ImageSpec = { size: entries * 32_768 - 512, clusters: [{ index: 5000, kind: 'data' }] };

  test.each<[string, () => string[]]>([
    ['alone', () => [oneTable(spec, 0, entries)]],
    ['from some entry on', () => [oneTable(spec, 3000, entries)]],
    ['over a base with data in one place', () => [buildImage(base).path, oneTable(spec, 0, entries)]],
    ['below a layer with nothing', () => [oneTable(spec, 0, entries), buildImage({ size: 2 ** 29 }).path]],
    ['with an entry that is unusual', () => [changed(UNUSUAL)]],
    ['that is empty', () => [changed(EMPTY)]],
    ['over one that is empty', () => [changed(EMPTY), oneTable(spec, 0, entries)]],
    ['over one that is empty from some entry on', () => [changed(EMPTY, 3000), oneTable(spec, 0, entries)]],
    [
      'from some entry on, over one from a later entry on',
      () => [oneTable(spec, 7000, entries), oneTable(spec, 3000, entries)],
    ],
  ])('%s has the same sums as page by page', async (_, images) => {
    const plan = planFiles(images(), { buildPyramid: false });
    const { states, extents } = await totalsOf(new ChainTables(plan, fileSource), undefined);
    const bytes = new Map([...states.entries()].filter(([, sum]) => sum > 0));
    expect({ extents, bytes }).toEqual(await sums(plan));
  });

  /** The same with these entries of the table set. */
  function changed(values: Readonly<Record<number, bigint>>, first = 0): string {
    const path = oneTable(spec, first, entries);
    const fd = openSync(path, 'r+');
    const bytes = readFileSync(path);
    const table = bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(40))) & 0x00ff_ffff_ffff_fe00n;
    for (const [entry, value] of Object.entries(values))
      pokeU64(fd, Number(table) + 8 * Number(entry), value);
    closeSync(fd);
    return path;
  }

  test.each<[string, () => string[]]>([
    ['alone', () => [oneTable(spec, 0, entries)]],
    [
      'over a base of another size with nothing in it',
      () => [buildImage({ size: 2 ** 29 }).path, oneTable(spec, 0, entries)],
    ],
    ['over an empty table that is named as often', () => [changed(EMPTY), oneTable(spec, 0, entries)]],
    ['below an empty table that is named as often', () => [oneTable(spec, 0, entries), changed(EMPTY)]],
  ])('%s is swept a few times and counted for all of its pages', async (_, images) => {
    const tables = new ChainTables(planFiles(images(), { buildPyramid: false }), fileSource);
    let swept = 0;
    let pages = 0;
    for await (const _page of summedPages(tables, { readMissing: true }, () => swept++)) pages++;
    expect(tables.pageCount).toBeGreaterThan(8);
    expect(swept).toBeLessThan(5);
    expect(pages).toBe(tables.pageCount);
  });

  test('with an unusual entry is swept page by page, so that each place is found', async () => {
    const plan = planFiles([changed(UNUSUAL)], { buildPyramid: false });
    const tables = new ChainTables(plan, fileSource);
    await totalsOf(tables, undefined);
    expect(tables.layers[0]!.findings.list().map(({ count }) => count)).toEqual([entries]);
  });

  test.each([
    ['from the first entry on', 0],
    ['from some entry on', 3000],
  ])('that is empty, %s, is found in all its places and walked in a few pages', async (_, first) => {
    const plan = planFiles([changed(EMPTY, first)], { buildPyramid: false });
    const options = { readMissing: true };
    const tables = new ChainTables(plan, fileSource);
    let pages = 0;
    for await (const _page of sweptPages(tables, options)) pages++;
    expect(pages).toBeLessThan(8);
    const count = entries - Math.max(0, first - 1);
    const places = [[0, 32_768], ...(first === 0 ? [] : [[first * 32_768, (entries - first) * 32_768]])];
    const whole = {
      count,
      guest: first === 0 ? [[0, entries * 32_768]] : places,
      bytesAtRisk: count * 32_768,
    };
    expect(tables.layers[0]!.findings.list()).toMatchObject([{ code: 'QCOW2_L2_EMPTY', ...whole }]);
    const again = new ChainTables(plan, fileSource);
    for (let page = again.pageCount - 1; page >= 0; page--) again.sweep(page, options);
    expect(again.layers[0]!.findings.list()).toMatchObject([{ code: 'QCOW2_L2_EMPTY', ...whole }]);
  });
});

describe('a table of many pages that many L1 entries name', () => {
  // 512 GiB under an L1 entry, pages of 8 GiB.
  const entries = 64;
  const spec: ImageSpec = {
    size: entries * 2 ** 39,
    clusterBits: 21,
    clusters: [
      { index: 1, kind: 'data' },
      { index: 5000, kind: 'zeroHole' },
      { index: 5001, kind: 'data' },
      { index: 262_143, kind: 'zeroAllocated' },
      { index: 262_144 * 5, kind: 'zeroHole' }, // overwritten below, so that the L1 table is there
    ],
  };

  test.each<[string, () => string[]]>([
    ['alone', () => [oneTable(spec, 0, entries)]],
    ['from some entry on', () => [oneTable(spec, 7, entries)]],
    [
      'over a base that ends within a table',
      () => [buildImage({ size: 2 ** 40 + 2 ** 33 + 512, clusters: [] }).path, oneTable(spec, 0, entries)],
    ],
  ])('%s has the same sums as page by page', async (_, images) => {
    const plan = planFiles(images(), { buildPyramid: false });
    const { states, extents } = await totalsOf(new ChainTables(plan, fileSource), undefined);
    const bytes = new Map([...states.entries()].filter(([, sum]) => sum > 0));
    expect({ extents, bytes }).toEqual(await sums(plan));
  });

  test('has each part with something in it swept once', async () => {
    const plan = planFiles([oneTable(spec, 0, entries)], { buildPyramid: false });
    const tables = new ChainTables(plan, fileSource);
    const swept: number[] = [];
    let pages = 0;
    const sum = (page: SweptPage) => page.count > 1 && swept.push(page.base);
    for await (const _ of summedPages(tables, { readMissing: true }, sum)) pages++;
    expect(pages).toBe(tables.pageCount);
    expect(swept).toHaveLength(3);
  });
});
