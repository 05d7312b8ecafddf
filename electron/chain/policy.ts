/**
 * Which files may be opened without asking. Pure: it judges paths and facts and never touches the file system, because
 * even looking at a path that an image names can have effects (a network share that mounts itself).
 */
import { dirname, isAbsolute, normalize } from 'node:path';
import type { BytePath } from './byte-path.ts';

/** What the person consented to. */
export interface ResolvedConsent {
  /** Files the person named: to open or to allow. Absolute and normalized, and also what their links lead to. */
  readonly named: ReadonlySet<BytePath>;
  /** Consent to every file, whatever its folder. */
  readonly all: boolean;
}

/** The image whose link is judged. */
export interface Referrer {
  /** Real path of the folder in which it was named: relative names start there. */
  readonly namedFolder: BytePath;
  /** Its own folder, by every path that is known to lead there: see {@link ownFolders}. */
  readonly ownFolders: ReadonlySet<BytePath>;
  readonly device: boolean;
}

/**
 * The own folders of an image: the one in which it really lies, and that of the link, if it was named through one. The
 * volumes of a group are always named through links. A path is taken as written where it leads to one of these folders.
 */
export function ownFolders(
  { written, named, real }: { written: BytePath; named: BytePath; real: BytePath },
  alsoNamed: boolean,
): ReadonlySet<BytePath> {
  const own = new Set([real]);
  if (alsoNamed) own.add(named);
  if (own.has(named)) own.add(written);
  own.delete('/dev' as BytePath); // all devices lie there, whatever names them
  return own;
}

/** The path that a name means, before links are followed. */
export interface NamedPath {
  /** Absolute and normalized. */
  readonly path: BytePath;
  /** The same as the system would take it, link by link. */
  readonly whole: BytePath;
  /**
   * False where `..` follows a folder's name: if that folder is a link, the system ends up elsewhere than the text says.
   */
  readonly exact: boolean;
}

/** The path that a name means in a folder (a real path). */
export function namedPath(name: BytePath, folder: BytePath): NamedPath {
  const whole = isAbsolute(name) ? name : `${folder}/${name}`;
  const own = isAbsolute(name) ? name : name.replace(/^(?:\.{1,2}\/+)*/, '');
  return {
    path: normalize(whole) as BytePath,
    whole: whole as BytePath,
    exact: !/(?:^|\/)\.\.(?:\/|$)/.test(own),
  };
}

/** True when the person named this path or consented to everything. */
export function isConsentedTo(path: BytePath, consent: ResolvedConsent): boolean {
  return consent.all || consent.named.has(path);
}

/**
 * True when a path lies in the own folder of the image that names it, where files are opened without asking.
 * A folder below the own one is another folder.
 */
export function isOwn(place: NamedPath, referrer: Referrer): boolean {
  return place.exact && referrer.ownFolders.has(dirname(place.path) as BytePath);
}

/**
 * True when a link in the own folder of a device may lead to a node in /dev, provided that is a block device: the
 * volumes of a group look like this, and a program that may make links there may make nodes, too.
 */
export function mayLeadToDevice(target: NamedPath, referrer: Referrer): boolean {
  return referrer.device && target.exact && dirname(target.path) === '/dev';
}

/** Kinds of things a path can lead to. */
export type FileKind =
  | 'file'
  | 'block device'
  | 'character device'
  | 'FIFO'
  | 'socket'
  | 'folder'
  | 'link'
  | 'unknown';

/** True for what can hold an image. Nothing else is ever opened, consent or not: a FIFO blocks, a device may act. */
export function canHoldImage(kind: FileKind): boolean {
  return kind === 'file' || kind === 'block device';
}
