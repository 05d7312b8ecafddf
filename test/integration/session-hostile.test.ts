/** Servers that mean no good, or have nothing to give, through a whole session by URI. */
import { openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ChainSession } from '../../electron/service/chain-session.ts';
import { MAX_DEPTH } from '../../shared/extent/flags.ts';
import { ALL_FINDINGS } from '../support/findings.ts';
import { manyBitmaps } from '../support/images/many-bitmaps.ts';
import { writeQcow2 } from '../support/images/qcow2-builder.ts';
import type { Extent } from '../support/servers/nbd-messages.ts';
import {
  type FakeContext,
  type FakeExport,
  type FakeServer,
  type RunningFakeServer,
  startFakeServer,
  statusFrom,
} from '../support/servers/nbd-server.ts';
import { startQemu } from '../support/servers/nbd-server-process.ts';
import { listedSoFar, mapRows, openTarget, withTarget } from '../support/session.ts';
import { temporaryFolder } from '../support/tools.ts';

const MIB = 2 ** 20;
const folder = temporaryFolder();
const servers: RunningFakeServer[] = [];
const sessions: ChainSession[] = [];
const rejections: unknown[] = [];
const note = (reason: unknown) => rejections.push(reason);

beforeAll(() => process.on('unhandledRejection', note));
afterAll(() => process.off('unhandledRejection', note));
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close();
  for (const server of servers.splice(0)) await server.close();
  expect(rejections).toEqual([]);
});

async function serve(fake: Partial<FakeServer> & Pick<FakeServer, 'exports'>): Promise<string> {
  const server = await startFakeServer(fake);
  servers.push(server);
  return server.uri;
}

async function openExport(
  only: FakeExport,
  options: Parameters<typeof openTarget>[1] = {},
  more: Partial<FakeServer> = {},
): Promise<ChainSession> {
  const uri = await serve({ exports: { '': only }, ...more });
  const session = await openTarget({ kind: 'nbd', uri }, options);
  sessions.push(session);
  return session;
}

const context = (id: number, name: string, status: FakeContext['status']): FakeContext => ({
  id,
  name,
  status,
});
const allocation = (status: FakeContext['status']) => context(1, 'base:allocation', status);
const depth = (status: FakeContext['status']) => context(2, 'qemu:allocation-depth', status);
const same =
  (flags: number): FakeContext['status'] =>
  (_, length) => [[length, flags]];
const codes = async (session: ChainSession) => (await session.fed()).map(({ error }) => error.code);

describe('extents without end', () => {
  it('2^20 of one byte each are all shown', async () => {
    const count = 2 ** 20;
    const status: FakeContext['status'] = offset =>
      Array.from({ length: Math.min(count - offset, 131_072) }, (_, i): Extent => [1, (offset + i) % 2]);
    const session = await openExport({ size: count, contexts: [allocation(status)] });
    expect(await codes(session)).toEqual([]);
    const { extents } = await session.ask('totals', { layer: undefined });
    expect(extents).toBe(count);
  });

  it.each([true, false])(
    'end at the budget, however often it is tried again (window: %s)',
    async buildPyramid => {
      const bytes = process.memoryUsage().rss;
      let sent = 0;
      const status: FakeContext['status'] = () => {
        sent++;
        return Array.from({ length: 4096 }, (_, i): Extent => [512, i % 2]);
      };
      const session = await openExport(
        { size: 2 ** 50, contexts: [allocation(status)] },
        { buildPyramid, extentBudget: 50_000 },
      );
      expect(await codes(session)).toEqual(['TOO_MANY_EXTENTS']);
      for (let i = 0; i < 3; i++) {
        session.retry();
        expect(await codes(session)).toEqual(['TOO_MANY_EXTENTS']);
      }
      expect(sent).toBeLessThan(30);
      const { layers } = await session.ask('inspect', { offset: 0 });
      expect(layers[0]).toMatchObject({ start: 0, end: 512 });
      expect(process.memoryUsage().rss - bytes).toBeLessThan(512 * MIB);
    },
  );

  it('of a context of unknown meaning count as well', async () => {
    const numbers: FakeContext['status'] = () =>
      Array.from({ length: 4096 }, (_, i): Extent => [512, i + 4_000_000_000]);
    const session = await openExport(
      { size: 2 ** 40, contexts: [allocation(same(0)), context(9, 'x:numbers', numbers)] },
      { extentBudget: 20_000 },
    );
    expect(await codes(session)).toEqual(['TOO_MANY_EXTENTS']);
    const { layers } = await session.ask('inspect', { offset: 512 * 4000 });
    expect(layers[0]?.evidence.find(({ source }) => source === 'NBD x:numbers')?.value).toBe(
      'one of more than 1024 different numbers',
    );
  });
});

