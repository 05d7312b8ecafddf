/** Opens a file once, read-only, after a look at what it is, and tells its sizes. */
import { type BigIntStats, constants, readFileSync, readSync } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { CowscopeError, errorRecord } from '../../shared/error.ts';
import { MAX_OFFSET } from '../../shared/extent/table.ts';
import { type BytePath, shownPath, systemPath } from './byte-path.ts';
import { canHoldImage, type FileKind } from './policy.ts';

/** A file that is open for reading until its handle is closed. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly device: boolean;
  /** Length in bytes; of a block device its size. */
  readonly size: number;
  /** Bytes that it occupies on its disk; -1 where unknown. */
  readonly allocated: number;
  /** Where its inode lies: device number and inode number, as stat gives them. */
  readonly dev: bigint;
  readonly ino: bigint;
  /** Equal for two files exactly when they are the same. */
  readonly identity: string;
}

/** Never blocks, never becomes the terminal of this process, never follows a link that was put there meanwhile. */
const FLAGS =
  constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** What a path without links leads to. Rejects as {@link openFile} does. */
export async function kindAt(path: BytePath): Promise<FileKind> {
  return kindOf(await looked(path));
}

/**
 * Opens the file at a real path (one without links). Nothing that can block or act is ever opened.
 * Rejects with CHAIN_FILE_MISSING, CHAIN_FILE_UNREADABLE, CHAIN_NOT_A_FILE or, when the path leads elsewhere than a
 * moment before, CHAIN_FILE_CHANGED.
 */
export async function openFile(path: BytePath): Promise<OpenFile> {
  const before = await looked(path);
  const kind = kindOf(before);
  if (!canHoldImage(kind)) throw notAFile(path, kind);
  let handle: FileHandle;
  try {
    handle = await open(systemPath(path), FLAGS);
  } catch (error) {
    throw unopened(path, error);
  }
  try {
    const stat = await handle.stat({ bigint: true });
    if (kindOf(stat) !== kind || stat.dev !== before.dev || stat.ino !== before.ino)
      throw new CowscopeError({
        code: 'CHAIN_FILE_CHANGED',
        what: 'the file was replaced while it was being opened',
        subject: shownPath(path),
        advice: 'try again when nothing moves files there',
      });
    const device = kind === 'block device';
    const size = device ? deviceSize(stat, handle.fd) : Number(stat.size);
    if (size > MAX_OFFSET) throw tooLarge(path);
    return {
      handle,
      device,
      size,
      allocated: device || stat.blocks === undefined ? -1 : Number(stat.blocks) * 512,
      dev: stat.dev,
      ino: stat.ino,
      identity: device ? `device ${stat.rdev}` : `${stat.dev} ${stat.ino}`,
    };
  } catch (error) {
    await handle.close();
    throw error instanceof CowscopeError ? error : unopened(path, error);
  }
}

async function looked(path: BytePath): Promise<BigIntStats> {
  try {
    return await lstat(systemPath(path), { bigint: true });
  } catch (error) {
    throw unopened(path, error);
  }
}

function kindOf(stat: BigIntStats): FileKind {
  if (stat.isFile()) return 'file';
  if (stat.isBlockDevice()) return 'block device';
  if (stat.isDirectory()) return 'folder';
  if (stat.isFIFO()) return 'FIFO';
  if (stat.isSocket()) return 'socket';
  if (stat.isCharacterDevice()) return 'character device';
  return stat.isSymbolicLink() ? 'link' : 'unknown';
}

/** The error for a file that the system would not let us look at or open. */
export function unopened(path: BytePath, cause: unknown): CowscopeError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const subject = shownPath(path);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new CowscopeError(
      {
        code: 'CHAIN_FILE_MISSING',
        what: 'the file does not exist',
        subject,
        advice: 'look where it was moved to',
      },
      { cause },
    );
  const why = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ELOOP: 'its links lead in a circle',
  };
  const reason = why[code as keyof typeof why] ?? errorRecord(cause).what;
  const what = `the file could not be opened: ${reason}`;
  const advice = 'check its permissions, and the disk that holds it';
  return new CowscopeError({ code: 'CHAIN_FILE_UNREADABLE', what, subject, advice }, { cause });
}

function notAFile(path: BytePath, kind: FileKind): CowscopeError {
  const what = `this is a ${kind}, which is never opened`;
  const advice = 'name an image file or a block device';
  return new CowscopeError({ code: 'CHAIN_NOT_A_FILE', what, subject: shownPath(path), advice });
}

function tooLarge(path: BytePath): CowscopeError {
  const what = 'the file is longer than 2^53 - 1 bytes';
  return new CowscopeError({ code: 'CHAIN_TOO_LARGE', what, subject: shownPath(path), advice: '' });
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
