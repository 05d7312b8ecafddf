/** `cowscope map --as nbdinfo` against nbdinfo, for every context of every server we can start, and maps of URIs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { codesOf, complaints, cowscope, cowscopeJson } from '../support/cli.ts';
import { bitmapsChain, goldenChain, shortMiddleChain } from '../support/images/chains.ts';
import { damageableImage, depthPatternChain, fragmentedImage } from '../support/images/nbd-images.ts';
import type { Extent } from '../support/servers/nbd-messages.ts';
import { startFakeServer } from '../support/servers/nbd-server.ts';
import { type ServerProcess, startNbdkit, startQemu } from '../support/servers/nbd-server-process.ts';
import { makeFolder, qemuImg, qemuIo, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const folderNamed = (name: string) => makeFolder(folder, name);

async function kept(starting: Promise<ServerProcess>): Promise<string> {
  const server = await starting;
  stops.push(() => server.kill());
  return server.uri();
}

const nbdinfo = async (uri: string, context: string, ...more: string[]) =>
  JSON.parse(await runWell('nbdinfo', [`--map=${context}`, '--json', ...more, uri]));

/** Every context of a server, and all of them in one object, as maps and as totals. */
async function expectSameAsNbdinfo(uri: string, target = uri): Promise<void> {
  const { exports } = await cowscopeJson(['layers', '--output', 'json', uri]);
  const contexts: string[] = exports[0].contexts;
  const flags = contexts.flatMap(name => ['--context', name]);
  for (const totals of [[], ['--totals']]) {
    const theirs = await Promise.all(contexts.map(async name => [name, await nbdinfo(uri, name, ...totals)]));
    const ours = await cowscopeJson(['map', '--as', 'nbdinfo', ...totals, ...flags, target]);
    expect(ours).toEqual(contexts.length === 1 ? theirs[0]?.[1] : Object.fromEntries(theirs));
    expect(await cowscopeJson(['map', '--as', 'nbdinfo', ...totals, target])).toEqual(
      await nbdinfo(uri, 'base:allocation', ...totals),
    );
  }
}

