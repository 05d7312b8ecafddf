/** Which images of a store rest on which, from what their headers record and where the scanned files lie. */
import { basename, dirname } from 'node:path';
import type { StoreDataFile, StoreImage, StoreLink } from '../../../shared/model/store/store.ts';
import { parseRecordedName } from '../backing-name.ts';
import { type BytePath, shownPath } from '../byte-path.ts';
import type { InspectedKind, PathInspector } from '../path-inspector.ts';
import { canHoldImage, namedPath } from '../policy.ts';
import type { FoundFile, FoundFiles } from './found-files.ts';
import { type ResolvedPath, resolvePath } from './resolve-path.ts';

/** An image of the store, as data and as the file that was found. */
export interface StoreEntry {
  readonly file: FoundFile;
  readonly image: StoreImage;
}

/** The images of a store and how many files are none. */
export interface Forest {
  /** In the order of their paths. */
  readonly entries: readonly StoreEntry[];
  readonly otherFiles: number;
}

/** A link before its image has a number. */
type FoundLink = Omit<StoreLink, 'image'> & { readonly file?: FoundFile };

/**
 * Images and their links. A raw file is an image where another one rests on it, where it was given by name, or where its
 * name is that of an image. Places outside the scanned folders are looked up with `look`, and never opened.
 */
export async function buildForest(
  found: FoundFiles,
  roots: readonly BytePath[],
  look: PathInspector,
): Promise<Forest> {
  const links = new Map<FoundFile, FoundLink>();
  const seen = new Map<BytePath, Promise<InspectedKind>>();
  const lookOnce = (path: BytePath) => {
    const answer = seen.get(path) ?? look.at(path);
    seen.set(path, answer);
    return answer;
  };
  const dataLinks = new Map<FoundFile, FoundLink>();
  for (const file of found.files) {
    const { backingName, dataFileName, backingFormat } = file.head ?? NO_NAMES;
    const link = await linkTo(backingName, file.path, found, lookOnce);
    if (link !== undefined)
      links.set(file, { ...link, recordedFormat: link.recordedFormat || backingFormat });
    const dataLink = await linkTo(dataFileName, file.path, found, lookOnce);
    if (dataLink !== undefined) dataLinks.set(file, dataLink);
  }
  const backings = new Set([...links.values()].map(({ file }) => file));
  const dataFiles = new Set([...dataLinks.values()].map(({ file }) => file));
  const given = new Set<string>(roots);
  const isImage = (file: FoundFile) =>
    backings.has(file) || given.has(file.path) || !isPlain(file) || hasImageName(file.path);
  const images = found.files.filter(isImage).sort((a, b) => (a.path < b.path ? -1 : 1));
  const numbers = new Map(images.map((file, at) => [file, at]));
  const children = images.map((): number[] => []);
  for (const [at, file] of images.entries()) {
    const below = numberOf(links.get(file), numbers);
    if (below >= 0) children[below]?.push(at);
  }
  const aliases = aliasesOf(found);
  return {
    otherFiles: found.files.filter(file => !isImage(file) && !dataFiles.has(file)).length,
    entries: images.map((file, at) => ({
      file,
      image: imageOf(file, {
        link: links.get(file),
        dataLink: dataLinks.get(file),
        below: numberOf(links.get(file), numbers),
        children: children[at] ?? [],
        aliases: aliases.get(file) ?? [],
      }),
    })),
  };
}

function numberOf(link: FoundLink | undefined, numbers: ReadonlyMap<FoundFile, number>): number {
  return link?.file === undefined ? -1 : (numbers.get(link.file) ?? -1);
}

function imageOf(
  file: FoundFile,
  {
    link,
    dataLink,
    below,
    children,
    aliases,
  }: {
    readonly link: FoundLink | undefined;
    readonly dataLink: FoundLink | undefined;
    readonly below: number;
    readonly children: readonly number[];
    readonly aliases: readonly BytePath[];
  },
): StoreImage {
  const { head, error } = file;
  const { file: _, ...recorded } = link ?? {};
  return {
    path: shownPath(file.path),
    aliases: [...file.aliases, ...aliases].sort().map(shownPath),
    format: head?.format ?? 'raw',
    size: head?.size ?? -1,
    fileSize: file.fileSize,
    allocatedSize: file.allocatedSize,
    inUse: file.inUse,
    modified: file.modified,
    snapshots: head?.snapshots ?? 0,
    bitmaps: head?.bitmaps ?? 0,
    ...(link === undefined ? {} : { backing: { ...(recorded as FoundLink), image: below } }),
    ...(dataLink === undefined ? {} : { dataFile: dataFileOf(dataLink) }),
    children,
    ...(error === undefined ? {} : { error }),
  };
}

const NO_NAMES = {
  backingName: new Uint8Array(),
  dataFileName: new Uint8Array(),
  backingFormat: '',
} as const;

function dataFileOf({ recorded, resolved, status, file }: FoundLink): StoreDataFile {
  return { recorded, resolved: file === undefined ? resolved : shownPath(file.path), status };
}

/** What a name that is recorded in the image at `path` leads to; undefined where it is empty. */
async function linkTo(
  recordedName: Uint8Array,
  path: BytePath,
  found: FoundFiles,
  look: (path: BytePath) => Promise<InspectedKind>,
): Promise<FoundLink | undefined> {
  if (recordedName.length === 0) return undefined;
  const recorded = Buffer.from(recordedName).toString('utf8');
  const name = parseRecordedName(recordedName);
  if (name.kind !== 'file') return { recorded, recordedFormat: '', resolved: '', status: 'refused' };
  const { path: place, whole } = namedPath(name.path, dirname(path) as BytePath);
  const resolved = resolvePath(whole, found);
  const link = { recorded, recordedFormat: name.format, resolved: shownPath(place) };
  if (resolved.kind === 'file') return { ...link, status: 'inStore', file: resolved.file };
  return { ...link, status: await statusOf(resolved, look) };
}

async function statusOf(
  { kind, path }: Exclude<ResolvedPath, { kind: 'file' }>,
  look: (path: BytePath) => Promise<InspectedKind>,
): Promise<'missing' | 'notAFile' | 'outside'> {
  if (kind !== 'outside') return kind;
  const seen = await look(path);
  if (seen === 'missing') return 'missing';
  return seen === 'unseen' || canHoldImage(seen) ? 'outside' : 'notAFile';
}

/** Without the content of any image format: a raw disk, or no image at all. */
function isPlain({ head, error }: FoundFile): boolean {
  return error === undefined && (head?.format === 'raw' || head?.format === 'iso');
}

/** Names that only images have. */
export function hasImageName(path: string): boolean {
  return /\.(?:qcow2?|qcow3|img2)$/i.test(basename(path));
}

/** The files that symbolic links lead to. */
function aliasesOf(found: FoundFiles): ReadonlyMap<FoundFile, readonly BytePath[]> {
  const aliases = new Map<FoundFile, BytePath[]>();
  for (const path of found.links()) {
    const resolved = resolvePath(path, found);
    if (resolved.kind !== 'file') continue;
    const known = aliases.get(resolved.file);
    if (known === undefined) aliases.set(resolved.file, [path]);
    else known.push(path);
  }
  return aliases;
}
