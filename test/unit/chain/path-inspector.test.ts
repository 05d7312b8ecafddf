/** What lies at a path, without opening it and without a look at file systems that may be far away. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toBytePath } from '../../../electron/chain/byte-path.ts';
import { isLocal, PathInspector, parseMounts } from '../../../electron/chain/path-inspector.ts';
import { runWell, temporaryFolder } from '../../support/tools.ts';

const at = (path: string) => new PathInspector().at(toBytePath(path));

describe('the list of mounts', () => {
  const mounts = parseMounts(
    [
      '21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
      '30 21 0:25 / /net rw,relatime shared:2 - autofs systemd-1 rw,fd=30',
      '31 21 0:26 / /mnt/a\\040b rw shared:3 master:1 - nfs4 server:/x rw',
      '32 31 8:2 / /mnt/a\\040b/local rw - xfs /dev/sdb rw',
      '33 21 8:3 / /over rw - ext4 /dev/sdc rw',
      '34 33 0:30 / /over rw - fuse.sshfs host: rw',
      'nonsense',
    ].join('\n'),
  );

  it.each([
    ['/images/base', true],
    ['/net', false],
    ['/net/host/base', false],
    ['/network', true],
    ['/mnt/a b/base', false],
    ['/mnt/a b/local/base', true],
    ['/over/base', false],
  ])('says whether %s is local: %s', (path, local) => {
    expect(isLocal(toBytePath(path), mounts)).toBe(local);
  });

  it('makes nothing local where it is empty', () => {
    expect(isLocal(toBytePath('/images/base'), [])).toBe(false);
  });
});

describe('a look at a path', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'sub/file'), '');
  symlinkSync('sub', join(folder, 'link'));
  symlinkSync('nothing', join(folder, 'dangling'));
  symlinkSync('circle', join(folder, 'circle'));

  it.each([
    ['sub/file', 'file'],
    ['link/file', 'file'],
    ['link/../sub/./file', 'file'],
    ['sub', 'folder'],
    ['none', 'missing'],
    ['none/file', 'missing'],
    ['sub/file/below', 'missing'],
    ['dangling', 'missing'],
    ['circle', 'unseen'],
  ])('at %s finds: %s', async (name, kind) => {
    expect(await at(`${folder}/${name}`)).toBe(kind);
  });

  it('tells a FIFO, which nothing opens', async () => {
    await runWell('mkfifo', [join(folder, 'fifo')]);
    expect(await at(join(folder, 'fifo'))).toBe('FIFO');
  });

  it('looks up so many names in all, and then none', async () => {
    const depth = folder.split('/').length - 1;
    const look = new PathInspector(2 * depth + 1);
    const sub = toBytePath(join(folder, 'sub'));
    expect([await look.at(sub), await look.at(sub)]).toEqual(['folder', 'unseen']);
  });

  it('touches no device, and does not look into file systems of the kernel', async () => {
    expect(await at('/dev/zero')).toBe('unseen');
    expect(await at('/proc/self/status')).toBe('unseen');
  });
});
