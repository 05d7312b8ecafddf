/**
 * Reads the head of every file in some folders. Nothing is opened but regular files that lie there, and files and block
 * devices that were given by name: no symbolic link is followed, no device or FIFO in a folder is opened, and no name in
 * an image is looked at.
 */
import type { Dirent } from 'node:fs';
import { lstat, opendir, readlink, realpath } from 'node:fs/promises';
import { CowscopeError, type ErrorRecord, errorRecord } from '../../../shared/error.ts';
import type { StoreCoverage } from '../../../shared/model/store/store.ts';
import { fileSource } from '../../qcow2/read/file-source.ts';
import { absolutePath } from '../absolute-path.ts';
import { BufferedSource } from '../buffered-source.ts';
import { type BytePath, fromBytes, shownPath, systemPath, toBytePath } from '../byte-path.ts';
import { openNamedPath } from '../follow-link.ts';
import { notOpenedError } from '../open-error.ts';
import { kindOf, modifiedTime, type OpenFile, openFile } from '../open-file.ts';
import { type Mount, mountOf, readMounts } from '../path-inspector.ts';
import { type PinnedFolder, PinnedFolders } from '../pinned-folder.ts';
import type { FileKind } from '../policy.ts';
import { readLocks, WriterLocks } from '../writer-lock.ts';
import { type FoundFile, FoundFiles } from './found-files.ts';
import { readImageHeader } from './image-header.ts';

/** Most files that are read and most entries of folders; what comes after is left out, and named in the coverage. */
const MAX_FILES = 200_000;
const MAX_ENTRIES = 1_000_000;
/** Most entries of a folder whose folders are left out. */
const MAX_FLAT_ENTRIES = 4096;
/** File systems of the kernel, where a file is no place to keep an image and a look can wait or act. */
const KERNEL: ReadonlySet<string> = new Set(
  'autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts efivarfs fusectl mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs'.split(
    ' ',
  ),
);
/** Errors kept; all are counted. */
const MAX_ERRORS = 100;
/** Files read at the same time. */
const AT_ONCE = 8;

/** What to scan. */
export interface ScanRequest {
  /** Folders, files and block devices, as a person named them. */
  readonly roots: readonly string[];
  /** Further files and block devices, by absolute paths. */
  readonly files?: readonly BytePath[] | undefined;
  /** Folders, by absolute paths, of which only what lies in them is read, and nothing below. */
  readonly flat?: readonly BytePath[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how far it is. */
  readonly onProgress?: ((coverage: Pick<StoreCoverage, 'entries' | 'folders'>) => void) | undefined;
}

/** What was found, and what was not looked at. */
export interface ScannedFolders {
  /** Real paths of the roots, the files and the flat folders. */
  readonly roots: readonly BytePath[];
  readonly files: readonly BytePath[];
  readonly flat: readonly BytePath[];
  readonly found: FoundFiles;
  readonly coverage: Omit<StoreCoverage, 'otherFiles'>;
}

/**
 * Scans folders and what lies below them. Rejects where a root cannot be opened at all, with CHAIN_FILE_MISSING or the like,
 * and with the reason of `signal` once that is aborted. What cannot be opened of the rest is named in the coverage.
 */
export async function scanFolders(request: ScanRequest): Promise<ScannedFolders> {
  const { roots, files = [], flat = [], signal, onProgress } = request;
  const system = { locked: new WriterLocks(await readLocks()), mounts: await readMounts() };
  const scan = new Scan(system, signal, onProgress);
  const realRoots: BytePath[] = [];
  for (const root of roots) realRoots.push(await scan.root(toBytePath(absolutePath(root))));
  const realFiles = await scan.each(files, file => scan.root(file));
  await scan.finish();
  const realFlat = await scan.each(flat, folder => scan.flat(folder));
  return { roots: realRoots, files: realFiles, flat: realFlat, found: scan.found, coverage: scan.coverage() };
}

class Scan {
  readonly found = new FoundFiles();
  readonly #locked: WriterLocks;
  readonly #mounts: readonly Mount[];
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ScanRequest['onProgress'];
  readonly #folders: BytePath[] = [];
  readonly #errors: ErrorRecord[] = [];
  #errorCount = 0;
  #entries = 0;
  #folderCount = 0;
  #special = 0;
  #filesSeen = 0;
  #isFull = false;

