/** `cowscope plan commit` as a person and a program run it, on the situations that the guide describes. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../shared/model/finding.ts';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { goldenChain, shortMiddleChain } from '../support/images/chains.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { hashFile, qemuImg, qemuIo, run, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const schema = JSON.parse(
  await readFile(new URL('../../docs/formats/plan.schema.json', import.meta.url), 'utf8'),
);

async function folderNamed(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

async function planJson(...args: string[]) {
  const plan = await cowscopeJson(['plan', 'commit', '--output', 'json', ...args]);
  expect(schemaErrors(schema, plan)).toEqual([]);
  return plan;
}

const hazardCodes = ({ hazards }: { hazards: readonly Finding[] }) => hazards.map(({ code }) => code);

/** An overlay in a folder, or a base where nothing is named below it. */
async function image(own: string, name: string, size: string, below?: string): Promise<string> {
  const over = below === undefined ? [] : ['-F', 'qcow2', '-b', below];
  await qemuImg('create', '-q', '-f', 'qcow2', ...over, join(own, name), size);
  return join(own, name);
}

describe('cowscope plan commit', () => {
  it('counts the four allocation cases of base, mid and top', async () => {
    const own = await folderNamed('cases');
    const base = await image(own, 'base', '256k');
    await qemuIo(base, 'write -P1 0 128k', 'write -P1 192k 64k');
    const mid = await image(own, 'mid', '256k', 'base');
    await qemuIo(mid, 'write -P2 64k 128k');
    const top = await image(own, 'top', '256k', 'mid');
    await qemuIo(top, 'write -P3 128k 128k');
    const plan = await planJson('--into', 'base', top);
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
        { layer: 1, bytesCopied: 2 * 65_536 },
        { layer: 2, bytesCopied: 2 * 65_536 },
      ],
    });
    expect(plan.target).toMatchObject({ exact: true, newClusters: 1, newTables: 0, freedClusters: 0 });
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
      target: { bitmapBytes: 832 * 1024, exact: false },
    });
    expect(hazardCodes(plan)).toEqual(['PLAN_BITMAPS_LEFT', 'PLAN_TARGET_BITMAPS']);
    expect(plan.hazards[1].what).toContain('6 of them are not in the committed layer');
    await qemuImg('commit', '-q', '-d', top);
    const check = JSON.parse(await qemuImg('check', '--output=json', base));
    expect(check['image-end-offset']).toBeLessThanOrEqual(plan.target.imageEnd);
    expect(check['image-end-offset']).toBeGreaterThanOrEqual(plan.target.imageEndAtLeast);
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

  it('plans for the version that it is told, where versions differ', async () => {
    const own = await folderNamed('versions');
    const base = await image(own, 'base', '1M');
    await qemuIo(base, 'write -P1 0 1M');
    await image(own, 'mid', '1M', 'base');
    await qemuIo(join(own, 'mid'), 'write -z 0 512k');
    const top = await image(own, 'top', '1M', 'mid');
    const live = (version: string) => planJson('--job', 'live', '--qemu-version', version, top);
    expect(await live('10.0.6')).toMatchObject({ bytesCopied: 2 ** 19, zerosAsData: 0, bytesZeroed: 0 });
    expect(await live('10.0.7')).toMatchObject({ bytesCopied: 0, bytesZeroed: 2 ** 19 });
    const { commands } = await live('10.0.7');
    expect(commands).toEqual([
      `virsh blockcommit DOMAIN DISK --base ${base} --top ${join(own, 'mid')} --verbose --wait`,
    ]);
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

  it('plans nothing where a backing file is missing', async () => {
    const own = await folderNamed('missing');
    await image(own, 'base', '64k');
    const top = await image(own, 'top', '64k', 'base');
    await qemuImg('rebase', '-u', '-F', 'qcow2', '-b', 'gone', top);
    const result = await cowscope(['plan', 'commit', top]);
    expect(result.code).toBe(1);
    expect(codesOf(result)).toEqual(['PLAN_CHAIN_INCOMPLETE']);
  });
});
