/**
 * The real tools that tests compare with: qemu-img, qemu-io, qemu-nbd and nbdinfo, as argument arrays and never through
 * a shell. A missing tool fails the test with its name. Folders and servers made here end with the test file.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalChild } from '../../electron/qemu/signal-child.ts';

const folders: string[] = [];
const servers = new Set<ChildProcess>();

function cleanUp(): void {
  for (const server of servers) signalChild(server, 'SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  servers.clear();
  folders.length = 0;
}

// Under vitest one module instance serves one test file; elsewhere (Playwright, scripts) it serves one process.
if (process.env.VITEST) (await import('vitest')).afterAll(cleanUp);
else process.once('exit', cleanUp);

/** What a finished command left behind. `code` is its exit code. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** How to run a command. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Written to its standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  /** Milliseconds before it is killed and the test fails. Default 60 000. */
  readonly timeout?: number;
}

/** The result of a command, whatever its exit code. Rejects when it is missing, killed or too slow. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const { input = '', timeout = 60_000, ...rest } = options;
  const limits = { timeout, killSignal: 'SIGKILL', maxBuffer: 256 * 2 ** 20, encoding: 'utf8' } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { ...limits, ...rest }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ stdout, stderr, code });
      else
        reject(failure(command, args, code === 'ENOENT' ? missing(command) : `${error?.message}\n${stderr}`));
    });
    child.stdin?.on('error', () => {}); // a command may end without reading its input
    child.stdin?.end(input);
  });
}

/** The standard output of a command that must succeed. Rejects with its standard error otherwise. */
export async function runWell(
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { stdout, stderr, code } = await run(command, args, options);
  if (code !== 0) throw failure(command, args, `exit code ${code}\n${stderr}${stdout}`);
  return stdout;
}

function failure(command: string, args: readonly string[], why: string): Error {
  return new Error(`${[command, ...args].join(' ')}: ${why}`);
}

function missing(command: string): string {
  return `${command} is not installed (Debian and Ubuntu: qemu-utils, libnbd-bin, nbdkit); tests never do without it`;
}

/** A new private folder with a short path, removed after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cow-'));
  folders.push(folder);
  return folder;
}

/** Makes a folder of that name in `parent`, and returns its path. */
export async function makeFolder(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  return path;
}

/** The output of `qemu-img ...args`, which must succeed; use {@link run} where an exit code is of interest. */
export function qemuImg(...args: readonly string[]): Promise<string> {
  return runWell('qemu-img', args);
}

/** The output of qemu-io commands such as `write -P1 0 64k`, run in one process on a qcow2 or raw file. */
export async function qemuIo(file: string, ...commands: readonly string[]): Promise<string> {
  return runWell('qemu-io', ['-f', await formatOf(file), ...commands.flatMap(c => ['-c', c]), file]);
}

async function formatOf(file: string): Promise<'qcow2' | 'raw'> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.readUInt32BE(0) === 0x514649fb ? 'qcow2' : 'raw';
  } finally {
    await handle.close();
  }
}

/** A running qemu-nbd. */
export interface QemuNbd {
  readonly socket: string;
  readonly uri: string;
  readonly pid: number;
  /** Resolves when the process has ended; may be called again. */
  stop(): Promise<void>;
}

/** How to serve. */
export interface QemuNbdOptions {
  /** Default: the empty name. */
  readonly exportName?: string;
  /** The program, for a newer qemu-nbd. Default `qemu-nbd`. */
  readonly command?: string;
}

/**
 * A read-only qemu-nbd on a private unix socket for any number of clients, e.g. `startQemuNbd(['-A', '-f', 'qcow2', path])`.
 * Ready when its 18-byte greeting has arrived; rejects with its standard error when it ends first.
 */
export async function startQemuNbd(
  args: readonly string[],
  { exportName = '', command = 'qemu-nbd' }: QemuNbdOptions = {},
): Promise<QemuNbd> {
  const socket = join(temporaryFolder(), 's');
  const serving = ['-r', '-t', '-e', '0', '-k', socket, '-x', exportName, ...args];
  const child = spawn(command, serving, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr = (stderr + text).slice(-65_536);
  });
  const ended = new Promise<string>(resolve => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? missing(command) : error.message),
    );
    child.once('close', (code, signal) => resolve(`ended with ${signal ?? code}\n${stderr}`));
  });
  servers.add(child);
  void ended.then(() => servers.delete(child));

  const stop = async () => {
    signalChild(child, 'SIGTERM');
    const grace = setTimeout(() => signalChild(child, 'SIGKILL'), 2000);
    await ended;
    clearTimeout(grace);
  };
  if (!(await greeting(socket, child))) {
    signalChild(child, 'SIGKILL');
    throw failure(command, serving, await ended);
  }
  const uri = `nbd+unix:///${encodeURIComponent(exportName)}?socket=${socket}`;
  return { socket, uri, pid: child.pid as number, stop };
}

/** True when a server has greeted on the socket; false when the child is gone or 10 seconds have passed. */
async function greeting(socket: string, child: ChildProcess): Promise<boolean> {
  const giveUp = Date.now() + 10_000;
  while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    if (await greets(socket)) return true;
    if (Date.now() > giveUp) return false;
    await sleep(5);
  }
  return false;
}

async function greets(path: string): Promise<boolean> {
  const link = connect(path);
  link.setTimeout(5000, () => link.destroy());
  let received = 0;
  try {
    for await (const bytes of link) {
      received += (bytes as Buffer).length;
      if (received >= 18) return true;
    }
  } catch {
    // not listening yet
  } finally {
    link.destroy();
  }
  return false;
}

/** One row of `nbdinfo --map --json`; offset and length in bytes. */
export interface NbdinfoExtent {
  readonly offset: number;
  readonly length: number;
  readonly type: number;
  readonly description: string;
}

/** The array that `nbdinfo --map=CONTEXT --json URI` prints. */
export async function nbdinfoMap(uri: string, context: string): Promise<NbdinfoExtent[]> {
  return JSON.parse(await runWell('nbdinfo', [`--map=${context}`, '--json', uri]));
}

/** SHA-256 of a file's content, in hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = createReadStream(path);
  file.on('data', bytes => hash.update(bytes));
  await once(file, 'end');
  return hash.digest('hex');
}

/** Command lines of the processes that name `text` in their environment. */
export async function processesWith(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const found = ids.map(async id => {
    const environment = await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '');
    return environment.includes(text) ? [await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => id)] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Those that are left of {@link processesWith} after a few seconds at most: the system takes a moment to bury a killed child. */
export async function processesLeft(text: string): Promise<string[]> {
  for (const end = Date.now() + 5000; Date.now() < end; await sleep(10))
    if ((await processesWith(text)).length === 0) return [];
  return processesWith(text);
}