describe('--as nbdinfo', () => {
  it('prints what nbdinfo prints of qemu-nbd, of the URI and of the same files', async () => {
    const golden = await goldenChain(await folderNamed('golden'));
    const bitmaps = await bitmapsChain(await folderNamed('bitmaps'));
    const uri = await kept(startQemu(['-A', '-f', 'qcow2', golden[2]!]));
    await expectSameAsNbdinfo(uri);
    await expectSameAsNbdinfo(uri, golden[2]!);
    const several = await kept(
      startQemu(['-A', '-B', 'b1', '-B', 'today', '-B', 'b0', '-f', 'qcow2', bitmaps[1]!]),
    );
    await expectSameAsNbdinfo(several);
    await expectSameAsNbdinfo(several, bitmaps[1]!);
  });

  it.each([
    ['memory', ['memory', '3M']],
    ['an empty disk', ['memory', '0']],
    ['a pattern', ['pattern', '1M']],
    ['sparse data', ['data', 'data=1 @65536 2*1000 @1048576 3', 'size=2M']],
  ])('prints what nbdinfo prints of nbdkit with %s', async (_, args) => {
    await expectSameAsNbdinfo(await kept(startNbdkit(args)));
  });

  it('prints contexts of unknown meaning as raw numbers', async () => {
    const status = (offset: number, length: number) =>
      Array.from({ length: length / 512 }, (_, i): Extent => [512, (offset / 512 + i) % 3 === 0 ? 7 : 4e9]);
    const contexts = [
      { id: 3, name: 'base:allocation', status: (_: number, length: number): Extent[] => [[length, 1]] },
      { id: 9, name: 'acme:colors', status },
    ];
    const server = await startFakeServer({ exports: { '': { size: 4096, contexts } } });
    stops.push(() => server.close());
    await expectSameAsNbdinfo(server.uri);
    const rows = await cowscopeJson(['map', '--as', 'nbdinfo', '--context', 'acme:colors', server.uri]);
    expect(rows.slice(0, 2)).toEqual([
      { offset: 0, length: 512, type: 7 },
      { offset: 512, length: 1024, type: 4e9 },
    ]);
  });

  it('prints words of 64 bits with all their digits, whichever context comes first', async () => {
    const words = [0n, 255n, 256n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n];
    const extents = words.map((value): Extent => [4096n, value]);
    const contexts = [
      { id: 1, name: 'acme:wide', status: () => extents },
      { id: 2, name: 'acme:other', status: () => extents.toReversed() },
    ];
    const exports = { '': { size: 4096 * words.length, contexts } };
    const server = await startFakeServer({ exports, extendedHeaders: true });
    stops.push(() => server.close());
    const types = (rows: readonly string[]) => rows.map(row => /"type": (\d+)/.exec(row)?.[1]);
    const inOrder = words.map(String);
    for (const totals of [[], ['--totals']]) {
      const args = ['--context', 'acme:wide', '--context', 'acme:other', ...totals];
      const { stdout } = await cowscope(['map', '--as', 'nbdinfo', ...args, server.uri]);
      const rows = stdout.split('\n').filter(line => line.includes('"type"'));
      const second = totals.length > 0 ? inOrder : inOrder.toReversed();
      expect(types(rows)).toEqual([...inOrder, ...second]);
      expect(Object.keys(JSON.parse(stdout))).toEqual(['acme:wide', 'acme:other']);
    }
  });

  it('prints one layer alone as qemu-nbd exports it without its backing file', async () => {
    const golden = await goldenChain(await folderNamed('alone'));
    const image = { driver: 'qcow2', backing: null, file: { driver: 'file', filename: golden[1] } };
    const uri = await kept(startQemu(['-A', `json:${JSON.stringify(image)}`]));
    for (const context of ['base:allocation', 'qemu:allocation-depth'])
      expect(
        await cowscopeJson(['map', '--as', 'nbdinfo', '--layer', '1', '--context', context, golden[2]!]),
      ).toEqual(await nbdinfo(uri, context));
  });

  it('names what is offered where a context is not, of a URI and of a file', async () => {
    const bitmaps = await bitmapsChain(await folderNamed('offered'));
    const uri = await kept(startQemu(['-A', '-B', 'b0', '-f', 'qcow2', bitmaps[0]!]));
    const ask = (target: string) =>
      cowscope(['map', '--as', 'nbdinfo', '--context', 'qemu:dirty-bitmap:b9', target]);
    const remote = await ask(uri);
    expect(remote).toMatchObject({ code: 1, stdout: '' });
    expect(complaints(remote)).toEqual([
      expect.stringMatching(/^cowscope: NBD_CONTEXT_NOT_OFFERED: .*"qemu:dirty-bitmap:b0"/),
    ]);
    const local = await ask(bitmaps[1]!);
    expect(local).toMatchObject({ code: 1, stdout: '' });
    expect(complaints(local)).toEqual([
      expect.stringMatching(
        /^cowscope: CONTEXT_NOT_OFFERED: .*dirty-bitmap:today.*dirty-bitmap:b0.*dirty-bitmap:b1$/,
      ),
    ]);
    const broken = await cowscope([
      'map',
      '--as',
      'nbdinfo',
      '--context',
      'qemu:dirty-bitmap:interrupted',
      bitmaps[1]!,
    ]);
    expect([broken.code, codesOf(broken)]).toEqual([1, ['BITMAP_UNUSABLE']]);
  });
});

describe('contexts of unequal coverage', () => {
  it('come out of one pass as they do one by one', async () => {
    const path = await fragmentedImage(folder, 2 * 131_072);
    const uri = await kept(startQemu(['-A', '-f', 'qcow2', path]));
    const names = ['qemu:allocation-depth', 'base:allocation'];
    const both = await cowscopeJson([
      'map',
      '--as',
      'nbdinfo',
      ...names.flatMap(name => ['--context', name]),
      uri,
    ]);
    expect(Object.keys(both)).toEqual(names);
    expect(both['base:allocation']).toHaveLength(2 * 131_072);
    // Compared as text: it is long, and a difference is seen anyway.
    for (const name of names)
      expect(JSON.stringify(both[name]) === JSON.stringify(await nbdinfo(uri, name)), name).toBe(true);
  });
});

