import { afterEach, describe, expect, it } from 'vitest';
import { connectNbd, type NbdConnection } from '../../../../electron/nbd/client/client.ts';
import { parseNbdUri } from '../../../../electron/nbd/uri.ts';
import {
  createWalkLimits,
  type WalkRange,
  walkBlockStatus,
} from '../../../../electron/nbd/walk/block-status.ts';
import { type StatusBatch, statusBatchBuffers } from '../../../../shared/extent/status-batch.ts';
import { flagsByUnit } from '../../../support/nbd-status.ts';
import { type Extent, errorChunk, statusChunk } from '../../../support/servers/nbd-messages.ts';
import {
  type FakeContext,
  type FakeServer,
  type RunningFakeServer,
  startFakeServer,
  statusFrom,
} from '../../../support/servers/nbd-server.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const code = (name: string) => expect.objectContaining({ code: name });
const UNIT = 512;

interface Opened {
  readonly server: RunningFakeServer;
  readonly connection: NbdConnection;
}

async function open(
  size: number,
  contexts: readonly FakeContext[],
  more: Partial<FakeServer> & { blockSize?: readonly [number, number, number] } = {},
): Promise<Opened> {
  const { blockSize, ...fake } = more;
  const flags = 0x1003;
  const server = await startFakeServer({
    exports: { '': { size, flags, contexts, ...(blockSize !== undefined && { blockSize }) } },
    ...fake,
  });
  const connection = await connectNbd(parseNbdUri(server.uri), { contexts: 'offered' });
  cleanUps.push(async () => {
    await connection.close();
    await server.close();
  });
  return { server, connection };
}

async function walk(connection: NbdConnection, range: WalkRange = {}): Promise<StatusBatch[]> {
  const batches: StatusBatch[] = [];
  await walkBlockStatus(connection, range, batch => {
    batches.push(batch);
  });
  return batches;
}

/** A pseudo-random list of extents over `units` units. */
function randomList(units: number, seed: number): Extent[] {
  const list: Extent[] = [];
  let state = seed;
  for (let left = units; left > 0; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const length = Math.min(left, 1 + ((state >>> 8) % 7));
    list.push([length * UNIT, (state >>> 20) % 4]);
    left -= length;
  }
  return list;
}

const modes = [
  { name: 'structured replies', extendedHeaders: false },
  { name: 'extended headers', extendedHeaders: true },
];

