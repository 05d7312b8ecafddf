/** Proves the recipes and the golden table against the real tools, so that other tests may rely on both. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeChain } from '../../examples/layer-bytes.mjs';
import { damaged, golden, makeChain, recipes, shortMiddle } from '../../examples/recipes.mjs';
import { GOLDEN_EXPORTS, GOLDEN_QEMU_MAP, GOLDEN_TABLE, type QemuMapRow } from '../support/golden-table.ts';
import { bitmapsChain, extendedL2Chain, shortMiddleChain } from '../support/images/chains.ts';
import { randomChain } from '../support/images/random-chain.ts';
import {
  hashFile,
  makeFolder,
  nbdinfoMap,
  qemuImg,
  run,
  runWell,
  startQemuNbd,
  temporaryFolder,
} from '../support/tools.ts';

const folder = temporaryFolder();

const folderNamed = (name: string) => makeFolder(folder, name);

async function qemuMap(file: string): Promise<QemuMapRow[]> {
  return JSON.parse(await qemuImg('map', '--output=json', file));
}

/** An export's answer in the notation of the golden table. */
async function nbdMap(args: readonly string[], context: string): Promise<string> {
  const server = await startQemuNbd(['-A', ...args]);
  try {
    const rows = await nbdinfoMap(server.uri, context);
    return rows.map(({ offset, length, type }) => `${offset} ${length} ${type}`).join(' | ');
  } finally {
    await server.stop();
  }
}

function alone(filename: string): string {
  return `json:${JSON.stringify({ driver: 'qcow2', backing: null, file: { driver: 'file', filename } })}`;
}

describe.each([
  ['made with qemu', makeChain],
  ['written byte by byte', writeChain],
])('the golden chain, %s', (how, make) => {
  let paths: Record<'base' | 'mid' | 'top', string>;

  beforeAll(async () => {
    const [base, mid, top] = (await make(golden, await folderNamed(how))) as [string, string, string];
    paths = { base, mid, top };
  });

  it('is clean by qemu-img check', async () => {
    for (const path of Object.values(paths))
      expect(await runWell('qemu-img', ['check', path])).toContain('No errors were found');
  });

  it('maps as the golden table says', async () => {
    expect(await qemuMap(paths.top)).toEqual(GOLDEN_QEMU_MAP);
  });

  it.each(GOLDEN_EXPORTS)('is exported as known: $layer, alone: $alone', async known => {
    const image = known.alone ? [alone(paths[known.layer])] : ['-f', 'qcow2', paths[known.layer]];
    for (const context of ['base:allocation', 'qemu:allocation-depth'] as const) {
      expect(await nbdMap(image, context)).toBe(known[context]);
    }
  });

  it('names its backing files relative to itself', async () => {
    const info = JSON.parse(await qemuImg('info', '--output=json', paths.top));
    expect(info).toMatchObject({ 'backing-filename': 'mid.qcow2', 'backing-filename-format': 'qcow2' });
  });
});

describe('the golden table', () => {
  it('covers the top layer without gaps', () => {
    let end = 0;
    for (const { offset, length } of GOLDEN_TABLE) {
      expect(offset).toBe(end);
      end += length;
    }
    expect(end).toBe(1280 * 1024);
  });

  it('has the owners that qemu-img map finds', () => {
    const owners = ['top', 'mid', 'base'];
    for (const { start, depth, present } of GOLDEN_QEMU_MAP) {
      const row = GOLDEN_TABLE.find(({ offset }) => offset === start);
      expect(row?.owner).toBe(present ? owners[depth] : undefined);
    }
  });
});

describe('chains written byte by byte', () => {
  it.each([golden, shortMiddle, damaged])('hold the same as those made with qemu: $name', async recipe => {
    const made = await makeChain(recipe, await folderNamed(`${recipe.name}-made`));
    const written = await writeChain(recipe, await folderNamed(`${recipe.name}-written`));
    for (const [index, path] of made.entries()) {
      const [one, other] = await Promise.all([path, written[index]!].map(checkAndMap));
      expect(other).toEqual(one);
    }
  });

  async function checkAndMap(path: string): Promise<unknown> {
    const check = await run('qemu-img', ['check', '--output=json', path]);
    const map = await run('qemu-img', ['map', '--output=json', path]);
    return {
      check: { ...JSON.parse(check.stdout), filename: basename(path) },
      code: check.code,
      map: map.stdout,
    };
  }
});

