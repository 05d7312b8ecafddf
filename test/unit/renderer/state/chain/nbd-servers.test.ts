import { expect, test } from 'vitest';
import { exportUri, serversIn } from '../../../../../renderer/state/chain/nbd-servers.ts';

test('replaces the export in an address and keeps the server and its socket', () => {
  expect(exportUri('nbd://host:10809', 'vm7/disk0')).toBe('nbd://host:10809/vm7/disk0');
  expect(exportUri('nbd+unix:///old?socket=/run/x.sock', 'a b')).toBe('nbd+unix:///a%20b?socket=/run/x.sock');
  expect(exportUri('nbd://host/old', '')).toBe('nbd://host');
});

test('lists each server that was opened before once, without its password', () => {
  const target = (uri: string) => ({ title: uri, target: { kind: 'nbd' as const, uri } });
  const recent = [target('nbds://me:secret@host/a'), target('nbds://me:secret@host/b')];
  expect(serversIn(recent)).toEqual(['nbds://host']);
});
