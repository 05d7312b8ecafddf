/**
 * The browser side of the program uses no network. Chromium looks things up and fetches them by itself: dictionaries,
 * addresses that a page hints at, peers of WebRTC. NBD connections are made by the main side (electron/nbd) and are not
 * touched by any of this.
 */
import type { App } from 'electron';

/**
 * Switches of Chromium and what each closes. The first alone keeps every name and every address from being reached; the
 * others spare the attempts.
 */
const SWITCHES: readonly (readonly [name: string, value?: string])[] = [
  ['host-resolver-rules', 'MAP * ~NOTFOUND'],
  ['no-proxy-server'], // or the proxy's host would be looked up, and asked for a configuration
  ['disable-background-networking'],
  ['disable-component-update'],
  ['disable-domain-reliability'],
  ['no-pings'],
];

/** Features that open sockets by themselves: names for peers in the local network are announced by multicast. */
const FEATURES = ['WebRtcHideLocalIpsWithMdns'];

/** Closes the network for every session. Must run before the app is ready. */
export function closeNetwork({ commandLine }: Pick<App, 'commandLine'>): void {
  for (const [name, value] of SWITCHES) commandLine.appendSwitch(name, value);
  const disabled = commandLine.getSwitchValue('disable-features').split(',').filter(Boolean);
  commandLine.appendSwitch('disable-features', [...disabled, ...FEATURES].join(','));
}
