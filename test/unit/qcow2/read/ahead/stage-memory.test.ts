/** The memory of a batch is used again once nothing is read into it and nothing of it is shown. */
import { expect, test } from 'vitest';
import { PagesAhead } from '../../../../../electron/engine/tables/pages-ahead.ts';
import { type TableBatch, TableStage } from '../../../../../electron/qcow2/read/ahead/table-stage.ts';
import type { ImageSource } from '../../../../../electron/qcow2/read/source.ts';
import { bytesSource } from '../../../../support/images/bytes-source.ts';

const TABLE = 2 ** 16;
/** Distance of tables that are not read in one go. */
const APART = 4 * TABLE;

/** A slow source whose tables hold their own number. Reads of tables from the one given to `hold` on wait until `release`. */
function numberedTables(count: number) {
  const data = new Uint8Array(count * APART);
  for (let n = 0; n < count; n++) data.fill(n + 1, n * APART, n * APART + TABLE);
  const bytes = bytesSource(data);
  let heldFrom = Number.POSITIVE_INFINITY;
  const held: (() => void)[] = [];
  const source: ImageSource = {
    ...bytes,
    async readLater(into, position) {
      if (position >= heldFrom * APART) await new Promise<void>(resolve => held.push(resolve));
      return bytes.readAt(into, position);
    },
  };
  const stage = new TableStage();
  for (let i = 0; i < 4; i++) stage.noteRead(source, 5);
  const begin = (first: number, tables: number): TableBatch => {
    for (let n = first; n < first + tables; n++) stage.request(source, n * APART, TABLE);
    return stage.begin();
  };
  const numberAt = (n: number) => {
    const into = new Uint8Array(TABLE);
    return stage.take(source, into, n * APART) === TABLE && into.every(byte => byte === into[0])
      ? into[0]
      : -1;
  };
  return {
    source,
    stage,
    begin,
    numberAt,
    hold: (from: number) => {
      heldFrom = from;
    },
    release: async () => {
      for (const go of held.splice(0)) go();
      await new Promise(resolve => setImmediate(resolve));
    },
  };
}

test('two batches take turns with two pieces of memory, and each gives its own tables', async () => {
  const { stage, begin, numberAt } = numberedTables(60);
  const memories = new Set<Uint8Array>();
  let next = begin(0, 10);
  for (let first = 0; first < 50; first += 10) {
    await next.done;
    memories.add(next.memory);
    stage.show(next);
    next = begin(first + 10, 10);
    expect(Array.from({ length: 10 }, (_, i) => numberAt(first + i))).toEqual(
      Array.from({ length: 10 }, (_, i) => first + i + 1),
    );
  }
  expect(memories.size).toBe(2);
});

test('memory that is still read into when reading ahead ends is not used again', async () => {
  const { source, stage, numberAt, hold, release } = numberedTables(60);
  const ahead = new PagesAhead(stage);
  const request = (page: number) => stage.request(source, page * APART, TABLE);
  hold(32);
  const pages = Array.from({ length: 40 }, (_, i) => i);
  expect(await ahead.read(pages, 'map', request)).toBe(32);
  ahead.drop();
  hold(Number.POSITIVE_INFINITY);
  expect(await ahead.read([50, 51], 'map', request)).toBe(2);
  await release();
  expect([numberAt(50), numberAt(51)]).toEqual([51, 52]);
});
