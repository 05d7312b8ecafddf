/** `cowscope store`: everything that was planted in folders is found, and nothing that images name is opened. */
import {
  copyFile,
  link,
  mkdir,
  readFile,
  rename,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { scanStore } from '../../electron/chain/store/scan-store.ts';
import { imageAt, type Store } from '../../shared/model/store/store.ts';
import { CLI, codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { schemaErrors } from '../support/json-schema.ts';
import { hashFile, qemuImg, run, runWell, temporaryFolder } from '../support/tools.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const at = (name: string) => join(folder, name);

async function image(name: string, size = '1M'): Promise<string> {
  await qemuImg('create', '-q', '-f', 'qcow2', at(name), size);
  return at(name);
}

/** An overlay over a name that need not exist. */
async function overlay(name: string, backing: string, format = 'qcow2'): Promise<string> {
  await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', backing, '-F', format, at(name), '1M');
  return at(name);
}

/** Takes the backing format away: no reader knows its extension any more. */
async function dropFormat(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes.writeUInt32BE(0x12345678, bytes.indexOf(Buffer.from('e2792aca', 'hex')));
  await writeFile(path, bytes);
}

/** What is found, as `CODE name count`. */
const found = ({ findings, images }: Store) =>
  findings
    .map(({ code, layer, count }) => `${code} ${images[layer]?.path.slice(folder.length + 1)} ${count}`)
    .sort();

const nameOf = (store: Store, index: number) => store.images[index]?.path.slice(folder.length + 1);
const numberOf = (store: Store, name: string) => imageAt(store, at(name));

describe('the forest', () => {
  it('is what qemu-img says of each image, with siblings in other folders', async () => {
    for (const name of ['vm', 'other']) await mkdir(at(name));
    await image('vm/root');
    await overlay('vm/s1', 'root');
    await overlay('vm/s2', 's1');
    await overlay('vm/s3', at('vm/s1'));
    await overlay('other/clone.qcow2', '../vm/s1');
    await overlay(
      'other/json',
      `json:{"driver":"qcow2","file":{"driver":"file","filename":"${at('vm/s2')}"}}`,
    );
    const store = await scanStore({ roots: [folder] });
    expect(store.images.map((_, index) => nameOf(store, index))).toEqual([
      'other/clone.qcow2',
      'other/json',
      'vm/root',
      'vm/s1',
      'vm/s2',
      'vm/s3',
    ]);
    for (const { path, backing, size } of store.images) {
      const info = JSON.parse(await qemuImg('info', '--output=json', path));
      expect(size).toBe(info['virtual-size']);
      if (path.endsWith('json')) continue; // qemu-img repeats the description here
      expect(backing?.resolved).toBe(
        info['full-backing-filename'] === undefined ? undefined : join(info['full-backing-filename']), // without its `..`
      );
    }
    const onS1 = store.images[numberOf(store, 'vm/s1')]?.children.map(index => nameOf(store, index));
    expect(onS1?.sort()).toEqual(['other/clone.qcow2', 'vm/s2', 'vm/s3']);
    expect(nameOf(store, store.images[numberOf(store, 'other/json')]?.backing?.image ?? -1)).toBe('vm/s2');
    expect(found(store)).toEqual(['STORE_FORK vm/s1 3']);
    expect(store.coverage).toMatchObject({ folders: 3, entries: 8, otherFiles: 0, complete: true });
  });

  it('has a file with several names once, and links through them', async () => {
    await image('a-base');
    await link(at('a-base'), at('hard'));
    await mkdir(at('sub'));
    await symlink('../a-base', at('sub/soft'));
    await symlink('sub', at('way'));
    await overlay('top1', 'hard');
    await overlay('top2', 'way/soft');
    const store = await scanStore({ roots: [folder] });
    expect(store.images).toHaveLength(3);
    const base = store.images[numberOf(store, 'hard')];
    expect([base?.path, ...(base?.aliases ?? [])].sort()).toEqual(['a-base', 'hard', 'sub/soft'].map(at));
    expect(base?.children.map(index => nameOf(store, index))).toEqual(['top1', 'top2']);
  });

  it('knows raw files where images rest on them, and counts the others', async () => {
    await writeFile(at('disk.raw'), Buffer.alloc(1000));
    await writeFile(at('notes.txt'), 'text');
    await writeFile(at('lost.qcow2'), Buffer.alloc(65536, 1));
    await qemuImg('create', '-q', '-f', 'vmdk', at('other.vmdk'), '1M');
    await overlay('top', 'disk.raw', 'raw');
    const store = await scanStore({ roots: [folder] });
    expect(store.images.map(({ format, size }) => [format, size])).toEqual([
      ['raw', 1024],
      ['raw', 65536],
      ['vmdk', -1],
      ['qcow2', 2 ** 20],
    ]);
    expect(store.coverage.otherFiles).toBe(1);
    expect(found(store)).toEqual(['CHAIN_HEADER_LOST lost.qcow2 1']);
  });

  it('takes files by name, in any order, and folders that lie in each other once', async () => {
    await mkdir(at('sub'));
    await image('sub/base');
    await overlay('mid', 'sub/base');
    await overlay('top', 'mid');
    const store = await scanStore({ roots: [at('top'), at('sub'), folder, at('sub'), at('mid')] });
    expect(store.images.map(({ path }) => path)).toEqual([at('mid'), at('sub/base'), at('top')]);
    expect(store.images.map(({ backing }) => backing?.image)).toEqual([1, undefined, 0]);
  });
});

describe('planted faults', () => {
  it('are all found, and nothing else', async () => {
    for (const name of ['a', 'b']) await mkdir(at(name));
    await image('a/base.qcow2');
    await overlay('a/fork1', 'base.qcow2');
    await overlay('a/fork2', 'base.qcow2');
    await image('b/base.qcow2');
    await overlay('b/orphan', '/gone/away.qcow2');
    await overlay('b/orphan-of-folder', '../a');
    await overlay('b/loop1', 'loop2');
    await overlay('b/loop2', 'loop3');
    await overlay('b/loop3', 'loop1');
    await overlay('b/into-loop', 'loop1');
    await overlay('b/self', 'self');
    await image('b/lied-raw');
    await overlay('b/says-raw', 'lied-raw', 'raw');
    await writeFile(at('b/lied-qcow2'), Buffer.alloc(65536, 1));
    await overlay('b/says-qcow2', 'lied-qcow2');
    await image('b/unsaid');
    await overlay('b/says-nothing', 'unsaid');
    await dropFormat(at('b/says-nothing'));
    await overlay('b/remote', 'nbd://host.invalid/disk', 'raw');
    await image('b/newer');
    await overlay('b/older', 'newer');
    await utimes(at('b/newer'), new Date('2026-02-16'), new Date('2026-02-16'));
    await utimes(at('b/older'), new Date('2026-01-11'), new Date('2026-01-11'));
    const withData = (name: string, data: string) =>
      qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, at(name), '1M');
    await withData('b/data1', at('b/shared'));
    await copyFile(at('b/data1'), at('b/data2'));
    await withData('b/data3', at('b/lost'));
    await unlink(at('b/lost'));
    await image('b/cut');
    await truncate(at('b/cut'), 60);
    const store = await scanStore({ roots: [folder] });
    expect(found(store)).toEqual(
      [
        'CHAIN_BASE_NEWER b/newer 1',
        'CHAIN_FORMAT_BY_CONTENT b/unsaid 1',
        'CHAIN_RAW_WITH_MAGIC b/lied-raw 1',
        'STORE_DATA_FILE_MISSING b/data3 1',
        'STORE_DATA_FILE_SHARED b/data1 2',
        'STORE_FORK a/base.qcow2 2',
        'STORE_FORK b/loop1 2',
        'STORE_FORMAT_DIFFERS b/lied-qcow2 1',
        'STORE_LOOP b/loop1 3',
        'STORE_LOOP b/self 1',
        'STORE_NAME_REFUSED b/remote 1',
        'STORE_ORPHAN b/orphan 1',
        'STORE_ORPHAN b/orphan-of-folder 1',
        'STORE_SAME_NAME a/base.qcow2 2',
      ].sort(),
    );
    expect(store.coverage.otherFiles).toBe(0);
    expect(store.images[numberOf(store, 'b/cut')]?.error?.code).toMatch(/^QCOW2_/);
  });

  it('of which a file was moved name it, and the command records it', async () => {
    await mkdir(at('new'));
    await image('new/base.qcow2');
    const top = await overlay('new/top.qcow2', '/old/base.qcow2');
    const [orphan] = (await scanStore({ roots: [folder] })).findings;
    expect(orphan).toMatchObject({ code: 'STORE_ORPHAN' });
    const command = /qemu-img rebase.*$/.exec(orphan?.advice ?? '')?.[0];
    expect(command).toBe(`qemu-img rebase -u -F qcow2 -b base.qcow2 ${top}`);
    await runWell('sh', ['-c', command!]);
    expect((await scanStore({ roots: [folder] })).findings).toEqual([]);
  });

  it('do not hide what could not be read', async () => {
    await image('fine');
    await expect(scanStore({ roots: [at('none')] })).rejects.toMatchObject({ code: 'CHAIN_FILE_MISSING' });
    await runWell('mkfifo', [at('fifo')]);
    await expect(scanStore({ roots: [at('fifo')] })).rejects.toMatchObject({ code: 'CHAIN_NOT_A_FILE' });
    expect((await scanStore({ roots: [folder] })).coverage).toMatchObject({ special: 1, errorCount: 0 });
  });

  it('end a scan that is aborted with its reason', async () => {
    await image('a');
    await expect(
      scanStore({ roots: [folder], signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });
});

describe('a folder full of hostile images', () => {
  it('has no file or socket opened that they name, and ends at once', async () => {
    const secret = temporaryFolder();
    await writeFile(join(secret, 'shadow'), 'secret');
    const server = createServer(() => {
      throw new Error('connected');
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await runWell('mkfifo', [at('fifo')]);
    await symlink(join(secret, 'shadow'), at('leak.qcow2'));
    await symlink('/dev/zero', at('device.qcow2'));
    await symlink(secret, at('way-out'));
    const names = [
      join(secret, 'shadow'),
      '/etc/shadow',
      '/dev/sda',
      '/dev/zero',
      'fifo',
      'leak.qcow2',
      'device.qcow2',
      'way-out/shadow',
      `nbd://127.0.0.1:${port}/x`,
      `nbd:127.0.0.1:${port}`,
      `http://127.0.0.1:${port}/x`,
      `json:{"driver":"nbd","host":"127.0.0.1","port":"${port}"}`,
      `json:{"driver":"qcow2","file":{"driver":"file","filename":"${secret}/shadow"}}`,
      'fat:/etc',
      '../'.repeat(300),
    ];
    for (const [i, name] of names.entries()) await overlay(`hostile${i}`, name, 'raw');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${at('data.raw')}`, at('data'), '1M');
    await rename(at('data.raw'), join(secret, 'data.raw'));
    await symlink(join(secret, 'data.raw'), at('data.raw'));

    const log = join(secret, 'calls');
    const traced = ['-f', '-e', 'trace=open,openat,connect,execve,socket', '-o', log];
    const result = await run('strace', [
      ...traced,
      process.execPath,
      CLI,
      'store',
      '--output',
      'json',
      folder,
    ]);
    server.close();
    const store = JSON.parse(result.stdout) as Store;
    expect(store.images).toHaveLength(names.length + 1);
    expect(store.images.filter(({ backing }) => (backing?.image ?? -1) >= 0)).toEqual([]);
    const calls = (await readFile(log, 'utf8')).split('\n');
    const opened = calls.flatMap(line => /(?:open|openat)\(.*?"(.*?)"/.exec(line)?.[1] ?? []);
    const basenames = opened.map(path => path.replace(/^\/proc\/self\/fd\/\d+\//, ''));
    expect(basenames.filter(path => /^hostile\d+$/.test(path))).toHaveLength(names.length);
    expect(
      basenames.filter(path =>
        /shadow|fifo|leak|device\.qcow2|way-out|data\.raw|^\/dev\/(?!null|urandom)/.test(path),
      ),
    ).toEqual([]);
    expect(calls.filter(line => /connect\(|AF_INET/.test(line))).toEqual([]);
    expect(calls.filter(line => line.includes('execve('))).toHaveLength(1);
  });

  it('of 10,000 images in one chain and in one loop is listed in full', async () => {
    const bytes = await readFile(await overlay('0', '00001'));
    const place = bytes.indexOf('00001');
    for (let i = 0; i < 10_000; i++) {
      bytes.write(`${(i + 1) % 10_000}`.padStart(5, '0'), place);
      await writeFile(at(`${i}`.padStart(5, '0')), bytes.subarray(0, 4096));
    }
    const store = await scanStore({ roots: [folder] });
    const loops = store.findings.filter(({ code }) => code === 'STORE_LOOP');
    expect(loops).toMatchObject([{ layer: numberOf(store, '00000'), count: 10_000 }]);
    const { stdout, code } = await cowscope(['store', folder]);
    expect(code).toBe(3);
    expect(stdout.split('\n').filter(line => line.includes('qcow2, 1 MiB'))).toHaveLength(10_001);
    expect(stdout).toMatch(/^10,00[01] images in 1 folder, /);
  });
});

describe('the command', () => {
  it('prints a document of its schema, and the trees as text', async () => {
    await image('base');
    await overlay('top1', 'base');
    await overlay('top2', 'base');
    await overlay('orphan', 'none');
    const schema = JSON.parse(await readFile('docs/formats/store.schema.json', 'utf8'));
    const document = await cowscopeJson(['store', '--output', 'json', folder], 3);
    expect(schemaErrors(schema, document)).toEqual([]);
    const text = await cowscope(['store', folder]);
    expect([text.code, codesOf(text)]).toEqual([3, ['STORE_ORPHAN']]);
    expect(text.stdout.split('\n').slice(0, 9)).toEqual([
      '4 images in 1 folder, 1 base; 0 other files',
      '1 corruption, 1 note',
      '',
      'base  qcow2, 1 MiB',
      '├─ top1  qcow2, 1 MiB',
      '└─ top2  qcow2, 1 MiB',
      `${at('none')}  (missing)`,
      '└─ orphan  qcow2, 1 MiB',
      '',
    ]);
  });

  it('leaves every image as it is', async () => {
    const paths = [await image('base'), await overlay('top', 'base')];
    const before = await Promise.all(paths.map(hashFile));
    await cowscope(['store', folder]);
    expect(await Promise.all(paths.map(hashFile))).toEqual(before);
  });

  it('cannot be steered by the names of files', async () => {
    await image('evil\x1b[31m\u202e.qcow2');
    const { stdout } = await cowscope(['store', folder]);
    expect(stdout).toContain('evil\\x1b[31m\\u{202e}.qcow2');
    expect(['\x1b', '\u202e'].filter(character => stdout.includes(character))).toEqual([]);
  });
});
