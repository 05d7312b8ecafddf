/** From a name recorded in an image to an opened file, as far as the policy lets it. */
import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute } from 'node:path';
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import { type Finding, makeFinding } from '../../shared/model/finding.ts';
import type { LinkStatus } from '../../shared/model/layer.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';
import { absolutePath } from './absolute-path.ts';
import { type NameForm, parseRecordedName, type RecordedName } from './backing-name.ts';
import { type BytePath, fromBytes, isTextPath, shownPath, systemPath, toBytePath } from './byte-path.ts';
import { notAFile, notOpenedError } from './open-error.ts';
import { type FolderEntry, isOtherFile, kindOfEntry, type OpenFile, openFile } from './open-file.ts';
import type { PathInspector } from './path-inspector.ts';
import type { PinnedFolder, PinnedFolders } from './pinned-folder.ts';
import {
  canHoldImage,
  isConsentedTo,
  isOwn,
  mayLeadToDevice,
  type NamedPath,
  namedPath,
  ownFolders,
  type Referrer,
  type ResolvedConsent,
} from './policy.ts';

/** A file that was reached. */
export interface ReachedFile {
  readonly file: OpenFile;
  /** Where its name leads before links are followed, absolute and normalized. */
  readonly path: BytePath;
  /** What it is to the names recorded in it. */
  readonly referrer: PinnedReferrer;
}

/** An image whose own folders stay the ones they were when it was opened. */
export interface PinnedReferrer extends Referrer {
  /** The folder in which it was named, and the one in which it really lies. */
  readonly named: PinnedFolder;
  readonly real: PinnedFolder;
  /** For each of `ownFolders` the folder itself. */
  readonly pinned: ReadonlyMap<BytePath, PinnedFolder>;
}

/** What became of a recorded name. */
export interface FollowedLink {
  readonly status: LinkStatus;
  /** Absolute path to show, and to consent to; empty when it names no file. */
  readonly resolved: string;
  readonly reached?: ReachedFile;
  /** Format that a JSON description names, else empty. */
  readonly format: string;
  /** What a JSON description says to lie below the file: see RecordedName. */
  readonly below?: RecordedName | null;
  readonly error?: ErrorRecord;
  /** What the form of the name tells; the layer in them is 0. */
  readonly findings: readonly Finding[];
}

/** Links followed from one name before it is taken for a circle: as many as Linux follows. */
const MAX_HOPS = 40;

/**
 * Opens what a person named. Rejects with the codes of openFile.
 * A relative name starts in the working folder of this process.
 */
export async function openNamed(text: string, folders: PinnedFolders): Promise<ReachedFile> {
  return openNamedPath(toBytePath(absolutePath(text)), folders);
}

/** As {@link openNamed}, by an absolute path. */
export async function openNamedPath(path: BytePath, folders: PinnedFolders): Promise<ReachedFile> {
  const first = await entryAt(path, folders);
  return reach(path, first, await throughLinks(first, folders), true);
}

/** The facts of a person's consent: each path as written and as what its links lead to. */
export async function resolveConsent(paths: readonly string[], all: boolean): Promise<ResolvedConsent> {
  const named = new Set<BytePath>();
  for (const text of paths) {
    const path = toBytePath(absolutePath(text));
    named.add(path);
    named.add(await realPathOf(path));
  }
  return { named, all };
}

/** How to follow a link. */
export interface FollowOptions {
  readonly consent: ResolvedConsent;
  readonly folders: PinnedFolders;
  readonly look: PathInspector;
  /** The own folder is no reason to open it: only consent is. */
  readonly always: 'ask' | 'policy';
}

/**
 * Follows a recorded name from the image that holds it; never rejects for what an image or the disk holds.
 *
 * Until consent nothing outside the image's own folder is opened. Only its existence is looked up, and consent is asked
 * only for what exists. A link inside that folder is read with readlink, whether it leads to a file or to a device.
 */
