/**
 * Deep links, to a place on a chain (shared/text/deep-link.ts). Anything may hold one, a web page among them, so a link says what to
 * open and where to look; it consents to nothing, and a person is asked before any of it is looked at.
 */
import { CowscopeError } from '../../shared/error.ts';
import type { StartView } from '../../shared/model/arrival.ts';
import { MAX_LINK_CHARACTERS, MAX_LINK_FILES } from '../../shared/text/deep-link.ts';
import { parseOffset } from '../../shared/text/offset.ts';

/** What a link names. */
export interface LinkedFiles {
  /** Absolute paths as the link has them; several are a chain, base first. */
  readonly files: readonly string[];
  readonly start: StartView;
}

/** True for what was meant as a link. */
export function isDeepLink(text: string): boolean {
  return /^cowscope:/i.test(text);
}

/** What a link names. Throws DEEP_LINK_INVALID for any other text, and for paths that are not absolute or on another host. */
export function parseDeepLink(text: string): LinkedFiles {
  if (text.length > MAX_LINK_CHARACTERS || !URL.canParse(text)) throw invalid(text, 'it is no address');
  const { protocol, host, pathname, searchParams, hash } = new URL(text);
  if (protocol !== 'cowscope:' || host !== 'open' || !['', '/'].includes(pathname))
    throw invalid(text, 'it does not begin with cowscope://open');
  const files = searchParams.getAll('path');
  if ([...searchParams.keys()].some(key => key !== 'path')) throw invalid(text, 'it says more than paths');
  if (files.length === 0 || files.length > MAX_LINK_FILES)
    throw invalid(text, `it names ${files.length} files, and may name 1 to ${MAX_LINK_FILES}`);
  if (!files.every(isLocalPath)) throw invalid(text, 'a path in it is not that of a file on this computer');
  return { files, start: startView(text, new URLSearchParams(hash.slice(1))) };
}

/** The view that the parameters of a link ask for. Throws DEEP_LINK_INVALID. */
function startView(link: string, parameters: URLSearchParams): StartView {
  if ([...parameters.keys()].some(key => !['at', 'len', 'view'].includes(key)))
    throw invalid(link, 'what follows its # is at, len or view');
  const at = numberIn(parameters, 'at');
  const length = numberIn(parameters, 'len');
  const view = parameters.get('view');
  if (at === null || length === null) throw invalid(link, 'at and len are offsets such as 0x50000');
  if (length !== undefined && at === undefined) throw invalid(link, 'len belongs to at');
  if (view !== null && !isViewId(view)) throw invalid(link, 'view is the name of a view');
  return {
    ...(at === undefined ? {} : { at }),
    ...(length === undefined ? {} : { length }),
    ...(view === null ? {} : { view }),
  };
}

/** True for what can be the id of a view. */
export function isViewId(text: string): boolean {
  return text.length <= 32 && /^[a-z]+(?:-[a-z]+)*$/.test(text);
}

/** An offset; undefined where it is not named, null where it is none. */
function numberIn(parameters: URLSearchParams, name: string): number | undefined | null {
  const value = parameters.get(name);
  return value === null ? undefined : (parseOffset(value) ?? null);
}

/** Absolute, and on no host: Windows would send the person's name to the host of \\host\share. */
function isLocalPath(path: string): boolean {
  return (/^\/(?!\/)/.test(path) || /^[a-z]:[\\/](?![\\/])/i.test(path)) && !path.includes('\0');
}

function invalid(link: string, why: string): CowscopeError {
  return new CowscopeError({
    code: 'DEEP_LINK_INVALID',
    what: `this cowscope: link cannot be followed: ${why}`,
    subject: link.slice(0, 200),
    advice: 'open the image itself, and go to the offset in the window',
  });
}
