/**
 * The byte stream to a server: a TCP or unix socket, later maybe wrapped in TLS. A link fails once, with one error;
 * after that nothing is sent or delivered and no socket or timer is left.
 */
import { connect, type Socket } from 'node:net';
import { cancelled, fatalError, type NbdError, retryableError, withSubject } from '../errors.ts';
import type { NbdAddress } from '../uri.ts';
import { startTls, type TlsCredentials } from './tls.ts';

/** Who receives what comes over a link. */
export interface LinkHandlers {
  /** The bytes are valid only during the call. What it throws fails the link. */
  bytes(bytes: Uint8Array): void;
  /** The link is gone. Called once, and never after a polite end of our own. */
  failed(error: NbdError): void;
}

/** An open byte stream. */
export interface Link {
  /** What errors name. */
  readonly subject: string;
  /** Set once the link has failed or ended. */
  readonly error: NbdError | undefined;
  /** Hands all that follows to other handlers. */
  attach(handlers: LinkHandlers): void;
  send(bytes: Uint8Array): void;
  /** Fails the link with NBD_SILENT when nothing comes or goes for this many milliseconds; 0 switches it off. */
  startIdleTimer(milliseconds: number): void;
  /** Ends the link with an error: the socket is gone at once. */
  fail(error: NbdError): void;
  /** Sends last words and closes; resolves when the socket is gone, at the latest after half a second. */
  end(stderrTail: Uint8Array): Promise<void>;
  /** Wraps the stream in TLS; bytes then flow decrypted. Rejects with an NBD_TLS_ code, and the link is gone. */
  secure(credentials: TlsCredentials): Promise<void>;
}

/** Limits of a link. */
export interface LinkOptions {
  /** Milliseconds until the connection must stand. */
  readonly connectTimeout: number;
  /** Ends the link at any time with CANCELLED. */
  readonly signal: AbortSignal | undefined;
}

const CLOSE_GRACE = 500;

/** A link to the server of `address`, once connected. Rejects with NBD_CONNECT_FAILED, NBD_CONNECT_TIMEOUT or CANCELLED. */
export function openLink(address: NbdAddress, { connectTimeout, signal }: LinkOptions): Promise<Link> {
  const subject = address.text;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled(subject));
      return;
    }
    const { transport } = address;
    const socket =
      transport.kind === 'unix'
        ? connect({ path: transport.path })
        : connect({ host: transport.host, port: transport.port, noDelay: true });

    const settle = (error?: NbdError) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.off('error', failed);
      socket.off('connect', connected);
      if (error === undefined) return resolve(createLink(socket, address, signal));
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const failed = (error: Error) => settle(connectError(error, subject));
    const connected = () => settle();
    const abort = () => settle(cancelled(subject));
    const timer = setTimeout(() => {
      const what = `no connection after ${connectTimeout / 1000} seconds`;
      settle(
        retryableError('NBD_CONNECT_TIMEOUT', what, subject, 'check the host, the port and the network'),
      );
    }, connectTimeout);
    signal?.addEventListener('abort', abort);
    socket.once('error', failed);
    socket.once('connect', connected);
  });
}

function connectError(error: NodeJS.ErrnoException, subject: string): NbdError {
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOENT: 'the socket does not exist',
    ENOTSOCK: 'this is not a socket',
    EACCES: 'access to the socket is denied',
    ENOTFOUND: 'the host is not known',
    EAI_AGAIN: 'the host name cannot be looked up now',
    EHOSTUNREACH: 'the host cannot be reached',
    ENETUNREACH: 'the network cannot be reached',
  };
  const what = reasons[error.code ?? ''] ?? `the connection failed: ${error.code ?? error.message}`;
  return retryableError(
    'NBD_CONNECT_FAILED',
    what,
    subject,
    'check the address and that the server runs',
    error,
  );
}

function createLink(raw: Socket, address: NbdAddress, signal: AbortSignal | undefined): Link {
  const subject = address.text;
  let socket = raw;
  let handlers: LinkHandlers | undefined;
  let error: NbdError | undefined;
  let ending: Promise<void> = Promise.resolve();

  const onBytes = (bytes: Uint8Array) => {
    if (error !== undefined || handlers === undefined) return;
    try {
      handlers.bytes(bytes);
    } catch (thrown) {
      fail(withSubject(thrown, subject));
    }
  };
  const onEnd = () => fail(lost('the server closed the connection', subject));
  const onError = (thrown: Error) => fail(lost(`the connection broke: ${thrown.message}`, subject, thrown));
  const onSilence = () => {
    const what = `the server said nothing for ${silence / 1000} seconds`;
    fail(retryableError('NBD_SILENT', what, subject, 'check the server and its storage, or allow more time'));
  };
  const onAbort = () => fail(cancelled(subject));
  let silence = 0;

  function listen(): void {
    socket.on('data', onBytes);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.on('error', onError);
    socket.on('timeout', onSilence);
  }

  function mute(): void {
    socket.off('data', onBytes);
    socket.off('end', onEnd);
    socket.off('close', onEnd);
    socket.off('error', onError);
    socket.off('timeout', onSilence);
  }

  /** Stops everything but the socket's own closing. Returns false if that has happened before. */
  function stop(reason: NbdError): boolean {
    if (error !== undefined) return false;
    error = reason;
    mute();
    socket.on('error', () => {}); // a socket being closed may still report its peer's death
    signal?.removeEventListener('abort', onAbort);
    return true;
  }

  function destroy(): void {
    socket.destroy();
    raw.destroy();
  }

  function fail(reason: NbdError): void {
    if (!stop(withSubject(reason, subject))) return;
    destroy();
    handlers?.failed(error as NbdError);
  }

  signal?.addEventListener('abort', onAbort);
  listen();

  return {
    subject,
    get error() {
      return error;
    },
    attach(next) {
      handlers = next;
    },
    send(bytes) {
      if (error === undefined) socket.write(bytes);
    },
    startIdleTimer(milliseconds) {
      silence = milliseconds;
      if (error === undefined) socket.setTimeout(milliseconds);
    },
    fail,
    end(stderrTail) {
      if (!stop(fatalError('NBD_CLOSED', 'the connection was closed', subject, ''))) return ending;
      const wire = socket;
      ending = new Promise(resolve => {
        const timer = setTimeout(destroy, CLOSE_GRACE);
        wire.once('close', () => {
          clearTimeout(timer);
          raw.destroy();
          resolve();
        });
        wire.end(stderrTail);
        wire.resume(); // what still arrives must be read, or the close is never seen
      });
      return ending;
    },
    async secure(credentials) {
      mute();
      const failing = (thrown: Error) =>
        fail(lost(`the connection broke: ${thrown.message}`, subject, thrown));
      raw.on('error', failing);
      try {
        const secured = await startTls(raw, credentials, address, signal);
        if (error !== undefined) {
          secured.destroy();
          throw error;
        }
        raw.off('error', failing);
        raw.on('error', () => {}); // reported through the TLS stream
        socket = secured;
        listen();
      } catch (thrown) {
        const reason = withSubject(thrown, subject);
        fail(reason);
        throw error ?? reason;
      }
    },
  };
}

function lost(what: string, subject: string, cause?: unknown): NbdError {
  return retryableError('NBD_LOST', what, subject, 'check that the server is still running', cause);
}
