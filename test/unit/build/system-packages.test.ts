import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCheckout, type Outcome } from '../../support/repository/checkout.ts';

const LIBRARIES = [
  'libnss3',
  'libatk1.0-0',
  'libatk-bridge2.0-0',
  'libcups2',
  'libgtk-3-0',
  'libgbm1',
  'libasound2',
  'libxss1',
];
const PROGRAMS = [
  'qemu-utils',
  'nbdkit',
  'libnbd-bin',
  'bubblewrap',
  'util-linux',
  'e2fsprogs',
  'strace',
  'xvfb',
  'xauth',
  'dbus',
  'xdotool',
  'zip',
  'unzip',
  'lintian',
  'desktop-file-utils',
  'man-db',
  'binutils',
];
/** The function's argument, once the process takes itself for this user of a Linux. */
const as = (uid: number) =>
  `(Object.defineProperty(process, 'platform', { value: 'linux' }), process.getuid = () => ${uid}, console.error)`;
const AS_USER = as(1000);
const AS_ROOT = as(0);

/** A machine whose package tools are scripts that note what they are asked. */
function machine(installed: readonly string[], { known = '', sudo = false, aptGet = 'exit 0' } = {}) {
  const checkout = makeCheckout();
  const tool = (name: string, script: string) => {
    checkout.write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(join(checkout.folder, 'bin', name), 0o755);
  };
  tool('dpkg-query', installed.map(name => `echo "${name} installed"`).join('\n'));
  tool(
    'apt-cache',
    `case "$2" in ${known || 'nothing'}) echo "  Candidate: 1";; *) echo "  Candidate: (none)";; esac`,
  );
  tool('apt-get', `echo "$@" >> ${join(checkout.folder, 'asked')}\n${aptGet}`);
  tool('env', 'shift; exec "$@"');
  tool('sudo', sudo ? 'shift; case "$1" in true) exit 0;; esac; exec "$@"' : 'exit 1');
  const env = { PATH: join(checkout.folder, 'bin') };
  const install = (say: string): Promise<Outcome> =>
    checkout.call('system-packages.mjs', `installSystemPackages(${say})`, env);
  return { install, asked: () => checkout.lines('asked').map(line => line.replace(/^-q (-o \S+ )*/, '')) };
}

const without = (...names: readonly string[]) =>
  [...PROGRAMS, ...LIBRARIES].filter(name => !names.includes(name));

describe('system packages', () => {
  it('are left alone when all are there', async () => {
    const { install, asked } = machine(without());
    expect((await install(AS_ROOT)).said).toEqual([]);
    expect(asked()).toEqual([]);
  });

  it.each([
    ['as root', AS_ROOT, false],
    ['by passwordless sudo', AS_USER, true],
  ])('are installed %s by the names of the distribution', async (_, say, sudo) => {
    const { install, asked } = machine(without('nbdkit', 'libasound2'), { known: '*t64', sudo });
    expect((await install(say)).said.at(-1)).toBe('Installing nbdkit libasound2t64 …');
    expect(asked()).toEqual(['update', 'install -y --no-install-recommends nbdkit libasound2t64']);
  });

  it('are named in the one line to run by who may not install them', async () => {
    const { install, asked } = machine(without('nbdkit', 'libasound2'));
    expect((await install(AS_USER)).said).toEqual([
      'To be installed by hand: sudo apt-get install -y nbdkit libasound2',
    ]);
    expect(asked()).toEqual([]);
  });

  it('are not tried again after a failure', async () => {
    const { install, asked } = machine(without('xvfb'), { aptGet: 'echo "E: no network" >&2; exit 100' });
    expect((await install(AS_ROOT)).said.at(-1)).toMatch(/no network/);
    expect((await install(AS_ROOT)).said).toEqual([
      expect.stringMatching(/no network.*sudo apt-get install -y xvfb$/),
    ]);
    expect(asked()).toHaveLength(2);
  });
});
