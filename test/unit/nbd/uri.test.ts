import { describe, expect, it } from 'vitest';
import { NbdError } from '../../../electron/nbd/errors.ts';
import { formatNbdUri, isNbdUri, parseNbdUri } from '../../../electron/nbd/uri.ts';

const tcp = (host: string, port = 10809) => ({ kind: 'tcp', host, port });
const unix = (path: string) => ({ kind: 'unix', path });

describe('parseNbdUri', () => {
  it.each([
    ['nbd://example.com', tcp('example.com'), ''],
    ['nbd://example.com/', tcp('example.com'), ''],
    ['NBD://example.com:1/disk', tcp('example.com', 1), 'disk'],
    ['nbd://h//disk', tcp('h'), '/disk'],
    ['nbd://h/a%2Fb%20c/%C3%A9', tcp('h'), 'a/b c/é'],
    ['nbd://h/plus+stays', tcp('h'), 'plus+stays'],
    ['nbd://[::1]:65535/x', tcp('::1', 65535), 'x'],
    ['nbd://[2001:db8::1]', tcp('2001:db8::1'), ''],
    ['nbd://user@h/x', tcp('h'), 'x'],
    ['nbd+unix:///?socket=/run/a%20b', unix('/run/a b'), ''],
    ['nbd+unix:///name?socket=/run/s', unix('/run/s'), 'name'],
    ['nbd+unix://?socket=/run/s', unix('/run/s'), ''],
    ['NBD+UNIX:////name?socket=rel', unix('rel'), '/name'],
    ['nbd+unix:///?socket=%00abstract', unix('\0abstract'), ''],
    ['nbd:localhost:10810', tcp('localhost', 10810), ''],
    ['nbd:[::1]:10810:exportname=a:b', tcp('::1', 10810), 'a:b'],
    ['nbd:unix:/run/s', unix('/run/s'), ''],
    ['nbd:unix:/run/a:b:exportname=x/y', unix('/run/a:b'), 'x/y'],
    ['nbd:unix:/run/s:exportname=', unix('/run/s'), ''],
  ])('reads %s', (text, endpoint, exportName) => {
    expect(parseNbdUri(text)).toMatchObject({ endpoint, exportName, tls: undefined });
  });

  it('reads how long a reply may take, and does not show it', () => {
    expect(parseNbdUri('nbd://h/x?reply-timeout=600')).toMatchObject({
      replyTimeout: 600_000,
      text: 'nbd://h/x',
    });
    expect(parseNbdUri('nbd+unix:///x?socket=/s&reply-timeout=1').replyTimeout).toBe(1000);
    expect(parseNbdUri('nbd://h/x').replyTimeout).toBeUndefined();
  });

  it('reads what it says about TLS, and shows neither user nor files', () => {
    const text =
      'nbds+unix://?socket=/s&tls-type=psk&tls-psk-file=/keys&tls-hostname=h.example&tls-verify-peer=0&tls-certificates=/c';
    const { tls, text: shown } = parseNbdUri(text, { allowLocalFiles: true });
    expect(tls).toEqual({
      type: 'psk',
      username: '',
      hostname: 'h.example',
      verifyPeer: false,
      certificates: '/c',
      pskFile: '/keys',
    });
    expect(shown).toBe('nbds+unix:///?socket=/s');
    expect(parseNbdUri('nbds://alice@h/x')).toMatchObject({
      tls: { type: 'x509', username: 'alice', verifyPeer: true },
      text: 'nbds://h/x',
    });
    expect(parseNbdUri('nbds://h/?tls-psk-file=k', { allowLocalFiles: true }).tls?.type).toBe('psk');
  });

  it.each([
    ['', 'NBD_URI_INVALID'],
    ['nbd:', 'NBD_URI_INVALID'],
    ['http://h/', 'NBD_URI_INVALID'],
    ['nbd://', 'NBD_URI_INVALID'],
    ['nbd:///disk', 'NBD_URI_INVALID'],
    ['nbd://h:0', 'NBD_URI_INVALID'],
    ['nbd://h:65536', 'NBD_URI_INVALID'],
    ['nbd://h:99999999999999999999', 'NBD_URI_INVALID'],
    ['nbd://h:x', 'NBD_URI_INVALID'],
    ['nbd://::1/x', 'NBD_URI_INVALID'],
    ['nbd://[::1/x', 'NBD_URI_INVALID'],
    ['nbd://h/%', 'NBD_URI_INVALID'],
    ['nbd://h/%ff', 'NBD_URI_INVALID'],
    ['nbd://h/%00', 'NBD_NAME_INVALID'],
    [`nbd://h/${'é'.repeat(2049)}`, 'NBD_NAME_INVALID'],
    ['nbd://h/x?socket=/s', 'NBD_URI_INVALID'],
    ['nbd://user:secret@h/x', 'NBD_URI_INVALID'],
    ['nbd://h/x?tls-hostname=y', 'NBD_URI_INVALID'],
    ['nbd+unix:///x', 'NBD_URI_INVALID'],
    ['nbd+unix:///x?socket=', 'NBD_URI_INVALID'],
    ['nbd+unix:///x?socket=/a&socket=/b', 'NBD_URI_INVALID'],
    ['nbd+unix://h/x?socket=/a', 'NBD_URI_INVALID'],
    [`nbd+unix:///?socket=/${'a'.repeat(107)}`, 'NBD_URI_INVALID'],
    ['nbd+unix:///x?socket=/a&tcp=1', 'NBD_URI_UNKNOWN_KEY'],
    ['nbd+vsock:///x', 'NBD_URI_UNSUPPORTED'],
    ['nbds+ssh://h/x', 'NBD_URI_UNSUPPORTED'],
    ['nbds://h/x?tls-type=anon', 'NBD_URI_UNSUPPORTED'],
    ['nbds://h/x?tls-type=none', 'NBD_URI_INVALID'],
    ['nbds://h/x?tls-verify-peer=maybe', 'NBD_URI_INVALID'],
    ['nbds://h/x?tls-certificates=/c', 'NBD_URI_LOCAL_FILE'],
    ['nbds://h/x?tls-psk-file=/c', 'NBD_URI_LOCAL_FILE'],
    ['nbd://h/x?reply-timeout=', 'NBD_URI_INVALID'],
    ['nbd://h/x?reply-timeout=0', 'NBD_URI_INVALID'],
    ['nbd://h/x?reply-timeout=1.5', 'NBD_URI_INVALID'],
    ['nbd://h/x?reply-timeout=86401', 'NBD_URI_INVALID'],
    ['nbd:host', 'NBD_URI_INVALID'],
    ['nbd:host:port', 'NBD_URI_INVALID'],
    ['nbd:host:10809:other=1', 'NBD_URI_INVALID'],
    ['nbd:unix:', 'NBD_URI_INVALID'],
  ])('refuses %j with %s', (text, code) => {
    expect(() => parseNbdUri(text)).toThrow(expect.objectContaining({ code }));
  });

  it('names no password in its errors', () => {
    expect(() => parseNbdUri('nbd://user:secret@h/x')).toThrow(/^(?!.*secret)/);
  });

  it.each([
    'nbd://user:secret@h/x',
    'nbd://user:secr/secret@h/x',
    'nbd://user:secr?secret@h/x',
    'nbd://user:secr#secret@h/x',
    'nbd://user:se@secret@h/x',
    'nbds://secret@h/?tls-type=anon',
    'nbds+ssh://secret@h/x',
    'nbd://secret@h/%00',
    'nbd:secret@h:99999',
    'http://user:secret@h/',
    'user:secret@h',
    'nbd://secret@h/x?tls-hostname=y',
    'nbds://h/x?tls-hostname=secret&nonsense=secret',
  ])('shows no secret of %s, and not all of a long one', text => {
    for (const long of ['', 'a'.repeat(10_000)]) {
      let error: unknown;
      try {
        parseNbdUri(text + long);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(NbdError);
      const { message, subject } = error as NbdError;
      expect(message).not.toContain('secret');
      expect(subject.length).toBeLessThanOrEqual(256);
    }
  });

  it('is the inverse of formatNbdUri', () => {
    for (const name of ['', 'a', '/a', 'a/b?c=d&e#f', '%41', 'é 𝄞', '@:[]']) {
      for (const endpoint of [tcp('h'), tcp('::1', 5), unix('/run/a b?&#%')] as const) {
        const text = formatNbdUri(endpoint as never, name, false);
        expect(parseNbdUri(text)).toMatchObject({ endpoint, exportName: name, text });
      }
    }
  });
});

describe('isNbdUri', () => {
  it('tells addresses from paths', () => {
    for (const text of [
      'nbd://h',
      'NBDS://h',
      'nbd+unix:///?socket=x',
      'nbds+unix:x',
      'nbd:h:1',
      'nbd+vsock://1',
    ]) {
      expect(isNbdUri(text)).toBe(true);
    }
    for (const text of ['', 'nbd', '/nbd:x', './nbd:x', 'nbdx://h', 'http://h', 'disk.qcow2']) {
      expect(isNbdUri(text)).toBe(false);
    }
  });
});
