/** Why a file was not opened, as errors with a code. */
import { CowscopeError, errorRecord, systemReason } from '../../shared/error.ts';
import { type BytePath, shownPath } from './byte-path.ts';
import type { FileKind } from './policy.ts';

/** The error for a file that the system would not let us look at or open. */
export function notOpenedError(path: BytePath, cause: unknown): CowscopeError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const subject = shownPath(path);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new CowscopeError(
      {
        code: 'CHAIN_FILE_MISSING',
        what: 'no such file',
        subject,
        advice: 'check the path, or where the file was moved to',
      },
      { cause },
    );
  const why = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ELOOP: 'its links lead in a circle',
  };
  const record = errorRecord(cause);
  if (record.code !== 'SYSTEM_ERROR' && record.code !== 'INTERNAL')
    return new CowscopeError({ ...record, subject }, { cause });
  const what = `the file could not be opened: ${why[code as keyof typeof why] ?? systemReason(cause)}`;
  const advice = 'check its permissions, and the disk that holds it';
  return new CowscopeError({ code: 'CHAIN_FILE_UNREADABLE', what, subject, advice }, { cause });
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