describe('a whole chain behind a URI', () => {
  it('is drawn by depth: 4 1 2 3 3 1 2 0', async () => {
    const top = await depthPatternChain(await folderNamed('depths'));
    const uri = await kept(startQemu(['-A', '-f', 'qcow2', top]));
    const { rows, totals, witness } = await cowscopeJson(['map', '--output', 'json', uri]);
    expect(witness).toBe('nbd');
    const depths = rows.flatMap(({ length, depth }: { length: number; depth: number }) =>
      new Array(length / 2 ** 20).fill(depth),
    );
    expect(depths).toEqual([4, 1, 2, 3, 3, 1, 2, 0]);
    expect(
      totals.owners.map(({ depth, owned }: { depth: number; owned: number }) => [depth, owned / 2 ** 20]),
    ).toEqual([
      [4, 1],
      [3, 2],
      [2, 2],
      [1, 2],
    ]);
    const { stdout } = await cowscope(['map', uri]);
    expect(stdout).toMatch(/^depth 4 +D{8}-{48}\.{8}$/m);
    expect(stdout).toMatch(/^0x0000_0000 +1 MiB +data +depth 4$/m);
  });

  it('claims nothing of layers past a shorter one that the files do not bear out', async () => {
    const paths = await shortMiddleChain(await folderNamed('phantom'));
    const uri = await kept(startQemu(['-A', '-f', 'qcow2', paths[2]!]));
    const past = ({ start }: { start: number }) => start >= 524288;
    const remote = await cowscopeJson(['map', '--output', 'json', uri]);
    expect(remote.rows.filter(past)).toMatchObject([{ depth: 2, state: 'zeroHole' }]); // what the server says
    const local = await cowscopeJson(['map', '--output', 'json', '--witness', 'nbd', paths[2]!]);
    expect(local.rows.filter(past)).toMatchObject([{ owner: null, state: 'outOfRange', shadows: [0] }]);
  });

  it('has no known owners where the server has no allocation-depth', async () => {
    const uri = await kept(startNbdkit(['data', 'data=1 @65536 2*1000', 'size=1M']));
    const result = await cowscope(['map', uri]);
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/^cowscope: note: .*does not offer qemu:allocation-depth/);
    expect(result.stdout).toMatch(/^0x0000_0000 +32 KiB +data +- +owner unknown$/m);
    const { rows, totals } = await cowscopeJson(['map', '--output', 'json', uri]);
    expect(rows.map(({ length }: { length: number }) => length)).toHaveLength(4);
    for (const row of rows) {
      expect(row).toMatchObject({ depth: 0, ownerUnknown: true });
      expect(row).not.toHaveProperty('owner');
    }
    expect(totals).toMatchObject({ unowned: 2 ** 20, owners: [{ depth: 1, owned: 0 }] });
  });
});

describe('a raw disk of 1000 bytes', () => {
  it('is what qemu-nbd and qemu-img say, byte for byte', async () => {
    const path = join(folder, 'thousand.raw');
    await writeFile(path, Buffer.alloc(1000, 7));
    const uri = await kept(startQemu(['-f', 'raw', path]));
    await expectSameAsNbdinfo(uri);
    await expectSameAsNbdinfo(uri, path);
    const top = join(folder, 'over-thousand.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', '-b', path, '-F', 'raw', top, '1M');
    await qemuIo(top, 'write -P1 512k 64k', 'flush');
    await expectSameAsNbdinfo(await kept(startQemu(['-A', '-f', 'qcow2', top])), top);
  });
});

describe('one damaged cluster of 8 GiB', () => {
  it('is all that is lost, over NBD and from the file', async () => {
    const { path, damage } = await damageableImage(await folderNamed('bisect'));
    const before = await cowscopeJson(['map', '--output', 'json', path]);
    await damage();
    const uri = await kept(startQemu(['-A', '-f', 'qcow2', path]));
    const states = (rows: { start: number; length: number; state: string }[]) =>
      rows.map(({ start, length, state }) => [start, length, state]);
    const [first, ...rest] = states(before.rows);
    expect(first).toEqual([0, 196608, 'data']);
    const expected = [[0, 65536, 'data'], [65536, 65536, 'unreadable'], [131072, 65536, 'data'], ...rest];
    for (const target of [uri, path])
      expect(states((await cowscopeJson(['map', '--output', 'json', target], 3)).rows)).toEqual(expected);
    const result = await cowscope(['map', '--as', 'nbdinfo', uri]);
    expect([result.code, codesOf(result)]).toEqual([3, ['NBD_IO_ERROR']]);
    expect(result.stderr).toContain('64 KiB from 0x0001_0000 on could not be read');
    expect(JSON.parse(result.stdout).slice(0, 2)).toMatchObject([
      { offset: 0, length: 65536, type: 0 },
      { offset: 131072, length: 65536, type: 0 },
    ]);
  });
});

describe('a server that goes away', () => {
  it('is asked again, and when it stays away that is an error', async () => {
    const contexts = [{ id: 1, name: 'base:allocation', status: (): Extent[] => [[512, 0]] }];
    const flaky = await startFakeServer(connection => ({
      exports: { '': { size: 4096, contexts } },
      ...(connection === 0 ? { closeAfter: 400 } : {}),
    }));
    stops.push(() => flaky.close());
    const rows = await cowscopeJson(['map', '--as', 'nbdinfo', flaky.uri]);
    expect(rows).toEqual([{ offset: 0, length: 4096, type: 0, description: 'data' }]);
    expect(flaky.accepted).toBe(2);
    const dead = await cowscope(['map', '--as', 'nbdinfo', `nbd+unix:///?socket=${join(folder, 'nobody')}`]);
    expect([dead.code, codesOf(dead), dead.stdout]).toEqual([1, ['NBD_CONNECT_FAILED'], '']);
  });
});
