/** Folders that are swapped for links while a chain in them is opened. */
import { mkdir, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it } from 'vitest';
import { toBytePath } from '../../electron/chain/byte-path.ts';
import { type DiscoveredChain, discoverChain } from '../../electron/chain/discover.ts';
import { openFile } from '../../electron/chain/open-file.ts';
import { PinnedFolders } from '../../electron/chain/pinned-folder.ts';
import { CLI, codesOf } from '../support/cli.ts';
import { qemuImg, run, temporaryFolder } from '../support/tools.ts';

/** Swaps a folder and a link in its place for each other until it is stopped. */
const SWAPPER = `
const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
const { workerData: { folder, away, secret, stop }, parentPort } = require('node:worker_threads');
const stopped = new Int32Array(stop);
const pause = () => Atomics.wait(stopped, 0, 0, Math.random());
parentPort.postMessage('swapping');
while (Atomics.load(stopped, 0) === 0) {
  renameSync(folder, away);
  symlinkSync(secret, folder);
  pause();
  unlinkSync(folder);
  renameSync(away, folder);
  pause();
}`;

let root: string;
let own: string;
let secret: string;

beforeEach(async () => {
  root = temporaryFolder();
  own = join(root, 'own');
  secret = join(root, 'secret');
  for (const folder of [own, secret]) {
    await mkdir(folder);
    await qemuImg('create', '-q', '-f', 'qcow2', join(folder, 'base.qcow2'), '1M');
  }
});

/** Runs `body` while the folder is swapped for a link to the secret one. */
async function whileSwapping(body: () => Promise<void>): Promise<void> {
  const stop = new SharedArrayBuffer(4);
  const workerData = { folder: own, away: join(root, 'away'), secret, stop };
  const swapper = new Worker(SWAPPER, { eval: true, workerData });
  const ended = new Promise((resolve, reject) => swapper.once('exit', resolve).once('error', reject));
  await new Promise(resolve => swapper.once('message', resolve));
  try {
    await body();
  } finally {
    Atomics.store(new Int32Array(stop), 0, 1);
    Atomics.notify(new Int32Array(stop), 0);
    await ended;
  }
}

/** The files that a chain holds open, by device and inode. */
async function opened({ layers }: DiscoveredChain): Promise<string[]> {
  const files = layers.map(({ source }) => stat(`/proc/self/fd/${source.fd}`));
  return (await Promise.all(files)).map(({ dev, ino }) => `${dev} ${ino}`);
}

describe('a folder that is swapped for a link while its chain is opened', () => {
  it.each([
    ['relative', 'base.qcow2'],
    ['absolute', 'OWN/base.qcow2'],
  ])('never leads to a file without consent: %s backing name', async (_, written) => {
    const top = join(own, 'top.qcow2');
    const backing = written.replace('OWN', own);
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', backing, '-F', 'qcow2', top, '1M');
    const inodeOf = async (path: string) => stat(path).then(({ dev, ino }) => `${dev} ${ino}`);
    const mine = [await inodeOf(join(own, 'base.qcow2')), await inodeOf(top)];
    const foreign = await inodeOf(join(secret, 'base.qcow2'));
    let whole = 0;
    await whileSwapping(async () => {
      for (let tries = 0; tries < 300; tries++) {
        const chain = await discoverChain({ files: [top] }).catch(() => undefined);
        if (chain === undefined) continue; // the folder was away when the image was looked for
        const files = await opened(chain);
        await chain.close();
        expect(files).not.toContain(foreign);
        expect(mine).toEqual(expect.arrayContaining(files));
        if (files.length === 2) whole++;
      }
    });
    expect(whole).toBeGreaterThan(0);
  });

  it('is not left by a link to a folder that is swapped behind it', async () => {
    // The person names the image through a link, beside which its backing file lies.
    const real = join(root, 'real.qcow2');
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', real, '1M');
    await symlink(real, join(own, 'top.qcow2'));
    const foreign = await stat(join(secret, 'base.qcow2'));
    let looked = 0;
    await whileSwapping(async () => {
      for (let tries = 0; tries < 300; tries++) {
        const chain = await discoverChain({ files: [join(own, 'top.qcow2')] }).catch(() => undefined);
        if (chain === undefined) continue;
        const files = await opened(chain);
        await chain.close();
        expect(files).not.toContain(`${foreign.dev} ${foreign.ino}`);
        looked++;
      }
    });
    expect(looked).toBeGreaterThan(0);
  });
});

describe('a link in the own folder', () => {
  it('that leads to a device is read as a link, and the device is not touched before consent', async () => {
    await symlink('/dev/zero', join(own, 'device'));
    const top = join(own, 'top.qcow2');
    await qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', 'device', '-F', 'raw', top, '1M');
    const log = join(root, 'calls');
    const args = ['-f', '-y', '-e', 'trace=%file,%desc', '-o', log, process.execPath, CLI, 'layers', top];
    const result = await run('strace', args);
    expect(codesOf(result)).toEqual(['CHAIN_CONSENT_NEEDED']);
    const lines = (await readFile(log, 'utf8')).split('\n');
    const calls = lines.filter(line => line.includes('"/dev/zero"'));
    // A call that another thread's interrupted has its result in a separate line: `<... readlink resumed>`.
    expect(calls.map(line => line.match(/(\w+)(?:\(| resumed)/)?.[1])).toEqual(['readlink']);
    expect(lines.filter(line => line.includes('</dev/zero>'))).toEqual([]);
  });
});

describe.each([
  ['by its descriptor', true],
  ['by its inode, where the system has no /proc', false],
])('a folder pinned %s', (_, byDescriptor) => {
  const entryOf = async (folders: PinnedFolders) => {
    const path = toBytePath(join(own, 'base.qcow2'));
    return { folder: await folders.at(toBytePath(own)), name: toBytePath('base.qcow2'), path };
  };

  it('opens its files, and tells where it lies without links', async () => {
    const folders = new PinnedFolders({ byDescriptor });
    await symlink(own, join(root, 'alias'));
    const folder = await folders.at(toBytePath(join(root, 'alias')));
    expect(folder.path).toBe(own);
    expect((await folders.at(toBytePath('../secret'), folder)).path).toBe(secret);
    const file = await openFile(await entryOf(folders));
    expect(await readlink(`/proc/self/fd/${file.handle.fd}`)).toBe(join(own, 'base.qcow2'));
    await file.handle.close();
    await folders.close();
  });

  it('never opens a file of the folder that took its place', async () => {
    const folders = new PinnedFolders({ byDescriptor });
    const entry = await entryOf(folders);
    await rename(own, join(root, 'away'));
    await symlink(secret, own);
    if (byDescriptor) {
      const file = await openFile(entry);
      expect(await readlink(`/proc/self/fd/${file.handle.fd}`)).toBe(join(root, 'away', 'base.qcow2'));
      await file.handle.close();
    } else await expect(openFile(entry)).rejects.toMatchObject({ code: 'CHAIN_FILE_CHANGED' });
    await folders.close();
  });

  it.each([
    ['CHAIN_FILE_MISSING', 'none'],
    ['CHAIN_FILE_MISSING', 'file'],
    ['CHAIN_FILE_UNREADABLE', 'loop'],
  ])('is refused with %s where it cannot be: %s', async (code, name) => {
    await writeFile(join(root, 'file'), '');
    await symlink('loop', join(root, 'loop'));
    const folders = new PinnedFolders({ byDescriptor });
    await expect(folders.at(toBytePath(join(root, name)))).rejects.toMatchObject({ code });
    await folders.close();
  });
});
