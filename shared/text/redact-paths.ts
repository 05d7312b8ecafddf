/** Leaves folders out of what is to be shown to others. */
import { quotedForms } from './shell.ts';
import { escapeUntrusted } from './untrusted-text.ts';

/** What stands in place of folders. */
const ELLIPSIS = '\u2026';

/** Keys, and sources of evidence, whose texts are paths or the names of files that images record. */
const PATH_KEYS: ReadonlySet<string> = new Set([
  ...['path', 'resolved', 'recorded', 'beside', 'backing', 'subject', 'aliases'],
  ...['image', 'image above', 'backing name', 'data file name'],
]);

/** What a path with folders begins with: absolute, relative by dots, or with folders that were left out before. */
const START = `(?:${ELLIPSIS}?/|(?:\\.{1,2}/)+)`;
/** A folder's name without the characters that end a path in sentences, and the slash behind it. */
const FOLDER = '[^\\s/"\'`,;()<>[\\]{}]+/';
/** What may come before a folder: where it is the end of a longer path, that path begins with something else. */
const BEFORE = '(?<![\\w./-])';
/** What may follow a folder that is named itself, so that a longer name that begins alike is not taken for it. */
const NAME_END = '(?=$|[\\s"\'`,;:()<>[\\]{}])';

/** Paths whose folders are not known beforehand: in quotes, in an address, and anywhere else as far as one can tell. */
const UNKNOWN: readonly Replacement[] = [
  [new RegExp(`"${START}(?:[^"\\\\]|\\\\.)*/`, 'g'), `"${ELLIPSIS}/`],
  [new RegExp(`'${START}(?:[^'\\\\]|'\\\\''|\\\\.)*/`, 'g'), `'${ELLIPSIS}/`],
  // The name of an export is none of a file.
  [
    new RegExp(
      `(?<![\\w+.-])(?!nbds?(?:\\+[a-z]+)?:)([a-z][a-z0-9+.-]*://[^\\s/"'\`<>]*)/(?:${FOLDER})+`,
      'gi',
    ),
    `$1/${ELLIPSIS}/`,
  ],
  [new RegExp(`(?<![\\w./])${START}(?:${FOLDER})+`, 'g'), `${ELLIPSIS}/`],
];

type Replacement = readonly [pattern: RegExp, replacement: string];

/**
 * Plain data without folders: of each path in it the last component remains, behind an ellipsis. Paths are found by the
 * keys of the data, and others by the text around them. `folders` are known to be named in it, too.
 */
export function redactPaths<T>(value: T, folders: readonly string[] = []): T {
  return redactTexts(value, pathRedactor([...pathsIn(value), ...folders.map(folder => `${folder}/.`)]));
}

/** A function that does so for one text. A folder of `paths` that is named itself becomes an ellipsis alone. */
export function pathRedactor(paths: Iterable<string>): (text: string) => string {
  const folders = new Set<string>();
  for (const path of paths) {
    const file = path.replace(/^(?:file|host_device):/, '');
    const folder = file.slice(0, file.lastIndexOf('/') + 1);
    const tellsNothing = /^(?:\.{0,2}\/)*$/.test(folder) || /^[^/]*:/.test(folder);
    if (!tellsNothing) folders.add(folder);
  }
  const known = [...new Set([...folders].flatMap(writtenForms))]
    .sort((a, b) => b.length - a.length)
    .flatMap(replacementsOf);
  return text => {
    if (!text.includes('/')) return text; // most texts of a report
    let rest = text;
    for (const [pattern, replacement] of [...known, ...UNKNOWN]) rest = rest.replace(pattern, replacement);
    return rest;
  };
}

/** A folder with the slash at its end as messages, JSON and commands write it. A path that is cut has no slash there. */
function writtenForms(folder: string): string[] {
  const cut = escapeUntrusted(folder);
  return [
    folder,
    escapeUntrusted(folder, Number.POSITIVE_INFINITY),
    JSON.stringify(folder).slice(1, -1),
    ...quotedForms(folder),
    ...quotedForms(folder.replaceAll(',', ',,')),
    ...(cut.endsWith(ELLIPSIS) ? [cut] : []),
  ];
}

/** What leaves out a folder in one of its forms, with all below it. */
function replacementsOf(form: string): Replacement[] {
  const folder = BEFORE + escapePattern(form);
  if (form.endsWith(ELLIPSIS)) return [[new RegExp(folder, 'g'), ELLIPSIS]];
  const below: Replacement = [new RegExp(`${folder}(?:${FOLDER})*`, 'g'), `${ELLIPSIS}/`];
  if (!form.startsWith('/')) return [below];
  return [below, [new RegExp(BEFORE + escapePattern(form.slice(0, -1)) + NAME_END, 'g'), ELLIPSIS]];
}

/** Paths and recorded names in plain data. */
function* pathsIn(value: unknown, key = ''): Generator<string> {
  if (typeof value === 'string') {
    if (PATH_KEYS.has(key)) yield value;
  } else if (Array.isArray(value)) {
    for (const item of value) yield* pathsIn(item, key);
  } else if (typeof value === 'object' && value !== null) {
    const source = 'source' in value && typeof value.source === 'string' ? value.source : '';
    for (const [name, item] of Object.entries(value)) yield* pathsIn(item, name === 'value' ? source : name);
  }
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
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
