/**
 * Paths as bytes. A file name on Unix is any bytes but NUL and `/`, while a string of ours is Unicode: a name that is
 * not UTF-8 would be changed on the way. Here every character of a path stands for one byte, so that the functions of
 * node:path and every comparison work on it unchanged.
 */
import { isUtf8 } from 'node:buffer';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';

/** A path with one character, U+0000 to U+00FF, for each byte. */
export type BytePath = string & { readonly bytePath: true };

/** The path that a text means. */
export function toBytePath(text: string): BytePath {
  return fromBytes(Buffer.from(text, 'utf8'));
}

/** The path that these bytes are. */
export function fromBytes(bytes: Uint8Array): BytePath {
  return Buffer.from(bytes).toString('latin1') as BytePath;
}

/** The path as what node:fs takes. */
export function systemPath(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** The path as text to show; bytes that are not UTF-8 become U+FFFD. Untrusted text. */
export function shownPath(path: BytePath): string {
  return systemPath(path).toString('utf8');
}

/** True where the path's text stands for it, so that it can be given back as text. */
export function isTextPath(path: BytePath): boolean {
  return isUtf8(systemPath(path));
}

/** A note where the path as shown is not the one on disk. Names in any script of the world are shown as they are. */
export function nameNotes(path: BytePath): readonly string[] {
  if (!isTextPath(path)) return ['Its name is not valid UTF-8: bytes that are not are shown as U+FFFD.'];
  const text = shownPath(path);
  const isShownAsIs = escapeUntrusted(text, Number.MAX_SAFE_INTEGER) === text;
  return isShownAsIs ? [] : ['Its name holds characters that cannot be shown as they are.'];
}