export async function followLink(
  name: Uint8Array,
  referrer: PinnedReferrer,
  options: FollowOptions,
): Promise<FollowedLink> {
  const recorded = parseRecordedName(name);
  if (recorded.kind !== 'file') return refusedLink(recorded, Buffer.from(name).toString('utf8'));
  const { below } = recorded;
  const recordedFields = { format: recorded.format, ...(below === undefined ? {} : { below }) };
  const first = await followFile(recorded, referrer, options);
  const findings = formFindings(recorded);
  const { named, real } = referrer;
  if (isAbsolute(recorded.path) || named.path === real.path) return { ...first, ...recordedFields, findings };

  const beside = { ...referrer, named: real, namedFolder: real.path };
  if (first.status === 'missing' && first.error?.code === 'CHAIN_FILE_MISSING') {
    const second = await followFile(recorded, beside, options);
    if (second.status !== 'opened') return { ...first, ...recordedFields, findings };
    return {
      ...second,
      ...recordedFields,
      findings: [...findings, onlyInRealFolder(recorded.path, real.path)],
    };
  }
  const place = namedPath(recorded.path, real.path);
  const isTwofold =
    first.reached !== undefined &&
    isOwn(place, beside) &&
    (await isOtherFile({ folder: real, name: entryName(place.path), path: place.path }, first.reached.file));
  return {
    ...first,
    ...recordedFields,
    findings: isTwofold ? [...findings, alsoInRealFolder(recorded.path, real.path)] : findings,
  };
}

async function followFile(
  recorded: Extract<RecordedName, { kind: 'file' }>,
  referrer: PinnedReferrer,
  options: FollowOptions,
): Promise<Pick<FollowedLink, 'status' | 'resolved' | 'reached' | 'error'>> {
  const place = namedPath(recorded.path, referrer.namedFolder);
  const resolved = shownPath(place.path);
  const mustAsk = options.always === 'ask' || recorded.form === 'json:';
  try {
    const found =
      isConsentedTo(place.path, options.consent) || mustAsk
        ? await consentedPath(place, recorded.path, referrer.named, options)
        : await ownPath(place, referrer, options);
    if (!('ask' in found))
      return { resolved, status: 'opened', reached: await reach(place.path, found.first, found.last, false) };
    const { ask } = found;
    // As the system would take the name, `..` behind a link included.
    const kind = await options.look.at(ask === place.path ? place.whole : ask);
    if (kind === 'missing')
      throw notOpenedError(ask, Object.assign(new Error('missing'), { code: 'ENOENT' }));
    if (kind !== 'unseen' && !canHoldImage(kind)) throw notAFile(ask, kind);
    const isOwnFile = referrer.ownFolders.has(dirname(ask) as BytePath);
    const reason = reasonToAsk(recorded.form, options.always === 'ask', isOwnFile);
    return { status: 'needsConsent', resolved: shownPath(ask), error: needsConsent(ask, reason) };
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return { resolved, status: 'missing', error: errorRecord(error) };
  }
}

/** Opens a file that a person chose in place of a backing file. Never rejects for what the disk holds. */
export async function followLocated(
  path: string,
  folders: PinnedFolders,
): Promise<Pick<FollowedLink, 'status' | 'resolved' | 'reached' | 'error'>> {
  try {
    const reached = await openNamed(path, folders);
    return { status: 'opened', resolved: shownPath(reached.path), reached };
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return { status: 'missing', resolved: path, error: errorRecord(error) };
  }
}

/**
 * The file that a recorded name may have meant before files were moved: one of its last name in a folder of the image
 * itself. Never the image itself.
 */
export async function fileBeside(name: Uint8Array, reached: ReachedFile): Promise<BytePath | undefined> {
  const recorded = parseRecordedName(name);
  if (recorded.kind !== 'file') return undefined;
  const last = basename(recorded.path) as BytePath;
  if (last === '' || last === '.' || last === '..' || recorded.path.endsWith('/')) return undefined;
  const { real, pinned } = reached.referrer;
  for (const folder of new Set([real, ...pinned.values()])) {
    const path = `${folder.path === '/' ? '' : folder.path}/${last}` as BytePath;
    if (await isOtherFile({ folder, name: last, path }, reached.file)) return path;
  }
  return undefined;
}

