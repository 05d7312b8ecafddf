/** NBD addresses without the secrets that they may carry. */

/** Most characters of an address that are shown where it cannot be read. */
const MAX_SHOWN_CHARACTERS = 256;

/**
 * An address without user name, password and TLS parameters (the folders and files of keys among them). The rest of it
 * stays character for character, so that it can be opened and stored.
 */
export function withoutSecrets(uri: string): string {
  const [address = '', ...queries] = uri.split('#', 1)[0]?.split('?') ?? [];
  // Up to the last @ of the authority: a password may hold one that was not encoded.
  const bare = address.replace(/^([a-z][\w+.-]*:\/\/)[^/]*@/i, '$1');
  const kept = queries
    .join('?')
    .split('&')
    .filter(part => part !== '' && !/^tls/i.test(decoded(part)));
  return kept.length === 0 ? bare : `${bare}?${kept.join('&')}`;
}

/**
 * The beginning of an address that cannot be read, for an error: without user, password and the values of its keys. In
 * such a text a password may hold what ends it elsewhere (/ ? #), so everything up to the last @ is left out.
 */
export function unreadableUri(text: string): string {
  return text
    .replace(/^([a-z+]*:)?(\/\/)?.*@/is, '$1$2…@')
    .replace(/\?.*/s, query => query.replace(/=[^&]*/g, '=…'))
    .slice(0, MAX_SHOWN_CHARACTERS);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return 'tls'; // what cannot be read is dropped
  }
}
