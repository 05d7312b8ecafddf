/**
 * What lies at a path that an image names, before there is consent to open it: consent is asked only for what exists.
 * Nothing is opened. Even a look can have effects elsewhere (an automounter mounts, a dead server blocks), so only
 * directories of local file systems are passed, and only on Linux, where the kernel lists what is mounted.
 */
import { lstat, open, readlink } from 'node:fs/promises';
import { type BytePath, fromBytes, systemPath } from './byte-path.ts';
import { kindOf } from './open-file.ts';
import type { FileKind } from './policy.ts';

/** `unseen` where it was not looked. */
export type InspectedKind = FileKind | 'missing' | 'unseen';

/** A mounted file system: where, and its type. */
export interface Mount {
  readonly path: BytePath;
  readonly type: string;
}

/** The kernel's list (proc_pid_mountinfo(5)). Where it is longer, it is not known what is mounted, and nothing is looked at. */
const MOUNTS = '/proc/self/mountinfo';
const MAX_MOUNTS_BYTES = 2 ** 20;

/** Links followed on the way: as many as Linux follows. */
const MAX_HOPS = 40;

/** Names looked up in all: a folder full of images whose paths go back and forth takes no longer. */
const MAX_LOOKS = 100_000;

/** File systems that answer from memory or a disk of this machine. That of the devices is none: no device is touched. */
const LOCAL: ReadonlySet<string> = new Set(
  'bcachefs btrfs erofs exfat ext2 ext3 ext4 f2fs hfsplus iso9660 jfs msdos ntfs ntfs3 overlay ramfs reiserfs rootfs squashfs tmpfs ubifs udf ufs vfat xfs zfs'.split(
    ' ',
  ),
);

/** Looks at paths without opening what lies there. */
export class PathInspector {
  #mounts: Promise<readonly Mount[]> | undefined;
  #left: number;

  /** At most `looks` names are looked up in all; paths that are asked for later are `unseen`. */
  constructor(looks = MAX_LOOKS) {
    this.#left = looks;
  }

  /** What lies at an absolute path, links followed. Never rejects. */
  async at(path: BytePath): Promise<InspectedKind> {
    this.#mounts ??= readMounts();
    const mounts = await this.#mounts;
    try {
      return await this.#walk(path, mounts);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unseen';
    }
  }

  /** One name after the other, so that no file system that is not local is reached through a link. */
  async #walk(path: BytePath, mounts: readonly Mount[]): Promise<InspectedKind> {
    const waiting = namesOf(path).reverse();
    let reached = ''; // without links
    let hops = 0;
    let kind: FileKind = 'folder';
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (kind !== 'folder') return 'missing';
      if (name === '..') {
        reached = reached.slice(0, Math.max(0, reached.lastIndexOf('/')));
        continue;
      }
      const next = `${reached}/${name}` as BytePath;
      if (!isLocal(next, mounts) || this.#left-- <= 0) return 'unseen';
      kind = kindOf(await lstat(systemPath(next), { bigint: true }));
      if (kind !== 'link') {
        reached = next;
        continue;
      }
      if (++hops > MAX_HOPS) return 'unseen';
      const target = fromBytes(await readlink(systemPath(next), { encoding: 'buffer' }));
      if (target.startsWith('/')) reached = '';
      for (const each of namesOf(target).reverse()) waiting.push(each);
      kind = 'folder';
    }
    return kind;
  }
}

function namesOf(path: BytePath): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}

/** True where the file system that holds a path is local, as far as the list of mounts tells. */
export function isLocal(path: BytePath, mounts: readonly Mount[]): boolean {
  return LOCAL.has(mountOf(path, mounts)?.type ?? '');
}

/** The file system that holds a path without links; undefined where the list does not tell. */
export function mountOf(path: BytePath, mounts: readonly Mount[]): Mount | undefined {
  let deepest: Mount | undefined;
  for (const mount of mounts) {
    const covers = mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`);
    // Of several on one place the last hides the others.
    if (covers && mount.path.length >= (deepest?.path.length ?? 0)) deepest = mount;
  }
  return deepest;
}

/** The file systems that are mounted, in the order of mounting; empty where that is not known. Never rejects. */
export async function readMounts(): Promise<readonly Mount[]> {
  if (process.platform !== 'linux') return [];
  try {
    const handle = await open(MOUNTS, 'r');
    try {
      const bytes = Buffer.alloc(MAX_MOUNTS_BYTES);
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
        length += bytesRead;
        if (length === bytes.length) return [];
        if (bytesRead === 0) return parseMounts(bytes.toString('latin1', 0, length));
      }
    } finally {
      await handle.close();
    }
  } catch {
    return []; // no /proc in this sandbox
  }
}

/** The mounts of a list in the form of mountinfo, one character a byte. */
export function parseMounts(list: string): Mount[] {
  return list.split('\n').flatMap(line => {
    const [before = '', after] = line.split(' - ', 2);
    const path = before.split(' ')[4];
    const type = after?.split(' ')[0];
    if (path === undefined || type === undefined) return [];
    const plain = path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    return [{ path: plain as BytePath, type }];
  });
}