describe('bitmaps in use', () => {
  it('600 of them on a disk of 8 PiB take no table of its pages each', async () => {
    const path = manyBitmaps(600, { size: 2 ** 53 - 2 ** 17, clusterBits: 17 }, 1);
    const bytes = process.memoryUsage().rss;
    const session = await openTarget({ kind: 'files', files: [path] }, { witness: 'both' });
    sessions.push(session);
    await session.ask('inspect', { offset: 0 });
    expect(process.memoryUsage().rss - bytes).toBeLessThan(512 * MIB);
  });
});

describe('allocation depths', () => {
  it.each([true, false])('of 2^32 - 1 have no known owner (window: %s)', async buildPyramid => {
    const session = await openExport(
      { size: MIB, contexts: [allocation(same(0)), depth(same(0xffffffff))] },
      { buildPyramid },
    );
    expect(await mapRows(session)).toEqual([
      expect.objectContaining({ start: 0, length: MIB, state: 'data', ownerUnknown: true }),
    ]);
    expect(session.tracks).toHaveLength(2);
  });

  it.each([true, false])(
    'thousands of different ones end in a bounded number of lanes (window: %s)',
    async buildPyramid => {
      const bytes = process.memoryUsage().rss;
      const unit = 2 ** 22;
      const list = Array.from({ length: 4096 }, (_, i): Extent => [unit, i]);
      const session = await openExport(
        { size: 4096 * unit, contexts: [allocation(same(0)), depth(statusFrom(list, { limit: 100 }))] },
        { buildPyramid },
      );
      expect(await codes(session)).toEqual([]);
      expect(session.tracks).toHaveLength(MAX_DEPTH + 1);
      const { owners } = await session.ask('totals', { layer: undefined });
      expect(owners.map(owned => owned / unit)).toEqual([...new Array(MAX_DEPTH).fill(1), 4096 - MAX_DEPTH]);
      expect(process.memoryUsage().rss - bytes).toBeLessThan(1024 * MIB);
    },
  );

  it('that go one deeper with every reply do not stop the answers', async () => {
    const step = 2 ** 28;
    const status: FakeContext['status'] = offset => [[step, offset / step]];
    const session = await openExport(
      { size: 256 * step, contexts: [allocation(same(3)), depth(status)] },
      { buildPyramid: true },
    );
    let answers = 0;
    let reading = true;
    const over = session.fed().then(() => {
      reading = false;
    });
    for (; reading; answers++) await session.ask('inspect', { offset: 0 });
    await over;
    expect(session.tracks).toHaveLength(MAX_DEPTH + 1);
    expect(answers).toBeGreaterThan(10);
  });
});

describe('sizes', () => {
  it('of 2^63 are refused with a code', async () => {
    const opening = openExport({ size: 2n ** 63n, contexts: [allocation(same(0))] });
    await expect(opening).rejects.toMatchObject({ code: 'NBD_EXPORT_TOO_LARGE' });
  });

  it('just below 2^53 are shown as far as one waits for them', async () => {
    const size = 2 ** 53 - 512;
    const session = await openExport(
      { size, contexts: [allocation(same(3)), depth(same(3))] },
      { buildPyramid: true },
      { extendedHeaders: true },
    );
    session.cancel();
    expect(await session.fed()).toEqual([]);
    expect((await mapRows(session)).reduce((sum, { length }) => sum + length, 0)).toBe(size);
    expect(await session.ask('inspect', { offset: size - 1 })).toMatchObject({
      end: size,
      sentence: expect.stringMatching(/^Not read yet/),
    });
  });
});

