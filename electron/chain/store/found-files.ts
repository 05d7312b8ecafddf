/** What a scan of folders found, before it is known what rests on what. Paths are real paths. */
import type { ErrorRecord } from '../../../shared/error.ts';
import type { BytePath } from '../byte-path.ts';
import type { FileKind } from '../policy.ts';
import type { ImageHeaderSummary } from './image-header.ts';

/** One regular file, or one block device that was given. */
export interface FoundFile {
  readonly path: BytePath;
  /** Further paths that lead to it: hard links, and the names under which it was given. */
  readonly aliases: BytePath[];
  /** Length and bytes on disk; -1 where unknown. */
  readonly fileSize: number;
  readonly allocatedSize: number;
  /** Milliseconds since 1970; -1 for a device. */
  readonly modified: number;
  readonly inUse: boolean;
  /** Absent where it could not be read: `error` says why. */
  readonly head?: ImageHeaderSummary;
  readonly error?: ErrorRecord;
}

/** What lies at a path. */
export type FoundEntry =
  | { readonly kind: 'file'; readonly file: FoundFile }
  /** A symbolic link, with what it says; it is not followed. */
  | { readonly kind: 'link'; readonly target: BytePath }
  | { readonly kind: 'folder' }
  | { readonly kind: 'special'; readonly type: FileKind };

/** Everything that lies in the given folders, by path. */
export class FoundFiles {
  readonly files: FoundFile[] = [];
  readonly #entries = new Map<string, FoundEntry>();
  readonly #byIdentity = new Map<string, FoundFile>();

  at(path: BytePath): FoundEntry | undefined {
    return this.#entries.get(path);
  }

  add(path: BytePath, entry: Exclude<FoundEntry, { kind: 'file' }>): void {
    this.#entries.set(path, entry);
  }

  /** The file of that identity that is known already, which has this path from now on, too. */
  addAlias(path: BytePath, identity: string): FoundFile | undefined {
    const file = this.#byIdentity.get(identity);
    if (file === undefined) return undefined;
    if (file.path !== path && !file.aliases.includes(path)) file.aliases.push(path);
    this.#entries.set(path, { kind: 'file', file });
    return file;
  }

  addFile(file: FoundFile, identity: string): void {
    this.files.push(file);
    this.#entries.set(file.path, { kind: 'file', file });
    this.#byIdentity.set(identity, file);
  }

  /** Every symbolic link. */
  *links(): Iterable<BytePath> {
    for (const [path, { kind }] of this.#entries) if (kind === 'link') yield path as BytePath;
  }
}
