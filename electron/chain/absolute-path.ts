/** Paths as the person wrote them, made absolute. */
import { isAbsolute, normalize, resolve } from 'node:path';
import { CowscopeError } from '../../shared/error.ts';

/**
 * The absolute path that a text means from `folder`, by default the working folder of this process, which is asked for
 * only where the path is relative. Throws NO_WORKING_FOLDER where that was removed.
 */
export function absolutePath(text: string, folder?: string): string {
  return isAbsolute(text) ? stripped(normalize(text)) : resolve(folder ?? workingFolder(text), text);
}

/** As path.resolve gives it: without a slash at the end. */
function stripped(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Set once the working folder turned out not to exist. */
let isRemoved = false;

/**
 * To be called when a program starts: where its working folder was removed, it goes on in the root folder, because no
 * thread can be started without one. Relative paths are refused from then on.
 */
export function leaveRemovedFolder(): void {
  try {
    process.cwd();
  } catch {
    isRemoved = true;
    process.chdir('/');
  }
}

function workingFolder(subject: string): string {
  try {
    if (!isRemoved) return process.cwd();
  } catch {
    // it was removed after the start
  }
  throw new CowscopeError({
    code: 'NO_WORKING_FOLDER',
    what: 'the folder in which cowscope was started does not exist any more',
    subject,
    advice: 'change to another folder, or give absolute paths',
  });
}
