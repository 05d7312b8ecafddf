/** Which files the person was asked about: consent that comes from the page counts for those alone. */
import { CowscopeError } from '../../../shared/error.ts';
import { MAX_ALLOWED } from '../../../shared/ipc/schemas.ts';
import type { BackingLink, ChainInfo } from '../../../shared/model/layer.ts';
import type { Consent } from '../../../shared/model/target.ts';

/** The questions of one window, as the main process put them. */
export interface AskedConsent {
  /** Remembers what this chain asks about. Of very many questions the oldest are forgotten. */
  note(chain: ChainInfo): void;
  /** Remembers what an opening asks about that failed for want of consent. */
  noteFailure(error: unknown): void;
  /**
   * Throws IPC_NOT_ASKED for consent to anything that was not asked about: no button of ours gives that, so the page is
   * not the one that we wrote.
   */
  check(consent: Consent): void;
}

/** No question yet. */
export function askedConsent(): AskedConsent {
  const asked = new Set<string>();
  const askAbout = (link: BackingLink | undefined) => {
    if (link?.status === 'needsConsent') ask(link.resolved || link.recorded);
  };
  const ask = (path: string) => {
    asked.delete(path);
    asked.add(path);
    for (const oldest of asked) if (asked.size > MAX_ALLOWED) asked.delete(oldest);
  };
  return {
    note({ layers }) {
      for (const { backing, dataFile } of layers) {
        askAbout(backing);
        askAbout(dataFile);
      }
    },
    noteFailure(error) {
      if (error instanceof CowscopeError && error.code === 'NBD_URI_LOCAL_FILE') ask(error.subject);
    },
    check({ allow, allowAll }) {
      const foreign = allowAll ? 'every file' : allow.find(path => !asked.has(path));
      if (foreign === undefined) return;
      throw new CowscopeError({
        code: 'IPC_NOT_ASKED',
        what: 'The window consented to a file that nobody asked about, and nothing was opened',
        subject: foreign,
        advice: 'close the program and report this; a file that you name yourself needs no consent',
      });
    },
  };
}
