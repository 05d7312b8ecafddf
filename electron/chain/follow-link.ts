/** From a name recorded in an image to an opened file, as far as the policy lets it. */
import { readlink, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import type { LinkStatus } from '../../shared/model/layer.ts';
import { parseRecordedName, type RecordedName } from './backing-name.ts';
import { type BytePath, fromBytes, isTextPath, shownPath, systemPath, toBytePath } from './byte-path.ts';
import { kindAt, type OpenFile, openFile, unopened } from './open-file.ts';
import {
  type ConsentFacts,
  isConsentedTo,
  isOwn,
  mayLeadToDevice,
  ownFolders,
  type Place,
  placeOf,
  type Referrer,
} from './policy.ts';

/** A file that was reached. */
export interface ReachedFile {
  readonly file: OpenFile;
  /** Where its name leads before links are followed, absolute and normalized. */
  readonly path: BytePath;
  /** What it is to the names recorded in it. */
  readonly referrer: Referrer;
}

/** What became of a recorded name. */
export interface FollowedLink {
  readonly status: LinkStatus;
  /** Absolute path to show, and to consent to; empty when it names no file. */
  readonly resolved: string;
  readonly reached?: ReachedFile;
  /** Format that a JSON description names, else empty. */
  readonly format: string;
  readonly error?: ErrorRecord;
  readonly notes: readonly string[];
}

/** Links followed from one name before it is taken for a circle: as many as Linux follows. */
const MAX_HOPS = 40;

/**
 * Opens what a person named. Rejects with the codes of openFile.
 * A relative name starts in the working folder of this process.
 */
export async function openNamed(text: string): Promise<ReachedFile> {
  const path = resolve(toBytePath(process.cwd()), toBytePath(text)) as BytePath;
  return reach(path, await realPathOf(path), true);
}

/** The facts of a person's consent: each path as written and as what its links lead to. */
export async function consentFacts(paths: readonly string[], all: boolean): Promise<ConsentFacts> {
  const named = new Set<BytePath>();
  for (const text of paths) {
    const path = resolve(toBytePath(process.cwd()), toBytePath(text)) as BytePath;
    named.add(path);
    const real = await realPathOf(path).catch(() => path);
    named.add(real);
  }
  return { named, all };
}

/** How to follow a link. */
export interface FollowOptions {
  readonly consent: ConsentFacts;
  /** The own folder is no reason to open it: only consent is. */
  readonly always: 'ask' | 'policy';
}

/**
 * Follows a recorded name from the image that holds it; never rejects for what an image or the disk holds.
 * Until consent, nothing outside the image's own folder is so much as looked at.
 */
export async function followLink(
  name: Uint8Array,
  referrer: Referrer,
  { consent, always }: FollowOptions,
): Promise<FollowedLink> {
  const recorded = parseRecordedName(name);
  if (recorded.kind !== 'file') return refusedLink(recorded, Buffer.from(name).toString('utf8'));
  const place = placeOf(recorded.path, referrer.namedFolder);
  const base = { resolved: shownPath(place.path), format: recorded.format, notes: formNotes(recorded) };
  const mustAsk = always === 'ask' || recorded.form === 'json:';
  try {
    const found =
      isConsentedTo(place.path, consent) || mustAsk
        ? await consentedPath(place, consent)
        : await ownPath(place, referrer, consent);
    if ('ask' in found)
      return {
        ...base,
        status: 'needsConsent',
        resolved: shownPath(found.ask),
        error: needsConsent(found.ask),
      };
    return { ...base, status: 'opened', reached: await reach(place.path, found.real, false) };
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return { ...base, status: 'missing', error: errorRecord(error) };
  }
}

/** Either the real path to open, or the path to ask about. */
type Found = { readonly real: BytePath } | { readonly ask: BytePath };

async function consentedPath(place: Place, consent: ConsentFacts): Promise<Found> {
  if (!isConsentedTo(place.path, consent)) return { ask: place.path };
  const real = await realPathOf(place.whole);
  // With `..` behind a link the system ends up elsewhere than the path that was consented to.
  return place.exact || isConsentedTo(real, consent) ? { real } : { ask: real };
}

/** Follows links one at a time, and none of them out of the own folder. */
async function ownPath(start: Place, referrer: Referrer, consent: ConsentFacts): Promise<Found> {
  let place = start;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    if (isConsentedTo(place.path, consent)) return consentedPath(place, consent);
    const toDevice = hop > 0 && mayLeadToDevice(place, referrer);
    if (!toDevice && !isOwn(place, referrer)) return { ask: place.path };
    const kind = await kindAt(place.path);
    if (kind !== 'link')
      return toDevice && kind !== 'block device' ? { ask: place.path } : { real: place.path };
    place = placeOf(await readLinkAt(place.path), await realPathOf(dirname(place.path) as BytePath));
  }
  throw unopened(start.path, Object.assign(new Error('too many links'), { code: 'ELOOP' }));
}

async function reach(path: BytePath, real: BytePath, byPerson: boolean): Promise<ReachedFile> {
  const written = dirname(path) as BytePath;
  const named = await realPathOf(written);
  const file = await openFile(real);
  const { device } = file;
  const folders = ownFolders({ written, named, real: dirname(real) as BytePath }, byPerson || device);
  return { file, path, referrer: { namedFolder: named, ownFolders: folders, device } };
}

async function realPathOf(path: BytePath): Promise<BytePath> {
  try {
    return fromBytes(await realpath(systemPath(path), { encoding: 'buffer' }));
  } catch (error) {
    throw unopened(path, error);
  }
}

async function readLinkAt(path: BytePath): Promise<BytePath> {
  try {
    return fromBytes(await readlink(systemPath(path), { encoding: 'buffer' }));
  } catch (error) {
    throw unopened(path, error);
  }
}

function refusedLink(recorded: Exclude<RecordedName, { kind: 'file' }>, subject: string): FollowedLink {
  const error =
    recorded.kind === 'protocol'
      ? {
          code: 'CHAIN_PROTOCOL',
          what: `the name means the protocol or driver "${recorded.protocol}", which is never followed`,
          subject,
          advice: 'serve what lies behind it over NBD and open that URI',
        }
      : {
          code: 'CHAIN_BAD_NAME',
          what: `the recorded name ${recorded.why}`,
          subject,
          advice: 'name the files of the chain yourself, base first',
        };
  return { status: 'refused', resolved: '', format: '', error, notes: [] };
}

function needsConsent(path: BytePath): ErrorRecord {
  return {
    code: 'CHAIN_CONSENT_NEEDED',
    what: 'an image names this file, which lies outside its folder or may only be opened with consent',
    subject: shownPath(path),
    advice: isTextPath(path)
      ? 'allow it (--allow on the command line) if you trust the image'
      : 'its name is not UTF-8: move it beside the image, or allow all files',
  };
}

function formNotes({ form, path }: Extract<RecordedName, { kind: 'file' }>): string[] {
  if (form === 'plain' || path.startsWith('/')) return [];
  return [
    `The name recorded with ${form} is relative; it is looked for beside the image, where qemu would look in the folder that it is started in.`,
  ];
}
