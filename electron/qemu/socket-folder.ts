/** The private folder of a server's socket, and the removal of those that a process left behind when it was killed. */
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CowscopeError, errorRecord } from '../../shared/error.ts';

/** Bytes of a socket's path: sun_path of unix(7) holds 108 with the closing NUL, 104 on BSD and macOS. */
const MAX_SOCKET_PATH = 103;
/** What mkdtemp(3) makes of our template. */
const FOLDER_NAME = /^cow-[A-Za-z0-9]{6}$/;
const OWNER_FILE = 'owner';
/** Bytes of an owner file that one of ours has at most. */
const MAX_OWNER_BYTES = 4096;

/** The process that made a folder, in a way that no later process shares. */
interface Owner {
  readonly pid: number;
  /** Clock ticks from the start of the system to that of the process. */
  readonly started: string;
  /** Names the run of the system. */
  readonly boot: string;
  /** Names the space of process numbers: a container has one of its own. */
  readonly space: string;
}

/** This process; undefined where the system does not tell. */
function ownIdentity(): Owner | undefined {
  try {
    return {
      pid: process.pid,
      started: startOf(readFileSync('/proc/self/stat', 'utf8')),
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      space: readlinkSync('/proc/self/ns/pid'),
    };
  } catch {
    return undefined;
  }
}

/** Field 22 of proc(5) stat; the name in parentheses before it may hold anything. */
function startOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/**
 * A new folder that only this user can enter, with a note of who made it. Throws QEMU_SOCKET_FOLDER when none can be
 * made, or only one with a path too long for a socket.
 */
export function makeSocketFolder(): string {
  const failure = (what: string) =>
    new CowscopeError({
      code: 'QEMU_SOCKET_FOLDER',
      what,
      subject: tmpdir(),
      advice: 'set TMPDIR to a folder that can be written to and has a short path, such as /tmp',
    });
  if (Buffer.byteLength(join(tmpdir(), 'cow-XXXXXX', 's')) > MAX_SOCKET_PATH)
    throw failure('the path of the folder for temporary files is too long for a socket');
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'cow-')); // mkdtemp(3) makes it with mode 0700
    const owner = ownIdentity();
    if (owner !== undefined) writeFileSync(join(folder, OWNER_FILE), JSON.stringify(owner), { flag: 'wx' });
    return folder;
  } catch (error) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    throw failure(`no folder for a socket could be made: ${errorRecord(error).what}`);
  }
}

/**
 * Removes the folders of processes of ours that are gone: a process that is killed removes nothing itself. Folders of
 * other users, without a note of ours, or of another container are left alone. Never rejects.
 */
export async function removeStaleFolders(parent = tmpdir()): Promise<void> {
  const self = ownIdentity();
  if (self === undefined) return;
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    if (!FOLDER_NAME.test(name)) continue;
    const folder = join(parent, name);
    if (await isStale(folder, self)) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

async function isStale(folder: string, self: Owner): Promise<boolean> {
  try {
    const stat = await lstat(folder);
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) return false;
    const note = await lstat(join(folder, OWNER_FILE));
    if (!note.isFile() || note.size > MAX_OWNER_BYTES) return false;
    const { pid, started, boot, space } = JSON.parse(
      await readFile(join(folder, OWNER_FILE), 'utf8'),
    ) as Owner;
    if (typeof boot !== 'string' || !Number.isSafeInteger(pid) || pid <= 0) return false;
    if (boot !== self.boot) return true;
    if (space !== self.space) return false;
    const running = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    return running === undefined || startOf(running) !== started;
  } catch {
    return false;
  }
}
