/** Opens a file once, read-only, after a look at what it is, and tells its sizes. */
import { type BigIntStats, constants, readFileSync, readSync } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { CowscopeError } from '../../shared/error.ts';
import { MAX_OFFSET } from '../../shared/extent/table.ts';
import type { BytePath } from './byte-path.ts';
import { fileChanged, notAFile, notOpenedError, tooLarge } from './open-error.ts';
import type { PinnedFolder } from './pinned-folder.ts';
import { canHoldImage, type FileKind } from './policy.ts';

/** A file that is open for reading until its handle is closed. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly device: boolean;
  /** Length in bytes; of a block device its size. */
  readonly size: number;
  /** Bytes that it occupies on its disk; -1 where unknown. */
  readonly allocated: number;
  /** When it was modified last, in nanoseconds since 1970. */
  readonly modifiedNs: bigint;
  /** Where its inode lies: device number and inode number, as stat gives them. */
  readonly dev: bigint;
  readonly ino: bigint;
  /** Equal for two files exactly when they are the same. */
  readonly identity: string;
}

/** The latest time that a Date can be, in milliseconds since 1970; some file systems keep later ones. */
const MAX_TIME_MS = 8_640_000_000_000_000;

/** When a file was last changed, in milliseconds since 1970; undefined where that says nothing, as of a device. */
export function modifiedTime({ device, modifiedNs }: OpenFile): number | undefined {
  const time = Number(modifiedNs / 1_000_000n);
  return device || time < 0 || time > MAX_TIME_MS ? undefined : time;
}

/** Never blocks, never becomes the terminal of this process, never follows a link that was put there in between. */
const FLAGS =
  constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** An entry of a folder that stays the same one. */
export interface FolderEntry {
  readonly folder: PinnedFolder;
  readonly name: BytePath;
  /** Its path, for messages. */
  readonly path: BytePath;
}

/** What an entry is; a link is not followed. Rejects as {@link openFile} does. */
export async function kindOfEntry(entry: FolderEntry): Promise<FileKind> {
  return kindOf(await statEntry(entry));
}

/** True where an entry is a regular file or block device, and another one than `file`. Never rejects. */
export async function isOtherFile(entry: FolderEntry, file: OpenFile): Promise<boolean> {
  try {
    const stat = await statEntry(entry);
    return canHoldImage(kindOf(stat)) && !(stat.dev === file.dev && stat.ino === file.ino);
  } catch {
    return false;
  }
}

/**
 * Opens the file that an entry is. Nothing that can block or act is ever opened, and no link is followed.
 * Rejects with CHAIN_FILE_MISSING, CHAIN_FILE_UNREADABLE, CHAIN_NOT_A_FILE or, when it is another one than a moment
 * before, CHAIN_FILE_CHANGED.
 */
export async function openFile(entry: FolderEntry): Promise<OpenFile> {
  const { folder, name, path } = entry;
  const before = await statEntry(entry);
  const kind = kindOf(before);
  if (!canHoldImage(kind)) throw notAFile(path, kind);
  let handle: FileHandle;
  try {
    handle = await open(folder.entry(name), FLAGS);
  } catch (error) {
    throw notOpenedError(path, error);
  }
  try {
    const stat = await handle.stat({ bigint: true });
    if (kindOf(stat) !== kind || stat.dev !== before.dev || stat.ino !== before.ino) throw fileChanged(path);
    await folder.verify();
    const device = kind === 'block device';
    const size = device ? deviceSize(stat, handle.fd) : Number(stat.size);
    if (size > MAX_OFFSET) throw tooLarge(path);
    return {
      handle,
      device,
      size,
      allocated: device || stat.blocks === undefined ? -1 : Number(stat.blocks) * 512,
      modifiedNs: stat.mtimeNs,
      dev: stat.dev,
      ino: stat.ino,
      identity: device ? `device ${stat.rdev}` : `${stat.dev} ${stat.ino}`,
    };
  } catch (error) {
    await handle.close();
    throw error instanceof CowscopeError ? error : notOpenedError(path, error);
  }
}

async function statEntry({ folder, name, path }: FolderEntry): Promise<BigIntStats> {
  try {
    return await lstat(folder.entry(name), { bigint: true });
  } catch (error) {
    throw notOpenedError(path, error);
  }
}

/** What a stat says that a file is. */
export function kindOf(stat: BigIntStats): FileKind {
  if (stat.isFile()) return 'file';
  if (stat.isBlockDevice()) return 'block device';
  if (stat.isDirectory()) return 'folder';
  if (stat.isFIFO()) return 'FIFO';
  if (stat.isSocket()) return 'socket';
  if (stat.isCharacterDevice()) return 'character device';
  return stat.isSymbolicLink() ? 'link' : 'unknown';
}

/** The two parts of a device number of Linux: makedev(3) of the GNU C library. */
export function deviceNumbers(dev: bigint): { major: bigint; minor: bigint } {
  return {
    major: ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n),
    minor: (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n),
  };
}

/** Size of a block device: its stat says 0, and Node has no ioctl. */
function deviceSize(stat: BigIntStats, fd: number): number {
  const { major, minor } = deviceNumbers(stat.rdev);
  try {
    const sectors = Number(readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'utf8'));
    if (Number.isSafeInteger(sectors)) return sectors * 512;
  } catch {
    // not Linux, or no /sys in this container
  }
  const one = Buffer.alloc(512);
  return probeSize(offset => readSync(fd, one, 0, 512, offset) === 512);
}

/** Bytes that can be read, in whole sectors of 512, by halving; `readable` tells whether the sector at an offset is. */
export function probeSize(readable: (offset: number) => boolean): number {
  const can = (sector: number) => {
    try {
      return readable(sector * 512);
    } catch {
      return false; // some systems report an error past the end
    }
  };
  let end = 1; // the first sector not known to be readable, once `can` has failed there
  while (can(end - 1) && end < 2 ** 43) end *= 2;
  let start = Math.floor(end / 2);
  while (start < end) {
    const middle = start + Math.floor((end - start) / 2);
    if (can(middle)) start = middle + 1;
    else end = middle;
  }
  return start * 512;
}