  constructor(
    { locked, mounts }: { readonly locked: WriterLocks; readonly mounts: readonly Mount[] },
    signal: AbortSignal | undefined,
    onProgress: ScanRequest['onProgress'],
  ) {
    this.#locked = locked;
    this.#mounts = mounts;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  coverage(): ScannedFolders['coverage'] {
    return {
      folders: this.#folderCount,
      entries: this.#entries,
      special: this.#special,
      errors: this.#errors,
      errorCount: this.#errorCount,
      complete: !this.#isFull,
    };
  }

  /** Takes a folder, file or device that a person named; its links are followed. Gives its real path. */
  async root(path: BytePath): Promise<BytePath> {
    let real: BytePath;
    let kind: FileKind;
    try {
      real = fromBytes(await realpath(systemPath(path), { encoding: 'buffer' }));
      kind = kindOf(await lstat(systemPath(real), { bigint: true }));
    } catch (error) {
      throw notOpenedError(path, error);
    }
    if (kind === 'folder') {
      this.#folders.push(real);
      return real;
    }
    const folders = new PinnedFolders();
    try {
      const { file } = await openNamedPath(path, folders);
      await this.#read(file, real);
      if (path !== real) this.found.addAlias(path, file.identity);
      return real;
    } finally {
      await folders.close();
    }
  }

  /** Real paths of those that `take` could open; the errors of the others are kept. */
  async each(
    paths: readonly BytePath[],
    take: (path: BytePath) => Promise<BytePath>,
  ): Promise<readonly BytePath[]> {
    const taken: BytePath[] = [];
    for (const path of paths) {
      this.#signal?.throwIfAborted();
      try {
        taken.push(await take(path));
      } catch (error) {
        this.#keep(error);
      }
    }
    return taken;
  }

  /** Reads what lies in a folder, unless that was done; gives its real path. Once the other folders are finished. */
  async flat(path: BytePath): Promise<BytePath> {
    let real: BytePath;
    try {
      real = fromBytes(await realpath(systemPath(path), { encoding: 'buffer' }));
    } catch (error) {
      throw notOpenedError(path, error);
    }
    if (this.found.at(real)?.kind === 'folder') return real;
    this.found.add(real, { kind: 'folder' });
    await this.#folder(real, MAX_FLAT_ENTRIES);
    this.#folders.length = 0;
    return real;
  }