/** True where two recorded names mean the same file, or both nothing, from a folder. */
export function isSameName(a: RecordedName | null, b: RecordedName | null, folder: BytePath): boolean {
  if (a?.kind === 'file' && b?.kind === 'file')
    return namedPath(a.path, folder).path === namedPath(b.path, folder).path;
  return a === null && b === null;
}

/** Either the entry that was named and the one that its links lead to, which is to be opened, or the path to ask about. */
type Found = { readonly first: FolderEntry; readonly last: FolderEntry } | { readonly ask: BytePath };

async function consentedPath(
  place: NamedPath,
  name: BytePath,
  from: PinnedFolder,
  { consent, folders }: FollowOptions,
): Promise<Found> {
  if (!isConsentedTo(place.path, consent)) return { ask: place.path };
  const first = await entryAt(name, folders, from);
  const last = await throughLinks(first, folders);
  // With `..` behind a link the system ends up elsewhere than the path that was consented to.
  return place.exact || isConsentedTo(last.path, consent) ? { first, last } : { ask: last.path };
}

/** Follows links one at a time, and none of them out of the own folder. */
async function ownPath(start: NamedPath, referrer: PinnedReferrer, options: FollowOptions): Promise<Found> {
  const { consent, folders } = options;
  let place = start;
  let name = start.path;
  let from = referrer.named;
  let first: FolderEntry | undefined;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    if (isConsentedTo(place.path, consent)) {
      const found = await consentedPath(place, name, from, options);
      return 'ask' in found ? found : { first: first ?? found.first, last: found.last };
    }
    const toDevice = hop > 0 && mayLeadToDevice(place, referrer);
    const own = isOwn(place, referrer) ? referrer.pinned.get(dirname(place.path) as BytePath) : undefined;
    if (own === undefined && !toDevice) return { ask: place.path };
    const entry: FolderEntry = {
      folder: own ?? (await folders.at(dirname(place.path) as BytePath)),
      name: entryName(place.path),
      path: place.path,
    };
    const kind = await kindOfEntry(entry);
    if (kind !== 'link')
      return toDevice && kind !== 'block device'
        ? { ask: place.path }
        : { first: first ?? entry, last: entry };
    first ??= entry;
    name = await readLinkAt(entry);
    from = entry.folder;
    place = namedPath(name, from.path);
  }
  throw tooManyLinks(start.path);
}

/** The entry that a path names; a relative one starts at `from`. Its folder is reached by whatever links lead there. */
async function entryAt(path: BytePath, folders: PinnedFolders, from?: PinnedFolder): Promise<FolderEntry> {
  const folder = await folders.at(dirname(path) as BytePath, from);
  const name = entryName(path);
  return { folder, name, path: `${folder.path === '/' ? '' : folder.path}/${name}` as BytePath };
}

/** The last name of a path. Rejects with CHAIN_NOT_A_FILE a path that can only be that of a folder. */
function entryName(path: BytePath): BytePath {
  const name = basename(path);
  if (path.endsWith('/') || name === '.' || name === '..') throw notAFile(path, 'folder');
  return name as BytePath;
}

/** The entry at the end of all links. */
async function throughLinks(start: FolderEntry, folders: PinnedFolders): Promise<FolderEntry> {
  let entry = start;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    if ((await kindOfEntry(entry)) !== 'link') return entry;
    entry = await entryAt(await readLinkAt(entry), folders, entry.folder);
  }
  throw tooManyLinks(start.path);
}

/** Opens `last`, which the entry that was named leads to. */
async function reach(
  path: BytePath,
  first: FolderEntry,
  last: FolderEntry,
  byPerson: boolean,
): Promise<ReachedFile> {
  const file = await openFile(last);
  const { device } = file;
  const written = dirname(path) as BytePath;
  const named = first.folder;
  const real = last.folder;
  const own = ownFolders({ written, named: named.path, real: real.path }, byPerson || device);
  const all = [
    [written, named],
    [named.path, named],
    [real.path, real],
  ] as const;
  const pinned = new Map(all.filter(([folder]) => own.has(folder)));
  return { file, path, referrer: { namedFolder: named.path, ownFolders: own, device, named, real, pinned } };
}

