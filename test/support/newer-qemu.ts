/**
 * A newer qemu than the distribution's, for what only newer ones can do (extended headers): unpacked from a later Debian
 * suite into a cache folder, never installed. The mirror is the one that this machine already uses.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run, runWell } from './tools.ts';

/** Programs of the newer suite, to be started like any other. */
export interface NewerQemu {
  readonly qemuNbd: string;
  readonly qemuImg: string;
  readonly nbdinfo: string;
  readonly qemuStorageDaemon: string;
  /** As `qemu-nbd --version` says it. */
  readonly version: string;
}

/** Why there is none. */
export interface NoNewerQemu {
  readonly reason: string;
}

/** Set to 1 where the newer qemu must be there: its absence is then a failure instead of a skipped test. */
const REQUIRED = process.env.COWSCOPE_REQUIRE_NEWER_QEMU === '1';
const SUITE = 'trixie';
const PACKAGES = ['qemu-utils', 'libnbd-bin'];
const PROGRAMS = ['qemu-nbd', 'qemu-img', 'nbdinfo', 'qemu-storage-daemon'];

/**
 * The newer programs, fetched at the first call on a machine (about a minute) and taken from the cache later. Throws
 * instead of giving a reason where COWSCOPE_REQUIRE_NEWER_QEMU=1.
 */
export async function newerQemu(): Promise<NewerQemu | NoNewerQemu> {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cowscope', `qemu-${SUITE}`);
  const [qemuNbd = '', qemuImg = '', nbdinfo = '', qemuStorageDaemon = ''] = PROGRAMS.map(name =>
    join(folder, 'bin', name),
  );
  try {
    if (!(await works(qemuNbd))) await fetchInto(folder);
    // A folder that was fetched before this program was asked for has it without a launcher.
    if (!(await works(qemuStorageDaemon))) await writeLaunchers(folder, folder);
    const version = (await runWell(qemuNbd, ['--version'])).split('\n')[0] as string;
    return { qemuNbd, qemuImg, nbdinfo, qemuStorageDaemon, version };
  } catch (error) {
    const reason = `no newer qemu: ${error instanceof Error ? error.message : String(error)}`;
    if (REQUIRED) throw new Error(reason);
    return { reason };
  }
}

async function works(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    ({ code }) => code === 0,
    () => false,
  );
}

async function fetchInto(folder: string): Promise<void> {
  const mirror = await debianMirror();
  await mkdir(join(folder, '..'), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    const debs = await download(mirror, work);
    const root = join(work, 'root');
    await mkdir(root);
    for (const deb of debs) await runWell('dpkg-deb', ['-x', deb, root], { timeout: 60_000 });
    await rm(join(work, 'apt'), { recursive: true });
    await writeLaunchers(work, folder);
    await moveInto(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Test files that run at the same time fetch at the same time: the first one's folder stays, as it is in use from then on. */
async function moveInto(work: string, folder: string): Promise<void> {
  try {
    await rename(work, folder); // fails where a folder with anything in it has that name
  } catch {
    if (await works(join(folder, 'bin', 'qemu-nbd'))) return;
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  }
}

/** The address of the Debian archive in this machine's own apt sources. */
async function debianMirror(): Promise<string> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const files = [
    '/etc/apt/sources.list',
    ...names.filter(name => /\.(list|sources)$/.test(name)).map(name => join(folder, name)),
  ];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const mirror = /^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(\S+\/debian)\/?(?:\s|$)/m.exec(text)?.[1];
    if (mirror !== undefined) return mirror;
  }
  throw new Error('the apt sources of this machine name no Debian archive');
}

/** The packages and all that they depend on, resolved by apt as for an empty machine, with nothing of this one touched. */
async function download(mirror: string, work: string): Promise<string[]> {
  const apt = join(work, 'apt');
  const archives = join(apt, 'archives');
  for (const part of ['lists/partial', 'archives/partial', 'empty'])
    await mkdir(join(apt, part), { recursive: true });
  await writeFile(join(apt, 'status'), '');
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  await writeFile(join(apt, 'sources.list'), `deb [signed-by=${keyring}] ${mirror} ${SUITE} main\n`);
  const options = [
    `Dir::State=${apt}`,
    `Dir::State::status=${join(apt, 'status')}`,
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${apt}`,
    `Dir::Cache::archives=${archives}`,
    `Dir::Etc::sourcelist=${join(apt, 'sources.list')}`,
    `Dir::Etc::sourceparts=${join(apt, 'empty')}`,
    `Dir::Etc::preferencesparts=${join(apt, 'empty')}`,
    'APT::Sandbox::User=root',
    'APT::Install-Recommends=false',
    'Debug::NoLocking=true',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=20',
  ].flatMap(option => ['-o', option]);
  await runWell('apt-get', [...options, '-q', 'update', '--error-on=any'], { timeout: 120_000 });
  await runWell('apt-get', [...options, '-q', '-y', '--download-only', 'install', ...PACKAGES], {
    timeout: 300_000,
  });
  const names = await readdir(archives);
  return names.filter(name => name.endsWith('.deb')).map(name => join(archives, name));
}

/** Small scripts that start the programs with the libraries they were built for; `folder` is where they will lie. */
async function writeLaunchers(work: string, folder: string): Promise<void> {
  const libraries = join(work, 'root/usr/lib');
  const triplet = (await readdir(libraries)).find(name => name.endsWith('-linux-gnu'));
  if (triplet === undefined) throw new Error('the packages hold no libraries');
  const loader = (await readdir(join(libraries, triplet))).find(name => /^ld-linux.*\.so\.\d+$/.test(name));
  if (loader === undefined) throw new Error('the packages hold no dynamic loader');
  const root = join(folder, 'root');
  const place = join(root, 'usr/lib', triplet);
  await mkdir(join(work, 'bin'), { recursive: true });
  for (const name of PROGRAMS) {
    const script = join(work, 'bin', name);
    const command = `exec "${join(place, loader)}" --library-path "${place}" "${join(root, 'usr/bin', name)}" "$@"`;
    await writeFile(script, `#!/bin/sh\n${command}\n`);
    await chmod(script, 0o755);
  }
}
