/** Which files the user was asked about: consent that comes from the window counts for those alone. */
import { CowscopeError } from '../../../shared/error.ts';
import { MAX_ALLOWED_PATHS } from '../../../shared/ipc/schemas.ts';
import type { BackingLink, ChainInfo } from '../../../shared/model/layer.ts';
import type { Consent } from '../../../shared/model/target.ts';

/** The paths that one window was asked about, as the main process asked. */
export class ConsentGuard {
  /** Oldest first, at most MAX_ALLOWED. */
  readonly #asked = new Set<string>();

  /** Remembers what this chain asks about. */
  note({ layers }: ChainInfo): void {
    for (const { backing, dataFile } of layers) {
      this.#noteLink(backing);
      this.#noteLink(dataFile);
    }
  }

  /** Remembers what an opening asks about that failed because consent was missing. */
  noteFailure(error: unknown): void {
    if (error instanceof CowscopeError && error.code === 'NBD_URI_LOCAL_FILE') this.#add(error.subject);
  }

  /**
   * Throws IPC_NOT_ASKED for consent to anything that was not asked about. No button of ours gives that, so the renderer that
   * sent it is not ours.
   */
  check({ allow, allowAll }: Consent): void {
    const foreign = allowAll ? 'every file' : allow.find(path => !this.#asked.has(path));
    if (foreign === undefined) return;
    throw new CowscopeError({
      code: 'IPC_NOT_ASKED',
      what: 'The window consented to a file that it was not asked about, and nothing was opened',
      subject: foreign,
      advice: 'close the program and report this; a file that you name yourself needs no consent',
    });
  }

  #noteLink(link: BackingLink | undefined): void {
    if (link?.status === 'needsConsent') this.#add(link.resolved || link.recorded);
  }

  #add(path: string): void {
    this.#asked.delete(path);
    this.#asked.add(path);
    for (const oldest of this.#asked) if (this.#asked.size > MAX_ALLOWED_PATHS) this.#asked.delete(oldest);
  }
}