  /** Goes through all folders. */
  async finish(): Promise<void> {
    for (
      let folder = this.#folders.pop();
      folder !== undefined && !this.#isFull;
      folder = this.#folders.pop()
    ) {
      this.#signal?.throwIfAborted();
      if (this.found.at(folder)?.kind === 'folder') continue; // it lies in another one that was given
      this.found.add(folder, { kind: 'folder' });
      if (KERNEL.has(mountOf(folder, this.#mounts)?.type ?? '')) this.#special++;
      else await this.#folder(folder);
    }
  }

  async #folder(path: BytePath, most = MAX_ENTRIES): Promise<void> {
    const folders = new PinnedFolders();
    try {
      const folder = await folders.at(path);
      // A link was put in its place: what lies behind it was not given.
      if (folder.path !== path)
        throw notOpenedError(path, Object.assign(new Error('moved'), { code: 'ENOENT' }));
      this.#folderCount++;
      const below: BytePath[] = [];
      await this.#entriesOf(folder, below, most);
      await folder.verify();
      for (const next of below.sort().reverse()) this.#folders.push(next);
    } catch (error) {
      this.#keep(error instanceof CowscopeError ? error : notOpenedError(path, error));
    } finally {
      await folders.close();
    }
  }

  async #entriesOf(folder: PinnedFolder, below: BytePath[], most: number): Promise<void> {
    const end = Math.min(MAX_ENTRIES, this.#entries + most);
    const running = new Set<Promise<void>>();
    try {
      // As bytes: a name need not be text.
      const entries = (await opendir(folder.entry('.') as unknown as string, {
        encoding: 'buffer' as BufferEncoding,
        bufferSize: 256,
      })) as AsyncIterable<Dirent> as AsyncIterable<Dirent<Buffer>>;
      for await (const entry of entries) {
        this.#signal?.throwIfAborted();
        if (++this.#entries > end || this.#filesSeen >= MAX_FILES) {
          this.#isFull = true;
          break;
        }
        if (this.#entries % 512 === 0)
          this.#onProgress?.({ entries: this.#entries, folders: this.#folderCount });
        const reading: Promise<void> = this.#entry(folder, entry, below)
          .catch(error => this.#keep(error))
          .finally(() => running.delete(reading));
        running.add(reading);
        if (running.size >= AT_ONCE) await Promise.race(running);
      }
    } finally {
      await Promise.all(running);
    }
  }

  async #entry(folder: PinnedFolder, entry: Dirent<Buffer>, below: BytePath[]): Promise<void> {
    const name = fromBytes(entry.name);
    const path = `${folder.path === '/' ? '' : folder.path}/${name}` as BytePath;
    const kind = await kindOfDirent(folder, name, entry);
    if (kind === 'folder') below.push(path);
    else if (kind === 'link') {
      const target = await readlink(folder.entry(name), { encoding: 'buffer' });
      this.found.add(path, { kind: 'link', target: fromBytes(target) });
    } else if (kind !== 'file') {
      this.#special++;
      this.found.add(path, { kind: 'special', type: kind });
    } else {
      this.#filesSeen++;
      const file = await openFile({ folder, name, path });
      await this.#read(file, path);
    }
  }

  /** Reads the head of an opened file, and closes it. */
  async #read(file: OpenFile, path: BytePath): Promise<void> {
    try {
      if (this.found.addAlias(path, file.identity) !== undefined) return;
      const facts = {
        path,
        aliases: [],
        fileSize: file.size,
        allocatedSize: file.allocated,
        modified: modifiedTime(file) ?? -1,
        inUse: this.#locked.has(file),
      };
      const source = new BufferedSource(
        fileSource({ fd: file.handle.fd, size: file.size, path: shownPath(path) }),
      );
      let result: Pick<FoundFile, 'head' | 'error'>;
      try {
        result = { head: await source.compute(() => readImageHeader(source)) };
      } catch (error) {
        result = { error: { ...errorRecord(error), subject: shownPath(path) } };
      }
      // Another name of the file may have been read meanwhile.
      if (this.found.addAlias(path, file.identity) === undefined)
        this.found.addFile({ ...facts, ...result }, file.identity);
    } finally {
      await file.handle.close();
    }
  }

  #keep(error: unknown): void {
    if (this.#signal?.aborted === true) throw error;
    this.#errorCount++;
    if (this.#errors.length < MAX_ERRORS) this.#errors.push(errorRecord(error));
  }
}

/** What an entry is. Some file systems do not say so in the listing. */
async function kindOfDirent(folder: PinnedFolder, name: BytePath, entry: Dirent<Buffer>): Promise<FileKind> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (entry.isSymbolicLink()) return 'link';
  if (entry.isFIFO()) return 'FIFO';
  if (entry.isSocket()) return 'socket';
  if (entry.isBlockDevice()) return 'block device';
  if (entry.isCharacterDevice()) return 'character device';
  return kindOf(await lstat(folder.entry(name), { bigint: true }));
}
