/** What is said of a file that the system did not open: the true reason, and what helps. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { toBytePath } from '../../../electron/chain/byte-path.ts';
import { discoverChain } from '../../../electron/chain/discover.ts';
import { notOpenedError } from '../../../electron/chain/open-error.ts';
import { temporaryFolder } from '../../support/tools.ts';

const PATH = toBytePath('/images/a.qcow2');

/** What is said where the system gives this code. */
function errorOf(code: string) {
  const cause = Object.assign(new Error(`${code}: what the system says, open '/images/a.qcow2'`), {
    code,
    syscall: 'open',
  });
  return notOpenedError(PATH, cause);
}

it.each([
  ['EACCES', 'permission denied', 'permissions'],
  ['EPERM', 'permission denied', 'permissions'],
  ['ELOOP', 'its symbolic links lead in a circle, or there are too many of them', 'where its links lead'],
  ['ENAMETOOLONG', 'its path, or a name in it, is longer than the system allows', 'a shorter path'],
  ['EIO', 'the disk or the file system that holds it reports an input/output error', 'copy what can be read'],
  [
    'ESTALE',
    'the server of its file system no longer knows it (stale file handle)',
    'mount that file system',
  ],
  ['ENXIO', 'there is no device behind this file', 'attach the device'],
  ['ENODEV', 'there is no device behind this file', 'attach the device'],
  ['ENOMEDIUM', 'there is no medium in the drive', 'insert the medium'],
  ['ETIMEDOUT', 'the server of its file system does not answer', 'check the server'],
  ['EBUSY', 'EBUSY: what the system says', 'look at what the system says is wrong'],
])('says of a file that %s keeps closed: %s', (code, why, advice) => {
  expect(errorOf(code)).toMatchObject({
    code: 'CHAIN_FILE_UNREADABLE',
    what: `the file could not be opened: ${why}`,
    subject: PATH,
    advice: expect.stringContaining(advice),
  });
});

it('speaks of permissions only where these are the reason', () => {
  for (const code of [
    'ELOOP',
    'ENAMETOOLONG',
    'ENOTDIR',
    'EMFILE',
    'ENFILE',
    'EIO',
    'ESTALE',
    'ENXIO',
    'EBUSY',
  ]) {
    const { what, advice } = errorOf(code);
    expect(`${what}: ${advice}`).not.toMatch(/permi/);
  }
});

it('gives the code of the program for what is wrong with the program as a whole', () => {
  expect(errorOf('EMFILE')).toMatchObject({ code: 'TOO_MANY_FILES', subject: PATH });
  expect(errorOf('ENOMEM')).toMatchObject({ code: 'OUT_OF_MEMORY', subject: PATH });
});

it('says what the system found where a path leads to no file', async () => {
  const folder = temporaryFolder();
  await mkdir(join(folder, 'images'));
  await writeFile(join(folder, 'file'), '');
  await symlink('circle', join(folder, 'circle'));
  const errorAt = (...names: string[]) => {
    const opening = discoverChain({ files: [join(folder, ...names)], allow: [], allowAll: false });
    return opening.then(chain => chain.close()).catch((error: unknown) => error);
  };
  expect(await errorAt('none')).toMatchObject({ code: 'CHAIN_FILE_MISSING', what: 'no such file' });
  expect(await errorAt('file', 'a.qcow2')).toMatchObject({
    code: 'CHAIN_FILE_MISSING',
    what: 'no such file: a name before the last one is that of a file',
  });
  expect(await errorAt('circle')).toMatchObject({
    code: 'CHAIN_FILE_UNREADABLE',
    what: expect.stringContaining('symbolic links'),
  });
  expect(await errorAt('images', 'a'.repeat(300))).toMatchObject({
    code: 'CHAIN_FILE_UNREADABLE',
    what: expect.stringContaining('longer than the system allows'),
  });
});
