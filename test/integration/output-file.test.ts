/** The one way to write a file: nothing that was there is harmed, and never an image. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { filesOfChain, OutputFile, writeOutput } from '../../electron/service/output/output-file.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import { CLI } from '../support/cli.ts';
import { hollowImage } from '../support/images/hollow-image.ts';
import { hashFile, qemuImg, runWell, temporaryFolder } from '../support/tools.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => vi.restoreAllMocks());

const at = (name: string) => join(folder, name);
const output = (name: string, force = false, images: string[] = []) =>
  writeOutput({ path: at(name), force, images }, 'new');

describe('an output', () => {
  it('is a new file, and nothing else is left in the folder', async () => {
    await output('report.html');
    expect(await readFile(at('report.html'), 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['report.html']);
  });

  it('is readable by whom the person lets read new files', async () => {
    await output('report.html');
    expect((await stat(at('report.html'))).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it('replaces a file only when `replace` is true', async () => {
    await writeFile(at('old'), 'old');
    await expect(output('old')).rejects.toMatchObject({ code: 'OUTPUT_EXISTS', subject: at('old') });
    expect(await readFile(at('old'), 'utf8')).toBe('old');
    await output('old', true);
    expect(await readFile(at('old'), 'utf8')).toBe('new');
    await output('fresh', true);
    expect(await readdir(folder)).toEqual(['fresh', 'old']);
  });

  it('may be written piece by piece and given up', async () => {
    const file = await OutputFile.create({ path: at('list.csv'), images: [] });
    await file.write('one\n');
    await file.write(Buffer.from('two\n'));
    await file.finish();
    await file.discard();
    expect(await readFile(at('list.csv'), 'utf8')).toBe('one\ntwo\n');
    const other = await OutputFile.create({ path: at('other.csv'), images: [] });
    await other.write('one\n');
    await other.discard();
    expect(await readdir(folder)).toEqual(['list.csv']);
  });

  it('never replaces what came to its place while it was written', async () => {
    const fresh = await OutputFile.create({ path: at('a'), images: [] });
    await writeFile(at('a'), 'theirs');
    await expect(fresh.finish()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    await fresh.discard();
    await writeFile(at('b'), 'old');
    const forced = await OutputFile.create({ path: at('b'), force: true, images: [] });
    await writeFile(at('theirs'), 'theirs');
    await runWell('mv', [at('theirs'), at('b')]);
    await expect(forced.finish()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    await forced.discard();
    expect(await readFile(at('a'), 'utf8')).toBe('theirs');
    expect(await readFile(at('b'), 'utf8')).toBe('theirs');
    expect(await readdir(folder)).toEqual(['a', 'b']);
  });
});

describe('a draft that is left behind', () => {
  it('is removed by the next output in its folder once its process was killed, and no other one', async () => {
    const image = await hollowImage(join(temporaryFolder(), 'hollow.qcow2'));
    const child = spawn(process.execPath, [CLI, 'capture', '-o', at('case.cowscope'), image], {
      stdio: 'ignore',
    });
    const drafts = async () => (await readdir(folder)).filter(name => name.endsWith('.part'));
    await vi.waitUntil(async () => (await drafts()).length === 1, { timeout: 30_000 });
    const [left = ''] = await drafts();
    await writeOutput({ path: at('while it runs'), images: [] }, '');
    expect(await drafts()).toEqual([left]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await drafts()).toEqual([left]);

    // Of another machine or container, of a name that is not a draft's, of the names that a script gives, and a link.
    const [place = '', pid = ''] = left.split('-').slice(1);
    const others = [
      left.replace(place, '0'.repeat(16)),
      `${left}.old`,
      left.replace(/cowscope-.*-/, 'cowscope-'),
    ];
    for (const name of others) await writeFile(at(name), '');
    await symlink('case', at(left.replace(/.{5}\.part$/, '00000.part')));
    const own = await OutputFile.create({ path: at('own'), images: [] });
    const kept = (await readdir(folder)).filter(name => name !== left);
    expect(kept).toHaveLength(others.length + 3);
    expect(kept.some(name => name.includes(`-${process.pid}-`))).toBe(true);
    expect(kept.some(name => name.includes(`-${pid}-`))).toBe(true);
    await writeOutput({ path: at('next'), images: [] }, '');
    expect((await readdir(folder)).sort()).toEqual([...kept, 'next'].sort());
    await own.finish();
  });
});

describe('an output that would replace an image is refused, whatever is forced', () => {
  const refused = async (name: string, images: string[] = []) => {
    const before = await hashFile(at(name));
    for (const force of [false, true])
      await expect(output(name, force, images)).rejects.toMatchObject({ code: 'OUTPUT_IS_IMAGE' });
    expect(await hashFile(at(name))).toBe(before);
  };

  it.each(['qcow2', 'qcow', 'vmdk', 'vdi', 'vpc', 'vhdx', 'parallels', 'qed'])(
    'by its magic: %s, as qemu-img makes it',
    async format => {
      await qemuImg('create', '-q', '-f', format, at('disk'), '8M');
      await refused('disk');
    },
  );

  it('by its magic: a fixed VHD, LUKS, an ISO, a disk with a boot sector', async () => {
    await qemuImg('create', '-q', '-f', 'vpc', '-o', 'subformat=fixed', at('fixed'), '1M');
    await writeFile(at('luks'), 'LUKS\xba\xbe\0\x01', 'latin1');
    const disc = Buffer.alloc(0x9000);
    disc.write('CD001', 0x8001);
    await writeFile(at('iso'), disc);
    const disk = Buffer.alloc(1024);
    disk.writeUInt16LE(0xaa55, 510);
    await writeFile(at('raw'), disk);
    for (const name of ['fixed', 'luks', 'iso', 'raw']) await refused(name);
  });

  it('as a file of the chain, raw or not, by any of its names', async () => {
    await writeFile(at('base.raw'), 'a raw disk without any magic');
    await link(at('base.raw'), at('other-name'));
    await symlink(at('base.raw'), at('alias'));
    await refused('base.raw', [at('base.raw')]);
    await refused('other-name', [at('base.raw')]);
    await refused('base.raw', [at('alias')]);
    await refused('base.raw', [at('gone'), at('base.raw')]);
  });

  it('where the files of a chain are its layers and data files', () => {
    const layers = [
      { path: '/a/base' },
      { path: '/a/top', dataFile: { resolved: '/a/data' } },
      { path: '/a/other', dataFile: { resolved: '' } },
    ];
    expect(filesOfChain({ layers } as unknown as ChainInfo)).toEqual([
      '/a/base',
      '/a/top',
      '/a/data',
      '/a/other',
    ]);
  });
});

describe('an output to what is no file', () => {
  it.each<[string, (path: string) => Promise<unknown>]>([
    ['a link', path => symlink(at('elsewhere'), path)],
    ['a link to a file', async path => writeFile(at('file'), 'x').then(() => symlink(at('file'), path))],
    ['a folder', path => mkdir(path)],
    ['a FIFO', path => runWell('mkfifo', [path])],
    [
      'a socket',
      path =>
        new Promise(resolve => {
          const server = createServer().listen(path, () => resolve(undefined));
          server.unref();
        }),
    ],
  ])('is refused at once: %s', async (_, make) => {
    await make(at('place'));
    const before = await readdir(folder);
    for (const force of [false, true])
      await expect(output('place', force)).rejects.toMatchObject({ code: 'OUTPUT_NOT_A_FILE' });
    expect(await readdir(folder)).toEqual(before);
  });

  it('is refused: a device, and a name that ends in a slash', async () => {
    for (const path of ['/dev/null', '/dev/full', `${folder}/`])
      await expect(writeOutput({ path, force: true, images: [] }, 'x')).rejects.toMatchObject({
        code: 'OUTPUT_NOT_A_FILE',
      });
  });
});

describe('an output that cannot be written', () => {
  it.each([
    ['a folder that is not there', 'none/file'],
    ['a file for a folder', 'file/file'],
  ])('is said with its name: %s', async (_, name) => {
    await writeFile(at('file'), '');
    await expect(output(name)).rejects.toMatchObject({ code: 'OUTPUT_FAILED', subject: at(name) });
  });

  it('is said without a path of the program’s own', async () => {
    const name = 'x'.repeat(300);
    await expect(output(name)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      what: 'the output could not be written: ENAMETOOLONG: name too long',
      subject: at(name),
    });
  });

  it.each([
    ['writeFile', 'ENOSPC', 'DISK_FULL'],
    ['sync', 'ENOSPC', 'DISK_FULL'],
    ['writeFile', 'EIO', 'OUTPUT_FAILED'],
  ] as const)('leaves nothing behind: %s reports %s', async (call, code, expected) => {
    const probe = await open(folder);
    await probe.close();
    const error = Object.assign(new Error(`${code}: as the system says it, write`), {
      code,
      syscall: 'write',
    });
    vi.spyOn(Object.getPrototypeOf(probe), call).mockRejectedValueOnce(error);
    await expect(output('report')).rejects.toMatchObject({ code: expected, subject: at('report') });
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves nothing behind where the last step fails', async () => {
    const file = await OutputFile.create({ path: at('report'), images: [] });
    const [draft = ''] = await readdir(folder);
    await runWell('rm', [at(draft)]);
    await expect(file.finish()).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    await file.discard();
    expect(await readdir(folder)).toEqual([]);
  });
});
