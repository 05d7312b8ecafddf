/**
 * Failures of the NBD client, by what they mean for the connection. docs/errors.md lists every code.
 */
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import { ERRNO } from './wire/protocol.ts';

/** What a failure ends, and whether trying again makes sense. */
interface Reach {
  /** Only the request failed: the connection goes on. Default false: the connection is gone, or never was. */
  readonly ofRequest?: boolean;
  /** A new connection may not meet the failure. Default false: it would end the same way. */
  readonly retryable?: boolean;
  /** The error number that the server answered a request with, else 0. */
  readonly errno?: number;
}

/** A failure of the NBD client. */
export class NbdError extends CowscopeError {
  /** Only the request failed: the connection goes on. */
  readonly ofRequest: boolean;
  /** A new connection may not meet the failure. */
  readonly retryable: boolean;
  /** The error number that the server answered a request with, else 0. */
  readonly errno: number;

  constructor(record: ErrorRecord, reach: Reach = {}, options?: ErrorOptions) {
    super(record, options);
    const { ofRequest = false, retryable = false, errno = 0 } = reach;
    this.ofRequest = ofRequest;
    this.retryable = retryable;
    this.errno = errno;
  }
}

/** Codes of messages that the protocol forbids: the server is broken or hostile, the connection ends. */
export type ProtocolErrorCode =
  | 'NBD_BAD_MAGIC'
  | 'NBD_BAD_REPLY'
  | 'NBD_OVERSIZE'
  | 'NBD_UNEXPECTED_BYTES'
  | 'NBD_BAD_COOKIE'
  | 'NBD_BAD_STATUS'
  | 'NBD_BAD_READ'
  | 'NBD_BAD_BLOCK_SIZE';

/** What to do about a server that broke the protocol. */
export const BROKEN_SERVER_ADVICE =
  'the server broke the NBD protocol; try another server or a newer version of it';

/**
 * The error of a message that the protocol forbids. Parsers do not know the server: the transport that carried the
 * message fills in the subject (see {@link withSubject}).
 */
export function protocolError(code: ProtocolErrorCode, what: string): NbdError {
  return new NbdError({ code, what, subject: '', advice: BROKEN_SERVER_ADVICE });
}

/** A failure that a new connection would meet again. */
export function fatalError(
  code: string,
  what: string,
  subject: string,
  advice: string,
  cause?: unknown,
): NbdError {
  return new NbdError({ code, what, subject, advice }, {}, { cause });
}

/** A failure that a new connection may not meet. */
export function retryableError(
  code: string,
  what: string,
  subject: string,
  advice: string,
  cause?: unknown,
): NbdError {
  return new NbdError({ code, what, subject, advice }, { retryable: true }, { cause });
}

/** The same error with its subject filled in where it was empty. Anything that is not an NbdError becomes one. */
export function withSubject(thrown: unknown, subject: string): NbdError {
  if (!(thrown instanceof NbdError)) return new NbdError(errorRecord(thrown), {}, { cause: thrown });
  if (thrown.subject !== '') return thrown;
  return new NbdError({ ...errorRecord(thrown), subject }, thrown, { cause: thrown });
}

/** The error of a request that the server answered with an error number and, perhaps, a text. */
export function requestError(errno: number, text: string, request: string, subject: string): NbdError {
  const said = text === '' ? '' : `: ${text}`;
  const name = Object.entries(ERRNO).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`;
  const what = `the server answered ${request} with ${name}${said}`;
  if (errno === ERRNO.ESHUTDOWN)
    return retryableError('NBD_SHUTTING_DOWN', what, subject, 'start the server again');
  const [code, advice] =
    errno === ERRNO.EIO
      ? ['NBD_IO_ERROR', 'the image is damaged there or its storage fails; the rest is still read']
      : ['NBD_REQUEST_REFUSED', 'the server does not allow this request; check its version and options'];
  return new NbdError({ code, what, subject, advice }, { ofRequest: true, errno });
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
