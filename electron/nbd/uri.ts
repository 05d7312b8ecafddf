/**
 * NBD addresses as text: the URIs of the NBD project (doc/uri.md) and the older forms that qemu understands.
 */
import { unreadableUri } from '../../shared/text/nbd-uri.ts';
import { fatalError, type NbdError } from './errors.ts';
import { DEFAULT_PORT, MAX_STRING_BYTES } from './wire/protocol.ts';

/** Where the server listens. A unix path that begins with NUL is an abstract socket. */
export type NbdEndpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** What the address says about TLS. TLS is then mandatory: there is no form that falls back to plain text. */
export interface NbdTlsRequest {
  readonly type: 'x509' | 'psk';
  /** User of the pre-shared key; empty when none is named. */
  readonly username: string;
  /** Name that the certificate must carry; empty for the host itself. */
  readonly hostname: string;
  readonly verifyPeer: boolean;
  /** Folder with ca-cert.pem, client-cert.pem, client-key.pem; empty when none is named. */
  readonly certificates: string;
  /** File with lines of `user:hexkey`; empty when none is named. */
  readonly pskFile: string;
}

/** A parsed address. */
export interface NbdAddress {
  readonly endpoint: NbdEndpoint;
  readonly exportName: string;
  readonly tls: NbdTlsRequest | undefined;
  /** Milliseconds that a waiting request may make no progress, where the address sets a limit. */
  readonly replyTimeout?: number;
  /** The address as a URI without user or local files: what errors and lists show. */
  readonly text: string;
}

/** How to read an address. */
export interface ParseNbdUriOptions {
  /** Accept keys that name local files (tls-certificates, tls-psk-file). Never set it for text from elsewhere. */
  readonly allowLocalFiles?: boolean;
}

/** A day: nothing that takes longer gets on. */
const MAX_REPLY_SECONDS = 86_400;

/** True for text that is meant as an NBD address: `nbd:`, `nbds:`, `nbd+unix:` and the like, in any case. */
export function isNbdUri(text: string): boolean {
  return /^nbds?(?:\+[a-z]+)?:/i.test(text);
}

/**
 * The address that `text` names. Throws NbdError: NBD_URI_INVALID, NBD_URI_UNSUPPORTED, NBD_URI_UNKNOWN_KEY,
 * NBD_URI_LOCAL_FILE, NBD_NAME_INVALID. Forms: `nbd[s]://host[:port]/export`, `nbd[s]+unix:///export?socket=path`,
 * `nbd:host:port[:exportname=X]`, `nbd:unix:path[:exportname=X]`. The first two may carry `reply-timeout=SECONDS`.
 */
export function parseNbdUri(text: string, options: ParseNbdUriOptions = {}): NbdAddress {
  const uri = /^(nbds?)(\+[a-z]+)?:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/i.exec(text);
  if (uri === null) return parseLegacy(text);
  const [, scheme = '', suffix = '', authority = '', path = '', query = ''] = uri;
  const secure = scheme.toLowerCase() === 'nbds';
  const carrier = suffix.toLowerCase();
  if (carrier !== '' && carrier !== '+unix') {
    throw fatalError(
      'NBD_URI_UNSUPPORTED',
      `connections of the kind ${scheme}${suffix} are not available`,
      unreadableUri(text),
      'use nbd, nbds, nbd+unix or nbds+unix',
    );
  }

  const at = authority.lastIndexOf('@');
  const user = decode(authority.slice(0, Math.max(at, 0)), text);
  const host = authority.slice(at + 1);
  if (user.includes(':'))
    throw invalid(text, 'a URI must not carry a password', 'name a file with tls-psk-file');
  const keys = parseQuery(query, text, options.allowLocalFiles === true);
  const exportName = checkName(decode(path.startsWith('/') ? path.slice(1) : path, text), text);
  const endpoint = carrier === '+unix' ? unixEndpoint(host, keys, text) : tcpEndpoint(host, keys, text);
  const tls = secure ? tlsRequest(user, keys, text) : undefined;
  if (!secure && [...keys.keys()].some(key => key.startsWith('tls-'))) {
    throw invalid(text, 'tls- keys need an address that begins with nbds', 'begin it with nbds');
  }
  const replyTimeout = keys.get('reply-timeout');
  return {
    endpoint,
    exportName,
    tls,
    ...(replyTimeout !== undefined && { replyTimeout: checkSeconds(replyTimeout, text) * 1000 }),
    text: formatNbdUri(endpoint, exportName, secure),
  };
}

/** The URI of an export, without user or local files. */
export function formatNbdUri(endpoint: NbdEndpoint, exportName: string, secure: boolean): string {
  const scheme = secure ? 'nbds' : 'nbd';
  const path = exportName === '' ? '' : `/${encodeURIComponent(exportName).replaceAll('%2F', '/')}`;
  if (endpoint.kind === 'unix') {
    const socket = encodeURIComponent(endpoint.path).replaceAll('%2F', '/');
    return `${scheme}+unix://${path === '' ? '/' : path}?socket=${socket}`;
  }
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const port = endpoint.port === DEFAULT_PORT ? '' : `:${endpoint.port}`;
  return `${scheme}://${host}${port}${path}`;
}

function parseLegacy(text: string): NbdAddress {
  const form = /^nbd:(?!\/\/)(?:unix:(.+?)|(\[[^\]]*\]|[^:[\]/]*):(\d+))(?::exportname=(.*))?$/is.exec(text);
  if (form === null) {
    throw invalid(
      text,
      'this is not an NBD address',
      'write it as nbd://host:port/export or nbd+unix:///export?socket=path',
    );
  }
  const [, path, host = '', port = '', name = ''] = form;
  const endpoint: NbdEndpoint =
    path === undefined
      ? { kind: 'tcp', host: checkHost(host, text), port: checkPort(port, text) }
      : { kind: 'unix', path: checkPath(path, text) };
  const exportName = checkName(name, text);
  return { endpoint, exportName, tls: undefined, text: formatNbdUri(endpoint, exportName, false) };
}

