/** Tables of pages are read a batch ahead: while the pages of one are decoded, the next one is under way. */
import { expect, test } from 'vitest';
import { PagesAhead } from '../../../../electron/engine/tables/pages-ahead.ts';
import { TableStage } from '../../../../electron/qcow2/read/ahead/table-stage.ts';
import type { ImageSource } from '../../../../electron/qcow2/read/source.ts';
import { bytesSource } from '../../../support/images/bytes-source.ts';

const TABLE = 2 ** 16;
/** Tables of a page, with so much between them that none are read together. */
const TABLES = 10;
const PAGES = Array.from({ length: 12 }, (_, i) => i);

/** Slow storage on which the reads of `page` are counted. */
function slowPages() {
  const bytes = bytesSource(new Uint8Array(TABLE));
  const reads: number[] = [];
  let underWay = 0;
  let most = 0;
  const source: ImageSource = {
    ...bytes,
    async readLater(into, position) {
      reads.push(Math.floor(position / (2 * TABLE * TABLES)));
      most = Math.max(most, ++underWay);
      await new Promise(resolve => setImmediate(resolve));
      underWay--;
      return into.length;
    },
  };
  const stage = new TableStage();
  for (let i = 0; i < 4; i++) stage.noteRead(source, 5);
  const placeOf = (page: number, table: number) => (page * TABLES + table) * 2 * TABLE;
  const request = (page: number) =>
    Array.from({ length: TABLES }, (_, i) => placeOf(page, i)).every(at => stage.request(source, at, TABLE));
  const holds = (page: number) => stage.lengthAt(source, placeOf(page, TABLES - 1)) > 0;
  return {
    stage,
    request,
    holds,
    pagesRead: () => [...new Set(reads)],
    reads: () => reads.length,
    most: () => most,
  };
}

test('has a batch at hand and the next one under way', async () => {
  const { stage, request, holds, pagesRead } = slowPages();
  const ahead = new PagesAhead(stage);
  expect(await ahead.read(PAGES, 'map', request)).toBe(3);
  expect(PAGES.filter(holds)).toEqual([0, 1, 2]);
  expect(pagesRead()).toEqual([0, 1, 2, 3, 4, 5]);
});

test('reads every table once where pages are taken in order', async () => {
  const { stage, request, holds, reads, most } = slowPages();
  const ahead = new PagesAhead(stage);
  for (let page = 0; page < PAGES.length; ) {
    const count = await ahead.read(PAGES.slice(page), 'map', request);
    for (const end = page + count; page < end; page++) expect([page, holds(page)]).toEqual([page, true]);
  }
  expect(reads()).toBe(PAGES.length * TABLES);
  expect(most()).toBe(3 * TABLES);
});

test('reads again what is wanted in another order or for another purpose', async () => {
  for (const [pages, purpose] of [
    [[7, 8], 'map'],
    [[3, 4, 5], 'hosts'],
  ] as const) {
    const { stage, request, holds, most } = slowPages();
    const ahead = new PagesAhead(stage);
    await ahead.read(PAGES, 'map', request);
    const asked: number[] = [];
    const noting = (page: number) => {
      asked.push(page);
      return request(page);
    };
    expect(await ahead.read(pages, purpose, noting)).toBe(pages.length);
    expect(asked).toEqual(pages);
    expect(pages.every(holds)).toBe(true);
    expect(most()).toBe(3 * TABLES);
  }
});

test('forgets what is at hand and what is under way', async () => {
  const { stage, request, holds } = slowPages();
  const ahead = new PagesAhead(stage);
  await ahead.read(PAGES, 'map', request);
  ahead.drop();
  expect(PAGES.some(holds)).toBe(false);
  const asked: number[] = [];
  await ahead.read([3, 4, 5], 'map', page => {
    asked.push(page);
    return request(page);
  });
  expect(asked).toEqual([3, 4, 5]);
});
