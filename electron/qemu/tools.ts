/**
 * Where qemu's programs are on this machine and what they can do. Absence is an answer, never an error; what the system
 * lacks for a moment, such as descriptors, is an error and no absence.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import type { VersionOutput } from './version-output.ts';

/** A version of qemu: `major.minor`, and the whole line in qemu's words. */
export interface QemuVersion {
  readonly major: number;
  readonly minor: number;
  readonly text: string;
}

/** A program of qemu that answered when asked for its version. */
export interface QemuTool {
  /** Absolute path. */
  readonly path: string;
  readonly version: QemuVersion;
  /**
   * Command and arguments to put before `path` so that the child has limits, no network, no sight of other files, and ends
   * with this process; as much of that as the machine has means for (prlimit, unshare and setpriv of util-linux, and
   * bubblewrap). The child may write to `folder` alone, where it can be kept from other files.
   */
  readonly prefix: (folder: string) => readonly string[];
}

/**
 * Limits of a child. One qemu-nbd on one layer needs 300 MiB of address space at the start (thread stacks, mostly
 * untouched) and a dozen files; the tables of the largest image qemu accepts add 41 MiB and sixteen reads of 32 MiB
 * half a GiB. CPU time bounds a child that spins.
 */
const LIMITS = ['--as=2147483648', '--nofile=128', '--core=0', '--cpu=7200'] as const;

/**
 * A separate network namespace with nothing in it: what qemu-nbd serves is a unix socket, which a path leads to. An ordinary user
 * needs a user namespace for that; the superuser must not have one, or files of other users would be out of reach.
 */
const NO_NETWORK = process.getuid?.() === 0 ? ['--net'] : ['--user', '--map-current-user', '--net'];

/** Where a system keeps its programs and their libraries; a part that one does not have is left out. */
const SYSTEM_FOLDERS = ['/usr', '/lib', '/lib64', '/bin', '/sbin'] as const;
/** What the loader of programs reads beside them. */
const SYSTEM_FILES = ['/etc/ld.so.cache', '/etc/alternatives'] as const;

/**
 * Arguments of bubblewrap. The child sees the system's programs, read-only, and `folder`, and nothing else by name: its
 * images are descriptors, which it opens again through /proc. It has processes, a network and a memory of names to itself,
 * and the superuser's child keeps the right to read other users' files alone. It ends with this process, and so does
 * whatever it has started: they are all in the space of processes that ends then.
 */
