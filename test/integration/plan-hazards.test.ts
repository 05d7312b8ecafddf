/** Hazards of plans that depend on more than the chain: other images, the room for the target, names, and jobs of libvirt. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { planTarget } from '../../electron/service/plan/plan-target.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { Plan, PlanChoice } from '../../shared/model/plan/plan.ts';
import { makeFolder, qemuImg, qemuIo, run, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

const folderNamed = (name: string) => makeFolder(folder, name);

/** An overlay in a folder, or a base where nothing is named below it. */
async function image(path: string, below?: string): Promise<string> {
  const over = below === undefined ? [] : ['-F', 'qcow2', '-b', below];
  await qemuImg('create', '-q', '-f', 'qcow2', ...over, path, '4M');
  return path;
}

function plan(top: string, choice: Partial<PlanChoice> = {}): Promise<Plan> {
  const consent = { allow: [], allowAll: true };
  const request = { operation: 'commit', job: 'qemu-img', ...choice } as const;
  return planTarget({ kind: 'files', files: [top] }, consent, request);
}

/** True if an image reads what these commands of qemu-io expect. */
async function reads(path: string, ...commands: string[]): Promise<boolean> {
  const options = commands.flatMap(command => ['-c', command]);
  const { code, stdout } = await run('qemu-io', ['-r', '-f', 'qcow2', ...options, path]);
  return code === 0 && !stdout.includes('verification failed');
}

const named = ({ hazards }: Plan, code: string): Finding[] =>
  hazards.filter(finding => finding.code === code);
const images = ({ evidence }: Finding) => evidence.map(({ value }) => value);

it('tells images on the committed layer from those on the target: they break when the target is written to again', async () => {
  const own = await folderNamed('children');
  const base = await image(join(own, 'base'));
  await qemuIo(base, 'write -P1 0 128k');
  const mid = await image(join(own, 'mid'), 'base');
  await qemuIo(mid, 'write -P2 64k 64k');
  const top = await image(join(own, 'top'), 'mid');
  await qemuIo(top, 'write -P3 0 64k');
  const sister = await image(join(own, 'sister'), 'mid');
  const sisterReads = () => reads(sister, 'read -P1 0 64k', 'read -P2 64k 64k');
  const first = await plan(top, { from: '1' });
  const [later, ...others] = named(first, 'PLAN_OTHER_CHILDREN');
  expect([later && images(later), others]).toEqual([[sister], []]);
  expect(later).toMatchObject({
    layer: 1,
    what: expect.stringContaining('reads as before only until "base"'),
  });
  const [commit, relink] = first.commands;
  expect(await run('sh', ['-c', `${commit} && ${relink}`])).toMatchObject({ code: 0 });
  expect(await sisterReads()).toBe(true);

  const second = await plan(top);
  const [broken] = named(second, 'PLAN_OTHER_CHILDREN');
  expect(broken && images(broken).sort()).toEqual([mid, sister]);
  expect(broken?.what).toContain('is broken by the commit');
  expect(await run('sh', ['-c', second.commands[0] ?? ''])).toMatchObject({ code: 0 });
  expect(await sisterReads()).toBe(false);
});

it('names images on one that is rebased unsafely, where it reads something else afterwards, and no others', async () => {
  const own = await folderNamed('unsafe');
  const base = await image(join(own, 'base'));
  const mid = await image(join(own, 'mid'), 'base');
  const top = await image(join(own, 'top'), 'mid');
  const child = await image(join(own, 'child'), 'top');
  const rebase = { operation: 'rebase', base: '0' } as const;
  expect(named(await plan(top, { ...rebase, unsafe: true }), 'PLAN_OTHER_CHILDREN')).toEqual([]);
  await qemuIo(mid, 'write -P2 0 64k');
  expect(named(await plan(top, rebase), 'PLAN_OTHER_CHILDREN')).toEqual([]);
  const unsafe = await plan(top, { ...rebase, unsafe: true });
  expect(named(unsafe, 'PLAN_OTHER_CHILDREN').map(images)).toEqual([[child]]);
  expect(await run('sh', ['-c', unsafe.commands[0] ?? ''])).toMatchObject({ code: 0 });
  expect(await reads(child, 'read -P2 0 64k')).toBe(false);
  expect(base).not.toBe(mid);
});

it('says that qemu-img gets no lock while a layer above is open for writing, and leaves it to the qemu that has it', async () => {
  const own = await folderNamed('in use');
  await image(join(own, 'base'));
  const mid = await image(join(own, 'mid'), 'base');
  const top = await image(join(own, 'top'), 'mid');
  expect(named(await plan(top, { from: '1' }), 'PLAN_IN_USE')).toEqual([]);
  const writer = spawn('qemu-io', ['-f', 'qcow2', top], { stdio: ['pipe', 'pipe', 'ignore'] });
  writer.stdin.write('length\n');
  await once(writer.stdout, 'data');
  try {
    for (const choice of [
      { from: '1' },
      { operation: 'rebase', base: '0', unsafe: true },
      { operation: 'drop', from: '1' },
    ] as const) {
      const made = await plan(top, choice);
      expect(named(made, 'PLAN_IN_USE')).toMatchObject([{ layer: 2 }]);
      expect(named(made, 'CHAIN_IN_USE')).toHaveLength(1);
      const failed = await run('sh', ['-c', made.commands[0] ?? '']);
      expect(failed).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('Failed to get "write" lock'),
      });
    }
    expect(named(await plan(top, { job: 'live' }), 'PLAN_IN_USE')).toEqual([]);
  } finally {
    writer.stdin.end('quit\n');
    await once(writer, 'close');
  }
  expect(await reads(mid, 'read -P0 0 64k')).toBe(true);
});

