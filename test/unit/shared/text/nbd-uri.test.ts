import { expect, test } from 'vitest';
import { withoutSecrets } from '../../../../shared/text/nbd-uri.ts';

test.each([
  ['nbd://user:secret@host:10809/name', 'nbd://host:10809/name'],
  ['nbds://u:p@ss@host/x', 'nbds://host/x'],
  ['nbds://h/x?tls-psk-file=/keys/psk', 'nbds://h/x'],
  ['nbds+unix:///x?socket=/s&TLS-certificates=/k&tls%2Dpsk-file=/q', 'nbds+unix:///x?socket=/s'],
  ['nbds+unix:///x?tls-hostname=h&socket=/s', 'nbds+unix:///x?socket=/s'],
  ['nbd+unix:///?socket=/run/s', 'nbd+unix:///?socket=/run/s'],
  ['nbd://h/a%20b@c', 'nbd://h/a%20b@c'],
  ['nbd:localhost:10809:exportname=x', 'nbd:localhost:10809:exportname=x'],
])('%s without secrets is %s', (uri, bare) => {
  expect(withoutSecrets(uri)).toBe(bare);
  expect(withoutSecrets(bare)).toBe(bare);
});
