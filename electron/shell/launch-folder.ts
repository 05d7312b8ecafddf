/**
 * The private folder by which launches find each other (handover.ts).
 *
 * Its calls are synchronous and take microseconds: until Electron is ready there are no turns of the event loop, and a
 * window that waited for a dozen of them would come tens of milliseconds later.
 */
import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { DESCRIPTORS, O_PATH } from '../chain/pinned-folder.ts';

/** The mode bits of everyone but the owner. */
const OTHERS = 0o077;

/** The folder. Where the system can pin folders, it stays the one that it was when it was opened. */
export class LaunchFolder {
  readonly #descriptor: number | undefined;
  readonly #path: string;

  /** The folder at `path`, made where it is missing. Throws where there can be none that only this user may enter. */
  constructor(path: string) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const canPin = process.platform === 'linux' && existsSync(DESCRIPTORS);
    this.#descriptor = canPin ? openSync(path, O_PATH | constants.O_DIRECTORY) : undefined;
    this.#path = this.#descriptor === undefined ? realpathSync(path) : `${DESCRIPTORS}/${this.#descriptor}`;
    const { uid, mode } = statSync(this.entry('.'));
    if (process.getuid === undefined || (uid === process.getuid() && (mode & OTHERS) === 0)) return;
    this.close();
    throw new Error('it belongs to someone else, or others may enter it');
  }

  /** The path of an entry: short enough for a socket's address wherever the system can pin folders. */
  entry(name: string | number): string {
    return `${this.#path}/${name}`;
  }

  /** The numbers that were taken. */
  numbers(): number[] {
    return readdirSync(this.entry('.'))
      .filter(name => /^[1-9]\d{0,14}$/.test(name))
      .map(Number);
  }

  /** Takes a number for the socket of that name. False where another program has it. */
  take(number: number, socket: string): boolean {
    try {
      linkSync(this.entry(socket), this.entry(number));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false; // another one was faster
      throw error;
    }
  }

  /** Removes an entry, where it is there. */
  remove(name: string | number): void {
    try {
      unlinkSync(this.entry(name));
    } catch {
      // another program has removed it
    }
  }

  /** No entry is reached any more. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}
