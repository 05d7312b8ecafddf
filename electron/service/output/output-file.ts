/**
 * The one way in which the program writes a file for a person: pictures, reports, captures, exports. A new file is made
 * and nothing that was there is harmed: see {@link OutputFile.create}.
 */
import { type BigIntStats, constants, unlinkSync } from 'node:fs';
import { type FileHandle, lstat, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { CowscopeError, errorRecord, systemReason } from '../../../shared/error.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';
import { type BytePath, toBytePath } from '../../chain/byte-path.ts';
import { type PinnedFolder, PinnedFolders } from '../../chain/pinned-folder.ts';
import { fileSource } from '../../qcow2/read/file-source.ts';
import { recognizeFormat } from '../../qcow2/read/probe-format.ts';
import { readBytes } from '../../qcow2/read/source.ts';
import { newDraftName, removeStaleDrafts } from './drafts.ts';

/** Where something is to be written. */
export interface OutputRequest {
  /** Absolute path. */
  readonly path: string;
  /** Replace a regular file that is there. Default false. */
  readonly force?: boolean | undefined;
  /** Absolute paths of the files that are shown; see {@link filesOfChain}. None is replaced, `force` or not. */
  readonly images: readonly string[];
}

/** The files of a chain that a person may name: layers and data files. */
export function filesOfChain({ layers, capture }: ChainInfo): string[] {
  if (capture !== undefined) return [capture.path]; // the layers are on another machine
  return layers.flatMap(({ path, dataFile }) =>
    dataFile === undefined || dataFile.resolved === '' ? [path] : [path, dataFile.resolved],
  );
}

/**
 * Writes a file in one go. Rejects as {@link OutputFile.create} and {@link OutputFile.finish} do; nothing is left behind
 * then.
 */
export async function writeOutput(request: OutputRequest, bytes: Uint8Array | string): Promise<void> {
  const output = await OutputFile.create(request);
  try {
    await output.write(bytes);
    await output.finish();
  } catch (error) {
    await output.discard();
    throw error;
  }
}

/** Rejects as {@link OutputFile.create} does, and begins no draft: to be asked before work that takes long. */
export async function checkOutput(request: OutputRequest): Promise<void> {
  const folders = new PinnedFolders();
  try {
    await formerFile(await placeOf(request.path, folders), request);
  } catch (error) {
    throw notWritten(request.path, error);
  } finally {
    await folders.close();
  }
}

/** The file that stood in the place before; undefined where there was none. */
type Former = { readonly dev: bigint; readonly ino: bigint } | undefined;

/** A file that is being written beside its place, and put there when it is whole. */
export class OutputFile {
  readonly #path: string;
  readonly #folders: PinnedFolders;
  readonly #folder: PinnedFolder;
  readonly #name: string;
  readonly #former: Former;
  readonly #draft: string;
  readonly #handle: FileHandle;
  #over = false;

  private constructor(place: Place, former: Former, draft: string, handle: FileHandle) {
    this.#path = place.path;
    this.#folders = place.folders;
    this.#folder = place.folder;
    this.#name = place.name;
    this.#former = former;
    this.#draft = draft;
    this.#handle = handle;
  }

  /**
   * Looks at the place and begins a draft beside it. The folder is resolved here, once, and rid of drafts whose processes
   * were killed.
   *
   * Rejects with OUTPUT_EXISTS where a file is there and `force` is not given; and, whatever `force` says, with
   * OUTPUT_IS_IMAGE for a file of the chain, by any of its names, and for one that begins like a disk image, and with
   * OUTPUT_NOT_A_FILE for a link, a device, a FIFO, a socket or a folder. With OUTPUT_FAILED or DISK_FULL where the system
   * does not let us write.
   */
  static async create(request: OutputRequest): Promise<OutputFile> {
    const folders = new PinnedFolders();
    try {
      const place = await placeOf(request.path, folders);
      const former = await formerFile(place, request);
      await removeStaleDrafts(place.folder);
      const draft = newDraftName();
      const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);
      const handle = await open(place.folder.entry(draft), flags, 0o666);
      return new OutputFile(place, former, draft, handle);
    } catch (error) {
      await folders.close();
      throw notWritten(request.path, error);
    }
  }

  /** Appends to the draft. Rejects with OUTPUT_FAILED or DISK_FULL. */
  async write(bytes: Uint8Array | string): Promise<void> {
    try {
      await this.#handle.writeFile(bytes);
    } catch (error) {
      throw notWritten(this.#path, error);
    }
  }

  /**
   * Puts the whole file in its place. Rejects with OUTPUT_EXISTS where another file came there meanwhile, or with
   * OUTPUT_FAILED or DISK_FULL; the draft is then still there to be discarded.
   */
  async finish(): Promise<void> {
    try {
      await this.#handle.sync(); // a full disk may show only here
      await this.#folder.verify();
      await this.#replace(this.#folder.entry(this.#name));
    } catch (error) {
      throw notWritten(this.#path, error);
    }
    await this.#end();
  }

  async #replace(target: Buffer): Promise<void> {
    const former = this.#former;
    if (former !== undefined && !isSame(former, await lstat(target, { bigint: true })))
      throw exists(this.#path);
    // A new name is claimed by an empty file: rename would replace one that came there meanwhile.
    if (former === undefined) await (await open(target, 'wx')).close();
    try {
      await rename(this.#folder.entry(this.#draft), target);
    } catch (error) {
      if (former === undefined) await unlink(target).catch(() => {});
      throw error;
    }
  }

  /** Removes the draft, unless it was put in its place. Never rejects. */
  async discard(): Promise<void> {
    if (this.#over) return;
    await unlink(this.#folder.entry(this.#draft)).catch(() => {});
    await this.#end();
  }

  /** As {@link discard}, at once: for a program that is being ended. */
  discardNow(): void {
    if (this.#over) return;
    try {
      unlinkSync(this.#folder.entry(this.#draft));
    } catch {
      // it stays
    }
  }

  async #end(): Promise<void> {
    this.#over = true;
    await this.#handle.close().catch(() => {});
    await this.#folders.close();
  }
}

interface Place {
  readonly path: string;
  readonly folders: PinnedFolders;
  readonly folder: PinnedFolder;
  readonly name: BytePath;
}

async function placeOf(path: string, folders: PinnedFolders): Promise<Place> {
  const bytes = toBytePath(path);
  const name = basename(bytes) as BytePath;
  if (name === '' || path.endsWith('/')) throw notAFile(path, 'a folder');
  return { path, folders, folder: await folders.at(dirname(bytes) as BytePath), name };
}

/** The file that is there, once it is known that it may be replaced. */
async function formerFile(place: Place, { force = false, images }: OutputRequest): Promise<Former> {
  const { path, folder, name } = place;
  let former: BigIntStats;
  try {
    former = await lstat(folder.entry(name), { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (former.isSymbolicLink()) throw notAFile(path, 'a link');
  if (!former.isFile()) throw notAFile(path, former.isDirectory() ? 'a folder' : 'no regular file');
  if (await isOneOf(former, images)) throw isImage(path, 'it is a file of the chain that is shown');
  const why = await imageIn(place, former);
  if (why !== undefined) throw isImage(path, why);
  if (!force) throw exists(path);
  return former;
}

async function isOneOf(file: BigIntStats, paths: readonly string[]): Promise<boolean> {
  const stats = paths.map(path => stat(path, { bigint: true }).catch(() => undefined));
  return (await Promise.all(stats)).some(found => found !== undefined && isSame(file, found));
}

function isSame(a: NonNullable<Former>, b: NonNullable<Former>): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Why the file counts as a disk image, as the end of a sentence; undefined where it does not. */
async function imageIn({ path, folder, name }: Place, file: BigIntStats): Promise<string | undefined> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(folder.entry(name), flags);
  try {
    if (!isSame(file, await handle.stat({ bigint: true }))) throw exists(path);
    const source = fileSource({ fd: handle.fd, size: Number(file.size), path });
    const { format } = recognizeFormat(source);
    if (format !== 'raw') return `it begins like a disk image (${format})`;
    const [low, high] = readBytes(source, 510, 2);
    return low === 0x55 && high === 0xaa ? 'it begins like a raw disk (boot sector)' : undefined;
  } finally {
    await handle.close();
  }
}

function exists(path: string): CowscopeError {
  const advice = 'name another file, or have this one replaced by --force';
  return new CowscopeError({
    code: 'OUTPUT_EXISTS',
    what: 'there is a file of that name',
    subject: path,
    advice,
  });
}

function isImage(path: string, why: string): CowscopeError {
  const what = `the output would replace an image: ${why}`;
  return new CowscopeError({ code: 'OUTPUT_IS_IMAGE', what, subject: path, advice: 'name another file' });
}

function notAFile(path: string, kind: string): CowscopeError {
  const what = `the output would go to what is ${kind}`;
  return new CowscopeError({ code: 'OUTPUT_NOT_A_FILE', what, subject: path, advice: 'name a new file' });
}

/** The error of an output for anything that was thrown on the way to it. */
function notWritten(path: string, cause: unknown): CowscopeError {
  const record = errorRecord(cause);
  if (record.code.startsWith('OUTPUT_')) return cause as CowscopeError;
  if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return exists(path);
  if (record.code === 'DISK_FULL') return new CowscopeError({ ...record, subject: path }, { cause });
  const what = `the output could not be written: ${systemReason(cause)}`;
  const advice = 'name a file in a folder that can be written to';
  return new CowscopeError({ code: 'OUTPUT_FAILED', what, subject: path, advice }, { cause });
}
