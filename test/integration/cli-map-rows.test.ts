/** Rows of the map on the command line: dirty bitmaps, whichever layer owns the range, and host offsets. */
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeChain } from '../../examples/recipes.mjs';
import { cowscope, cowscopeJson } from '../support/cli.ts';
import type { QemuMapRow } from '../support/golden-table.ts';
import { goldenChain } from '../support/images/chains.ts';
import { mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { makeFolder, nbdinfoMap, qemuImg, qemuIo, startQemuNbd, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const schema = JSON.parse(await readFile(new URL('../../docs/map.schema.json', import.meta.url), 'utf8'));
const K = 1024;
const MIB = 2 ** 20;

/** Host offsets of clusters around the borders of a double's digits, up to the last of 56 bits. */
const FAR_OFFSETS = [
  10n ** 16n - (10n ** 16n % 65536n) + 65536n,
  2n ** 53n,
  2n ** 54n + 65536n,
  2n ** 56n - 65536n,
];

interface Row {
  readonly start: number;
  readonly length: number;
  readonly state: string;
  readonly owner: number | null;
  readonly host?: number;
  readonly dirty?: true;
  readonly dirtyIn?: readonly number[];
}

interface Bitmap {
  readonly layer: number;
  readonly name: string;
  readonly enabled: boolean;
  readonly dirty: number;
  readonly zero: number;
  readonly unknown: number;
}

async function mapOf(...args: readonly string[]): Promise<{ rows: Row[]; totals: { bitmaps: Bitmap[] } }> {
  const document = await cowscopeJson(['map', '--output', 'json', ...args]);
  expect(schemaErrors(schema, document)).toEqual([]);
  return document;
}

const folderNamed = (name: string) => makeFolder(folder, name);

/** A qcow2 image of 8 MiB with one bitmap, over `base` where that is given. */
async function imageWithBitmap(path: string, bitmap: string, granularity: string, base?: string) {
  const backing = base === undefined ? [] : ['-b', base, '-F', 'qcow2'];
  await qemuImg('create', '-q', '-f', 'qcow2', ...backing, path, '8M');
  await qemuImg('bitmap', '--add', '-g', granularity, path, bitmap);
}

/** Bytes set in each bitmap of an image as nbdinfo adds them up. */
async function dirtyByNbdinfo(path: string, names: readonly string[]): Promise<number[]> {
  const server = await startQemuNbd(['-A', ...names.flatMap(name => ['-B', name]), '-f', 'qcow2', path]);
  try {
    const sums: number[] = [];
    for (const name of names) {
      const rows = await nbdinfoMap(server.uri, `qemu:dirty-bitmap:${name}`);
      sums.push(rows.filter(({ type }) => type === 1).reduce((sum, { length }) => sum + length, 0));
    }
    return sums;
  } finally {
    await server.stop();
  }
}

/** Bytes of rows in which a bitmap is set. */
const bytesIn = (rows: readonly Row[], number: number) =>
  rows.filter(({ dirtyIn }) => dirtyIn?.includes(number)).reduce((sum, { length }) => sum + length, 0);

describe('a bitmap', () => {
  it('is shown where its image stores nothing: what a guest discarded there is dirty and reads zero', async () => {
    const path = join(folder, 'trimmed.qcow2');
    await imageWithBitmap(path, 'cp.0', '64k');
    await qemuIo(path, 'write -P2 3M 64k', 'discard 6M 64k');
    const { rows, totals } = await mapOf(path);
    expect(rows.filter(({ dirty }) => dirty)).toMatchObject([
      { start: 3 * MIB, length: 64 * K, state: 'data', owner: 0, dirtyIn: [0] },
      { start: 6 * MIB, length: 64 * K, state: 'unallocated', owner: null, dirtyIn: [0] },
    ]);
    expect(totals.bitmaps).toMatchObject([{ name: 'cp.0', dirty: 128 * K, zero: 64 * K, unknown: 0 }]);
    const { stdout } = await cowscope(['map', path]);
    // Under the guest, as under the image: the column at three quarters of the disk.
    expect(stdout).toMatch(/^guest .*\n {16} {24}\^ {23}\^ *$/m);
    expect(stdout).toMatch(/^0x0060_0000 +64 KiB +nothing stored +- +dirty in cp\.0$/m);
    expect(stdout).toMatch(/^ +dirty in cp\.0 +128 KiB +1\.6 %\n +of it zeros +64 KiB/m);
  });

  it('is shown where a layer below owns what it covers', async () => {
    const own = await folderNamed('coarse');
    const base = join(own, 'base.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', base, '8M');
    await qemuIo(base, 'write -P1 0 4M');
    const top = join(own, 'top.qcow2');
    await imageWithBitmap(top, 'cp.0', '1M', base);
    await qemuIo(top, 'write -P2 3M 64k');
    const { rows, totals } = await mapOf(top);
    expect(totals.bitmaps).toMatchObject([{ layer: 1, name: 'cp.0', dirty: MIB, zero: 0 }]);
    expect(rows.filter(({ dirty }) => dirty)).toMatchObject([
      { start: 3 * MIB, length: 64 * K, owner: 1 },
      { start: 3 * MIB + 64 * K, length: 960 * K, owner: 0 },
    ]);
    const alone = await mapOf('--layer', '0', top);
    expect(alone.totals.bitmaps).toEqual([]);
    expect(alone.rows.some(({ dirty }) => dirty)).toBe(false);
  });
});

describe('several bitmaps of one image', () => {
  const names = ['cp.1', 'cp.2', 'cp.10'];

  it('have rows and sums of each bitmap, a disabled one with what it missed', async () => {
    const path = join(folder, 'checkpoints.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '8M');
    await qemuIo(path, 'write -P1 0 4M');
    for (const [i, name] of names.entries()) {
      await qemuImg('bitmap', '--add', path, name);
      await qemuIo(path, `write -P${i + 2} ${i}M 64k`);
    }
    await qemuImg('bitmap', '--disable', path, 'cp.2');
    await qemuIo(path, 'write -P5 3M 64k');
    const sums = await dirtyByNbdinfo(path, names);
    expect(sums).toEqual([256 * K, 128 * K, 128 * K]);
    for (const witness of ['metadata', 'nbd']) {
      const { rows, totals } = await mapOf('--witness', witness, path);
      expect(totals.bitmaps.map(({ name }) => name)).toEqual(names);
      expect(totals.bitmaps.map(({ dirty }) => dirty)).toEqual(sums);
      expect(totals.bitmaps.map(({ enabled }) => enabled)).toEqual([true, false, true]);
      expect(names.map((_, number) => bytesIn(rows, number))).toEqual(sums);
    }
    const { stdout } = await cowscope(['map', path]);
    expect(stdout).toMatch(/^ +dirty in cp\.2, disabled +128 KiB/m);
    expect(stdout).toMatch(/^0x0020_0000 .* dirty in cp\.1, cp\.2, cp\.10$/m);
  });

  it('of more than are read are counted', async () => {
    const path = join(folder, 'many.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
    for (let i = 0; i < 66; i++) await qemuImg('bitmap', '--add', path, `b${i}`);
    const document = await cowscopeJson(['map', '--totals', '--output', 'json', path]);
    expect(document.totals.bitmaps).toHaveLength(64);
    expect(document.totals.moreBitmaps).toBe(2);
    expect((await cowscope(['map', '--totals', path])).stdout).toContain(
      '\n  2 more bitmaps were not read\n',
    );
  });
});

describe('bitmaps of the same name in two layers', () => {
  it('have the layer in rows and sums', async () => {
    const own = await folderNamed('twins');
    const [base, top] = ['base', 'top'].map(name => join(own, `${name}.qcow2`)) as [string, string];
    await imageWithBitmap(base, 'b', '64k');
    await qemuIo(base, 'write -P1 1M 64k');
    await qemuImg('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top);
    await qemuImg('bitmap', '--add', top, 'b');
    await qemuIo(top, 'write -P2 1M 64k', 'write -P2 2M 64k');
    const { stdout } = await cowscope(['map', top]);
    expect(stdout).toMatch(/^0x0010_0000 .*dirty in b of base\.qcow2, b of top\.qcow2$/m);
    expect(stdout).toMatch(/^ +dirty in b of base\.qcow2 +64 KiB .*\n +dirty in b of top\.qcow2 +128 KiB/m);
  });
});

describe('host offsets of rows', () => {
  it('are those that qemu-img map prints, of every row that a layer owns', async () => {
    const top = (await goldenChain(await folderNamed('hosts'))).at(-1)!;
    const theirs = mapWithoutHostHoles(
      JSON.parse(await qemuImg('map', '--output=json', top)) as QemuMapRow[],
    );
    const { rows } = await mapOf('--host-offsets', top);
    for (const { start, length, owner, host } of rows) {
      const found = theirs.find(row => row.start <= start && start < row.start + row.length)!;
      const expected =
        owner === null || found.offset === undefined ? undefined : found.offset + start - found.start;
      expect(host, `at ${start}`).toBe(expected);
      expect(start + length).toBeLessThanOrEqual(found.start + found.length);
    }
    expect(rows.filter(({ host }) => host !== undefined).length).toBeGreaterThan(4);
    const plain = await mapOf(top);
    expect(plain.rows.every(({ host }) => host === undefined)).toBe(true);
    const { stdout } = await cowscope(['map', '--host-offsets', top]);
    expect(stdout).toMatch(/^0x0002_0000 +64 KiB +data +top\.qcow2 +at 0x0005_0000; hides base\.qcow2$/m);
  });

  it('of a layer alone are also those of reserved subclusters, which every form tells apart', async () => {
    const own = await folderNamed('reserved');
    const [base, mid, top] = ['base', 'mid', 'top'].map(name => join(own, `${name}.qcow2`)) as [
      string,
      string,
      string,
    ];
    await qemuImg('create', '-q', '-f', 'qcow2', base, '1M');
    await qemuIo(base, 'write -P1 0 256k');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'extended_l2=on', '-b', base, '-F', 'qcow2', mid);
    await qemuIo(mid, 'write -P2 128k 8k', 'write -P2 640k 2k');
    await qemuImg('create', '-q', '-f', 'qcow2', '-b', mid, '-F', 'qcow2', top);
    const alone = { driver: 'qcow2', file: { driver: 'file', filename: mid }, backing: null };
    const theirs = JSON.parse(
      await qemuImg('map', '--output=json', `json:${JSON.stringify(alone)}`),
    ) as QemuMapRow[];
    const reserved = theirs.filter(({ present, offset }) => !present && offset !== undefined);
    expect(reserved.map(({ start, length }) => [start, length])).toEqual([
      [136 * K, 56 * K],
      [642 * K, 62 * K],
    ]);
    const { rows } = await mapOf('--layer', '1', '--host-offsets', top);
    const hosts = rows.map(({ start, length, host }) => ({ start, length, offset: host }));
    expect(hosts).toEqual(theirs.map(({ start, length, offset }) => ({ start, length, offset })));
    const kept = rows.filter(({ state }) => state === 'reserved');
    expect(kept.map(({ start, length }) => [start, length])).toEqual(
      reserved.map(({ start, length }) => [start, length]),
    );
    expect(kept.every(({ owner }) => owner === null)).toBe(true);
    const { stdout } = await cowscope(['map', '--layer', '1', top]);
    expect(stdout).toMatch(/^0x0002_2000 +56 KiB +reserved +-$/m);
    expect(stdout).toMatch(/^ {2}reserved +118 KiB/m);
    expect((await cowscope(['map', '--layer', '1', '--output', 'csv', top])).stdout).toContain(
      '\n139264,57344,,reserved,',
    );
    const { stdout: asQemu } = await cowscope([
      'map',
      '--layer',
      '1',
      '--as',
      'qemu-img',
      '--qemu-version',
      '7.2',
      top,
    ]);
    expect(JSON.parse(asQemu)).toEqual(theirs);
    // The guest reads through them: in the merged map they are what lies below.
    expect((await mapOf('--host-offsets', mid)).rows.some(({ state }) => state === 'reserved')).toBe(false);
  });

  it('are left out where the file ends before them', async () => {
    const path = join(folder, 'cut.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '8M');
    await qemuIo(path, 'write -P1 0 1M');
    await truncate(path, 0x90000);
    const found = await cowscope(['map', '--output', 'json', '--host-offsets', path]);
    expect(found.code).toBe(3);
    const { rows } = JSON.parse(found.stdout) as { rows: Row[] };
    expect(rows).toMatchObject([
      { start: 0, length: 256 * K, state: 'data', host: 0x50000 },
      { start: 256 * K, length: 768 * K, state: 'unreadable' },
      { start: MIB, state: 'unallocated' },
    ]);
    expect(rows[1]?.host).toBeUndefined();
  });

  it('have all their digits where a damaged entry points as far as 56 bits do', async () => {
    const own = await folderNamed('far');
    const recipe = { file: 'far.qcow2', size: '1M', writes: ['write -P1 0 256k'] };
    const pokes = FAR_OFFSETS.map((offset, i) => ({
      offset: 0x40000 + 8 * i,
      hex: (2n ** 63n + offset).toString(16),
    }));
    const [path] = await makeChain({ layers: [{ ...recipe, pokes }] }, own);
    const { stdout } = await cowscope(['map', '--as', 'qemu-img', path!]);
    expect([...stdout.matchAll(/"offset": (\d+)/g)].map(match => BigInt(match[1]!))).toEqual(FAR_OFFSETS);
    expect(stdout).toBe(await qemuImg('map', '--output=json', path!));
    expect(stdout).not.toContain('\0');
  });
});
