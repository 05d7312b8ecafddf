/** The private folder of a server's socket, and the removal of those that a process left behind when it was killed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CowscopeError, errorRecord } from '../../shared/error.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { killProcess } from './signal-child.ts';

/** Bytes of a socket's path: sun_path of unix(7) holds 108 with the closing NUL, 104 on BSD and macOS. */
const MAX_SOCKET_PATH_BYTES = 103;
/** What mkdtemp(3) makes of our template. */
const FOLDER_NAME = /^cow-[A-Za-z0-9]{6}$/;
const OWNER_FILE = 'owner';
/** Bytes of an owner file that one of ours has at most. */
const MAX_OWNER_BYTES = 4096;

/** How the variable begins by which whatever serves the socket of a folder, and what that starts, is known. */
const MARK = 'COWSCOPE_SOCKET_FOLDER=';

/** What the environment of a server has to say of its folder. */
export function folderMark(folder: string): Record<string, string> {
  return { COWSCOPE_SOCKET_FOLDER: folder };
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
  if (Buffer.byteLength(join(tmpdir(), 'cow-XXXXXX', 's')) > MAX_SOCKET_PATH_BYTES)
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
 * Ends what processes of ours that are gone have left running, and removes their folders: a process that is killed does
 * neither itself, and the system ends with it only what it started, not what a wrapper script started in turn. Folders of
 * other users, without a note of ours, or of another container are left alone. Never rejects.
 */
export async function removeStaleFolders(parent = tmpdir()): Promise<void> {
  const self = ownIdentity();
  if (self === undefined) return;
  const names = await readdir(parent).catch(() => []);
  const stale: string[] = [];
  for (const name of names)
    if (FOLDER_NAME.test(name) && (await isStale(join(parent, name), self))) stale.push(join(parent, name));
  if (stale.length > 0) await endServersOf(new Set(stale));
  for (const folder of stale) await rm(folder, { recursive: true, force: true }).catch(() => {});
}

/** Kills the processes that say in their environment that they serve one of these folders. */
async function endServersOf(folders: ReadonlySet<string>): Promise<void> {
  const names = await readdir('/proc').catch(() => []);
  for (const name of names) {
    if (!/^[0-9]+$/.test(name)) continue;
    // Those of other users cannot be read.
    const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    const marked = environment.split('\0').find(entry => entry.startsWith(MARK));
    if (marked === undefined || !folders.has(marked.slice(MARK.length))) continue;
    killProcess(Number(name));
  }
}

async function isStale(folder: string, self: ProcessIdentity): Promise<boolean> {
  try {
    const stat = await lstat(folder);
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) return false;
    const note = await lstat(join(folder, OWNER_FILE));
    if (!note.isFile() || note.size > MAX_OWNER_BYTES) return false;
    const { pid, started, boot, space } = JSON.parse(
      await readFile(join(folder, OWNER_FILE), 'utf8'),
    ) as ProcessIdentity;
    if (typeof boot !== 'string' || !Number.isSafeInteger(pid) || pid <= 0) return false;
    if (boot !== self.boot) return true;
    if (space !== self.space) return false;
    return !(await isRunning({ pid, started }));
  } catch {
    return false;
  }
}