function bubblewrapArguments(folder: string): string[] {
  const rights = process.getuid?.() === 0 ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_DAC_READ_SEARCH'] : [];
  return [
    ...['--unshare-net', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--die-with-parent', ...rights],
    ...[...SYSTEM_FOLDERS, ...SYSTEM_FILES].flatMap(path => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--dev', '/dev', '--bind', folder, folder, '--chdir', folder, '--'],
  ];
}

/** What a machine may have to start a child with. */
interface Helpers {
  readonly prlimit: string | undefined;
  readonly bubblewrap: string | undefined;
  readonly unshare: string | undefined;
  readonly setpriv: string | undefined;
}

/**
 * Ways to start the program at `path`, the best first: a system may forbid namespaces to programs it does not know.
 * setpriv makes the system end the child even when this process is killed.
 */
function prefixes({ prlimit, bubblewrap, unshare, setpriv }: Helpers, path: string): QemuTool['prefix'][] {
  const limits = prlimit === undefined ? [] : [prlimit, ...LIMITS, '--'];
  const alone = unshare === undefined ? [] : [unshare, ...NO_NETWORK, '--'];
  const bound = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
  const ways = [[...limits, ...alone, ...bound], [...limits, ...bound], limits, []];
  const plain = ways.filter((way, i) => i === 0 || way.length < (ways[i - 1]?.length ?? 0));
  const isOfSystem = SYSTEM_FOLDERS.some(folder => path.startsWith(`${folder}/`));
  return [
    ...(bubblewrap !== undefined && isOfSystem
      ? [(folder: string) => [...limits, bubblewrap, ...bubblewrapArguments(folder)]]
      : []),
    ...plain.map(way => () => way),
  ];
}

/** On Windows qemu-nbd serves no unix sockets that Node could reach. */
const SERVES_FILES = process.platform !== 'win32';

const found = new Map<string, Promise<QemuTool | undefined>>();

/**
 * The qemu-nbd to use: COWSCOPE_QEMU_NBD (a path, or a name on PATH) or `qemu-nbd` on PATH; undefined when there is
 * none that runs. Looked for once in a process for each value of the two variables. Rejects with TOO_MANY_FILES and the
 * like, and looks again the next time.
 */
export function findQemuNbd(environment: NodeJS.ProcessEnv = process.env): Promise<QemuTool | undefined> {
  const { name, searchPath } = wanted(environment);
  return remember(name, searchPath);
}

/** The version of the qemu-img on PATH; undefined where there is none that runs. */
export async function qemuImgVersion(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<QemuVersion | undefined> {
  const path = await findProgram('qemu-img', environment.PATH ?? '');
  if (path === undefined) return undefined;
  const answer = await askVersion([path]);
  return typeof answer === 'string' ? undefined : answer;
}

/** Whether there is a qemu-nbd to use, without starting it: it may still turn out not to run. */
export async function hasQemuNbd(environment: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const { name, searchPath } = wanted(environment);
  return SERVES_FILES && (await findProgram(name, searchPath)) !== undefined;
}

function wanted(environment: NodeJS.ProcessEnv): { readonly name: string; readonly searchPath: string } {
  return { name: environment.COWSCOPE_QEMU_NBD || 'qemu-nbd', searchPath: environment.PATH ?? '' };
}

/** True when `version` is major.minor or newer. */
export function atLeast(version: QemuVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

/**
 * The version in what a program of qemu prints for --version (its path, perhaps `version`, the number, and further
 * lines with the project's name); undefined for anything else.
 */
export function parseVersion(output: string): QemuVersion | undefined {
  const text = output.split('\n', 1)[0]?.trim() ?? '';
  const match = /\s(?:version\s)?(\d{1,4})\.(\d{1,4})(?:[.\s]|$)/.exec(text);
  if (match === null || !/qemu/i.test(output)) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), text };
}

function remember(name: string, searchPath: string): Promise<QemuTool | undefined> {
  const key = `${name}\0${searchPath}`;
  let tool = found.get(key);
  if (tool === undefined) {
    tool = findTool(name, searchPath);
    found.set(key, tool);
    tool.catch(() => found.delete(key));
  }
  return tool;
}

async function findTool(name: string, searchPath: string): Promise<QemuTool | undefined> {
  if (!SERVES_FILES) return undefined;
  const path = await findProgram(name, searchPath);
  if (path === undefined) return undefined;
  const [prlimit, bubblewrap, unshare, setpriv] = await Promise.all([
    findProgram('prlimit', searchPath),
    findProgram('bwrap', searchPath),
    findProgram('unshare', searchPath),
    findProgram('setpriv', searchPath),
  ]);
  // An unsuitable helper (an older one, a limit above the system's own) shows here and not when an image is opened.
  const ways = prefixes({ prlimit, bubblewrap, unshare, setpriv }, path);
  const first = await firstWay(ways, path);
  if (first === undefined || first.prefix === ways[0]) return first;
  // A program that failed for a moment must not lose its limits: what fails twice fails for a reason.
  return firstWay(ways, path);
}

/** The program with the first of these ways by which it tells its version. */
async function firstWay(ways: readonly QemuTool['prefix'][], path: string): Promise<QemuTool | undefined> {
  for (const prefix of ways) {
    const answer = await askVersion([...prefix(tmpdir()), path]);
    if (answer === 'silent') return undefined; // that says nothing of the helper: limits are not given up for it
    if (answer !== 'refused') return { path, version: answer, prefix };
  }
  return undefined;
}

/** Absolute path of a program; relative entries of PATH are not searched. */
async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  if (isAbsolute(name)) return (await isProgram(name)) ? name : undefined;
  if (name.includes('/')) return undefined;
  for (const folder of searchPath.split(delimiter).filter(isAbsolute)) {
    const path = join(folder, name);
    if (await isProgram(path)) return path;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** A version, or why there is none: see {@link VersionOutput}. */
type VersionAnswer = QemuVersion | Exclude<VersionOutput, { readonly text: string }>;

async function askVersion(command: readonly string[]): Promise<VersionAnswer> {
  const { versionOutput } = await import('./version-output.ts'); // what most commands do not need
  const output = await versionOutput(command);
  return typeof output === 'string' ? output : (parseVersion(output.text) ?? 'refused');
}
