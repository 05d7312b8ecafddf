/**
 * TLS for NBD: credentials from files, and the change from a plain socket to an encrypted one. The peer is verified
 * unless that was switched off explicitly; secrets stay in buffers and appear in no error.
 */
import { readFile, stat } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { cancelled, fatalError, type NbdError } from '../errors.ts';
import type { NbdAddress, NbdTlsRequest } from '../uri.ts';

/** Our own credentials, and the certificate authorities that are trusted. */
export type TlsCredentials =
  | {
      readonly type: 'x509';
      /** PEM. Without it the system's certificate authorities are trusted. */
      readonly ca?: Buffer;
      /** PEM of our own certificate and key, where the server asks for one. */
      readonly cert?: Buffer;
      readonly key?: Buffer;
    }
  | { readonly type: 'psk'; readonly username: string; readonly key: Buffer };

const MAX_SECRET_FILE_BYTES = 2 ** 20;

/**
 * The credentials that an address asks for, read from the files it names. Throws NBD_TLS_CREDENTIALS where they are
 * missing, unreadable, or a key file that others can read. X.509 without a folder trusts the system's authorities.
 */
export async function loadTlsCredentials(request: NbdTlsRequest): Promise<TlsCredentials> {
  if (request.type === 'psk') return loadPsk(request.pskFile, request.username);
  if (request.certificates === '') return { type: 'x509' };
  const ca = await readSecret(join(request.certificates, 'ca-cert.pem'));
  const cert = await readOptional(join(request.certificates, 'client-cert.pem'));
  if (cert === undefined) return { type: 'x509', ca };
  return { type: 'x509', ca, cert, key: await readSecret(join(request.certificates, 'client-key.pem')) };
}

async function loadPsk(file: string, username: string): Promise<TlsCredentials> {
  if (file === '') {
    throw credentialsError(
      'no file with the pre-shared key was named',
      '',
      'name one with tls-psk-file or --tls-psk',
    );
  }
  const bytes = await readSecret(file);
  if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0) {
    throw credentialsError('other users may read the key file', file, 'run chmod 600 on it');
  }
  for (const line of bytes.toString('utf8').split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 1 || line.startsWith('#')) continue;
    const user = line.slice(0, colon);
    if (username !== '' && user !== username) continue;
    const hex = line.slice(colon + 1).trim();
    if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) {
      throw credentialsError(
        `the key of ${JSON.stringify(user)} is not hexadecimal`,
        file,
        'make a new one with psktool',
      );
    }
    return { type: 'psk', username: user, key: Buffer.from(hex, 'hex') };
  }
  const who = username === '' ? 'a key' : `a key for ${JSON.stringify(username)}`;
  throw credentialsError(`the file does not hold ${who}`, file, 'its lines are user:hexkey');
}

async function readOptional(path: string): Promise<Buffer | undefined> {
  try {
    return await readSecret(path);
  } catch (error) {
    if ((error as NbdError).cause !== undefined && isMissing((error as NbdError).cause)) return undefined;
    throw error;
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ENOENT';
}

async function readSecret(path: string): Promise<Buffer> {
  try {
    const info = await stat(path);
    if (!info.isFile() || info.size > MAX_SECRET_FILE_BYTES)
      throw new Error('it is not a regular file of at most 1 MiB');
    return await readFile(path);
  } catch (error) {
    const why =
      error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
    throw credentialsError(`the file cannot be read (${why})`, path, 'check the path', error);
  }
}

function credentialsError(what: string, subject: string, advice: string, cause?: unknown): NbdError {
  return fatalError('NBD_TLS_CREDENTIALS', what, subject, advice, cause);
}

/**
 * The encrypted stream over a connected socket, once the peer is verified: TLS 1.2 or newer. Rejects with
 * NBD_TLS_UNTRUSTED when the certificate is not trusted, NBD_TLS_FAILED for everything else, CANCELLED.
 */
export async function startTls(
  socket: Socket,
  credentials: TlsCredentials,
  address: NbdAddress,
  signal: AbortSignal | undefined,
): Promise<TLSSocket> {
  const subject = address.text;
  const tls = await import('node:tls'); // loaded where it is needed, not at every start of the program
  if (signal?.aborted) throw cancelled(subject);
  return new Promise((resolve, reject) => {
    const own = connectionOptions(tls, credentials, address);
    const secured = tls.connect({ socket, minVersion: 'TLSv1.2', ...own });
    const settle = (error?: NbdError) => {
      secured.off('secureConnect', trusted);
      secured.off('error', failed);
      secured.off('close', closed);
      signal?.removeEventListener('abort', abort);
      if (error === undefined) return resolve(secured);
      secured.on('error', () => {});
      secured.destroy();
      reject(error);
    };
    const trusted = () => settle();
    const failed = (error: NodeJS.ErrnoException) => settle(tlsError(error, subject, credentials.type));
    const closed = () =>
      settle(tlsError(new Error('the server closed the connection'), subject, credentials.type));
    const abort = () => settle(cancelled(subject));
    secured.once('secureConnect', trusted);
    secured.once('error', failed);
    secured.once('close', closed);
    signal?.addEventListener('abort', abort);
  });
}

function connectionOptions(
  { checkServerIdentity }: typeof import('node:tls'),
  credentials: TlsCredentials,
  { tls, endpoint }: NbdAddress,
): ConnectionOptions {
  if (credentials.type === 'psk') {
    const identity = { identity: credentials.username, psk: credentials.key };
    // The key alone proves who the server is. TLS 1.3 would also accept a certificate of any authority that the system
    // trusts, for any name. So no authority is trusted here, and a certificate is refused in any case.
    return {
      ciphers: 'PSK',
      ca: [],
      pskCallback: () => identity,
      checkServerIdentity: (_, certificate) =>
        certificate.raw === undefined ? undefined : new Error('a certificate'),
    };
  }
  const dialed = endpoint.kind === 'tcp' ? endpoint.host : 'localhost';
  const host = tls === undefined || tls.hostname === '' ? dialed : tls.hostname;
  const { ca, cert, key } = credentials;
  return {
    rejectUnauthorized: tls?.verifyPeer !== false,
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

const UNTRUSTED =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID)/;

function tlsError(error: NodeJS.ErrnoException, subject: string, type: TlsCredentials['type']): NbdError {
  const reason = error.code ?? error.message;
  if (UNTRUSTED.test(reason) && type === 'x509') {
    const what = `the server's certificate is not trusted (${reason})`;
    const advice = 'name the right certificate authority, or the name in the certificate with tls-hostname';
    return fatalError('NBD_TLS_UNTRUSTED', what, subject, advice, error);
  }
  const advice = 'check that server and client use the same kind of TLS credentials and the same key';
  return fatalError('NBD_TLS_FAILED', `TLS could not be set up (${reason})`, subject, advice, error);
}