/** Where the links of a path lead; the path itself where they cannot be followed. */
async function realPathOf(path: BytePath): Promise<BytePath> {
  return realpath(systemPath(path), { encoding: 'buffer' }).then(fromBytes, () => path);
}

async function readLinkAt({ folder, name, path }: FolderEntry): Promise<BytePath> {
  try {
    return fromBytes(await readlink(folder.entry(name), { encoding: 'buffer' }));
  } catch (error) {
    throw notOpenedError(path, error);
  }
}

function tooManyLinks(path: BytePath): CowscopeError {
  return notOpenedError(path, Object.assign(new Error('too many links'), { code: 'ELOOP' }));
}

function refusedLink(recorded: Exclude<RecordedName, { kind: 'file' }>, subject: string): FollowedLink {
  const error =
    recorded.kind === 'protocol'
      ? {
          code: 'CHAIN_PROTOCOL',
          what: `the name is an address of the protocol or driver "${recorded.protocol}"; addresses inside images are never followed`,
          subject,
          advice: 'serve what lies behind it over NBD and open that URI',
        }
      : {
          code: 'CHAIN_BAD_NAME',
          what: `the recorded name ${recorded.why}`,
          subject,
          advice: 'name the files of the chain yourself, base first',
        };
  return { status: 'refused', resolved: '', format: '', error, findings: [] };
}

/** Why a file is opened with consent only. */
function reasonToAsk(form: NameForm, isData: boolean, isOwnFile: boolean): string {
  const where = isOwnFile ? ', which lies beside it' : ', outside its own folder';
  if (isData) return `the image names this file${where}, for its data`;
  return form === 'json:'
    ? `a JSON description in the image names this file${where}`
    : `the image names this file${where}`;
}

function needsConsent(path: BytePath, reason: string): ErrorRecord {
  return {
    code: 'CHAIN_CONSENT_NEEDED',
    what: `${reason}; it is opened only with consent`,
    subject: shownPath(path),
    advice: isTextPath(path)
      ? 'allow it (--allow on the command line) if you trust the image'
      : 'its name is not UTF-8: move it beside the image, or allow all files',
  };
}

/** The chain is that of the image's real path; qemu, started with the path of the link, would not open it. */
function onlyInRealFolder(name: BytePath, folder: BytePath): Finding {
  return makeFinding({
    code: 'CHAIN_LINK_FOLDER',
    severity: 'hazard',
    what: `it was named through a symbolic link, and beside the link there is no ${escapeUntrusted(shownPath(name))}, where qemu looks for it; what is shown is the file in the folder where the image lies, ${escapeUntrusted(shownPath(folder))}`,
    advice: 'name the image by its real path',
  });
}

function alsoInRealFolder(name: BytePath, folder: BytePath): Finding {
  return makeFinding({
    code: 'CHAIN_LINK_FOLDER',
    severity: 'hazard',
    what: `it was named through a symbolic link; what is shown is the ${escapeUntrusted(shownPath(name))} beside the link, as qemu takes it, and another file of that name lies in the folder where the image lies, ${escapeUntrusted(shownPath(folder))}`,
    advice: 'name the image by its real path if that one is meant',
  });
}

export function formFindings({ form, path }: Extract<RecordedName, { kind: 'file' }>): Finding[] {
  if (form === 'plain' || path.startsWith('/')) return [];
  return [
    makeFinding({
      code: 'CHAIN_NAME_RELATIVE',
      severity: 'hazard',
      what: `the name recorded with ${form} is relative; it is looked for beside the image, where qemu would look in the folder that it is started in`,
      advice: 'record a plain name, or an absolute one, with qemu-img rebase -u',
    }),
  ];
}