it('gives no command for a file whose name is not UTF-8, and says why', async () => {
  const own = await folderNamed('bytes');
  await image(join(own, 'base'));
  const top = await image(join(own, 'top'), 'base');
  expect(named(await plan(top), 'PLAN_NO_COMMAND')).toEqual([]);
  const odd = Buffer.concat([Buffer.from(`${own}/b`), Buffer.from([0xff])]);
  await rename(Buffer.from(join(own, 'base')), odd);
  // The header of the overlay has the name in it, of the same length.
  await qemuImg('rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', 'bX', top);
  const { stdout } = await run('python3', [
    '-c',
    'import sys; p=sys.argv[1]; d=open(p,"rb").read(); i=d.index(b"bX"); open(p,"wb").write(d[:i]+b"b\\xff"+d[i+2:])',
    top,
  ]);
  expect(stdout).toBe('');
  for (const job of ['qemu-img', 'active'] as const) {
    const made = await plan(top, { job });
    expect(named(made, 'PLAN_NO_COMMAND')).toHaveLength(1);
    expect([made.commands, `${made.qmp}`.includes('backing-file')]).toEqual([[], false]);
  }
});

it('plans beside files that are not its own, whatever they are called and whether they can be read', async () => {
  const own = await folderNamed('neighbors');
  await image(join(own, 'base'));
  const top = await image(join(own, 'top'), 'base');
  await writeFile(Buffer.concat([Buffer.from(`${own}/n`), Buffer.from([0xe9])]), 'latin 1');
  const child = Buffer.concat([Buffer.from(`${own}/c`), Buffer.from([0xe9])]);
  await rename(await image(join(own, 'child'), 'base'), child);
  await symlink('nowhere', join(own, 'dangling'));
  await mkdir(join(own, 'below'));
  await image(join(own, 'below/child'), '../base');
  const made = await plan(top);
  expect(named(made, 'PLAN_OTHER_CHILDREN').map(images)).toEqual([[`${own}/c\ufffd`]]);
  expect(named(made, 'PLAN_CHILDREN_SEARCHED')).toMatchObject([{ severity: 'note' }]);
});

it('refuses a name that two layers share, and takes their paths', async () => {
  const own = await folderNamed('same');
  await mkdir(join(own, 'old'));
  const base = await image(join(own, 'old/disk'));
  const mid = await image(join(own, 'disk'), 'old/disk');
  const top = await image(join(own, 'top'), 'disk');
  await expect(plan(top, { into: 'disk' })).rejects.toMatchObject({
    code: 'USAGE',
    what: 'layers 0 and 1 are both called "disk"',
  });
  expect((await plan(top, { into: base })).target.layer).toBe(0);
  expect((await plan(top, { into: mid })).target.layer).toBe(1);
  expect((await plan(top, { into: 'old/disk' })).target.layer).toBe(0);
});

it('commits one layer at a time by its commands, each of which may be repeated, and leaves what is read as it was', async () => {
  const own = await folderNamed('it\'s "steps"');
  const base = await image(join(own, 'base'));
  await qemuIo(base, 'write -P1 0 1M');
  const low = await image(join(own, 'low'), 'base');
  await qemuIo(low, 'write -P2 64k 128k', 'write -z 512k 64k');
  const mid = await image(join(own, 'mid'), 'low');
  await qemuIo(mid, 'write -P3 128k 128k');
  const top = await image(join(own, 'top'), 'mid');
  await qemuIo(top, 'write -P4 192k 128k');
  await qemuImg('convert', '-O', 'raw', top, join(own, 'before'));
  const { stepwise, bytesCopied } = await plan(top, { from: '2', into: '0' });
  const { commands = [], steps } = stepwise ?? { steps: [] };
  expect(steps.map(step => step.bytesCopied)).toEqual([2 * 65_536, 2 * 65_536]);
  expect([bytesCopied, commands.length]).toEqual([3 * 65_536, 4]);
  for (const command of commands)
    for (const time of ['first', 'again'])
      expect(await run('sh', ['-c', command]), `${time} ${command}`).toMatchObject({ code: 0 });
  const compared = ['compare', '-f', 'qcow2', '-F', 'raw', top, join(own, 'before')];
  expect(await run('qemu-img', compared)).toMatchObject({ code: 0 });
  expect(JSON.parse(await qemuImg('info', '--output=json', top))['backing-filename']).toBe('base');
  expect((await plan(top)).stepwise?.commands).toBeUndefined();
});

