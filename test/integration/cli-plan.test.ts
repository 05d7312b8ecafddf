/** `cowscope plan commit` as a person and a program run it, on the situations that the guide describes. */
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../shared/model/finding.ts';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { damagedChain, goldenChain, shortMiddleChain } from '../support/images/chains.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { hashFile, makeFolder, qemuImg, qemuIo, run, runWell, temporaryFolder } from '../support/tools.ts';

const MIB = 2 ** 20;

const folder = temporaryFolder();
const schema = JSON.parse(
  await readFile(new URL('../../docs/formats/plan.schema.json', import.meta.url), 'utf8'),
);

const folderNamed = (name: string) => makeFolder(folder, name);

async function planJson(...args: string[]) {
  return planOf('commit', ...args);
}

async function planOf(operation: string, ...args: string[]) {
  const plan = await cowscopeJson(['plan', operation, '--output', 'json', ...args]);
  expect(schemaErrors(schema, plan)).toEqual([]);
  return plan;
}

/** Codes of all hazards and notes, without the one that is always there. */
const hazardCodes = ({ hazards }: { hazards: readonly Finding[] }) =>
  hazards.map(({ code }) => code).filter(code => code !== 'PLAN_CHILDREN_SEARCHED');

/** An overlay in a folder, or a base where nothing is named below it. */
async function image(own: string, name: string, size: string, below?: string): Promise<string> {
  const over = below === undefined ? [] : ['-F', 'qcow2', '-b', below];
  await qemuImg('create', '-q', '-f', 'qcow2', ...over, join(own, name), size);
  return join(own, name);
}

/** A LUKS image whose key is in a file, and the options with which qemu-io and qemu-img open it. */
async function encrypted(path: string): Promise<string[]> {
  await writeFile(`${path}.key`, 'secret');
  const secret = ['--object', `secret,id=key,file=${path}.key`];
  const luks = 'encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10';
  await qemuImg('create', '-q', ...secret, '-f', 'qcow2', '-o', luks, path, '4M');
  return secret;
}

