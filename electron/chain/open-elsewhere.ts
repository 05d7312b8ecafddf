/** Which programs of this machine have a file open, as far as this user may see (proc_pid_fd(5)). */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import type { BytePath } from './byte-path.ts';

/** Descriptors that are looked at, and programs that are named. */
const MAX_DESCRIPTORS = 100_000;
const MAX_PROGRAMS = 5;

/** A file by its inode and the path by which it was opened here. */
interface SoughtFile {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly path: BytePath;
}

/**
 * Programs that have the file open, such as `qemu-io (process 1234)`, never this one. Empty where none can be seen: other
 * users' programs are hidden, and other systems have no such list. Never rejects.
 */
export async function programsWithFile(file: SoughtFile): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [];
  const programs: string[] = [];
  let looked = 0;
  const processes = await readdir('/proc').catch(() => []);
  for (const pid of processes.filter(name => /^\d+$/.test(name) && name !== String(process.pid))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    looked += descriptors.length;
    if (programs.length >= MAX_PROGRAMS || looked > MAX_DESCRIPTORS) break;
    for (const descriptor of descriptors) {
      if (!(await leadsTo(`/proc/${pid}/fd/${descriptor}`, file))) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      programs.push(`${escapeUntrusted(name.trim() || 'a program')} (process ${pid})`);
      break;
    }
  }
  return programs;
}

/**
 * True where a descriptor is that file. Only those whose path ends with its name are followed, because a look at any
 * other may wait for a file system that does not answer.
 */
async function leadsTo(descriptor: string, { dev, ino, path }: SoughtFile): Promise<boolean> {
  try {
    const target = await readlink(descriptor, { encoding: 'buffer' });
    if (basename(target.toString('latin1')) !== basename(path)) return false;
    const found = await stat(descriptor, { bigint: true });
    return found.dev === dev && found.ino === ino;
  } catch {
    return false; // it was closed meanwhile, or belongs to another user
  }
}
