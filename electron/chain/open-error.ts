/** Why a file was not opened, as errors with a code. */
import { CowscopeError, errorRecord, systemReason } from '../../shared/error.ts';
import { type BytePath, shownPath } from './byte-path.ts';
import type { FileKind } from './policy.ts';

/** Why the system did not open a file, and what helps. */
interface OpenFailure {
  readonly why: string;
  readonly advice: string;
}

const DENIED: OpenFailure = {
  why: 'permission denied',
  advice:
    'check the permissions of the file and of the folders above it, and security modules such as AppArmor',
};
const NO_DEVICE: OpenFailure = {
  why: 'there is no device behind this file',
  advice: 'attach the device, or load its driver',
};
const SERVER_SILENT: OpenFailure = {
  why: 'the server of its file system does not answer',
  advice: 'check the server and the network',
};

/** By the code of the system's error (open(2), path_resolution(7)). */
const FAILURES: ReadonlyMap<unknown, OpenFailure> = new Map([
  ['EACCES', DENIED],
  ['EPERM', DENIED],
  [
    'ELOOP',
    {
      why: 'its symbolic links lead in a circle, or there are too many of them',
      advice: 'see with `namei` where its links lead',
    },
  ],
  [
    'ENAMETOOLONG',
    {
      why: 'its path, or a name in it, is longer than the system allows',
      advice: 'name it by a shorter path, such as one that starts in its folder',
    },
  ],
  [
    'EIO',
    {
      why: 'the disk or the file system that holds it reports an input/output error',
      advice:
        'see what the log of the system says of that disk, and copy what can be read before anything else',
    },
  ],
  [
    'ESTALE',
    {
      why: 'the server of its file system no longer knows it (stale file handle)',
      advice: 'mount that file system again, and check whether the file was replaced',
    },
  ],
  ['ENXIO', NO_DEVICE],
  ['ENODEV', NO_DEVICE],
  ['ENOMEDIUM', { why: 'there is no medium in the drive', advice: 'insert the medium' }],
  ['ETIMEDOUT', SERVER_SILENT],
  ['EHOSTDOWN', SERVER_SILENT],
  ['EHOSTUNREACH', SERVER_SILENT],
]);

/**
 * The error for a file that the system would not let us look at or open: CHAIN_FILE_MISSING, CHAIN_FILE_UNREADABLE, or a
 * code of the program as a whole, such as TOO_MANY_FILES.
 */
export function notOpenedError(path: BytePath, cause: unknown): CowscopeError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const subject = shownPath(path);
  if (code === 'ENOENT')
    return missing(subject, 'no such file', 'check the path, or where the file was moved to', cause);
  if (code === 'ENOTDIR')
    return missing(
      subject,
      'no such file: a name before the last one is that of a file',
      'check the path',
      cause,
    );
  const record = errorRecord(cause);
  if (record.code !== 'SYSTEM_ERROR' && record.code !== 'INTERNAL')
    return new CowscopeError({ ...record, subject }, { cause });
  const { why, advice } = FAILURES.get(code) ?? {
    why: systemReason(cause),
    advice: 'look at what the system says is wrong',
  };
  const what = `the file could not be opened: ${why}`;
  return new CowscopeError({ code: 'CHAIN_FILE_UNREADABLE', what, subject, advice }, { cause });
}

function missing(subject: string, what: string, advice: string, cause: unknown): CowscopeError {
  return new CowscopeError({ code: 'CHAIN_FILE_MISSING', what, subject, advice }, { cause });
}

/** The error for something that is never opened. */
export function notAFile(path: BytePath, kind: FileKind): CowscopeError {
  const what = `this is a ${kind}, not an image`;
  const advice = 'open an image file or a block device';
  return new CowscopeError({ code: 'CHAIN_NOT_A_FILE', what, subject: shownPath(path), advice });
}

/** The error for a file whose length is not a number of ours. */
export function tooLarge(path: BytePath): CowscopeError {
  const what = 'the file is longer than 2^53 - 1 bytes';
  return new CowscopeError({ code: 'CHAIN_TOO_LARGE', what, subject: shownPath(path), advice: '' });
}

/** The error for a file that is another one than a moment before. */
export function fileChanged(path: BytePath): CowscopeError {
  return new CowscopeError({
    code: 'CHAIN_FILE_CHANGED',
    what: 'the file was replaced while it was being opened',
    subject: shownPath(path),
    advice: 'try again when nothing moves files there',
  });
}
