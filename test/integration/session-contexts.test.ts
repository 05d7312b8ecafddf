/** Every context through a whole session: known, unknown, joint, not granted; bitmaps in images and over NBD; depths. */
import { openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChainSession } from '../../electron/service/chain-session.ts';
import { ALL_FINDINGS } from '../support/findings.ts';
import { depthPatternChain } from '../support/images/nbd-images.ts';
import { type BitmapSpec, writeQcow2 } from '../support/images/qcow2-builder.ts';
import { contextData, type Extent, optionReply } from '../support/servers/nbd-messages.ts';
import {
  type FakeContext,
  type FakeServer,
  readQueries,
  startFakeServer,
  statusFrom,
} from '../support/servers/nbd-server.ts';
import { startQemu } from '../support/servers/nbd-server-process.ts';
import { mapRows, openTarget } from '../support/session.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

const K64 = 65_536;
const MIB = 2 ** 20;
const SET_META_CONTEXT = 10;
const folder = temporaryFolder();
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function opened(...args: Parameters<typeof openTarget>): Promise<ChainSession> {
  const session = await openTarget(...args);
  ends.push(() => session.close());
  return session;
}

/** Lists of one number for each 64 KiB. */
type Lists = Readonly<Record<string, readonly number[]>>;

async function openLists(lists: Lists, notGranted: readonly string[] = []): Promise<ChainSession> {
  const contexts = Object.entries(lists).map(
    ([name, numbers], i): FakeContext => ({
      id: i + 5,
      name,
      status: statusFrom(numbers.map((number): Extent => [K64, number])),
    }),
  );
  const size = Math.max(...Object.values(lists).map(numbers => numbers.length)) * K64;
  const onOption: FakeServer['onOption'] = async (option, data, peer) => {
    if (option !== SET_META_CONTEXT) return false;
    const queries = readQueries(data);
    peer.chosen = contexts.filter(({ name }) => queries.includes(name) && !notGranted.includes(name));
    const replies = peer.chosen.map(({ id, name }) => optionReply(option, 4, contextData(id, name)));
    await peer.write(...replies, optionReply(option, 1));
    return true;
  };
  const server = await startFakeServer({ exports: { '': { size, contexts } }, onOption });
  ends.push(() => server.close());
  return opened({ kind: 'nbd', uri: server.uri }, { buildPyramid: true });
}

/** A value of the map for each 64 KiB. */
async function cells<T>(session: ChainSession, of: (row: Awaited<ReturnType<typeof mapRows>>[0]) => T) {
  const rows = await mapRows(session);
  return rows.flatMap(row => new Array<T>(row.length / K64).fill(of(row)));
}

async function evidenceAt(session: ChainSession, offset: number, layer = 0) {
  const { layers } = await session.ask('inspect', { offset });
  const facts = layers.find(found => found.layer === layer)?.evidence ?? [];
  return Object.fromEntries(facts.map(({ source, fact, value }) => [source, `${fact}|${value}`]));
}

