/** Words of commands that a person copies into a shell. */
import { UNSAFE } from './untrusted-text.ts';

/** Words that mean themselves to every POSIX shell. */
const PLAIN = /^[A-Za-z0-9_%+,./:@][A-Za-z0-9_%+,./:@=-]*$/;

/**
 * `word` as a POSIX shell reads it back, unchanged. Characters that could steer a terminal or hide in it are written as
 * escapes in `$'…'` (POSIX.1-2024; bash, zsh, ksh and busybox have it too), so that the result can be printed as it is.
 */
export function shellQuote(word: string): string {
  if (PLAIN.test(word)) return word;
  const [single, dollar] = quotedForms(word);
  return word.search(UNSAFE) < 0 ? `'${single}'` : `$'${dollar}'`;
}

/** What {@link shellQuote} puts between `'…'` and between `$'…'`: each character by itself, so that prefixes stay prefixes. */
export function quotedForms(text: string): readonly [single: string, dollar: string] {
  const dollar = text.replace(/[\\']/g, '\\$&').replace(UNSAFE, bytesAsOctal);
  return [text.replaceAll("'", "'\\''"), dollar];
}

/** Options that mean themselves, where they are not the first word. */
const OPTION = /^-[A-Za-z-]+(?:=[A-Za-z0-9_%+,./:@=-]*)?$/;

/** A command of these words, on one line. */
export function shellCommand(words: readonly string[]): string {
  return words.map((word, at) => (at > 0 && OPTION.test(word) ? word : shellQuote(word))).join(' ');
}

/**
 * A file's path as a word that qemu's tools take for a file: neither an option nor the name of a protocol
 * (path_has_protocol: a colon before any slash).
 */
export function fileWord(path: string): string {
  return /^-|^[^/]*:/.test(path) ? `./${path}` : path;
}

/** The command that records a backing file and its format in an image, without reading either. */
export function rebaseCommand(image: string, backing: string, format: string): string {
  return shellCommand(['qemu-img', 'rebase', '-u', '-F', format, '-b', fileWord(backing), fileWord(image)]);
}

/** Octal escapes have at most three digits in every shell, so that nothing behind them can join them. */
function bytesAsOctal(character: string): string {
  const bytes = [...utf8(character.codePointAt(0) ?? 0)];
  return bytes.map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** A code point in UTF-8; half of a surrogate pair is U+FFFD, as everywhere where text becomes bytes. */
function utf8(codePoint: number): number[] {
  const code = codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
  if (code < 0x80) return [code];
  const tail = (shift: number) => 0x80 | ((code >> shift) & 0x3f);
  if (code < 0x800) return [0xc0 | (code >> 6), tail(0)];
  if (code < 0x10000) return [0xe0 | (code >> 12), tail(6), tail(0)];
  return [0xf0 | (code >> 18), tail(12), tail(6), tail(0)];
}
