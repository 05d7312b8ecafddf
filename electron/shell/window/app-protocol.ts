/** The app:// scheme: serves the built page and nothing else. */
import { readFileSync } from 'node:fs';
import { protocol, type Session } from 'electron';
import { APP_SCHEME, assetFile, assetHeaders } from './app-origin.ts';

/** Declares app:// as standard and secure, its compiled code kept from start to start. Must run before the app is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, codeCache: true } },
  ]);
}

/**
 * Serves the files of `folder` under app:// in a session; anything else is 404.
 *
 * By the older call, which Electron keeps: protocol.handle loads a whole fetch, 40 ms of the main thread just while the
 * first page waits for it. Files are read at once for the same reason: while the program starts, a turn of the event
 * loop takes longer than they do.
 */
export function serveRenderer(session: Session, folder: string): void {
  session.protocol.registerBufferProtocol(APP_SCHEME, (request, answer) => {
    const file = request.method === 'GET' ? assetFile(folder, request.url) : undefined;
    const data = file === undefined ? undefined : contentOf(file);
    if (file === undefined || data === undefined) answer({ statusCode: 404, data: Buffer.alloc(0) });
    else answer({ data, headers: { ...assetHeaders(file) } });
  });
}

function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