describe('qemu:joint-allocation', () => {
  const joint = [0, 1, 2, 3, 4, 5, 6, 7];
  const states = ['data', 'holeUnknown', 'data', 'zeroHole', 'data', 'holeUnknown', 'data', 'zeroHole'];

  it('alone tells content and what is allocated here; of the rest the owner is unknown', async () => {
    const session = await openLists({ 'qemu:joint-allocation': joint });
    expect(await cells(session, ({ state }) => state)).toEqual(states);
    expect(await cells(session, ({ ownerUnknown }) => ownerUnknown === true)).toEqual(joint.map(n => n < 4));
    expect((await evidenceAt(session, 3 * K64))['NBD qemu:joint-allocation']).toMatch(/\|3$/);
  });

  it('stands in for a missing allocation-depth', async () => {
    const session = await openLists({
      'base:allocation': joint.map(n => n & 3),
      'qemu:joint-allocation': joint,
    });
    expect(await cells(session, ({ state }) => state)).toEqual(states);
    expect(await cells(session, ({ depth }) => depth)).toEqual(joint.map(n => (n < 4 ? 0 : 1)));
  });

  it('stands in for a missing base:allocation', async () => {
    const depths = joint.map(n => (n < 4 ? 2 : 1));
    const session = await openLists({ 'qemu:allocation-depth': depths, 'qemu:joint-allocation': joint });
    expect(await cells(session, ({ state }) => state)).toEqual(states);
    expect(await cells(session, ({ depth }) => depth)).toEqual(depths);
  });

  it('is compared with the two it joins where they are there', async () => {
    const both = {
      'base:allocation': joint.map(n => n & 3),
      'qemu:allocation-depth': joint.map(n => (n < 4 ? 2 : 1)),
    };
    const agreeing = await openLists({ ...both, 'qemu:joint-allocation': joint });
    expect(await agreeing.fed()).toEqual([]);
    expect(await agreeing.ask('findings', ALL_FINDINGS)).toMatchObject({ findings: [], total: 0 });
    const wrong = [...joint];
    wrong[2] = 7;
    const differing = await openLists({ ...both, 'qemu:joint-allocation': wrong });
    expect(await differing.fed()).toEqual([]);
    const { findings } = await differing.ask('findings', ALL_FINDINGS);
    expect(findings).toMatchObject([{ code: 'CONTEXTS_DIFFER', layer: 0, guest: [[2 * K64, K64]] }]);
    expect(findings[0]?.what).toContain('says hole, zero, allocated here');
    expect(findings[0]?.what).toContain('say no hole, zero, not allocated here');
  });
});

describe('a context that is not known', () => {
  it('is named in the notes and shown as its numbers', async () => {
    const numbers = [7, 7, 4_294_967_295, 0];
    const session = await openLists({ 'base:allocation': [0, 0, 1, 3], 'vendor:color': numbers });
    expect(session.chain.layers[0]?.notes.join(' ')).toContain('vendor:color');
    expect(await session.fed()).toEqual([]);
    for (const [i, number] of numbers.entries()) {
      const evidence = await evidenceAt(session, i * K64 + 5);
      expect(evidence['NBD vendor:color']).toMatch(new RegExp(`\\|${number}$`));
    }
  });

  it('with 64-bit numbers is exact, and cut off by an error only where the error is', async () => {
    const size = 4 * K64;
    const big = [2n ** 64n - 1n, 2n ** 53n - 1n, 5n, 5n];
    const status: FakeContext['status'] = offset => big.slice(offset / K64).map(number => [K64, number]);
    const contexts = [{ id: 1, name: 'vendor:wide', status }];
    const server = await startFakeServer({ exports: { '': { size, contexts } }, extendedHeaders: true });
    ends.push(() => server.close());
    const session = await opened({ kind: 'nbd', uri: server.uri });
    expect(await session.fed()).toEqual([]);
    const shown = await Promise.all(
      big.map(async (_, i) => (await evidenceAt(session, i * K64))['NBD vendor:wide']?.split('|')[1]),
    );
    expect(shown).toEqual(['0xffffffffffffffff', '9007199254740991', '5', '5']);
  });
});

describe('a context that was not granted', () => {
  const lists = {
    'base:allocation': [0, 0],
    'qemu:allocation-depth': [1, 1],
    'qemu:dirty-bitmap:kept': [0, 1],
    'qemu:dirty-bitmap:left': [0, 0],
  };

  it('is unknown where it is a bitmap, in rows and at each offset, and never clean', async () => {
    const session = await openLists(lists, ['qemu:dirty-bitmap:left']);
    const rows = await mapRows(session);
    expect(rows.map(({ dirty, dirtyUnknown }) => [dirty, dirtyUnknown])).toEqual([
      [undefined, true],
      [true, true],
    ]);
    const evidence = await evidenceAt(session, 0);
    expect(evidence['NBD qemu:dirty-bitmap:left']).toBe('not known whether dirty or clean|not read');
    expect(evidence['NBD qemu:dirty-bitmap:kept']).toBe('clean|');
    expect(session.chain.layers[0]?.notes.join(' ')).toContain('qemu:dirty-bitmap:left but did not grant it');
  });

  it('leaves the owner unknown where it is allocation-depth', async () => {
    const session = await openLists(lists, ['qemu:allocation-depth']);
    expect((await mapRows(session)).every(({ ownerUnknown }) => ownerUnknown === true)).toBe(true);
    expect(session.tracks.map(({ ownerKnown }) => ownerKnown)).toEqual([false, false]);
    expect(session.chain.layers[0]?.notes.join(' ')).toContain('qemu:allocation-depth but did not grant it');
  });
});