it('gives no commands for one layer at a time where a layer is smaller than one below it', async () => {
  const own = await folderNamed('smaller');
  await image(join(own, 'base'));
  const small = join(own, 'small');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'base', small, '1M');
  const top = await image(join(own, 'top'), 'small');
  const { commands, stepwise } = await plan(top, { into: '0' });
  expect(commands).toHaveLength(1);
  expect(stepwise).toMatchObject({ steps: [{ layer: 1 }, { layer: 2 }] });
  expect(stepwise?.commands).toBeUndefined();
});

it('says of bitmaps that a job of libvirt merges them, and that qemu does not', async () => {
  const own = await folderNamed('bitmaps');
  await image(join(own, 'base'));
  const mid = await image(join(own, 'mid'), 'base');
  await qemuImg('bitmap', '--add', mid, 'nightly');
  const top = await image(join(own, 'top'), 'mid');
  const told = async (choice: Partial<PlanChoice>) => {
    const [finding] = named(await plan(top, choice), 'PLAN_BITMAPS_LEFT');
    return `${finding?.what}; ${finding?.advice}`;
  };
  expect(await told({ from: '1' })).toContain('with `qemu-img bitmap --merge`');
  expect(await told({ from: '1' })).not.toContain('libvirt');
  for (const choice of [
    { from: '1', job: 'live' },
    { operation: 'drop', job: 'live' },
  ] as const) {
    const text = await told(choice);
    expect(text).toContain('libvirt merges it into the target');
    expect(text).toContain('block-dirty-bitmap-merge');
  }
});

it('writes QMP commands that name nodes, and record a plain name where the files lie together', async () => {
  const own = await folderNamed('it\'s "qmp", \u202eдиск');
  await image(join(own, 'base'));
  await image(join(own, 'mid'), 'base');
  const top = await image(join(own, 'top'), 'mid');
  const qmpOf = async (choice: Partial<PlanChoice>) => {
    const { qmp = [] } = await plan(top, choice);
    expect(qmp.join('')).not.toContain('\u202e');
    return qmp.map(line => JSON.parse(line));
  };
  const job = { 'job-id': 'cowscope', device: 'DEVICE' };
  expect(await qmpOf({ job: 'live' })).toEqual([
    {
      execute: 'block-commit',
      arguments: { ...job, 'base-node': 'BASENODE', 'top-node': 'TOPNODE', 'backing-file': 'base' },
    },
  ]);
  expect(await qmpOf({ job: 'active', into: '0' })).toEqual([
    { execute: 'block-commit', arguments: { ...job, 'base-node': 'BASENODE' } },
    { execute: 'block-job-complete', arguments: { device: 'cowscope' } },
  ]);
  expect(await qmpOf({ operation: 'drop', job: 'live' })).toEqual([
    {
      execute: 'block-stream',
      arguments: { ...job, 'base-node': 'BASENODE', 'backing-file': 'base' },
    },
  ]);
  expect(await qmpOf({ operation: 'flatten', job: 'live' })).toEqual([
    { execute: 'block-stream', arguments: job },
  ]);
  expect((await plan(top)).qmp).toBeUndefined();
});

it('tells of internal snapshots of the target and of committed layers, and of zeros that the target stores as data', async () => {
  const own = await folderNamed('snapshots');
  const root = await image(join(own, 'root'));
  await qemuIo(root, 'write -P1 0 1M');
  const base = join(own, 'base');
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'compat=0.10', '-F', 'qcow2', '-b', root, base);
  const top = await image(join(own, 'top'), 'base');
  const codes = async () => (await plan(top)).hazards.map(({ code }) => code);
  const about = ['PLAN_TARGET_SNAPSHOTS', 'PLAN_SNAPSHOTS_LOST', 'PLAN_ZEROS_AS_DATA'];
  expect((await codes()).filter(code => about.includes(code))).toEqual([]);
  await qemuImg('snapshot', '-c', 'before', base);
  await qemuImg('snapshot', '-c', 'own', top);
  await qemuIo(top, 'write -z 0 128k');
  expect((await codes()).filter(code => about.includes(code)).sort()).toEqual([...about].sort());
  const [lost] = named(await plan(top), 'PLAN_SNAPSHOTS_LOST');
  expect([lost?.severity, lost?.what]).toEqual(['hazard', expect.stringContaining('"top"')]);
  expect(named(await plan(top), 'PLAN_ZEROS_AS_DATA')[0]?.what).toContain('128 KiB of zeros');
});

it('names layers whose files have one name with their numbers', async () => {
  const [low, high] = [await folderNamed('low'), await folderNamed('high')];
  const base = await image(join(low, 'disk.qcow2'));
  const top = await image(join(high, 'disk.qcow2'), base);
  await qemuImg('resize', '-q', top, '8M');
  const [grows] = named(await plan(top), 'PLAN_TARGET_GROWS');
  expect(grows?.what).toBe('the virtual disk of "disk.qcow2" (layer 0) grows from 4 MiB to 8 MiB');
});
