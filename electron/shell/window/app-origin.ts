/** The one origin of the window: which addresses belong to it, which files they name, which headers they carry. */
import { extname, join } from 'node:path';

/** Scheme of the window's page. */
export const APP_SCHEME = 'app';
const APP_HOST = 'cowscope';
/** Address of the window's page. */
export const APP_PAGE = `${APP_SCHEME}://${APP_HOST}/index.html`;

/** Nothing but our own files; no inline script or style, no network, no frames. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'none'",
  "object-src 'none'",
  "frame-src 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** True for addresses of the window's own origin. */
export function isAppUrl(address: string): boolean {
  // Node's URL gives origin "null" for schemes of one's own, so the parts are compared.
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return (
    url?.protocol === `${APP_SCHEME}:` && url.host === APP_HOST && url.username === '' && url.password === ''
  );
}

/**
 * The file inside `folder` that an address names, or undefined when it names none we would ever serve: another
 * origin, a segment other than letters, digits, dots, dashes and underscores, or an unknown kind of file.
 */
export function assetFile(folder: string, address: string): string | undefined {
  if (!isAppUrl(address)) return undefined;
  const segments = new URL(address).pathname.split('/').slice(1);
  // No percent-decoding: names that would need it are not ours, so an encoded dot or slash cannot climb out.
  if (!segments.every(segment => /^[\w-][\w.-]*$/.test(segment))) return undefined;
  if (CONTENT_TYPES[extname(segments.at(-1) ?? '')] === undefined) return undefined;
  return join(folder, ...segments);
}

/**
 * The headers of every answer: content type by extension, content policy, and no use by another origin. The page is not cross-origin
 * isolated: that would give it shared memory and exact clocks, of which it has no need, and cost a tenth of the start.
 */
export function assetHeaders(file: string): Readonly<Record<string, string>> {
  return {
    'Content-Type': CONTENT_TYPES[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  };
}
