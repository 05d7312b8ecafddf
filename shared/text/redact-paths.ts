/** Leaves folders out of what is to be shown to others. */

/** An absolute path inside other text: two components or more, without the characters that end one in sentences. */
const ABSOLUTE = /(?<![\w.:/])\/(?:[^\s/"'`,;()<>[\]{}]+\/)+/g;

/** What stands in place of folders. */
const ELLIPSIS = '\u2026';

/** What may follow a folder that is named itself, so that a longer name that begins alike is not taken for it. */
const NAME_END = '(?=$|[\\s"\'`,;:()<>[\\]{}])';

/**
 * A function that leaves the folders of `paths` out of a text, and those of every other absolute path that it
 * recognizes: what remains is the last component behind an ellipsis. A folder that is named itself is an ellipsis alone.
 */
export function pathRedactor(paths: Iterable<string>): (text: string) => string {
  const folders = new Set<string>();
  for (const path of paths) {
    const end = path.lastIndexOf('/') + 1;
    if (path.startsWith('/') && end > 1) folders.add(path.slice(0, end));
  }
  const known = [...folders]
    .sort((a, b) => b.length - a.length)
    .map(folder => ({ folder, alone: new RegExp(`${escapePattern(folder.slice(0, -1))}${NAME_END}`, 'g') }));
  return text => {
    let rest = text;
    for (const { folder, alone } of known)
      rest = rest.replaceAll(folder, `${ELLIPSIS}/`).replace(alone, ELLIPSIS);
    return rest.replace(ABSOLUTE, `${ELLIPSIS}/`);
  };
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Plain data with `redact` applied to every text in it. */
export function redactTexts<T>(value: T, redact: (text: string) => string): T {
  if (typeof value === 'string') return redact(value) as T;
  if (Array.isArray(value)) return value.map(item => redactTexts(item, redact)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, redactTexts(item, redact)]),
  ) as T;
}