describe('dirty bitmaps of local images', () => {
  const bitmap = (name: string, more: Partial<BitmapSpec> = {}): BitmapSpec => ({
    name,
    granularity: K64,
    dirty: [[K64, 2 * K64]],
    ...more,
  });

  function write(name: string, bitmaps: readonly BitmapSpec[], backingFile?: string): string {
    const path = join(folder, name);
    const backing = backingFile === undefined ? {} : { backingFile, backingFormat: 'qcow2' };
    const clusters = [1, 2].map(index => ({ index, kind: 'data' as const }));
    writeQcow2(openSync(path, 'w+'), { size: 8 * K64, clusters, bitmaps, ...backing });
    return path;
  }

  it.each(['metadata', 'nbd', 'both'] as const)(
    'that cannot be trusted are unknown with their reason (%s)',
    async witness => {
      const path = write(`in-use-${witness}.qcow2`, [bitmap('good'), bitmap('torn', { inUse: true })]);
      const session = await opened({ kind: 'files', files: [path] }, { witness, buildPyramid: true });
      expect(await session.fed()).toEqual([]);
      const rows = await mapRows(session);
      expect(
        rows.filter(({ owner }) => owner === 0).map(({ dirty, dirtyUnknown }) => [dirty, dirtyUnknown]),
      ).toEqual([
        [true, true],
        [undefined, true],
      ]);
      const evidence = await evidenceAt(session, K64);
      const facts = Object.entries(evidence).filter(([source]) => source.includes('torn'));
      expect(facts.length).toBeGreaterThan(0);
      for (const [, fact] of facts) expect(fact).toMatch(/^not known whether dirty or clean/);
      if (witness !== 'nbd')
        expect(evidence['bitmap "torn" in the image']).toContain('it was not saved cleanly');
      expect(session.chain.layers[0]?.qcow2?.bitmaps.map(({ name, unusable }) => [name, unusable])).toEqual([
        ['good', undefined],
        ['torn', 'it was not saved cleanly'],
      ]);
    },
  );

  it('that are disabled are shown and say so', async () => {
    const path = write('disabled.qcow2', [bitmap('old', { enabled: false })]);
    const session = await opened({ kind: 'files', files: [path] }, { buildPyramid: true });
    expect(await session.fed()).toEqual([]);
    expect((await evidenceAt(session, K64))['bitmap "old" in the image']).toMatch(/^dirty\|disabled/);
    expect((await evidenceAt(session, K64))['NBD qemu:dirty-bitmap:old']).toBe('dirty|');
  });

  it('of a backing file belong to that layer', async () => {
    const base = write('base.qcow2', [bitmap('below')]);
    const top = write('top.qcow2', [bitmap('above', { dirty: [[2 * K64, 3 * K64]] })], base);
    const session = await opened({ kind: 'files', files: [top] }, { buildPyramid: true });
    expect(await session.fed()).toEqual([]);
    expect(Object.keys(await evidenceAt(session, K64, 0)).join()).toContain('below');
    expect(Object.keys(await evidenceAt(session, K64, 1)).join()).not.toContain('below');
    const dirtyOf = async (layer: number) =>
      (await mapRows(session, layer)).filter(({ dirty }) => dirty).map(({ start }) => start / K64);
    expect(await dirtyOf(0)).toEqual([1]);
    expect(await dirtyOf(1)).toEqual([2]);
  });

  it('are compared with what qemu-nbd says of them', async () => {
    const path = write('compared.qcow2', [bitmap('one')]);
    const session = await opened({ kind: 'files', files: [path] }, { buildPyramid: false });
    expect(await session.fed()).toEqual([]);
    expect(await session.ask('findings', ALL_FINDINGS)).toMatchObject({ findings: [], total: 0 });
    await session.close();

    // What is read from the file once the server has read it may be something else by then.
    const later = await opened({ kind: 'files', files: [path] }, { buildPyramid: false });
    expect(await later.fed()).toEqual([]);
    const file = await open(path, 'r+');
    const { size } = await file.stat();
    const bytes = await file.read(Buffer.alloc(size), 0, size, 0);
    const at = bytes.buffer.findIndex(
      (byte, i) => byte === 2 && i % K64 === 0 && bytes.buffer.subarray(i + 1, i + 64).every(b => b === 0),
    );
    expect(at).toBeGreaterThan(0);
    await file.write(Buffer.of(6), 0, 1, at);
    await file.close();
    const { findings } = await later.ask('findings', ALL_FINDINGS);
    expect(findings).toMatchObject([{ code: 'BITMAPS_DIFFER', layer: 0, guest: [[2 * K64, K64]] }]);
    expect(findings[0]?.what).toContain('"one" is dirty in the image itself and clean');
  });
});

