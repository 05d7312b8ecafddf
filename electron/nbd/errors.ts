/**
 * Failures of the NBD client, by what they mean for the connection. docs/errors.md lists every code.
 */
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import { ERRNO } from './wire/protocol.ts';

/**
 * request: this request failed, the connection goes on.
 * retry: the connection is gone, a new one may do better.
 * final: the connection is gone (or never was), and a new one would end the same way.
 */
export type NbdConsequence = 'request' | 'retry' | 'final';

/** A failure of the NBD client. `errno` is the server's error number for consequence `request`, else 0. */
export class NbdError extends CowscopeError {
  readonly consequence: NbdConsequence;
  readonly errno: number;

  constructor(record: ErrorRecord, consequence: NbdConsequence, errno = 0, options?: ErrorOptions) {
    super(record, options);
    this.consequence = consequence;
    this.errno = errno;
  }
}

/** Codes of messages that the protocol forbids: the server is broken or hostile, the connection ends. */
export type ViolationCode =
  | 'NBD_BAD_MAGIC'
  | 'NBD_BAD_REPLY'
  | 'NBD_OVERSIZE'
  | 'NBD_UNEXPECTED_BYTES'
  | 'NBD_BAD_COOKIE'
  | 'NBD_BAD_STATUS'
  | 'NBD_BAD_READ'
  | 'NBD_BAD_BLOCK_SIZE';

/**
 * The error of a message that the protocol forbids. The subject is filled in by the link that carried the message
 * (see {@link withSubject}); parsers do not know it.
 */
export function violation(code: ViolationCode, what: string): NbdError {
  const advice = 'the server broke the NBD protocol; try another server or a newer version of it';
  return new NbdError({ code, what, subject: '', advice }, 'final');
}

/** A failure that a new connection would meet again. */
export function fatalError(
  code: string,
  what: string,
  subject: string,
  advice: string,
  cause?: unknown,
): NbdError {
  return new NbdError({ code, what, subject, advice }, 'final', 0, { cause });
}

/** A failure that a new connection may not meet. */
export function retryableError(
  code: string,
  what: string,
  subject: string,
  advice: string,
  cause?: unknown,
): NbdError {
  return new NbdError({ code, what, subject, advice }, 'retry', 0, { cause });
}

/** The same error with its subject filled in where it was empty. Anything else thrown is a fault of ours: INTERNAL. */
export function withSubject(thrown: unknown, subject: string): NbdError {
  if (!(thrown instanceof NbdError)) return new NbdError(errorRecord(thrown), 'final', 0, { cause: thrown });
  if (thrown.subject !== '') return thrown;
  const { code, what, advice, consequence, errno } = thrown;
  return new NbdError({ code, what, subject, advice }, consequence, errno, { cause: thrown });
}

/** The error of a request that the server answered with an error number and, maybe, a text of its own. */
export function requestError(errno: number, text: string, request: string, subject: string): NbdError {
  const said = text === '' ? '' : `: ${text}`;
  const name = Object.entries(ERRNO).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`;
  const what = `the server answered ${request} with ${name}${said}`;
  if (errno === ERRNO.ESHUTDOWN) {
    return retryableError('NBD_SHUTTING_DOWN', what, subject, 'start the server again');
  }
  if (errno === ERRNO.EIO) {
    const advice = 'the image is damaged there or its storage fails; the rest is still read';
    return new NbdError({ code: 'NBD_IO_ERROR', what, subject, advice }, 'request', errno);
  }
  const advice = 'the server does not allow this request; check its version and options';
  return new NbdError({ code: 'NBD_REQUEST_REFUSED', what, subject, advice }, 'request', errno);
}

/** The error of an operation that was cancelled by its signal. */
export function cancelled(subject: string): NbdError {
  return fatalError('CANCELLED', 'the operation was cancelled', subject, '');
}

/** The error of asking for status where the server granted no context. */
export function noStatus(subject: string): NbdError {
  const advice = 'serve the image with qemu-nbd, or with a plugin of nbdkit that knows extents';
  return fatalError('NBD_NO_STATUS', 'the server cannot tell what is allocated', subject, advice);
}

/** Text from a server made safe to print: at most 256 characters, control and formatting characters as `?`. */
export function serverText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 1024));
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').trim();
  return clean.length > 256 ? `${clean.slice(0, 255)}…` : clean;
}
