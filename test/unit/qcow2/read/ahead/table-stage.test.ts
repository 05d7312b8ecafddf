/** Tables are read ahead only where reads are slow, within bounds, and give the bytes of the file. */
import { expect, test } from 'vitest';
import { PagesAhead } from '../../../../../electron/engine/tables/pages-ahead.ts';
import {
  READS_IN_FLIGHT,
  type TableBatch,
  TableStage,
} from '../../../../../electron/qcow2/read/ahead/table-stage.ts';
import type { ImageSource } from '../../../../../electron/qcow2/read/source.ts';
import { bytesSource } from '../../../../support/images/bytes-source.ts';

const TABLE = 2 ** 16;
/** Distance of tables that are not read in one go. */
const APART = 4 * TABLE;

/** A source whose reads end when `release` is called, in the order given. */
function heldSource(size: number) {
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i++) data[i] = i % 251;
  const bytes = bytesSource(data);
  const waiting: (() => void)[] = [];
  const positions: number[] = [];
  let most = 0;
  const source: ImageSource = {
    ...bytes,
    readLater: (into, position) =>
      new Promise(resolve => {
        if (into.length % 65_536 === 0) positions.push(position); // not the rest of a short read
        waiting.push(() => resolve(bytes.readAt(into.subarray(0, 50_000), position)));
        most = Math.max(most, waiting.length);
      }),
  };
  const release = async () => {
    while (waiting.length > 0) {
      waiting.shift()?.();
      await new Promise(resolve => setImmediate(resolve));
    }
  };
  return { source, bytes, release, most: () => most, reads: () => positions };
}

/** A stage that knows that the source is slow. */
function stageOf(source: ImageSource): TableStage {
  const stage = new TableStage();
  for (let i = 0; i < 4; i++) stage.noteRead(source, 5);
  return stage;
}

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
  const stage = stageOf(source);
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

test('is of use once several reads were slow, where the source can read without blocking', () => {
  const { source, bytes } = heldSource(10);
  const stage = new TableStage();
  for (const ms of [5, 0.1, 5, 0.1, 5, 0.1, 5, 5]) stage.noteRead(source, ms);
  for (let i = 0; i < 10; i++) stage.noteRead(bytes, 5);
  expect(stage.isUseful).toBe(false);
  for (const ms of [5, 5]) stage.noteRead(source, ms);
  expect(stage.isUseful).toBe(true);
});

test('gives what was read, and zeros past the end of the file', async () => {
  const { source, bytes, release } = heldSource(200_000);
  const stage = stageOf(source);
  expect(stage.request(source, 60_000, 300)).toBe(true);
  expect(stage.request(source, 199_900, 300)).toBe(true);
  const into = new Uint8Array(50).fill(7);
  expect(stage.take(source, into, 60_010)).toBe(-1);
  const batch = stage.begin();
  expect(stage.lengthAt(source, 60_010)).toBe(0);
  await release();
  await batch.done;
  expect(stage.lengthAt(source, 60_010)).toBe(0);
  stage.show(batch);
  expect(stage.take(source, into, 60_010)).toBe(50);
  const expected = new Uint8Array(50);
  bytes.readAt(expected, 60_010);
  expect(into).toEqual(expected);
  expect(stage.lengthAt(source, 60_010)).toBe(290);
  expect(stage.take(source, into, 199_980)).toBe(20);
  expect([...into.subarray(20)]).toEqual(Array(30).fill(0));
  expect(stage.take(source, into, 60_280)).toBe(-1);
  expect(stage.take(bytes, into, 60_010)).toBe(-1);
  stage.clear();
  expect(stage.take(source, into, 60_010)).toBe(-1);
});

test('reads tables that lie close to each other in one go, in whatever order they were asked for', async () => {
  const { source, bytes, release, reads } = heldSource(2 ** 21);
  const stage = stageOf(source);
  const tables = [3, 0, 1, 2, 9, 20, 21].map(n => n * 65_536);
  for (const table of tables) stage.request(source, table, 65_536);
  const batch = stage.begin();
  await release();
  await batch.done;
  stage.show(batch);
  expect(reads().sort((a, b) => a - b)).toEqual([0, 9 * 65_536, 20 * 65_536]);
  for (const table of tables) {
    const [into, expected] = [new Uint8Array(65_536), new Uint8Array(65_536)];
    bytes.readAt(expected, table);
    expect(stage.take(source, into, table)).toBe(65_536);
    expect(Buffer.compare(into, expected)).toBe(0);
  }
  expect(stage.lengthAt(source, 65_536)).toBe(3 * 65_536);
});

test('has a bounded number of reads under way and a bounded memory', async () => {
  const { source, release, most } = heldSource(2 ** 16);
  const stage = stageOf(source);
  let asked = 0;
  while (stage.request(source, asked * 2 ** 17, 2 ** 16)) asked++;
  const { done } = stage.begin();
  await release();
  await done;
  expect(most()).toBe(READS_IN_FLIGHT);
  expect(asked).toBe(2 ** 23 / 2 ** 16);
  expect(stage.request(source, 0, 2 ** 24)).toBe(false);
});

test('a stretch that cannot be read is not staged', async () => {
  const source: ImageSource = {
    ...bytesSource(new Uint8Array(100)),
    readLater: () => Promise.reject(new Error('EIO')),
  };
  const stage = stageOf(source);
  stage.request(source, 0, 10);
  const batch = stage.begin();
  await batch.done;
  stage.show(batch);
  expect(stage.take(source, new Uint8Array(10), 0)).toBe(-1);
});

test('takes what belongs together whole, up to as many reads as are under way at once', async () => {
  const { source, release, reads } = heldSource(2 ** 16);
  const stage = stageOf(source);
  const askFor = (first: number, count: number) =>
    stage.requestTogether(() =>
      Array.from({ length: count }, (_, i) => (first + i) * 2 ** 18).every(at =>
        stage.request(source, at, 2 ** 16),
      ),
    );
  expect([askFor(0, 20), askFor(20, 12), askFor(32, 2), askFor(34, 1)]).toEqual([true, true, false, false]);
  const batch = stage.begin();
  await release();
  await batch.done;
  expect(reads()).toHaveLength(READS_IN_FLIGHT);
  expect([askFor(0, 40), askFor(40, 1)]).toEqual([true, false]);
  stage.clear();
  expect(askFor(0, 2 ** 23 / 2 ** 16 + 1)).toBe(false);
  const part = stage.begin();
  await release();
  await part.done;
  expect(part.stretches).toHaveLength(2 ** 23 / 2 ** 16);
});

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