describe('allocation depths of a whole chain', () => {
  async function openChainOf(path: string, format = 'qcow2'): Promise<ChainSession> {
    const server = await startQemu(['-A', '-f', format, path]);
    ends.push(() => server.kill());
    return opened({ kind: 'nbd', uri: server.uri() }, { buildPyramid: true });
  }

  it('4 1 2 3 3 1 2 0 are the owners, and what lies under one is unknown', async () => {
    const session = await openChainOf(await depthPatternChain(folder));
    const rows = await mapRows(session);
    expect(rows.flatMap(({ depth, length }) => new Array(length / MIB).fill(depth))).toEqual([
      4, 1, 2, 3, 3, 1, 2, 0,
    ]);
    expect(session.tracks.map(({ kind, depth }) => [kind, depth])).toEqual([
      ['guest', 0],
      ['depth', 1],
      ['depth', 2],
      ['depth', 3],
      ['depth', 4],
    ]);
    const { sentence, layers } = await session.ask('inspect', { offset: 2 * MIB });
    expect(sentence).toBe('Reads data from depth 2.');
    const bit = (word: number) => (word & 2 ? 'absent' : word & 0x80 ? 'unknown' : 'local');
    expect(layers.map(({ word }) => bit(word))).toEqual(['absent', 'local', 'unknown', 'unknown']);
  });

  it('past a shorter layer are those qemu gives, and the files tell which layer it is', async () => {
    const base = join(folder, 'long.qcow2');
    const middle = join(folder, 'short.qcow2');
    const top = join(folder, 'over.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', base, '4M');
    await qemuIo(base, 'write -P1 0 4M');
    await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, middle, '2M');
    await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', middle, top, '4M');
    const remote = await openChainOf(top);
    const local = await opened({ kind: 'files', files: [top] }, { witness: 'nbd' });
    const ownersOf = async (session: ChainSession) =>
      (await mapRows(session)).map(({ start, depth, owner, state }) => [start / MIB, depth ?? owner, state]);
    expect(await ownersOf(local)).toEqual([
      [0, 0, 'data'],
      [2, null, 'outOfRange'],
    ]);
    // qemu counts the end of the short layer as that layer's own zeros: its sizes are not known from outside.
    expect(await ownersOf(remote)).toEqual([
      [0, 3, 'data'],
      [2, 2, 'zeroHole'],
    ]);
  });

  it('of a raw layer do not exist: all of it is its own', async () => {
    const path = join(folder, 'plain.raw');
    await qemuImg('create', '-q', '-f', 'raw', path, '1M');
    await qemuIo(path, 'write -P1 0 64k');
    const session = await opened({ kind: 'files', files: [path], format: 'raw' }, {});
    expect((await mapRows(session)).every(({ owner }) => owner === 0)).toBe(true);
  });
});