describe.each(modes)('walkBlockStatus with $name', ({ extendedHeaders }) => {
  it('delivers every context over the whole export, whatever each reply covers', async () => {
    const units = 300;
    const lists = [1, 2, 3].map(seed => randomList(units, seed));
    const limits = [1, 7, 40];
    const contexts = lists.map((list, i) => ({
      id: 10 - i,
      name: `x:${i}`,
      status: statusFrom(list, { limit: limits[i]! }),
    }));
    const { connection, server } = await open(units * UNIT, contexts, { extendedHeaders });
    const batches = await walk(connection);
    for (const [i, list] of lists.entries()) {
      const whole = [{ offset: 0, covered: units * UNIT, lists: [listOf(list)] }];
      expect(flagsByUnit(batches, i, UNIT)).toEqual(flagsByUnit(whole, 0, UNIT));
    }
    const asked = server.requests.filter(request => request.command === 7);
    expect(asked.some(request => request.filter !== undefined)).toBe(extendedHeaders);
    if (extendedHeaders) {
      const perContext = contexts.map(
        ({ id }) => asked.filter(({ filter }) => filter === undefined || filter.includes(id)).length,
      );
      expect(perContext[2]).toBeLessThan(perContext[0]! / 5); // the context that covers much is asked seldom
    }
  });

  it('asks carefully at first and where replies are long, and about more and more where they are short', async () => {
    const dense = Array.from({ length: 88_000 }, (_, i): Extent => [UNIT, i % 2]);
    const list: Extent[] = [[12_000 * UNIT, 0], [24_000 * UNIT, 1], ...dense];
    const contexts = [{ id: 0, name: 'x:0', status: statusFrom(list) }];
    const { connection, server } = await open(124_000 * UNIT, contexts, { extendedHeaders });
    const batches = await walk(connection, { granularity: UNIT, firstRequest: 12_000 * UNIT });
    const whole = [{ offset: 0, covered: 124_000 * UNIT, lists: [listOf(list)] }];
    expect(flagsByUnit(batches, 0, UNIT)).toEqual(flagsByUnit(whole, 0, UNIT));
    const asked = server.requests.filter(request => request.command === 7);
    expect(asked.map(({ length }) => Number(length) / UNIT)).toEqual([
      12_000, 24_000, 48_000, 24_000, 12_000, 4000,
    ]);
  });

  it('asks a server close by about 64 MiB first, and about four times as much each time', async () => {
    const size = 2 ** 34;
    const list: Extent[] = Array.from({ length: 2 ** 16 }, (_, i) => [size / 2 ** 16, i % 2]);
    const { connection, server } = await open(size, [{ id: 0, name: 'x:0', status: statusFrom(list) }], {
      extendedHeaders,
    });
    const batches = await walk(connection);
    expect(batches.reduce((sum, { covered }) => sum + covered, 0)).toBe(size);
    const lengths = server.requests
      .filter(({ command }) => command === 7)
      .map(({ length }) => Number(length));
    expect(lengths.slice(0, 3)).toEqual([2 ** 26, 2 ** 28, 2 ** 30]);
    expect(lengths[3]).toBe(extendedHeaders ? 2 ** 32 : 2 ** 32 - 2 ** 16);
  });

  it('asks a server far away about as much as it may from the beginning', async () => {
    const size = 2 ** 34;
    const list: Extent[] = Array.from({ length: 16 }, (_, i) => [size / 16, i % 2]);
    const contexts = [{ id: 0, name: 'x:0', status: statusFrom(list) }];
    const { connection, server } = await open(size, contexts, { extendedHeaders });
    await walk(Object.create(connection, { roundTrip: { value: 20 } }));
    const [first] = server.requests.filter(({ command }) => command === 7);
    expect(Number(first?.length)).toBe(extendedHeaders ? size : 2 ** 32 - 2 ** 16);
  });

  it('gives every payload a separate buffer, as long as the payload', async () => {
    const lists = [randomList(100, 4), randomList(100, 5)];
    const contexts = lists.map((list, i) => ({
      id: i,
      name: `x:${i}`,
      status: statusFrom(list, { limit: 5 + i }),
    }));
    const { connection } = await open(100 * UNIT, contexts, { extendedHeaders });
    const batches = await walk(connection);
    const buffers = batches.flatMap(statusBatchBuffers);
    expect(new Set(buffers).size).toBe(buffers.length);
    for (const { lists: found } of batches) {
      for (const { payload } of found) expect(payload.byteLength).toBe(payload.buffer.byteLength);
    }
  });

  it('walks a part of the export and of the contexts', async () => {
    const lists = [randomList(100, 6), randomList(100, 7)];
    const contexts = lists.map((list, i) => ({ id: i, name: `x:${i}`, status: statusFrom(list) }));
    const { connection } = await open(100 * UNIT, contexts, { extendedHeaders });
    const range = { start: 10 * UNIT, end: 33 * UNIT, contexts: [1] };
    const batches = await walk(connection, range);
    expect(batches[0]?.offset).toBe(range.start);
    const whole = [{ offset: 0, covered: 100 * UNIT, lists: [listOf(lists[1]!)] }];
    expect(flagsByUnit(batches, 1, UNIT)).toEqual(flagsByUnit(whole, 0, UNIT).slice(10, 33));
  });

  it('has nothing to ask of an empty export', async () => {
    const { connection, server } = await open(0, [{ id: 0, name: 'x:0', status: () => [] }], {
      extendedHeaders,
    });
    expect(await walk(connection)).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  it('asks a large export in few requests that keep to the block size', async () => {
    const size = 2 ** 40 + UNIT;
    const { connection, server } = await open(
      size,
      [{ id: 0, name: 'x:0', status: (_, length) => [[length, 3]] }],
      { extendedHeaders, blockSize: [UNIT, 4096, 2 ** 25] },
    );
    const batches = await walk(connection);
    expect(batches.reduce((sum, batch) => sum + batch.covered, 0)).toBe(size);
    expect(server.requests.length).toBeLessThan(extendedHeaders ? 20 : 260);
    expect(server.requests.every(({ offset, length }) => offset % UNIT === 0 && length % UNIT === 0)).toBe(
      true,
    );
  });

  it('asks again for the rest of a block that a list ends in', async () => {
    const { connection, server } = await open(
      4 * UNIT,
      [
        {
          id: 0,
          name: 'x:0',
          status: (offset, length) => [[Math.min(length, offset === 0 ? 700 : 10_000), 1]],
        },
      ],
      { extendedHeaders, blockSize: [UNIT, 4096, 2 ** 25] },
    );
    const batches = await walk(connection);
    expect(batches.map(({ offset, covered }) => [offset, covered])).toEqual([
      [0, UNIT],
      [UNIT, 3 * UNIT],
    ]);
    expect(server.requests.map(request => request.offset)).toEqual([0, UNIT]);
  });

  it('ends where the server never gets on', async () => {
    const status = () => [[UNIT - 1, 1]] as const;
    const { connection } = await open(4 * UNIT, [{ id: 0, name: 'x:0', status }], {
      extendedHeaders,
      blockSize: [UNIT, 4096, 2 ** 25],
    });
    await expect(walk(connection)).rejects.toMatchObject({
      code: 'NBD_NO_PROGRESS',
      what: 'the server described less than one block at 0x0000_0000',
    });
  });

  it('clips what runs past the end of the export', async () => {
    const status = () => [[100 * UNIT, 2]] as const;
    const { connection } = await open(3 * UNIT, [{ id: 0, name: 'x:0', status }], { extendedHeaders });
    expect((await walk(connection)).map(({ offset, covered }) => [offset, covered])).toEqual([[0, 3 * UNIT]]);
    expect(connection.notes).toHaveLength(1);
  });

  it('finds the bad clusters by halving and delivers all the rest', async () => {
    const granularity = 4096;
    const size = 2 ** 33; // more than one compact request
    const bad = [0, 5, 2 ** 19, 2 ** 21 - 1].map(cluster => cluster * granularity);
    const { connection, server } = await open(
      size,
      [
        { id: 0, name: 'x:0', status: (_, length) => [[length, 1]] },
        { id: 1, name: 'x:1', status: (_, length) => [[Math.min(length, 2 ** 30), 2]] },
      ],
      {
        extendedHeaders,
        async onRequest(request, peer) {
          const { offset, length } = request;
          if (!bad.some(cluster => cluster < offset + length && offset < cluster + granularity)) return false;
          await peer.write(errorChunk(request, 5, 'cannot read'));
          return true;
        },
      },
    );
    const batches = await walk(connection, { granularity });
    let position = 0;
    for (const { offset, covered } of batches) {
      expect(offset).toBe(position);
      position += covered;
    }
    expect(position).toBe(size);
    const unreadable = batches.filter(batch => batch.unreadable !== undefined);
    expect(unreadable.map(({ offset, covered }) => [offset, covered])).toEqual(
      bad.map(offset => [offset, granularity]),
    );
    expect(unreadable[0]?.unreadable).toMatchObject({ code: 'NBD_IO_ERROR', subject: connection.subject });
    expect(batches.every(batch => batch.unreadable !== undefined || batch.lists.length === 2)).toBe(true);
    expect(server.requests.length).toBeLessThan(400);
  });

  it('asks one request at a time, and waits for a slow taker', async () => {
    let inFlight = 0;
    let taking = 0;
    const { connection } = await open(20 * UNIT, [{ id: 0, name: 'x:0', status: () => [] }], {
      extendedHeaders,
      async onRequest(request, peer) {
        if (request.command !== 7) return false;
        expect(++inFlight).toBe(1);
        await new Promise(setImmediate);
        inFlight--;
        await peer.write(statusChunk(request, 0, [[UNIT, 0]], true));
        return true;
      },
    });
    const offsets: number[] = [];
    await walkBlockStatus(connection, {}, async ({ offset }) => {
      expect(++taking).toBe(1);
      await new Promise(resolve => setTimeout(resolve, 1));
      offsets.push(offset);
      taking--;
    });
    expect(offsets).toEqual(Array.from({ length: 20 }, (_, i) => i * UNIT));
  });

  it('is cancelled at once and leaves the connection usable', async () => {
    let answer = () => {};
    const { connection, server } = await open(
      4 * UNIT,
      [{ id: 0, name: 'x:0', status: statusFrom([[4 * UNIT, 1]]) }],
      {
        extendedHeaders,
        async onRequest(request, peer) {
          if (request.offset === 0) {
            await peer.write(statusChunk(request, 0, [[UNIT, 0]], true));
            return true;
          }
          await new Promise<void>(resolve => {
            answer = resolve;
          });
          return false;
        },
      },
    );
    const abort = new AbortController();
    const seen: number[] = [];
    const walking = walkBlockStatus(connection, {}, batch => void seen.push(batch.offset), abort.signal);
    while (seen.length === 0 || server.requests.length < 2) await new Promise(setImmediate);
    abort.abort();
    await expect(walking).rejects.toThrow(code('CANCELLED'));
    expect(seen).toEqual([0]);
    answer();
    expect((await connection.blockStatus(0, UNIT))[0]?.covered).toBe(UNIT);
  });

  it('has delivered what came before a failure by the time that it fails', async () => {
    let failed = () => {};
    const failure = new Promise<void>(resolve => {
      failed = resolve;
    });
    const { connection } = await open(4 * UNIT, [{ id: 0, name: 'x:0', status: () => [] }], {
      extendedHeaders,
      async onRequest(request, peer) {
        if (request.offset === 0) await peer.write(statusChunk(request, 0, [[UNIT, 0]], true));
        else {
          await peer.write(errorChunk(request, 22, 'not like this'));
          failed();
        }
        return true;
      },
    });
    let isTaken = false;
    const walking = walkBlockStatus(connection, {}, async () => {
      await failure;
      for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
      isTaken = true;
    });
    await expect(walking).rejects.toMatchObject({ errno: 22 });
    expect(isTaken).toBe(true);
  });

  it('passes on what the taker throws', async () => {
    const { connection } = await open(
      4 * UNIT,
      [{ id: 0, name: 'x:0', status: statusFrom([[4 * UNIT, 1]]) }],
      { extendedHeaders },
    );
    const walking = walkBlockStatus(connection, {}, () => Promise.reject(new Error('no room')));
    await expect(walking).rejects.toThrow('no room');
  });
});

describe('walkBlockStatus over a dead disk', () => {
  it('never asks for less than a block', async () => {
    const block = 2 ** 16;
    const { connection, server } = await open(
      16 * block,
      [{ id: 0, name: 'x:0', status: (_, length) => [[length, 0]] }],
      {
        blockSize: [block, block, 2 ** 25],
        async onRequest(request, peer) {
          if (request.offset + request.length <= 5 * block || request.offset >= 6 * block) return false;
          await peer.write(errorChunk(request, 5));
          return true;
        },
      },
    );
    const bad = (await walk(connection, { granularity: UNIT })).filter(
      batch => batch.unreadable !== undefined,
    );
    expect(bad).toMatchObject([{ offset: 5 * block, covered: block }]);
    expect(server.requests.filter(({ offset, length }) => offset % block || length % block)).toEqual([]);
    expect(server.requests.length).toBeLessThan(16);
  });

  it('spends fewer requests as the bad run grows, and is precise again after it', async () => {
    const dead = 2 ** 24;
    const { connection, server } = await open(
      2 * dead,
      [{ id: 0, name: 'x:0', status: (_, length) => [[length, 0]] }],
      {
        async onRequest(request, peer) {
          const { offset, length } = request;
          const later = dead + 10 * UNIT;
          if (offset >= dead && (offset + length <= later || offset >= later + UNIT)) return false;
          await peer.write(errorChunk(request, 5));
          return true;
        },
      },
    );
    const bad = (await walk(connection, { granularity: UNIT })).filter(
      batch => batch.unreadable !== undefined,
    );
    expect(bad.length).toBeLessThan(2048);
    expect(bad.slice(0, 128).map(({ covered, isGivenUp }) => [covered, isGivenUp])).toEqual(
      new Array(128).fill([UNIT, undefined]),
    );
    expect(bad.filter(({ covered, isGivenUp }) => covered > UNIT !== (isGivenUp === true))).toEqual([]);
    expect(bad.at(-1)).toMatchObject({ offset: dead + 10 * UNIT, covered: UNIT });
    expect(bad.reduce((sum, batch) => sum + batch.covered, 0)).toBe(dead + UNIT);
    expect(server.requests.length).toBeLessThan(3.1 * bad.length);
  });
});

describe('a search for bad pieces that is over', () => {
  const size = 2 ** 53 - 2 ** 16;
  const failing = (extendedHeaders: boolean) =>
    open(size, [{ id: 0, name: 'x:0', status: (_, length) => [[length, 0]] }], {
      extendedHeaders,
      async onRequest(request, peer) {
        await peer.write(errorChunk(request, 5));
        return true;
      },
    });

  it.each([false, true])('gives up the rest at once (extended headers: %s)', async extendedHeaders => {
    const { connection, server } = await failing(extendedHeaders);
    const limits = createWalkLimits(connection);
    limits.search.failed(2 ** 21);
    const batches = await walk(connection, { start: 2 ** 16, limits });
    expect(batches.map(({ offset, covered, isGivenUp }) => [offset, covered, isGivenUp])).toEqual([
      [2 ** 16, size - 2 ** 16, true],
    ]);
    expect(server.requests).toHaveLength(1);
  });

  it('gives up more than a request can ask for, once pieces are that large', async () => {
    const { connection, server } = await failing(false);
    const limits = createWalkLimits(connection);
    for (let i = 0; i < 30 * 256; i++) limits.search.gaveUp(0);
    expect(limits.search.piece).toBe(2 ** 46);
    const batches = await walk(connection, { start: 2 ** 46 + 2 ** 16, limits });
    expect(batches[0]).toMatchObject({ covered: 2 ** 46 - 2 ** 16, isGivenUp: true });
    expect(batches.at(-1)).toMatchObject({ covered: 2 ** 46 - 2 ** 16 });
    expect(batches).toHaveLength(127);
    expect(server.requests).toHaveLength(2 * 127); // one for the end of each
  });
});

describe('a server that describes an export too finely', () => {
  const bytes = (limit: number): FakeContext => ({
    id: 0,
    name: 'x:0',
    status: (offset, length) =>
      Array.from({ length: Math.min(limit, Number(length)) }, (_, i): Extent => [1, (offset + i) % 2]),
  });

  it.each([
    [1, 'NBD_NO_PROGRESS'],
    [65_536, 'TOO_MANY_EXTENTS'],
  ])('of %i extents of a byte in a reply is given up', async (limit, expected) => {
    const { connection, server } = await open(2 ** 40, [bytes(limit)]);
    await expect(walk(connection)).rejects.toThrow(code(expected));
    expect(server.requests.length).toBeLessThan(5000);
  });

  it('is read where the export is small', async () => {
    const { connection } = await open(3000, [bytes(1)]);
    expect(await walk(connection)).toHaveLength(3000);
  });
});

function listOf(extents: readonly Extent[]) {
  const payload = new Uint8Array(8 * extents.length);
  const view = new DataView(payload.buffer);
  extents.forEach(([length, flags], i) => {
    view.setUint32(8 * i, Number(length));
    view.setUint32(8 * i + 4, Number(flags));
  });
  return { contextIndex: 0, wide: false, payload };
}