describe('replies', () => {
  it('whose contexts reach unequally far come out as the contexts say', async () => {
    const flags = Array.from({ length: 64 }, (_, i): Extent => [4096, i % 4]);
    const depths = Array.from({ length: 32 }, (_, i): Extent => [8192, i % 3]);
    const session = await openExport({
      size: 64 * 4096,
      contexts: [allocation(statusFrom(flags, { limit: 3 })), depth(statusFrom(depths, { limit: 1 }))],
    });
    const rows = await mapRows(session);
    const at = (offset: number) =>
      rows.find(({ start, length }) => start <= offset && offset < start + length);
    for (let i = 0; i < 64; i++) expect(at(i * 4096)?.depth, `cluster ${i}`).toBe(Math.floor(i / 2) % 3);
  });

  it.each([
    ['that stop before DONE', (extents: number) => extents === 1],
    ['of garbage', () => false],
  ])('%s end in a coded error, and what came before is kept', async (_, cut) => {
    let requests = 0;
    const status: FakeContext['status'] = () => [[65_536, 0]];
    const session = await openExport(
      { size: MIB, contexts: [allocation(status)] },
      {},
      {
        onRequest: async (request, peer) => {
          if (request.command !== 7 || ++requests < 3) return false;
          if (cut(1)) return peer.close() as never;
          await peer.write(Buffer.alloc(4096, 0x5a));
          return true;
        },
      },
    );
    const [failed] = await session.fed();
    expect(failed?.error.code).toMatch(/^NBD_[A-Z_]+$/);
    expect(
      await listedSoFar(session, { spec: { list: 'map', format: 'json', hosts: false }, layer: undefined }),
    ).toEqual([
      expect.objectContaining({ start: 0, length: 131_072, state: 'data' }),
      expect.objectContaining({ start: 131_072, state: 'unread' }),
    ]);
  });
});

describe('disks without bytes', () => {
  async function isEmpty(session: ChainSession): Promise<void> {
    expect(await session.fed()).toEqual([]);
    expect(session.chain.size).toBe(0);
    expect(await mapRows(session)).toEqual([]);
    expect(await session.ask('tiles', { level: 12, first: 0, count: 2 })).toMatchObject({ tiles: [] });
    const extents = await session.ask('extents', { start: 0, end: 1 });
    expect(extents).toMatchObject({ tooMany: false, end: 0 });
    await expect(session.ask('inspect', { offset: 0 })).rejects.toMatchObject({ code: 'OFFSET_OUTSIDE' });
    const sums = await session.ask('statistics', { start: 0, end: 0 });
    expect(sums.flatMap(({ bytes }) => bytes).every(bytes => bytes === 0)).toBe(true);
    expect(await session.ask('seek', { track: 0, from: 0, backwards: false, kind: 'change' })).toBe(-1);
    expect(await session.ask('seek', { track: 0, from: 0, backwards: true, kind: 'change' })).toBe(-1);
    expect(await session.ask('totals', { layer: undefined })).toMatchObject({ extents: 0, overrides: 0 });
    expect(await session.ask('findings', ALL_FINDINGS)).toMatchObject({ findings: [], total: 0 });
  }

  const raw = join(folder, 'empty.raw');
  const qcow2 = join(folder, 'empty.qcow2');
  beforeAll(async () => {
    await writeFile(raw, '');
    writeQcow2(openSync(qcow2, 'w+'), { size: 0 });
  });

  it.each([true, false])('are shown as such (window: %s)', async buildPyramid => {
    for (const witness of ['metadata', 'nbd', 'both'] as const) {
      await withTarget({ kind: 'files', files: [qcow2] }, { buildPyramid, witness }, isEmpty);
      await withTarget({ kind: 'files', files: [raw], format: 'raw' }, { buildPyramid, witness }, isEmpty);
    }
    await isEmpty(
      await openExport({ size: 0, contexts: [allocation(same(0)), depth(same(1))] }, { buildPyramid }),
    );
    const server = await startQemu(['-A', '-f', 'qcow2', qcow2]);
    await withTarget({ kind: 'nbd', uri: server.uri() }, { buildPyramid }, isEmpty);
    await server.kill();
  });
});
