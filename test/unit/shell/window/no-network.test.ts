import type { App } from 'electron';
import { expect, test } from 'vitest';
import { closeNetwork } from '../../../../electron/shell/window/no-network.ts';

function closed(before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const switches: Record<string, string> = { ...before };
  const commandLine = {
    getSwitchValue: (name: string) => switches[name] ?? '',
    appendSwitch: (name: string, value = '') => {
      switches[name] = value;
    },
  };
  closeNetwork({ commandLine } as unknown as App);
  return switches;
}

test('no name and no address can be resolved', () => {
  expect(closed()['host-resolver-rules']).toBe('MAP * ~NOTFOUND');
});

test('features that were disabled before stay so', () => {
  expect(closed()['disable-features']).toBe('WebRtcHideLocalIpsWithMdns');
  expect(closed({ 'disable-features': 'A,B' })['disable-features']).toBe('A,B,WebRtcHideLocalIpsWithMdns');
});
