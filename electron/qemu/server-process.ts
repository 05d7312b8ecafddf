/** A child process that serves a socket in a private folder; whatever happens, both go together. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { errorRecord } from '../../shared/error.ts';
import { putOnGuard } from './server-guard.ts';
import { signalGroup } from './signal-child.ts';
import { folderMark, makeSocketFolder, removeStaleFolders } from './socket-folder.ts';

/** How a server ended. */
export interface ServerEnd {
  /** Its exit code; undefined when it was killed or never ran. */
  readonly code: number | undefined;
  /** The signal that killed it, empty when none did. */
  readonly signal: string;
  /** Why it could not be run at all, empty when it ran. */
  readonly failure: string;
  /** The last of what it wrote to standard error. Untrusted text. */
  readonly stderr: string;
}

/** A started server. */
export interface ServerProcess {
  readonly socket: string;
  /** Undefined when the system could not start it. */
  readonly pid: number | undefined;
  /** Resolves, and never rejects, when the process is gone and its folder removed. */
  readonly exited: Promise<ServerEnd>;
  /** Ends this process and what it started: politely with a grace in milliseconds, or at once with 0. May be called again. */
  end(grace: number): Promise<ServerEnd>;
}

/** Characters kept of a child's standard error: the last words hold the reason, and a damaged image makes floods. */
const STDERR_KEPT_BYTES = 16_384;

const running = new Map<ChildProcess, string>();

/** Last resort when this process exits with servers still up: nothing asynchronous works any more. */
function endAllNow(): void {
  for (const [child, folder] of running) {
    signalGroup(child, 'SIGKILL');
    try {
      // It may be making its socket at this very moment.
      rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 10 });
    } catch {
      // an empty folder is no reason to end with an error
    }
  }
}

let unguard: (() => void) | undefined;

/** To be called before anything is made that has to be removed again. */
function stayOnGuard(): void {
  if (unguard !== undefined) return;
  process.on('exit', endAllNow);
  unguard = putOnGuard(endAllNow);
}

let hasLookedForStale = false;

/** What a process of ours left behind when it was killed goes with the first server of this one. */
function removeStaleOnce(): void {
  if (hasLookedForStale) return;
  hasLookedForStale = true;
  void removeStaleFolders();
}

/** Stands down where no server is left. */
function standDown(): void {
  if (running.size > 0) return;
  process.off('exit', endAllNow);
  unguard?.();
  unguard = undefined;
}

function forget(child: ChildProcess): void {
  running.delete(child);
  standDown();
}

/**
 * Starts a server. `command` is made from its private folder, `args` from the path of the socket that it is to serve
 * there; `files` become its descriptors 3, 4 and so on. Messages are in English whatever the person's language, because
 * they are read here. A server that is to `lowPriority` runs at low priority where the system supports it. Throws
 * QEMU_SOCKET_FOLDER. `exited` reports anything else that goes wrong.
 */
export function startServer(
  command: (folder: string) => readonly string[],
  args: (socket: string) => readonly string[],
  files: readonly number[],
  lowPriority = false,
): ServerProcess {
  stayOnGuard();
  let folder: string;
  try {
    folder = makeSocketFolder();
    removeStaleOnce();
  } catch (error) {
    standDown();
    throw error;
  }
  const socket = join(folder, 's');
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES, ...inherited } = process.env; // meant for us, not for a child
  let child: ChildProcess;
  try {
    const [program = '', ...rest] = [...command(folder), ...args(socket)];
    child = spawn(program, rest, {
      stdio: ['ignore', 'ignore', 'pipe', ...files],
      env: { ...inherited, LC_ALL: 'C', ...folderMark(folder) },
      cwd: folder, // where no relative name means anything
      detached: true, // in a group with what it starts: a wrapper script may leave qemu-nbd running
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    standDown();
    const end = { code: undefined, signal: '', failure: errorRecord(error).what, stderr: '' };
    const exited = Promise.resolve(end);
    return { socket, pid: undefined, exited, end: () => exited };
  }
  running.set(child, folder);
  if (lowPriority && child.pid !== undefined) yieldCores(child.pid);

  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT_BYTES);
  });
  let failure = '';
  child.on('error', error => {
    failure ||= error.message;
  });
  let over = false;
  const exited = new Promise<ServerEnd>(resolve => {
    // A child that could not be started has no pid and, where its pipes were never opened, no close event either.
    const finish = (code: number | null, signal: string | null) => {
      if (over) return;
      over = true;
      // In other turns: a window that is drawn in this thread does not wait for the disk, nor the next server's start.
      void rm(folder, { recursive: true, force: true })
        .catch(() => {}) // an empty folder is no reason to fail
        .then(() => {
          forget(child);
          resolve({ ...endOf(code, signal), failure, stderr });
        });
    };
    child.once('exit', () => signalGroup(child, 'SIGKILL')); // what it started holds its pipes open
    child.once('close', finish);
    if (child.pid === undefined) child.once('error', () => finish(null, null));
  });

  const end = async (grace: number): Promise<ServerEnd> => {
    if (over) return exited;
    signalGroup(child, grace === 0 ? 'SIGKILL' : 'SIGTERM');
    if (grace === 0) return exited;
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), grace);
    try {
      return await exited;
    } finally {
      clearTimeout(timer);
    }
  };
  return { socket, pid: child.pid, exited, end };
}

/** A program that starts another one ends with 128 and the number of the signal that killed that one. */
function endOf(code: number | null, signal: string | null): Pick<ServerEnd, 'code' | 'signal'> {
  const passedOn = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
  if (passedOn !== undefined) return { code: undefined, signal: passedOn };
  return { code: code ?? undefined, signal: signal ?? '' };
}

function yieldCores(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // it has ended already, or the system does not let us
  }
}
