/**
 * The byte stream to a server: a TCP or unix socket, later maybe wrapped in TLS. A transport fails once, with one error;
 * after that nothing is sent or delivered and no socket or timer is left.
 */
import { connect, type Socket } from 'node:net';
import { cancelled, fatalError, type NbdError, retryableError, withSubject } from '../errors.ts';
import type { NbdAddress } from '../uri.ts';
import { startTls, type TlsCredentials } from './tls.ts';

/** The receiver of what comes over a transport. */
export interface TransportHandlers {
  /** The bytes are valid only during the call. What it throws fails the transport. */
  bytes(bytes: Uint8Array): void;
  /** The transport has failed. Called once, and never after {@link Transport.end}. */
  failed(error: NbdError): void;
}

/** Limits of a connection attempt. */
export interface TransportOptions {
  /** Milliseconds until the connection must stand. */
  readonly connectTimeout: number;
  /** Ends the transport at any time with CANCELLED. */
  readonly signal: AbortSignal | undefined;
}

/** Milliseconds that the peer has to close the socket after our last bytes. */
const CLOSE_GRACE_MS = 500;

/** A transport to `address`, once connected. Rejects with NBD_CONNECT_FAILED, NBD_CONNECT_TIMEOUT or CANCELLED. */
export function openTransport(
  address: NbdAddress,
  { connectTimeout, signal }: TransportOptions,
): Promise<Transport> {
  const subject = address.text;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled(subject));
      return;
    }
    const { endpoint } = address;
    const socket =
      endpoint.kind === 'unix'
        ? connect({ path: endpoint.path })
        : connect({ host: endpoint.host, port: endpoint.port, noDelay: true });

    const settle = (error?: NbdError) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.off('error', failed);
      socket.off('connect', connected);
      if (error === undefined) return resolve(new Transport(socket, address, signal));
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

const CONNECT_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ENOENT: 'the socket does not exist',
  ENOTSOCK: 'this is not a socket',
  EACCES: 'access to the socket is denied',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EMFILE: 'the system lets this program open no more files',
};

function connectError(error: NodeJS.ErrnoException, subject: string): NbdError {
  const what = CONNECT_FAILURES[error.code ?? ''] ?? `the connection failed: ${error.code ?? error.message}`;
  const advice = 'check the address and that the server runs';
  return retryableError('NBD_CONNECT_FAILED', what, subject, advice, error);
}

/** A connected byte stream. */
export class Transport {
  /** What errors name: the address without secrets. */
  readonly subject: string;
  readonly #address: NbdAddress;
  readonly #signal: AbortSignal | undefined;
  /** The socket itself, and the stream that carries our bytes: the socket, or TLS over it. */
  readonly #raw: Socket;
  #stream: Socket;
  #handlers: TransportHandlers | undefined;
  #error: NbdError | undefined;
  #ending: Promise<void> = Promise.resolve();

  constructor(socket: Socket, address: NbdAddress, signal: AbortSignal | undefined) {
    this.subject = address.text;
    this.#address = address;
    this.#signal = signal;
    this.#raw = socket;
    this.#stream = socket;
    signal?.addEventListener('abort', this.#onAbort);
    this.#listen();
  }

  /** Set once the transport has failed or ended. */
  get error(): NbdError | undefined {
    return this.#error;
  }

  /** Hands all that follows to other handlers. */
  attach(handlers: TransportHandlers): void {
    this.#handlers = handlers;
  }

  send(bytes: Uint8Array): void {
    if (this.#error === undefined) this.#stream.write(bytes);
  }

  /** Ends the transport with an error: the socket is gone at once. */
  fail(reason: NbdError): void {
    const error = withSubject(reason, this.subject);
    if (!this.#stop(error)) return;
    this.#destroy();
    this.#handlers?.failed(error);
  }

  /** Sends the last bytes and closes. Resolves when the socket is gone, at the latest after {@link CLOSE_GRACE_MS}. */
  end(lastBytes: Uint8Array): Promise<void> {
    if (!this.#stop(fatalError('NBD_CLOSED', 'the connection was closed', this.subject, '')))
      return this.#ending;
    const stream = this.#stream;
    this.#ending = new Promise(resolve => {
      const timer = setTimeout(() => this.#destroy(), CLOSE_GRACE_MS);
      stream.once('close', () => {
        clearTimeout(timer);
        this.#raw.destroy();
        resolve();
      });
      stream.end(lastBytes);
      stream.resume(); // what still arrives must be read, or the close is never seen
    });
    return this.#ending;
  }

  /** Wraps the stream in TLS; bytes then flow decrypted. Rejects with an NBD_TLS_ code, and the transport has failed. */
  async secure(credentials: TlsCredentials): Promise<void> {
    const raw = this.#raw;
    this.#mute();
    raw.on('error', this.#onError);
    try {
      const secured = await startTls(raw, credentials, this.#address, this.#signal);
      if (this.#error !== undefined) {
        secured.destroy();
        throw this.#error;
      }
      raw.off('error', this.#onError);
      raw.on('error', () => {}); // reported through the TLS stream
      this.#stream = secured;
      this.#listen();
    } catch (thrown) {
      const reason = withSubject(thrown, this.subject);
      this.fail(reason);
      throw this.#error ?? reason;
    }
  }

  #listen(): void {
    const stream = this.#stream;
    stream.on('data', this.#onBytes);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onError);
  }

  #mute(): void {
    const stream = this.#stream;
    stream.off('data', this.#onBytes);
    stream.off('end', this.#onEnd);
    stream.off('close', this.#onEnd);
    stream.off('error', this.#onError);
  }

  /** Stops everything but the socket's own closing. Returns false if that has happened before. */
  #stop(reason: NbdError): boolean {
    if (this.#error !== undefined) return false;
    this.#error = reason;
    this.#mute();
    this.#stream.on('error', () => {}); // a socket being closed may still report its peer's death
    this.#signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }

  #destroy(): void {
    this.#stream.destroy();
    this.#raw.destroy();
  }

  // Listeners are fields, so that they can be taken off again.
  readonly #onBytes = (bytes: Uint8Array): void => {
    if (this.#error !== undefined || this.#handlers === undefined) return;
    try {
      this.#handlers.bytes(bytes);
    } catch (thrown) {
      this.fail(withSubject(thrown, this.subject));
    }
  };

  readonly #onEnd = (): void => this.fail(lost('the server closed the connection', this.subject));

  readonly #onError = (thrown: Error): void =>
    this.fail(lost(`the connection broke: ${thrown.message}`, this.subject, thrown));

  readonly #onAbort = (): void => this.fail(cancelled(this.subject));
}

function lost(what: string, subject: string, cause?: unknown): NbdError {
  return retryableError('NBD_LOST', what, subject, 'check that the server is still running', cause);
}
