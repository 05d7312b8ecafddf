/** Text from images and servers, made safe to show: it can neither steer a terminal nor pretend to be other text. */

/**
 * Characters that are escaped: controls (C0, DEL, C1), format characters (the marks that change the direction of
 * writing, joiners, tags and everything else that is invisible), line and paragraph separators, and halves of
 * surrogate pairs. The general categories Cc, Cf, Zl, Zp and Cs of the Unicode Standard, section 4.5.
 */
export const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` with unsafe characters as \xNN or \u{N}, cut before that to `maxLength` characters, the last an ellipsis. */
export function escapeUntrusted(text: string, maxLength = 256): string {
  const cut = text.length > maxLength ? `${text.slice(0, Math.max(0, maxLength - 1))}…` : text;
  return cut.replace(UNSAFE, character => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