function tcpEndpoint(hostAndPort: string, keys: ReadonlyMap<string, string>, text: string): NbdEndpoint {
  if (keys.has('socket'))
    throw invalid(text, 'the socket key needs a +unix address', 'begin it with nbd+unix');
  const form = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/.exec(hostAndPort);
  if (form === null) throw invalid(text, 'the host and port cannot be read', 'put an IPv6 address in [ ]');
  const [, host = '', port = ''] = form;
  return {
    kind: 'tcp',
    host: checkHost(host, text),
    port: port === '' ? DEFAULT_PORT : checkPort(port, text),
  };
}

function unixEndpoint(host: string, keys: ReadonlyMap<string, string>, text: string): NbdEndpoint {
  if (host !== '')
    throw invalid(text, 'a unix address names no host', 'write nbd+unix:///export?socket=path');
  const path = keys.get('socket');
  if (path === undefined) throw invalid(text, 'the path of the socket is missing', 'add ?socket=path');
  return { kind: 'unix', path: checkPath(path, text) };
}

function tlsRequest(user: string, keys: ReadonlyMap<string, string>, text: string): NbdTlsRequest {
  const pskFile = keys.get('tls-psk-file') ?? '';
  const type = keys.get('tls-type') ?? (pskFile === '' ? 'x509' : 'psk');
  if (type === 'anon') {
    const advice = 'use tls-type=x509 or tls-type=psk';
    throw fatalError(
      'NBD_URI_UNSUPPORTED',
      'anonymous TLS protects nothing and is not available',
      unreadableUri(text),
      advice,
    );
  }
  if (type !== 'x509' && type !== 'psk') {
    throw invalid(text, `tls-type ${JSON.stringify(type)} is not known`, 'use x509 or psk');
  }
  const verify = keys.get('tls-verify-peer') ?? '1';
  if (!/^(?:[01]|true|false)$/.test(verify)) throw invalid(text, 'tls-verify-peer must be 0 or 1', '');
  return {
    type,
    username: user,
    hostname: keys.get('tls-hostname') ?? '',
    verifyPeer: verify === '1' || verify === 'true',
    certificates: keys.get('tls-certificates') ?? '',
    pskFile,
  };
}

/** Those of the NBD project (libnbd 1.22), and one of ours. */
const KEYS = [
  'socket',
  'reply-timeout',
  'tls-type',
  'tls-hostname',
  'tls-verify-peer',
  'tls-certificates',
  'tls-psk-file',
];

function parseQuery(query: string, text: string, allowLocalFiles: boolean): Map<string, string> {
  const keys = new Map<string, string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const key = decode(equals < 0 ? part : part.slice(0, equals), text);
    if (!KEYS.includes(key)) {
      const what = `the key ${JSON.stringify(unreadableUri(key))} is not known`;
      throw fatalError('NBD_URI_UNKNOWN_KEY', what, unreadableUri(text), `known keys: ${KEYS.join(', ')}`);
    }
    if (keys.has(key)) throw invalid(text, `the key ${key} is given twice`, 'give it once');
    if ((key === 'tls-certificates' || key === 'tls-psk-file') && !allowLocalFiles) {
      const what = `the key ${key} names a local file, which an address from elsewhere may not do`;
      throw fatalError('NBD_URI_LOCAL_FILE', what, unreadableUri(text), 'choose the file yourself');
    }
    keys.set(key, equals < 0 ? '' : decode(part.slice(equals + 1), text));
  }
  return keys;
}

function decode(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(
      text,
      'a % is not followed by two hexadecimal digits of UTF-8 text',
      'write a plain % as %25',
    );
  }
}

function checkName(name: string, text: string): string {
  if (!name.includes('\0') && new TextEncoder().encode(name).length <= MAX_STRING_BYTES) return name;
  const what = `an export name holds at most ${MAX_STRING_BYTES} bytes and no NUL`;
  throw fatalError('NBD_NAME_INVALID', what, unreadableUri(text), 'check the name');
}

function checkHost(host: string, text: string): string {
  const bare = host.startsWith('[') ? host.slice(1, -1) : decode(host, text);
  if (bare === '' || /[\s\0]/.test(bare))
    throw invalid(text, 'the host is missing', 'write nbd://host/export');
  return bare;
}

function checkPort(port: string, text: string): number {
  const number = Number(port);
  if (port.length > 5 || number < 1 || number > 65_535)
    throw invalid(text, 'the port is not between 1 and 65535', '');
  return number;
}

function checkSeconds(seconds: string, text: string): number {
  const number = Number(seconds);
  if (/^\d{1,6}$/.test(seconds) && number >= 1 && number <= MAX_REPLY_SECONDS) return number;
  const what = `reply-timeout is not a number of seconds from 1 to ${MAX_REPLY_SECONDS}`;
  throw invalid(text, what, 'write reply-timeout=600');
}

function checkPath(path: string, text: string): string {
  const bare = path.startsWith('\0') ? path.slice(1) : path; // an abstract socket begins with NUL
  if (bare === '' || bare.includes('\0')) throw invalid(text, 'the path of the socket cannot be used', '');
  // sockaddr_un holds 108 bytes with the closing NUL
  if (new TextEncoder().encode(path).length > 107) {
    throw invalid(text, 'the path of the socket is longer than 107 bytes', 'use a shorter path');
  }
  return path;
}

function invalid(text: string, what: string, advice: string): NbdError {
  return fatalError('NBD_URI_INVALID', what, unreadableUri(text), advice);
}
