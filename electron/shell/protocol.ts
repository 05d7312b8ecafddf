/** The app:// scheme: serves the built page and nothing else. */
import { readFile } from 'node:fs/promises';
import { protocol, type Session } from 'electron';
import { APP_SCHEME, assetFile, assetHeaders } from './app-origin.ts';

/** Declares app:// as standard and secure. Must run before the app is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true } },
  ]);
}

/** Serves the files of `folder` under app:// in a session; anything else is 404. */
export function serveRenderer(session: Session, folder: string): void {
  session.protocol.handle(APP_SCHEME, async request => {
    const file = request.method === 'GET' ? assetFile(folder, request.url) : undefined;
    if (file === undefined) return new Response(null, { status: 404 });
    try {
      return new Response(new Uint8Array(await readFile(file)), { headers: assetHeaders(file) });
    } catch {
      return new Response(null, { status: 404 });
    }
  });
}
