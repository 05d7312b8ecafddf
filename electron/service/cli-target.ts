/** The target that a command line names: files or one NBD address, the same for the window and for the commands. */
import { fileURLToPath } from 'node:url';
import { CowscopeError } from '../../shared/error.ts';
import { MAX_LAYERS } from '../../shared/model/layer.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { absolutePath } from '../chain/absolute-path.ts';
import { isNbdUri } from '../nbd/uri.ts';

/** How a target is read: what the options of a command line say of it. */
export interface ReadingOptions {
  readonly format?: 'raw' | 'qcow2';
  /** Format of backing files for which none is recorded. */
  readonly backingFormat?: 'raw' | 'qcow2';
  /** Files for backing files that cannot be opened, from the top down; relative paths as those of the targets. */
  readonly locate?: readonly string[];
  /** Internal snapshot of the top layer. */
  readonly snapshot?: string;
  /** Infer what a layer lost of its header or L1 table, and which of several readings is wanted. */
  readonly infer?: boolean;
  readonly reading?: number;
}

/** An error of the command line itself. */
export function usageError(what: string, advice: string, subject = ''): CowscopeError {
  return new CowscopeError({ code: 'USAGE', what, subject, advice });
}

/**
 * The target that `targetArgs` name, at least one; relative paths start at `folder`, by default the working folder.
 * Throws USAGE for what is none, or NO_WORKING_FOLDER.
 */
export function targetOf(
  targetArgs: readonly string[],
  { format, backingFormat, locate = [], snapshot, infer, reading }: ReadingOptions,
  folder?: string,
): OpenTarget {
  if (targetArgs.includes(''))
    throw usageError('an empty argument names no file', 'check the quotes and variables');
  const [uri] = targetArgs.filter(isNbdUri);
  if (uri === undefined) {
    if (targetArgs.length > MAX_LAYERS)
      throw usageError(`more than ${MAX_LAYERS} files are named`, 'a chain has fewer layers');
    if (targetArgs.length > 1 && locate.length > 0)
      throw usageError(
        '--locate is for links that are followed; several files are a chain as they are',
        'name the file itself in its place, base first',
      );
    if (locate.length > MAX_LAYERS)
      throw usageError(`more than ${MAX_LAYERS} files are located`, 'a chain has fewer layers');
    return {
      kind: 'files',
      files: targetArgs.map(arg => fileOf(arg, folder)),
      ...(format === undefined ? {} : { format }),
      ...(backingFormat === undefined ? {} : { backingFormat }),
      ...(locate.length === 0 ? {} : { locate: locate.map(arg => fileOf(arg, folder)) }),
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(infer === true || reading !== undefined ? { infer: reading ?? 1 } : {}),
    };
  }
  if (targetArgs.length > 1)
    throw usageError(
      'an NBD address stands alone: it cannot be mixed with files or other addresses',
      'open them one by one',
      targetArgs.join(' '),
    );
  if (format !== undefined)
    throw usageError('--format is about files; an NBD export has no format', 'leave it out');
  if (backingFormat !== undefined || locate.length > 0)
    throw usageError(
      '--backing-format and --locate are about backing files; the server of an NBD export opens its own',
      'leave them out',
    );
  if (infer === true || reading !== undefined)
    throw usageError('an NBD export shows no tables to infer anything from', 'name the image file itself');
  if (snapshot !== undefined)
    throw usageError('an NBD export shows no internal snapshots', 'name the image file itself');
  return { kind: 'nbd', uri };
}

/** The absolute path that an argument means: a path, or the address of a local file. qemu takes `file:` before any path. */
function fileOf(arg: string, folder: string | undefined): string {
  if (/^file:[^/]/i.test(arg)) return absolutePath(arg.slice('file:'.length), folder);
  if (/^file:/i.test(arg)) {
    try {
      return fileURLToPath(arg);
    } catch {
      throw usageError('this is not the address of a local file', 'give its path', arg);
    }
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(arg))
    throw usageError(
      'only files and NBD addresses can be opened',
      'serve the image with qemu-nbd and open its address',
      arg,
    );
  return absolutePath(arg, folder);
}
