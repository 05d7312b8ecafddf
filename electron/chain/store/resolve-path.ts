/** Where a path leads by what a scan found: nothing is looked at. */
import type { BytePath } from '../byte-path.ts';
import type { FoundFile, FoundFiles } from './found-files.ts';

/** What lies at the end of a path. */
export type ResolvedPath =
  | { readonly kind: 'file'; readonly file: FoundFile }
  /** A folder, or something that is never opened. */
  | { readonly kind: 'notAFile'; readonly path: BytePath }
  /** A place in the scanned folders where nothing is. */
  | { readonly kind: 'missing'; readonly path: BytePath }
  /** A place outside of them. */
  | { readonly kind: 'outside'; readonly path: BytePath };

/** Links followed from one name before it is taken for a circle: as many as Linux follows. */
const MAX_HOPS = 40;

/** Names on the way, those in links included. A recorded name has at most 512. */
const MAX_NAMES = 1024;

/** Follows an absolute path name by name, through the links that were found, as the system would. */
export function resolvePath(path: BytePath, found: FoundFiles): ResolvedPath {
  const waiting = namesOf(path).reverse();
  let reached = '';
  let hops = 0;
  let file: FoundFile | undefined;
  let isSpecial = false;
  let names = 0;
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (++names > MAX_NAMES) return { kind: 'missing', path };
    // Only a folder can hold what comes next.
    if (file !== undefined || isSpecial) return { kind: 'missing', path };
    if (name === '.') continue;
    if (name === '..') {
      reached = reached.slice(0, Math.max(0, reached.lastIndexOf('/')));
      continue;
    }
    const next = `${reached}/${name}` as BytePath;
    const entry = found.at(next);
    if (entry?.kind === 'link') {
      if (++hops > MAX_HOPS) return { kind: 'missing', path: next };
      if (entry.target.startsWith('/')) reached = '';
      for (const each of namesOf(entry.target).reverse()) waiting.push(each);
      continue;
    }
    if (entry === undefined && found.at(reached as BytePath)?.kind === 'folder')
      return { kind: 'missing', path: next };
    if (entry?.kind === 'file') file = entry.file;
    isSpecial = entry?.kind === 'special';
    reached = next;
  }
  if (file !== undefined) return { kind: 'file', file };
  const end = (reached === '' ? '/' : reached) as BytePath;
  const isFound = isSpecial || found.at(end)?.kind === 'folder';
  return { kind: isFound ? 'notAFile' : 'outside', path: end };
}

/** The names of a path; a slash at its end asks for a folder, as `.` does. */
function namesOf(path: BytePath): string[] {
  const names = path.split('/').filter(name => name !== '');
  return names.length > 0 && path.endsWith('/') ? [...names, '.'] : names;
}
