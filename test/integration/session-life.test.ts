/** The life of a session: servers that die, sessions that are closed, cancelled and taken up again, at any moment. */
import { openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChainSession } from '../../electron/service/chain-session.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { writeQcow2 } from '../support/images/qcow2-builder.ts';
import { startFakeServer, statusFrom } from '../support/servers/nbd-server.ts';
import {
  childrenOf,
  type Leftovers,
  leftovers,
  listed,
  listedSoFar,
  openTarget,
  settled,
  workers,
} from '../support/session.ts';
import { temporaryFolder } from '../support/tools.ts';

const CLUSTER_BITS = 20;
/** In five requests of 4 GiB for each layer. */
const CLUSTERS = 20_000;
const SIZE = CLUSTERS * 2 ** CLUSTER_BITS;
const MAP = { spec: { list: 'map', format: 'json', hosts: false }, layer: undefined } as const;
const folder = temporaryFolder();
const homeTmp = process.env.TMPDIR;
let chain: OpenTarget & { kind: 'files' };
let whole: unknown;
let before: Leftovers;
const sessions = new Set<ChainSession>();
const rejections: unknown[] = [];
const note = (reason: unknown) => rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  const tmp = join(folder, 't');
  await mkdir(tmp);
  process.env.TMPDIR = tmp; // so that every folder made from here on is seen
  chain = { kind: 'files', files: [writeFragmented('base', 0), writeFragmented('top', 1)] };
  const session = await openTarget(chain, { witness: 'nbd' });
  whole = await listed(session, MAP);
  await session.close();
});
afterAll(() => {
  process.off('unhandledRejection', note);
  if (homeTmp === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = homeTmp;
});
beforeEach(async () => {
  before = await leftovers();
});
afterEach(async () => {
  await Promise.all([...sessions].map(session => session.close())); // of a test that failed
  sessions.clear();
  expect(await settled(before)).toEqual(before);
  expect(rejections).toEqual([]);
});

/** An image of 20,000 extents in its metadata alone. */
function writeFragmented(name: string, odd: number): string {
  const path = join(folder, `${name}.qcow2`);
  const clusters = (index: number) => (index % 2 === odd ? 'data' : 'zeroHole');
  writeQcow2(openSync(path, 'w+'), { size: SIZE, clusterBits: CLUSTER_BITS, clusters });
  return path;
}

/** Opens the chain. */
async function opened(options: Parameters<typeof openTarget>[1] = {}, events = {}): Promise<ChainSession> {
  const session = await openTarget(chain, { witness: 'nbd', ...options }, events);
  sessions.add(session);
  return session;
}

async function servers(): Promise<number[]> {
  return (await childrenOf()).filter(pid => !before.children.includes(pid));
}

describe('qemu-nbd killed at 50 moments', () => {
  it.each(Array.from({ length: 50 }, (_, i) => i))('moment %i', async moment => {
    let latest: readonly LayerProgress[] = [];
    const session = await opened(
      { buildPyramid: moment % 2 === 0 },
      {
        onProgress: (layers: readonly LayerProgress[]) => {
          latest = layers;
        },
      },
    );
    const over = session.fed();
    let pids = await servers();
    while (pids.length === 0) {
      await sleep(1);
      pids = await servers();
    }
    await sleep((moment * 7) % 80); // reading both layers takes about that long
    for (const pid of await servers()) {
      try {
        process.kill(pid, moment % 3 === 0 ? 'SIGTERM' : 'SIGKILL');
      } catch {
        // it was done already
      }
    }
    const failed = await over;
    // A SIGTERM before its greeting can leave qemu-nbd waiting for ever; then our limit for the start ends it.
    for (const { error } of failed)
      expect(error.code).toMatch(/^QEMU_(?:NBD_DIED|START_FAILED|START_TIMEOUT)$/);
    const rows = (await listedSoFar(session, MAP)) as { start: number; length: number }[];
    expect(rows.reduce((end, row) => (row.start === end ? end + row.length : Number.NaN), 0)).toBe(SIZE);
    if (failed.length > 0 && moment % 2 === 0) {
      await vi.waitFor(() => {
        const told = latest.filter(({ phase }) => phase === 'failed');
        expect(told.map(({ layer, error }) => [layer, error?.code]).sort()).toEqual(
          failed.map(({ layer, error }) => [layer, error.code]).sort(),
        );
      }, 20_000);
    }
    session.retry();
    expect(await session.fed()).toEqual([]);
    expect(await listed(session, MAP)).toEqual(whole);
    await session.close();
  });
});

describe('a session that is closed', () => {
  it('right after it was opened, 200 times, leaves nothing behind', async () => {
    for (let i = 0; i < 50; i++) {
      const sessions = await Promise.all(Array.from({ length: 4 }, () => opened()));
      await sleep(i % 5 === 0 ? i : 0);
      await Promise.all(sessions.flatMap(session => [session.close(), session.close()]));
    }
  });

  it('while it is being opened is CANCELLED and leaves nothing behind', async () => {
    const outcomes = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const ending = new AbortController();
      const opening = opened({ signal: ending.signal });
      const outcome = opening.then(
        () => 'open',
        error => error.code,
      );
      for (let turns = i; turns > 0; turns--) await new Promise(setImmediate);
      ending.abort();
      outcomes.add(await outcome);
      await (await opening.catch(() => undefined))?.close();
    }
    expect(outcomes.has('CANCELLED')).toBe(true);
    expect([...outcomes].every(outcome => outcome === 'open' || outcome === 'CANCELLED')).toBe(true);
  });

  it('while it connects to a server that says nothing ends at once', async () => {
    const server = await startFakeServer({ exports: {}, greeting: Buffer.alloc(0) });
    before = { ...(await leftovers()), sockets: before.sockets };
    const ending = new AbortController();
    const opening = openTarget({ kind: 'nbd', uri: server.uri }, { signal: ending.signal });
    while (server.accepted === 0) await sleep(1);
    ending.abort();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    await server.close();
  });
});

