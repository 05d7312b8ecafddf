/** Walking all pages: a long stretch that no table describes comes as one page, and nothing else changes. */
import { expect, test } from 'vitest';
import { ChainTables, type SweepOptions } from '../../../../electron/engine/tables/chain-tables.ts';
import { sweptPages } from '../../../../electron/engine/tables/page-walk.ts';
import type { EnginePlan } from '../../../../electron/engine/worker/protocol.ts';
import { fileSource } from '../../../../electron/qcow2/read/file-source.ts';
import { DIRTY } from '../../../../shared/extent/flags.ts';
import type { SweptPage } from '../../../../shared/extent/sweep.ts';
import { guestWord } from '../../../../shared/extent/swept-view.ts';
import type { ImageSpec } from '../../../support/images/qcow2-builder.ts';
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
