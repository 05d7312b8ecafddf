/** Closes every way out of the window's page: network, permissions, navigation, new windows, downloads. */
import type { Session, WebContents } from 'electron';
import { isAppUrl } from './app-origin.ts';

/** The only permission: putting text on the clipboard, which the copy command does. Reading it stays denied. */
const COPY = 'clipboard-sanitized-write';

/**
 * Denies a session all requests but those for our own page, all permissions but copying, and all downloads. To be called
 * when the session is created, before any page uses it.
 */
export function guardSession(session: Session): void {
  session.webRequest.onBeforeRequest((details, answer) => answer({ cancel: !isAppUrl(details.url) }));
  session.setPermissionRequestHandler((contents, permission, answer) =>
    answer(permission === COPY && isAppUrl(contents.getURL())),
  );
  session.setPermissionCheckHandler(
    (contents, permission) => permission === COPY && contents !== null && isAppUrl(contents.getURL()),
  );
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', event => event.preventDefault());
  // A dictionary would be fetched from the network as soon as the first page loads, though spell checking is off.
  session.setSpellCheckerEnabled(false);
  session.setSpellCheckerLanguages([]);
}

/** Denies contents all navigation (a reload of our own page is none), new windows and embedded pages. */
export function guardContents(contents: WebContents): void {
  contents.on('will-navigate', event => event.preventDefault());
  contents.on('will-frame-navigate', event => event.preventDefault());
  contents.on('will-redirect', event => event.preventDefault());
  contents.on('will-attach-webview', event => event.preventDefault());
  contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}
