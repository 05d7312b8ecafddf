/** What the command line names: files or one NBD URI, with the consent and the options that go with opening it. */
import { resolve } from 'node:path';
import { CowscopeError } from '../../shared/errors.ts';
import type { Consent, OpenTarget } from '../../shared/ipc/contract.ts';
import { isNbdUri } from '../nbd/uri.ts';

/** Options that every command which opens a target takes. */
export interface TargetOptions {
  readonly format?: 'raw' | 'qcow2';
  /** Internal snapshot of the top layer, where a command can show one. */
  readonly snapshot?: string;
  readonly allow: readonly string[];
  readonly allowAll: boolean;
  readonly forceShare?: boolean;
}

/** An error of the command line itself. */
export function usageError(what: string, advice: string, subject = ''): CowscopeError {
  return new CowscopeError({ code: 'USAGE', what, subject, advice });
}

/** The target that the words name. Throws CowscopeError USAGE for what is none. */
export function targetOf(
  words: readonly string[],
  options: Pick<TargetOptions, 'format' | 'snapshot'>,
): OpenTarget {
  if (words.includes('')) throw usageError('an empty word names no file', 'check the quotes and variables');
  const { format, snapshot } = options;
  const uris = words.filter(isNbdUri);
  if (uris.length === 0) {
    const foreign = words.find(word => /^[a-z][a-z0-9+.-]*:\/\//i.test(word));
    if (foreign !== undefined)
      throw usageError(
        'only files and NBD addresses can be opened',
        'serve the image with qemu-nbd and open its address',
        foreign,
      );
    const files = words.map(word => resolve(word));
    return {
      kind: 'files',
      files,
      ...(format === undefined ? {} : { format }),
      ...(snapshot === undefined ? {} : { snapshot }),
    };
  }
  if (words.length > 1)
    throw usageError(
      'an NBD address stands alone: it cannot be mixed with files or other addresses',
      'open them one by one',
      words.join(' '),
    );
  if (format !== undefined)
    throw usageError('--format is about files; an NBD export has no format', 'leave it out');
  return { kind: 'nbd', uri: uris[0] as string };
}

/** The consent given on the command line. */
export function consentOf(options: Pick<TargetOptions, 'allow' | 'allowAll'>): Consent {
  return { allow: options.allow.map(path => resolve(path)), allowAll: options.allowAll };
}
