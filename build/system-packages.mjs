/** The programs and libraries that cowscope and its tests use and npm does not bring, on Debian and Ubuntu. */
import { spawnSync } from 'node:child_process';
import { isOnPath, isRoot } from './launch-electron.mjs';
import { recall, remember } from './memory.mjs';

/**
 * Each need: the programs it brings, where it brings any, and the names of its package, newest first (Debian 13 and
 * Ubuntu 24.04 renamed libraries for 64-bit time).
 */
const needs = [
  { programs: ['qemu-img', 'qemu-io', 'qemu-nbd'], packages: ['qemu-utils'] },
  { programs: ['nbdkit'], packages: ['nbdkit'] },
  { programs: ['nbdinfo'], packages: ['libnbd-bin'] },
  { programs: ['bwrap'], packages: ['bubblewrap'] },
  { programs: ['blkid', 'mkswap', 'partx'], packages: ['util-linux'] },
  { programs: ['mke2fs'], packages: ['e2fsprogs'] },
  { programs: ['strace'], packages: ['strace'] },
  { programs: ['xvfb-run', 'Xvfb'], packages: ['xvfb'] },
  { programs: ['xauth'], packages: ['xauth'] },
  { programs: ['dbus-daemon'], packages: ['dbus'] },
  { programs: ['xdotool'], packages: ['xdotool'] },
  { programs: ['zip'], packages: ['zip'] },
  { programs: ['unzip'], packages: ['unzip'] },
  { programs: ['lintian'], packages: ['lintian'] },
  { programs: ['desktop-file-validate'], packages: ['desktop-file-utils'] },
  { programs: ['man'], packages: ['man-db'] },
  { programs: ['readelf'], packages: ['binutils'] },
  { packages: ['libnss3'] },
  { packages: ['libatk1.0-0t64', 'libatk1.0-0'] },
  { packages: ['libatk-bridge2.0-0t64', 'libatk-bridge2.0-0'] },
  { packages: ['libcups2t64', 'libcups2'] },
  { packages: ['libgtk-3-0t64', 'libgtk-3-0'] },
  { packages: ['libgbm1'] },
  { packages: ['libasound2t64', 'libasound2'] },
  { packages: ['libxss1'] },
];

/** Installs what is missing where this user may; otherwise says in one line what a person has to do. Linux only. */
export function installSystemPackages(say) {
  if (process.platform !== 'linux') return;
  if (!isOnPath('apt-get') || !isOnPath('dpkg-query')) {
    const missing = needs.flatMap(({ programs = [] }) => programs).filter(name => !isOnPath(name));
    if (missing.length > 0)
      say(`Not found: ${missing.join(', ')}. Some of cowscope and most of its tests need them.`);
    return;
  }
  const missing = missingPackages();
  if (missing.length === 0) return;
  const names = missing.map(choose);
  const byHand = `sudo apt-get install -y ${names.join(' ')}`;
  const failed = recall('apt-failed');
  if (!mayInstall()) say(`To be installed by hand: ${byHand}`);
  else if (failed?.names === names.join(' '))
    say(`apt-get failed (${failed.reason}); to be installed by hand: ${byHand}`);
  else install(missing, say);
}

function missingPackages() {
  const wanted = needs.filter(({ programs }) => !programs?.every(isOnPath));
  if (wanted.length === 0) return [];
  const names = wanted.flatMap(({ packages }) => packages);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const { stdout } = run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\\n', ...names]);
  const installed = new Set(
    stdout
      .split('\n')
      .filter(line => line.endsWith(' installed'))
      .map(line => line.split(' ')[0]),
  );
  return wanted.filter(({ packages }) => !packages.some(name => installed.has(name)));
}

/** The first name of a package that this distribution has, or the oldest. */
function choose({ packages }) {
  const known = name => /Candidate: (?!\(none\))/.test(run('apt-cache', ['policy', name]).stdout);
  return packages.length === 1 ? packages[0] : packages.find(known) || packages[packages.length - 1];
}

function mayInstall() {
  return isRoot() || (isOnPath('sudo') && run('sudo', ['-n', 'true']).status === 0);
}

function install(missing, say) {
  say('Reading the package lists …');
  // Fails offline, where the lists that are there may still serve.
  apt(['update']);
  const names = missing.map(choose);
  say(`Installing ${names.join(' ')} …`);
  const { status, stderr } = apt(['install', '-y', '--no-install-recommends', ...names]);
  if (status === 0) return;
  const reason = stderr.split('\n').find(line => line.startsWith('E: ')) || `exit code ${status}`;
  remember('apt-failed', { names: names.join(' '), reason: reason.replace(/^E: /, '') });
  say(`apt-get could not install them (${reason.replace(/^E: /, '')}).`);
}

function apt(args) {
  const limits = [
    '-o',
    'Acquire::http::Timeout=20',
    '-o',
    'Acquire::Retries=1',
    '-o',
    'DPkg::Lock::Timeout=120',
  ];
  const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', ...limits, ...args];
  return isRoot() ? run(command[0], command.slice(1)) : run('sudo', ['-n', ...command]);
}

function run(command, args) {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 2 ** 20,
  });
  return { status: result.status, stdout: result.stdout || '', stderr: result.stderr || '' };
}