describe('cowscope plan commit', () => {
  it('names corruptions of the target that its map does not show: a write may go over data or tables', async () => {
    const own = await folderNamed('refcounts');
    const base = await image(own, 'base', '4M');
    await qemuIo(base, 'write -P1 0 1M');
    const top = await image(own, 'top', '4M', 'base');
    await qemuIo(top, 'write -P2 2M 64k');
    expect(hazardCodes(await planJson(top))).toEqual([]);
    const file = await open(base, 'r+');
    await file.write(Buffer.from([0, 0]), 0, 2, 0x2000a); // the refcount of the first data cluster
    await file.close();
    const plan = await planJson(top);
    expect(hazardCodes(plan)).toEqual(['QCOW2_REFCOUNT_ZERO']);
    expect(plan.hazards[0]).toMatchObject({ severity: 'corruption', layer: 0 });
    expect(plan.bytesCopiedExact).toBe(false);
  });

  it('says that a killed qemu-img leaves the bitmaps unusable of the images that it has open for writing', async () => {
    const own = await folderNamed('killed');
    const killed = ({ abort }: { abort: string[] }) => abort.filter(text => text.includes('is killed'));
    const base = await image(own, 'base', '1M');
    const middle = await image(own, 'middle', '1M', 'base');
    const top = await image(own, 'top', '1M', 'middle');
    expect(killed(await planJson('--into', '0', top))).toEqual([]);
    for (const file of [base, middle, top]) await qemuImg('bitmap', '--add', file, 'day');
    expect(killed(await planJson('--into', '0', top))).toEqual([
      expect.stringContaining('the dirty bitmaps of "base" and "top" cannot be used any more'),
    ]);
    expect(killed(await planJson('--into', '0', '--job', 'active', top))).toEqual([]);
    const link = ['--base', '0', '--unsafe', top];
    expect((await planOf('rebase', ...link)).abort).toEqual([
      'Only the header of "top" and its bitmaps are written.',
      expect.stringContaining('the dirty bitmaps of "top" cannot'),
    ]);
    await run('sh', ['-c', `qemu-io -f qcow2 -c 'sigraise 9' ${top}; :`]);
    expect((await cowscope(['check', top])).stdout).toContain('QCOW2_BITMAP_IN_USE');
    expect((await planOf('rebase', ...link)).abort).toEqual(['Only the header of "top" is written.']);
  });

  it('knows how long a raw target gets that ends inside a sector', async () => {
    const own = await folderNamed('odd');
    const base = join(own, 'base');
    const top = join(own, 'top');
    const cases = [
      ['write -P2 0 64k', [983_000]],
      ['write -P2 896k 512', [983_040]],
      ['write -z 896k 64k', [983_000, 983_040]],
    ] as const;
    for (const [command, lengths] of cases) {
      await writeFile(base, Buffer.alloc(983_000, 7));
      await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', 'base', top);
      await qemuIo(top, command);
      const { target, commands } = await planJson(top);
      expect(target.possible.map(({ fileLength }: { fileLength: number }) => fileLength)).toEqual(lengths);
      await runWell('sh', ['-c', commands[0]]);
      expect(lengths).toContain((await stat(base)).size);
    }
  });

  it('gives commands that open encrypted layers with their key', async () => {
    const own = await folderNamed('encrypted');
    const overlay = async (name: string, below: string) => {
      const path = join(own, name);
      await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', below, path, '4M');
      return path;
    };
    const withKey = (command: string) => command.replaceAll('KEYFILE', `${base}.key`);
    const base = join(own, 'base');
    const secret = await encrypted(base);
    const top = await overlay('top', 'base');
    const opened = `driver=qcow2,file.filename=${top},backing.encrypt.key-secret=key`;
    await runWell('qemu-io', [...secret, '-c', 'write -P2 1M 64k', '--image-opts', opened]);
    const plan = await planJson(top);
    expect(hazardCodes(plan)).toEqual(['PLAN_KEY_NEEDED']);
    const flat = await planOf('flatten', top);
    expect(hazardCodes(flat)).toEqual(['PLAN_STORED_UNENCRYPTED', 'PLAN_KEY_NEEDED']);
    const dropped = await planOf('drop', '--from', '1', await overlay('above', 'top'));
    expect(hazardCodes(dropped)).toContain('PLAN_JOB_FAILS');
    const [failing] = dropped.commands.map(withKey);
    expect((await run('sh', ['-c', failing])).stderr).toContain("'encrypt.key-secret' is required");
    const [commit] = plan.commands.map(withKey);
    expect(await run('sh', ['-c', commit])).toMatchObject({ code: 0 });
    const [flatten] = flat.commands.map(withKey);
    expect(await run('sh', ['-c', flatten])).toMatchObject({ code: 0 });
  });

  it('counts the four allocation cases of base, mid and top', async () => {
    const own = await folderNamed('cases');
    const base = await image(own, 'base', '256k');
    await qemuIo(base, 'write -P1 0 128k', 'write -P1 192k 64k');
    const mid = await image(own, 'mid', '256k', 'base');
    await qemuIo(mid, 'write -P2 64k 128k');
    const top = await image(own, 'top', '256k', 'mid');
    await qemuIo(top, 'write -P3 128k 128k');
    const plan = await planJson('--into', 'base', top);
    expect(await planJson('--base', 'base', top)).toEqual(plan);
    const of = (holders: number[]) =>
      plan.cases.find((entry: { holders: number[] }) => `${entry.holders}` === `${holders}`);
    expect(plan.cases).toHaveLength(4);
    expect(of([0])).toMatchObject({ owner: null, effect: 'kept', bytes: 65_536 });
    expect(of([0, 1])).toMatchObject({ owner: 1, effect: 'overwritten', bytes: 65_536 });
    expect(of([1, 2])).toMatchObject({ owner: 2, effect: 'allocated', bytes: 65_536 });
    expect(of([0, 2])).toMatchObject({ owner: 2, effect: 'overwritten', bytes: 65_536 });
    expect(plan.bytesCopied).toBe(3 * 65_536);
    expect(plan.stepwise).toEqual({
      bytesCopied: 4 * 65_536,
      repeatedAtMost: 2 * 65_536,
      steps: [
        { layer: 1, bytesCopied: 2 * 65_536, invalidates: [] },
        { layer: 2, bytesCopied: 2 * 65_536, invalidates: [1] },
      ],
      commands: [
        `qemu-img commit -p -f qcow2 -d ${mid}`,
        `qemu-img rebase -u -F qcow2 -b base ${top}`,
        `qemu-img commit -p -f qcow2 -d ${top}`,
      ],
    });
    expect(plan.abort[0]).toMatch(
      /^Until it is done, "top" reads as before, also after an abort; "base" alone /,
    );
    expect(plan.abort.slice(-2)).toEqual([
      'step 1, "mid": an abort repeats at most 128 KiB.',
      'step 2, "top": an abort repeats at most 128 KiB; from its first write on "mid" reads old and new data mixed.',
    ]);
    expect(plan.target).toMatchObject({ exact: true, newClusters: 1, newTables: 0, freedClusters: 0 });
    expect(plan.strip).toEqual({
      span: 65_536,
      before: ['data', 'data', 'unallocated', 'data'],
      after: ['data', 'data', 'data', 'data'],
      written: [false, true, true, true],
    });
    expect(hazardCodes(plan)).toEqual(['PLAN_LAYERS_INVALID']);
    expect(plan.commands).toEqual([`qemu-img commit -p -f qcow2 -b ${base} ${top}`]);
    await run('qemu-img', ['commit', '-b', base, top]);
    expect(plan.target.fileLength).toBe((await readFile(base)).length);
  });

  it('grows the target of base[1M] ← mid[2M] ← top[3M] ← active[3M], and stores zeros past the end of mid', async () => {
    const own = await folderNamed('sizes');
    const base = await image(own, 'base', '1M');
    await image(own, 'mid', '2M', 'base');
    const top = await image(own, 'top', '3M', 'mid');
    const active = await image(own, 'active', '3M', 'top');
    const plan = await planJson('--from', 'top', '--into', 'base', active);
    expect(plan).toMatchObject({ bytesCopied: 0, bytesZeroed: 2 ** 20 });
    expect(plan.target).toMatchObject({
      sizeBefore: 2 ** 20,
      sizeAfter: 3 * 2 ** 20,
      exact: true,
      newTables: 1,
    });
    expect(hazardCodes(plan)).toEqual(['PLAN_LAYERS_INVALID', 'PLAN_TARGET_GROWS']);
    expect(plan.commands).toEqual([
      `qemu-img commit -p -f qcow2 -b ${base} ${top}`,
      `qemu-img rebase -u -F qcow2 -b base ${active}`,
    ]);
    for (const command of plan.commands) expect(await run('sh', ['-c', command])).toMatchObject({ code: 0 });
    expect(plan.target.fileLength).toBe((await readFile(base)).length);
    const info = JSON.parse(await qemuImg('info', '--output=json', base));
    expect(info['virtual-size']).toBe(3 * 2 ** 20);
  });

  it('warns of the short-middle trap with the range that really comes back', async () => {
    const own = await folderNamed('short');
    const [base, mid, top] = (await shortMiddleChain(own)) as [string, string, string];
    const plan = await planJson('--from', 'mid.qcow2', top);
    const [trap] = plan.hazards;
    expect(trap).toMatchObject({
      code: 'PLAN_DATA_COMES_BACK',
      layer: 0,
      guest: [[2 ** 19, 2 ** 19]],
      bytesAtRisk: 2 ** 19,
    });
    const reads = (pattern: number) => `read -P ${pattern} 512k 512k`;
    expect(await qemuIo(top, reads(0))).not.toMatch(/verification failed/);
    await qemuImg('commit', '-q', '-d', mid);
    await qemuImg('rebase', '-u', '-F', 'qcow2', '-b', base, top);
    expect(await qemuIo(top, reads(1))).not.toMatch(/verification failed/);
  });

  it('tells of bitmaps that stay in the target and of those that are left behind', async () => {
    const own = await folderNamed('bitmaps');
    const base = await image(own, 'base', '64M');
    for (let i = 1; i <= 6; i++) await qemuImg('bitmap', '--add', '-g', '512', base, `stale-${i}`);
    await qemuIo(base, 'write -P 1 0 512k');
    const top = await image(own, 'top', '64M', 'base');
    await qemuImg('bitmap', '--add', top, 'good');
    await qemuIo(top, 'write -P 2 1M 2M', 'write -z 0 64k');
    const plan = await planJson(top);
    expect(plan).toMatchObject({
      bytesCopied: 2 * 2 ** 20,
      target: { bitmapBytes: 832 * 1024, exact: true },
    });
    expect(hazardCodes(plan)).toEqual(['PLAN_BITMAPS_LEFT', 'PLAN_TARGET_BITMAPS']);
    expect(plan.hazards[1].what).toContain('6 of them are not in the committed layer');
    await qemuImg('commit', '-q', '-d', top);
    const check = JSON.parse(await qemuImg('check', '--output=json', base));
    expect(check['image-end-offset']).toBe(plan.target.imageEnd);
    expect((await stat(base)).size).toBe(plan.target.fileLength);
  });

  it('puts hazards before numbers before commands, and writes to no image', async () => {
    const own = await folderNamed('text');
    const paths = await goldenChain(own);
    const before = await Promise.all(paths.map(hashFile));
    const { stdout, code } = await cowscope(['plan', 'commit', '--into', '0', paths[2]!]);
    expect(code).toBe(0);
    const at = (text: string) => stdout.indexOf(text);
    expect(at('hazard PLAN_LAYERS_INVALID')).toBeGreaterThan(0);
    expect(at('would copy')).toBeGreaterThan(at('hazard PLAN_LAYERS_INVALID'));
    expect(stdout).toContain(
      'before DDDDDDDD........xxxx\n  after  DDDzzzDD..z.....zzDz\n          ^^^^^^   ^     ^^^^\n',
    );
    expect(at('commands to copy (nothing was run)')).toBeGreaterThan(at('would copy'));
    expect(stdout).toContain('given back     3 clusters');
    expect(await Promise.all(paths.map(hashFile))).toEqual(before);
  });

  it('quotes hostile names in commands so that a shell reads them back', async () => {
    const own = await folderNamed("it's $(touch x) here");
    const base = await image(own, 'base', '64k');
    const top = await image(own, 'to p', '64k', 'base');
    const { commands } = await planJson(top);
    const words = await run('sh', ['-c', `set -- ${commands[0]}; printf '%s\\n' "$@"`]);
    expect(words.stdout.split('\n').slice(0, -1)).toEqual([
      'qemu-img',
      'commit',
      '-p',
      '-f',
      'qcow2',
      '-d',
      top,
    ]);
    expect(base).not.toBe(top);
  });

  it('plans for the version that is named, where versions differ', async () => {
    const own = await folderNamed('versions');
    const base = await image(own, 'base', '1M');
    await qemuIo(base, 'write -P1 0 1M');
    await image(own, 'mid', '1M', 'base');
    await qemuIo(join(own, 'mid'), 'write -z 0 512k');
    const top = await image(own, 'top', '1M', 'mid');
    const live = (version: string) => planJson('--job', 'live', '--qemu-version', version, top);
    expect(await live('10.0.6')).toMatchObject({
      bytesCopied: 2 ** 19,
      zerosAsData: 2 ** 19,
      bytesZeroed: 0,
    });
    expect(await live('10.0.7')).toMatchObject({ bytesCopied: 0, bytesZeroed: 2 ** 19 });
    const { commands } = await live('10.0.7');
    expect(commands).toEqual([
      `virsh blockcommit DOMAIN DISK --base ${base} --top ${join(own, 'mid')} --verbose --wait`,
    ]);
  });

  it('counts the zeros that hide what lies below when the target grows, apart from those that are committed', async () => {
    const own = await folderNamed('growth');
    await qemuIo(await image(own, 'base', '1M'), 'write -P1 0 1M');
    const mid = await image(own, 'mid', '512k', 'base');
    const top = await image(own, 'top', '1M', 'mid');
    await qemuIo(top, 'write -z 0 64k');
    const args = ['--into', '1', top];
    expect(await planJson(...args)).toMatchObject({ bytesZeroed: 65_536, growthZeros: 2 ** 19 });
    const { stdout } = await cowscope(['plan', 'commit', ...args]);
    expect(stdout).toContain('and 512 KiB behind the old end when it grows');
    await qemuImg('commit', '-q', top);
    expect(await qemuIo(mid, 'read -P0 0 64k', 'read -P0 512k 512k')).not.toMatch(/verification failed/);
  });

  it.each([
    [['--from', '0'], 'no layer below'],
    [['--into', '2'], 'cannot be committed into'],
    [['--job', 'live', '--from', '2'], 'below the top'],
    [['--job', 'active', '--from', '1'], 'about the top layer'],
    [['--into', 'nowhere'], 'has no layer "nowhere"'],
  ])('refuses %j as wrong usage', async (args, message) => {
    const own = await folderNamed(args.join('_'));
    const paths = await goldenChain(own);
    const result = await cowscope(['plan', 'commit', ...args, paths[2]!]);
    expect(result.code).toBe(64);
    expect(codesOf(result)).toEqual(['USAGE']);
    expect(result.stderr).toContain(message);
  });

  it('names all other images that rest on the target, also through others, in its own folder and in a store that is named', async () => {
    const own = await folderNamed('siblings');
    await mkdir(join(own, 'vm'));
    await mkdir(join(own, 'other'));
    const root = await image(own, 'vm/root', '4M');
    const s1 = await image(own, 'vm/s1', '4M', 'root');
    const s2 = await image(own, 'vm/s2', '4M', 's1');
    const s3 = await image(own, 'vm/s3', '4M', 's1');
    const leaf = await image(own, 'vm/leaf', '4M', 's3');
    const clone = await image(own, 'other/clone', '4M', '../vm/s1');
    const childrenIn = async (...args: string[]) => {
      const { hazards } = await planJson(...args);
      const found = hazards.find(({ code }: Finding) => code === 'PLAN_OTHER_CHILDREN');
      expect(found.layer).toBe(1);
      return found.evidence.map(({ value }: { value: string }) => value);
    };
    expect(await childrenIn(s2)).toEqual([s3, leaf]);
    expect(await childrenIn('--store', own, s2)).toEqual([clone, s3, leaf]);
    // What rests on the committed layer itself reads as before until the target is written to again.
    expect(await childrenIn(s1)).toEqual([s2, s3, leaf]);
    expect(root).not.toBe(s1);
  });

  it('promises no numbers where tables are damaged, and names the damage and the ranges in the way', async () => {
    const own = await folderNamed('damaged');
    const [, top] = (await damagedChain(own)) as [string, string];
    const plan = await planJson(top);
    expect(plan).toMatchObject({ bytesCopiedExact: false, target: { exact: false } });
    expect(hazardCodes(plan)).toEqual(['QCOW2_ENTRY_UNALIGNED', 'QCOW2_PAST_END', 'PLAN_SOURCE_DAMAGED']);
    expect(plan.hazards.at(2).guest).toEqual([
      [0, 65_536],
      [262_144, 65_536],
    ]);
    expect(plan.target.why.at(-1)).toContain('tables are damaged');
  });

  it('plans nothing where the target cannot grow, as qemu-img ends with an error', async () => {
    const own = await folderNamed('large');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', join(own, 'base'), '1M');
    const over = ['-o', 'cluster_size=2M', '-F', 'qcow2', '-b', 'base'];
    await qemuImg('create', '-q', '-f', 'qcow2', ...over, join(own, 'top'), '129G');
    const planned = await cowscope(['plan', 'commit', join(own, 'top')]);
    expect(planned).toMatchObject({ code: 1, stdout: '' });
    expect(codesOf(planned)).toEqual(['PLAN_TARGET_TOO_LARGE']);
    await qemuIo(join(own, 'top'), 'write 0 64k');
    const done = await run('qemu-img', ['commit', join(own, 'top')]);
    expect(done).toMatchObject({ code: 1, stderr: expect.stringContaining('File too large') });
  });

  it('plans nothing where a backing file is missing', async () => {
    const own = await folderNamed('missing');
    await image(own, 'base', '64k');
    const top = await image(own, 'top', '64k', 'base');
    await qemuImg('rebase', '-u', '-F', 'qcow2', '-b', 'gone', top);
    const result = await cowscope(['plan', 'commit', top]);
    expect(result.code).toBe(1);
    expect(codesOf(result)).toEqual(['PLAN_CHAIN_INCOMPLETE']);
  });

  it('says why a file of the chain was not opened, and what to do', async () => {
    const own = await folderNamed('consent');
    await image(own, 'base', '64k');
    const sub = await makeFolder(own, 'sub');
    const top = await image(sub, 'top', '64k', '../base');
    const asked = await cowscope(['plan', 'commit', top]);
    expect(asked).toMatchObject({ code: 1, stdout: '' });
    expect(asked.stderr).toMatch(
      /^cowscope: PLAN_CHAIN_INCOMPLETE: a backing file was not opened: .*consent \(\S+\/base\): allow it \(--allow .*\n$/,
    );
    expect((await cowscope(['plan', 'commit', '--allow', join(own, 'base'), top])).code).toBe(0);
  });
});

describe('cowscope plan of other operations', () => {
  it('drops a layer: what it holds goes into the layer above, and other images on it are named', async () => {
    const own = await folderNamed('drop');
    const base = await image(own, 'base', '1M');
    await qemuIo(base, 'write -P1 0 1M');
    const mid = await image(own, 'mid', '1M', 'base');
    await qemuIo(mid, 'write -P2 0 256k', 'write -z 512k 64k');
    const top = await image(own, 'top', '1M', 'mid');
    await qemuIo(top, 'write -P3 128k 64k');
    const other = await image(own, 'other', '1M', 'mid');
    const plan = await planOf('drop', top);
    expect(plan).toMatchObject({ operation: 'drop', bytesCopied: 256 * 1024, bytesCopiedExact: true });
    expect(plan.layers.map(({ role }: { role: string }) => role)).toEqual(['below', 'dropped', 'target']);
    expect(hazardCodes(plan)).toEqual(['PLAN_OTHER_CHILDREN']);
    expect(plan.hazards[0].evidence[0].value).toBe(other);
    expect(plan.commands).toEqual([`qemu-img rebase -p -f qcow2 -F qcow2 -b base ${top}`]);
    expect(await run('sh', ['-c', plan.commands[0]])).toMatchObject({ code: 0 });
    const reads = await qemuIo(
      top,
      'read -P2 0 128k',
      'read -P3 128k 64k',
      'read -P2 192k 64k',
      'read -P0 512k 64k',
    );
    expect(reads).not.toMatch(/verification failed/);
  });

  it('compares at most 64 MiB of data for a rebase, and all of it where that is asked for', async () => {
    const own = await folderNamed('compared');
    await qemuIo(await image(own, 'base', '40M'), 'write -P1 0 40M');
    await qemuIo(await image(own, 'mid', '40M', 'base'), 'write -P1 0 39M', 'write -P2 39M 1M');
    const top = await image(own, 'top', '40M', 'mid');
    const bound = await planOf('rebase', '--base', '0', top);
    expect(bound).toMatchObject({ bytesCopied: 40 * MIB, bytesCopiedExact: false, target: { exact: false } });
    expect(bound.target.why.at(-1)).toContain('not compared');
    const exact = await planOf('rebase', '--base', '0', '--bytes', top);
    expect(exact).toMatchObject({ bytesCopied: MIB, bytesCopiedExact: true, target: { exact: true } });
  });

  it('names the versions of qemu-img that a rebase hangs or aborts with', async () => {
    const own = await folderNamed('faults');
    await image(own, 'base', '4M');
    const mid = join(own, 'mid');
    const options = ['-f', 'qcow2', '-F', 'qcow2', '-o'];
    await qemuImg('create', ...options, 'cluster_size=1M', '-b', 'base', mid, '4M');
    await qemuIo(mid, 'write -P1 1M 2M');
    const top = join(own, 'top');
    await qemuImg('create', ...options, 'cluster_size=2M', '-b', 'mid', top, '4M');
    const failures = async (version: string, image = top) =>
      (await planOf('rebase', '--base', '0', '--qemu-version', version, image)).hazards
        .filter(({ code }: Finding) => code === 'PLAN_JOB_FAILS')
        .map(({ what }: Finding) => what);
    expect(await failures('10.0.6')).toEqual([expect.stringContaining('larger than its buffer')]);
    expect(await failures('10.0.7')).toEqual([]);
    expect(await failures('7.2.6')).toEqual([]);
    const longer = join(own, 'longer');
    await qemuImg('create', '-f', 'qcow2', '-F', 'qcow2', '-b', 'mid', longer, '5M');
    expect(await failures('7.2.6', longer)).toEqual([expect.stringContaining('never ends')]);
    expect(await failures('7.2.7', longer)).toEqual([]);
  });

  it('rebases safely onto a layer, or only as a link with the ranges that change', async () => {
    const own = await folderNamed('rebase');
    const [, , top] = (await goldenChain(own)) as [string, string, string];
    const safe = await planOf('rebase', '--base', '0', top);
    expect(hazardCodes(safe)).toEqual([]);
    expect(safe.bytesCopied).toBeGreaterThan(0);
    const unsafe = await planOf('rebase', '--base', '0', '--unsafe', top);
    expect(unsafe).toMatchObject({ bytesCopied: 0, bytesCopiedExact: true, target: { exact: true } });
    expect(hazardCodes(unsafe)).toEqual(['PLAN_DATA_COMES_BACK', 'PLAN_REBASE_LOSES_DATA']);
    expect(unsafe.commands[0]).toContain('rebase -u -F qcow2 -b base.qcow2');
  });

  it('flattens to an image without a backing file', async () => {
    const own = await folderNamed('flatten');
    const [, , top] = (await goldenChain(own)) as [string, string, string];
    const plan = await planOf('flatten', top);
    expect(plan.commands).toEqual([`qemu-img rebase -p -f qcow2 -b '' ${top}`]);
    expect(await run('sh', ['-c', plan.commands[0]])).toMatchObject({ code: 0 });
    const info = JSON.parse(await qemuImg('info', '--output=json', top));
    expect(info['backing-filename']).toBeUndefined();
    expect((await readFile(top)).length).toBeLessThanOrEqual(plan.target.fileLength);
  });

  it('tells what the deletion of an internal snapshot gives back', async () => {
    const own = await folderNamed('snapshots');
    const disk = await image(own, 'disk', '4M');
    await qemuIo(disk, 'write -P1 0 4M');
    await qemuImg('snapshot', '-c', 'nightly', disk);
    await qemuIo(disk, 'write -P2 0 4M');
    const plan = await planOf('delete-snapshot', '--snapshot', 'nightly', disk);
    expect(plan.target.freedClusters * 65_536).toBe(4 * 2 ** 20 + 3 * 65_536); // its two tables, and that of snapshots
    expect(plan.commands).toEqual([`qemu-img snapshot -d nightly ${disk}`]);
    expect(plan.hazards[0]).toMatchObject({ code: 'PLAN_FILE_KEEPS_LENGTH', severity: 'note' });
    const allocated = async () => {
      const { layers } = await cowscopeJson(['layers', '--output', 'json', disk]);
      return layers[0].qcow2.details.space.allocation.allocated;
    };
    const before = await allocated();
    await runWell('sh', ['-c', plan.commands[0]]);
    expect(before - (await allocated())).toBe(plan.target.freedClusters * 65_536);
  });

  it('says which snapshot is deleted where the id of one is the name of another', async () => {
    const own = await folderNamed('ids-and-names');
    const disk = await image(own, 'disk', '1M');
    await qemuImg('snapshot', '-c', '2', disk);
    await qemuImg('snapshot', '-c', '1', disk);
    const plan = await planOf('delete-snapshot', '--snapshot', '1', disk);
    expect([plan.snapshot, plan.commands]).toEqual([
      { id: '1', name: '2' },
      [`qemu-img snapshot -d 2 ${disk}`],
    ]);
    const { stdout } = await cowscope(['plan', 'delete-snapshot', '--snapshot', '1', disk]);
    expect(stdout).toContain('would delete the snapshot "2" (id 1) of disk:');
  });

  it('prints no command that would delete another snapshot of the same name', async () => {
    const own = await folderNamed('same-names');
    const disk = await image(own, 'disk', '1M');
    await qemuImg('snapshot', '-c', 'twice', disk);
    await qemuImg('snapshot', '-c', 'twice', disk);
    const plan = await planOf('delete-snapshot', '--snapshot', '2', disk);
    expect(hazardCodes(plan)).toContain('PLAN_SNAPSHOT_SAME_NAME');
    expect(plan.commands).toEqual([]);
  });

  it.each([
    ['rebase', [], 'onto which layer'],
    ['rebase', ['--base', '2'], 'cannot rest on'],
    ['commit', ['--unsafe'], 'belongs to plan rebase'],
    ['commit', ['--base', '0', '--into', '1'], 'say the same'],
    ['flatten', ['--base', '0'], 'belongs to plan rebase'],
    ['drop', ['--from', '2'], 'another one above it'],
    ['flatten', ['--from', '0'], 'no backing file'],
    ['delete-snapshot', [], 'has to be named'],
    ['rebase', ['--job', 'active', '--base', '0'], 'about commits'],
    ['rebase', ['--job', 'live', '--unsafe', '--base', '0'], 'only qemu-img'],
    ['flatten', ['--job', 'live', '--from', '1'], 'into the top layer alone'],
    ['drop', ['--job', 'live', '--from', '0'], 'into the top layer alone'],
  ])('refuses plan %s %j as wrong usage', async (operation, args, message) => {
    const own = await folderNamed(`refused-${operation}${args.join('_')}`);
    const paths = await goldenChain(own);
    const result = await cowscope(['plan', operation, ...args, paths[2]!]);
    expect(result.code).toBe(64);
    expect(codesOf(result)).toEqual(['USAGE']);
    expect(result.stderr).toContain(message);
  });
});