describe('cancel', () => {
  it('ends reading at once, and a retry goes on at any moment', async () => {
    for (let i = 0; i < 12; i++) {
      const session = await opened({ buildPyramid: i % 2 === 0 });
      await sleep(i * 10);
      session.cancel();
      expect(await session.fed()).toEqual([]);
      expect(await servers()).toEqual([]);
      session.retry();
      if (i % 3 === 0) {
        session.cancel(); // again, before it could begin
        session.retry();
      }
      expect(await session.fed()).toEqual([]);
      expect(await listed(session, MAP)).toEqual(whole);
      await session.close();
    }
  });

  it('does not make a batch that is on its way count twice', async () => {
    const size = 3000 * 512;
    const list = Array.from({ length: 3000 }, (_, i) => [512, i % 2] as const);
    const contexts = [{ id: 1, name: 'base:allocation', status: statusFrom(list, { limit: 7 }) }];
    const server = await startFakeServer({ exports: { '': { size, contexts } } });
    before = { ...(await leftovers()), sockets: before.sockets };
    const session = await openTarget({ kind: 'nbd', uri: server.uri });
    for (let i = 0; i < 40; i++) {
      for (let turns = i; turns > 0; turns--) await new Promise(setImmediate);
      session.cancel();
      session.retry();
    }
    const rows = (await listed(session, MAP)) as { start: number; length: number; state: string }[];
    expect(rows.map(({ length, state }) => [length, state])).toEqual(
      list.map(([length, flags]) => [length, flags === 1 ? 'holeUnknown' : 'data']),
    );
    await session.close();
    await server.close();
  });
});

describe('several sessions', () => {
  it('at once read the same, each with its own servers', async () => {
    const [first, second] = await Promise.all([opened(), opened({ buildPyramid: true })]);
    expect(await Promise.all([first, second].map(session => listed(session as ChainSession, MAP)))).toEqual([
      whole,
      whole,
    ]);
    await first?.close();
    expect(await listedSoFar(second as ChainSession, MAP)).toEqual(whole);
    await second?.close();
  });
});

describe('a session that readies the next', () => {
  it('leaves one thread, which the next session takes', async () => {
    const first = await opened({ buildPyramid: true, interactive: true });
    await first.close();
    await vi.waitFor(() => expect(workers.size).toBe(before.workers + 1), 20_000);
    const second = await opened();
    expect(workers.size).toBe(before.workers + 1);
    await second.close();
  });
});

describe('an engine’s worker that crashes', () => {
  const internal = expect.objectContaining({ code: 'INTERNAL', what: expect.stringContaining('worker') });

  it('is a coded error for every question that waits, and everything else is ended', async () => {
    const session = await opened();
    const asked = Promise.allSettled([
      session.ask('statistics', { start: 0, end: SIZE }),
      session.ask('totals', { layer: 0 }),
    ]);
    await Promise.all([...workers].map(worker => worker.terminate()));
    for (const { reason } of (await asked) as PromiseRejectedResult[]) expect(reason).toEqual(internal);
    const failed = await session.fed();
    expect(failed.map(({ layer, error }) => [layer, error.code]).sort()).toEqual([
      [0, 'INTERNAL'],
      [1, 'INTERNAL'],
    ]);
    await expect(session.ask('extents', { start: 0, end: 1 })).rejects.toEqual(internal);
    session.retry();
    expect(await session.fed()).toHaveLength(2);
    await session.close();
  });

  it('before it has opened the chain is a coded error of the opening', async () => {
    const crash = (worker: Worker) => void worker.terminate();
    process.once('worker', crash);
    await expect(opened()).rejects.toEqual(internal);
  });
});
