import { chmodSync, closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { atLeast, findQemuNbd, hasQemuNbd, parseVersion } from '../../../electron/qemu/tools.ts';
import { temporaryFolder } from '../../support/tools.ts';

describe('parseVersion', () => {
  it.each([
    ['qemu-nbd 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nWritten by …', 7, 2],
    ['qemu-img version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright', 10, 0],
    [
      '/opt/my tools/nbd 8.2.1\nCopyright (c) 2003-2023 Fabrice Bellard and the QEMU Project developers',
      8,
      2,
    ],
    ['qemu-nbd version 2.5.0', 2, 5],
  ])('reads %j', (output, major, minor) => {
    expect(parseVersion(output)).toMatchObject({ major, minor, text: output.split('\n')[0] });
  });

  it.each(['', 'nbdkit 1.32.5', 'qemu-nbd', 'qemu-nbd x.y', 'qemu-nbd 99999.1'])(
    'does not take %j',
    output => {
      expect(parseVersion(output)).toBeUndefined();
    },
  );

  it('orders versions', () => {
    const version = { major: 7, minor: 2, text: '' };
    expect([
      atLeast(version, 7, 2),
      atLeast(version, 6, 9),
      atLeast(version, 7, 3),
      atLeast(version, 8, 0),
    ]).toEqual([true, true, false, false]);
  });
});

/** A folder with one executable that runs `body` in sh. */
function folderWith(name: string, body: string, mode = 0o755): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), mode);
  return folder;
}

describe('findQemuNbd', () => {
  it('finds the installed one, with limits where util-linux is there', async () => {
    const tool = await findQemuNbd();
    expect(tool?.path).toMatch(/^\/.*qemu-nbd$/);
    expect(tool?.prefix('/f').length).toBeGreaterThan(0);
    expect(await findQemuNbd()).toBe(tool);
  });

  it('is undefined with nothing on PATH', async () => {
    expect(await findQemuNbd({ PATH: temporaryFolder() })).toBeUndefined();
    expect(await findQemuNbd({})).toBeUndefined();
    expect(await findQemuNbd({ PATH: '' })).toBeUndefined();
  });

  it('takes COWSCOPE_QEMU_NBD, and does without limits where the machine has none', async () => {
    const folder = folderWith('my-nbd', 'echo "qemu-nbd 9.1.0"');
    const tool = await findQemuNbd({ PATH: '', COWSCOPE_QEMU_NBD: join(folder, 'my-nbd') });
    expect(tool).toMatchObject({
      path: join(folder, 'my-nbd'),
      version: { major: 9, minor: 1, text: 'qemu-nbd 9.1.0' },
    });
    expect(tool?.prefix('/f')).toEqual([]);
    expect(await findQemuNbd({ PATH: folder, COWSCOPE_QEMU_NBD: 'my-nbd' })).toMatchObject({
      path: join(folder, 'my-nbd'),
    });
  });

  it('is undefined when COWSCOPE_QEMU_NBD names nothing that runs', async () => {
    for (const name of ['/nowhere/qemu-nbd', 'nbd/relative', tmpFile(), 'no-such-program'])
      expect(await findQemuNbd({ PATH: process.env.PATH, COWSCOPE_QEMU_NBD: name })).toBeUndefined();
  });

  it.each([
    ['fails', 'echo "qemu-nbd 9.1.0"; exit 3'],
    ['says something else', 'echo hello'],
    ['floods', 'while :; do echo "qemu-nbd 9.1.0 flood"; done'],
  ])('is undefined for a program that %s', async (_, body) => {
    expect(await findQemuNbd({ PATH: `${folderWith('qemu-nbd', body)}:/usr/bin:/bin` })).toBeUndefined();
  });

  it('does not run what lies in a relative entry of PATH, nor what is not executable', async () => {
    const folder = folderWith('qemu-nbd', 'echo "qemu-nbd 9.1.0"', 0o644);
    expect(await findQemuNbd({ PATH: `.:${folder}` })).toBeUndefined();
  });

  it('does without a namespace where the system forbids them, and keeps the rest', async () => {
    const folder = folderWith('unshare', 'echo "unshare: Operation not permitted" >&2; exit 1');
    const pass = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n';
    for (const name of ['prlimit', 'setpriv']) writeFileSync(join(folder, name), pass, { mode: 0o755 });
    writeFileSync(join(folder, 'qemu-nbd'), '#!/bin/sh\necho "qemu-nbd 8.0.0"\n', { mode: 0o755 });
    const tool = await findQemuNbd({ PATH: folder });
    expect(tool?.prefix('/f').filter(word => word.startsWith('/'))).toEqual([
      join(folder, 'prlimit'),
      join(folder, 'setpriv'),
    ]);
  });

  it('keeps the limits of a program that fails for a moment', async () => {
    const folder = folderWith('qemu-nbd', 'echo "qemu-nbd 8.0.0"');
    const pass = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n';
    const flaky = pass.replace('while', `[ -e ${folder}/tried ] || { : > ${folder}/tried; exit 1; }\nwhile`);
    writeFileSync(join(folder, 'prlimit'), flaky, { mode: 0o755 });
    expect((await findQemuNbd({ PATH: folder }))?.prefix('/f')[0]).toBe(join(folder, 'prlimit'));
  });

  it('says what the system lacks, and finds the program once that is there', async () => {
    const folder = folderWith('qemu-nbd', 'echo "qemu-nbd 8.1.0"');
    const held: number[] = [];
    try {
      for (;;) held.push(openSync('/dev/null', 'r'));
    } catch {
      // no more descriptors
    }
    try {
      await expect(findQemuNbd({ PATH: folder })).rejects.toThrow('TOO_MANY_FILES');
    } finally {
      for (const fd of held) closeSync(fd);
    }
    expect(await findQemuNbd({ PATH: folder })).toMatchObject({ version: { major: 8, minor: 1 } });
  });

  it('tries a helper before it relies on it', async () => {
    const folder = folderWith('prlimit', 'exit 1');
    writeFileSync(join(folder, 'qemu-nbd'), '#!/bin/sh\necho "qemu-nbd 8.0.0"\n', { mode: 0o755 });
    const tool = await findQemuNbd({ PATH: folder });
    expect(tool).toMatchObject({ version: { major: 8 } });
    expect(tool?.prefix('/f')).toEqual([]);
  });
});

function tmpFile(): string {
  const path = join(temporaryFolder(), 'text');
  writeFileSync(path, 'not a program');
  return path;
}

describe('hasQemuNbd', () => {
  it('starts nothing: a program that cannot run is found as well', async () => {
    const marker = join(temporaryFolder(), 'started');
    const folder = folderWith('qemu-nbd', `touch ${marker}; exit 1`);
    const environment = { PATH: `${folder}:/usr/bin:/bin` };
    expect(await hasQemuNbd(environment)).toBe(true);
    expect(existsSync(marker)).toBe(false);
    expect(await findQemuNbd(environment)).toBeUndefined();
    expect(existsSync(marker)).toBe(true);
  });

  it('is false where there is none, or only a file that may not be executed', async () => {
    expect(await hasQemuNbd({})).toBe(false);
    expect(await hasQemuNbd({ PATH: temporaryFolder() })).toBe(false);
    expect(await hasQemuNbd({ PATH: folderWith('qemu-nbd', 'true', 0o644) })).toBe(false);
    expect(await hasQemuNbd({ PATH: process.env.PATH, COWSCOPE_QEMU_NBD: '/nowhere/qemu-nbd' })).toBe(false);
  });
});