describe('the other demo chains', () => {
  it('short-middle: the base is hidden past the end of the middle', async () => {
    const [, , top] = await shortMiddleChain(await folderNamed('short'));
    const beyond = { start: 524288, length: 524288, depth: 0, present: false, zero: true, data: false };
    expect((await qemuMap(top!)).at(-1)).toEqual(beyond);
  });

  it('bitmaps: dirty where written, zeroed or discarded; one in use', async () => {
    const [base, top] = await bitmapsChain(await folderNamed('bits'));
    for (const name of ['b0', 'b1']) {
      const dirty = await nbdMap(['-f', 'qcow2', '-B', name, base], `qemu:dirty-bitmap:${name}`);
      expect(dirty).toBe(
        '0 65536 0 | 65536 65536 1 | 131072 393216 0 | 524288 65536 1 | 589824 196608 0 | 786432 65536 1 | 851968 196608 0',
      );
    }
    const today = await nbdMap(['-f', 'qcow2', '-B', 'today', top!], 'qemu:dirty-bitmap:today');
    expect(today).toBe('0 65536 0 | 65536 196608 1 | 262144 786432 0');
    await expect(startQemuNbd(['-f', 'qcow2', '-B', 'interrupted', top!])).rejects.toThrow('is inconsistent');
  });

  it('extended-l2: subclusters of data and zeros', async () => {
    const [, top] = await extendedL2Chain(await folderNamed('extended'));
    expect(await nbdMap(['-f', 'qcow2', top!], 'qemu:allocation-depth')).toBe(
      '0 4096 2 | 4096 8192 1 | 12288 118784 2 | 131072 4096 1 | 135168 126976 2 | 262144 4096 1 | 266240 126976 2 | 393216 131072 1',
    );
  });

  it('damaged: qemu-img gives up on it', async () => {
    const top = (await makeChain(damaged, await folderNamed('bad'))).at(-1) as string;
    expect((await run('qemu-img', ['check', top])).code).toBe(2);
    expect(await run('qemu-img', ['map', '--output=json', top])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cluster allocation offset 0x52a00 unaligned'),
    });
  });
});

describe('examples/make-chains.mjs', () => {
  const script = 'examples/make-chains.mjs';

  it('makes every demo chain, and leaves what is there', async () => {
    const chains = join(folder, 'demo');
    const first = await runWell(process.execPath, [script, chains]);
    expect(first.trim().split('\n')).toHaveLength(recipes.length);
    const files = recipes.flatMap(({ name, layers }) => layers.map(({ file }) => join(chains, name, file)));
    const hashes = await Promise.all(files.map(hashFile));
    expect(await runWell(process.execPath, [script, chains])).toBe(first);
    expect(await Promise.all(files.map(hashFile))).toEqual(hashes);
  });

  it('takes nothing that looks like an option for a folder', async () => {
    const usage = expect.stringContaining('usage: node examples/make-chains.mjs [folder]');
    expect(await run(process.execPath, [script, '--help'])).toEqual({ code: 0, stdout: usage, stderr: '' });
    for (const wrong of [['--hlep'], [join(folder, 'one'), join(folder, 'two')]])
      expect(await run(process.execPath, [script, ...wrong])).toEqual({
        code: 64,
        stdout: '',
        stderr: usage,
      });
    expect(existsSync('--help') || existsSync('--hlep') || existsSync(join(folder, 'one'))).toBe(false);
  });

  it('makes the golden chain without qemu', async () => {
    const chains = join(folder, 'bare');
    const env = { PATH: await folderNamed('nothing') };
    const out = await runWell(process.execPath, [script, chains], { env });
    expect(out).toContain('bitmaps: left out, it needs qemu-img and qemu-io');
    expect(await qemuMap(join(chains, 'golden', 'top.qcow2'))).toEqual(GOLDEN_QEMU_MAP);
  });
});

describe('random chains', () => {
  const features = { snapshots: true, bitmaps: true, dataFile: true };

  it('are the same for the same seed', async () => {
    const [one, other] = [await folderNamed('one'), await folderNamed('other')];
    const beside = { ...features, dataFile: false }; // the path of a data file is part of the recipe
    const recipe = async (into: string, seed: number) =>
      (await randomChain(seed, into, beside)).layers.map(layer => layer.recipe);
    expect(await recipe(one, 7)).toEqual(await recipe(other, 7));
    expect(await recipe(one, 8)).not.toEqual(await recipe(one, 9));
  });

  it('are clean by qemu-img check and have what their description says', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const { layers, top } = await randomChain(seed, await folderNamed(`seed-${seed}`), features);
      expect(layers.at(-1)!.path).toBe(top);
      for (const layer of layers) {
        const info = JSON.parse(await qemuImg('info', '-f', layer.format, '--output=json', layer.path));
        expect(info).toMatchObject({ format: layer.format, 'virtual-size': layer.size });
        seen.add(layer.format);
        if (layer.format === 'raw') continue;
        const details = info['format-specific'].data;
        expect(info['cluster-size']).toBe(layer.clusterSize);
        expect(details['extended-l2'] ?? false).toBe(layer.extendedL2);
        expect(details.compat).toBe(layer.version === 2 ? '0.10' : '1.1');
        expect((info.snapshots ?? []).map((s: { name: string }) => s.name)).toEqual(layer.snapshots);
        expect((details.bitmaps ?? []).map((b: { name: string }) => b.name)).toEqual(layer.bitmaps);
        for (const what of ['extendedL2', 'dataFile'] as const) if (layer[what]) seen.add(what);
        for (const what of ['snapshots', 'bitmaps'] as const) if (layer[what].length > 0) seen.add(what);
        await runWell('qemu-img', ['check', '-f', 'qcow2', layer.path]);
      }
    }
    expect([...seen].sort()).toEqual(['bitmaps', 'dataFile', 'extendedL2', 'qcow2', 'raw', 'snapshots']);
  });
});
