/**
 * Folders that are resolved once. A path is resolved again at every use, so that a user who may rename a folder can put a
 * link in its place between the check of a path and its use. What is opened here stays the same folder.
 */
import { constants } from 'node:fs';
import { access, type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { CowscopeError } from '../../shared/error.ts';
import { type BytePath, fromBytes, systemPath } from './byte-path.ts';
import { fileChanged, notOpenedError } from './open-error.ts';

/**
 * Linux: the descriptor only stands for the place, so that no permission to list the folder is needed (open(2)). Node
 * does not name the flag; its value is the same on every architecture that Node supports.
 */
export const O_PATH = 0x200000;

/** Entries of this folder lead to what the open descriptors stand for (proc_pid_fd(5)). */
export const DESCRIPTORS = '/proc/self/fd';

/** A folder that stays the one it was when it was pinned. */
export interface PinnedFolder {
  /** Where it lay then, without links. */
  readonly path: BytePath;
  /** The path by which node:fs reaches an entry of the folder, or, for a name with slashes, what lies below it. */
  entry(name: string): Buffer;
  /**
   * To be called after an entry was opened: rejects with CHAIN_FILE_CHANGED where the system cannot pin folders and
   * another one has taken its place.
   */
  verify(): Promise<void>;
}

/** The folders of one discovery, each pinned once. */
export class PinnedFolders {
  readonly #byPath = new Map<string, Promise<PinnedFolder>>();
  readonly #byInode = new Map<string, PinnedFolder>();
  readonly #handles: FileHandle[] = [];
  readonly #pins: Promise<boolean>;

  /** `byDescriptor` false is for systems without /proc/self/fd, whatever this one has. */
  constructor({ byDescriptor = process.platform === 'linux' } = {}) {
    this.#pins = byDescriptor ? exists(DESCRIPTORS) : Promise.resolve(false);
  }

  /**
   * The folder at a path; a relative one starts at `from`. Links on the way are followed, once for each path.
   * Rejects with CHAIN_FILE_MISSING or CHAIN_FILE_UNREADABLE.
   */
  at(path: BytePath, from?: PinnedFolder): Promise<PinnedFolder> {
    const reached = from === undefined || isAbsolute(path) ? systemPath(path) : from.entry(path);
    const key = reached.toString('latin1');
    let folder = this.#byPath.get(key);
    if (folder === undefined) {
      folder = this.#pin(reached, path);
      this.#byPath.set(key, folder);
    }
    return folder;
  }

  /** Lets go of all of them. */
  async close(): Promise<void> {
    await Promise.all(this.#handles.splice(0).map(handle => handle.close()));
  }

  async #pin(reached: Buffer, shown: BytePath): Promise<PinnedFolder> {
    try {
      return (await this.#pins) ? await this.#byDescriptor(reached) : await byName(reached);
    } catch (error) {
      throw error instanceof CowscopeError ? error : notOpenedError(shown, error);
    }
  }

  async #byDescriptor(reached: Buffer): Promise<PinnedFolder> {
    const handle = await open(reached, O_PATH | constants.O_DIRECTORY);
    this.#handles.push(handle);
    const { dev, ino } = await handle.stat({ bigint: true });
    const known = this.#byInode.get(`${dev} ${ino}`);
    if (known !== undefined) {
      this.#handles.splice(this.#handles.indexOf(handle), 1);
      await handle.close();
      return known;
    }
    const self = `${DESCRIPTORS}/${handle.fd}`;
    const folder = {
      path: fromBytes(await readlink(self, { encoding: 'buffer' })),
      entry: (name: string) => systemPath(`${self}/${name}` as BytePath),
      verify: async () => {},
    };
    this.#byInode.set(`${dev} ${ino}`, folder);
    return folder;
  }
}

/** Elsewhere a folder is recognized by its inode: what was opened in another one by the same name does not count. */
async function byName(reached: Buffer): Promise<PinnedFolder> {
  const path = fromBytes(await realpath(reached, { encoding: 'buffer' }));
  const identity = async () => {
    const stat = await lstat(systemPath(path), { bigint: true });
    if (!stat.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    return `${stat.dev} ${stat.ino}`;
  };
  const pinned = await identity();
  return {
    path,
    entry: name => systemPath(`${path === '/' ? '' : path}/${name}` as BytePath),
    verify: async () => {
      if ((await identity().catch(() => '')) === pinned) return;
      throw fileChanged(path);
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
