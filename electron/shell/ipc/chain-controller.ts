/** Answers the chain calls from the service: one open chain at a time, its events passed on in few messages. */

import { CowscopeError } from '../../../shared/error.ts';
import { type IpcPushes, QUESTION_CALLS, type QuestionCall } from '../../../shared/ipc/contract.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { NbdExportInfo } from '../../../shared/model/nbd-export.ts';
import type { LayerProgress } from '../../../shared/model/progress.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import type { openChain, SessionEvents } from '../../service/chain-session.ts';
import type { OpenRequest } from '../launch-target.ts';
import { type CallHandler, MAX_MESSAGE_BYTES, messageBytes } from './answer.ts';
import { askedConsent } from './consent-guard.ts';
import type { CallHandlers } from './ipc-main.ts';
import { chainForWindow } from './trim-chain-info.ts';

/** The calls answered here. */
export type ChainHandlers = Pick<
  CallHandlers,
  'chain:open' | 'chain:close' | 'chain:cancel' | 'chain:retry' | QuestionCall | 'nbd:list' | 'nbd:cancelList'
>;

type ChainPush = 'chain:progress' | 'chain:changed' | 'chain:tracks' | 'chain:findings';

/** What the desk uses of a session of the service. */
export type ControlledSession = Pick<
  Awaited<ReturnType<typeof openChain>>,
  'chain' | 'tracks' | 'ask' | 'cancel' | 'retry' | 'close'
>;

/** What the desk needs from the rest of the program. */
export interface ChainControllerDeps {
  openChain(...args: Parameters<typeof openChain>): Promise<ControlledSession>;
  listNbdExports(uri: string, options: { readonly signal: AbortSignal }): Promise<readonly NbdExportInfo[]>;
  push<P extends ChainPush>(name: P, payload: IpcPushes[P]): void;
  /** What was said about this target outside the window, such as on the command line. */
  requestFor(target: OpenTarget): OpenRequest | undefined;
  /** What is shown from now on. */
  onOpened(request: OpenRequest): void;
  /** The window closed its chain and shows none. */
  onClosed(): void;
  onFailed(target: OpenTarget, error: unknown): void;
}

/** The handlers and the life of the open chain. */
export interface ChainController {
  readonly handlers: ChainHandlers;
  /**
   * Opens a target that the window is about to ask for, so that it is read while the page loads. The window gets it,
   * or why it could not be opened, when it asks for that target with no consent of its own.
   */
  openAhead(target: OpenTarget): void;
  /** True while nothing is open or on its way to be. */
  vacant(): boolean;
  /** True while an open is running or any layer of the open chain is still being read. */
  busy(): boolean;
  /** Closes the open chain and any that is still opening, with their children. Waits at most 5 seconds. */
  close(): Promise<void>;
}

/** Milliseconds in which events are gathered into one message. */
const GATHER = 40;
const CLOSE_LIMIT = 5000;

const NO_CONSENT: Consent = { allow: [], allowAll: false };

/** An opened chain as the window is told of it, and the news that wait until it was told. */
interface Opened {
  readonly answer: OpenedChain;
  readonly mail: Mail;
}

interface OpenSession {
  readonly id: number;
  readonly session: ControlledSession;
  readonly mail: Mail;
}

/** The desk of one window. */
export function createChainController(needs: ChainControllerDeps): ChainController {
  let current: OpenSession | undefined;
  let lastId = 0;
  const opening = new Set<Promise<unknown>>();
  const asked = askedConsent();
  let ahead: { readonly target: string; readonly opened: Promise<Opened> } | undefined;
  let ending = new AbortController();
  let listing = new AbortController();

  const open = async (target: OpenTarget, consent: Consent): Promise<Opened> => {
    const id = ++lastId;
    ending.abort(); // of what is still opening, only the newest goes on
    ending = new AbortController();
    const { signal } = ending;
    const mail = batchPushes(id, needs.push);
    try {
      const outside = needs.requestFor(target);
      const options = {
        consent: bothConsents(consent, outside?.consent),
        forceShare: outside?.forceShare === true,
        // An address that comes from the window may have been pasted: it names no key files without consent.
        allowLocalFiles: outside?.allowLocalFiles === true,
      };
      const session = await needs.openChain(target, { ...options, interactive: true, signal }, mail.events);
      if (id !== lastId) {
        await bounded(session.close());
        throw superseded();
      }
      asked.note(session.chain);
      const answer = { sessionId: id, chain: chainForWindow(session.chain), tracks: session.tracks };
      if (messageBytes(answer, MAX_MESSAGE_BYTES) > MAX_MESSAGE_BYTES) {
        await bounded(session.close());
        throw tooLarge();
      }
      const former = current;
      current = { id, session, mail };
      await endSession(former);
      if (id !== lastId) throw superseded();
      needs.onOpened({ target, ...options });
      return { answer, mail };
    } catch (error) {
      mail.stop();
      asked.noteFailure(error);
      if (id !== lastId) throw superseded();
      needs.onFailed(target, error);
      throw error;
    }
  };

  const start = (target: OpenTarget, consent: Consent): Promise<Opened> => {
    const opened = open(target, consent);
    opening.add(opened);
    const over = () => opening.delete(opened);
    opened.then(over, over);
    return opened;
  };

  const session = (id: number): ControlledSession => {
    if (current?.id !== id) throw noSession();
    return current.session;
  };

  const endCurrent = async () => {
    const former = current;
    current = undefined;
    await endSession(former);
  };

  return {
    handlers: {
      'chain:open': async ({ target, consent }) => {
        asked.check(consent);
        const begun = ahead;
        ahead = undefined;
        const isBegun =
          begun?.target === JSON.stringify(target) && consent.allow.length === 0 && !consent.allowAll;
        const { answer, mail } = await (isBegun ? begun.opened : start(target, consent));
        // The window learns the session's number from the answer; what is said about it comes after.
        setImmediate(mail.release);
        return answer;
      },
      'chain:close': async args => {
        if (current?.id !== args.sessionId) return null;
        needs.onClosed();
        await endCurrent();
        return null;
      },
      ...questionHandlers(session),
      'chain:cancel': args => {
        session(args.sessionId).cancel();
        return null;
      },
      'chain:retry': args => {
        session(args.sessionId).retry();
        return null;
      },
      'nbd:list': ({ uri }) => {
        listing.abort();
        listing = new AbortController();
        return needs.listNbdExports(uri, { signal: listing.signal });
      },
      'nbd:cancelList': () => {
        listing.abort();
        return null;
      },
    },
    openAhead(target) {
      ahead = { target: JSON.stringify(target), opened: start(target, NO_CONSENT) };
    },
    vacant: () => opening.size === 0 && current === undefined,
    busy: () => opening.size > 0 || current?.mail.reading() === true,
    close: async () => {
      lastId++; // whatever is still opening ends, or closes itself when it is there
      ending.abort();
      listing.abort();
      ahead = undefined;
      await Promise.all([endCurrent(), bounded(Promise.allSettled(opening))]);
    },
  };
}

/** The handlers of every question: each asks the session that `sessionOf` gives for its number. */
function questionHandlers(sessionOf: (id: number) => ControlledSession): Pick<CallHandlers, QuestionCall> {
  const handlers = [...QUESTION_CALLS].map(([call, question]) => {
    const handler: CallHandler<QuestionCall> = ({ sessionId, ...args }) =>
      sessionOf(sessionId).ask(question, args as never);
    return [call, handler] as const;
  });
  return Object.fromEntries(handlers) as Pick<CallHandlers, QuestionCall>;
}

interface Mail {
  readonly events: SessionEvents;
  /** Lets through what was held so far and what follows. */
  readonly release: () => void;
  readonly stop: () => void;
  readonly reading: () => boolean;
}

/** Events of one session: each kind's newest (changed ranges: their hull) is sent every 40 ms, once released. */
function batchPushes(sessionId: number, push: ChainControllerDeps['push']): Mail {
  let state: 'held' | 'open' | 'stopped' = 'held';
  let timer: ReturnType<typeof setTimeout> | undefined;
  let layers: readonly LayerProgress[] = [];
  const waiting: { -readonly [P in ChainPush]?: IpcPushes[P] } = {};

  const flush = () => {
    timer = undefined;
    if (state !== 'open') return;
    for (const name of ['chain:tracks', 'chain:changed', 'chain:findings', 'chain:progress'] as const) {
      const payload = waiting[name];
      if (payload === undefined) continue;
      delete waiting[name];
      push(name, payload);
    }
  };
  const soon = () => {
    if (state === 'open') timer ??= setTimeout(flush, GATHER);
  };

  return {
    events: {
      onProgress(next) {
        layers = next;
        waiting['chain:progress'] = { sessionId, layers: next };
        soon();
      },
      onChanged(version, start, end) {
        const before = waiting['chain:changed'];
        waiting['chain:changed'] = {
          sessionId,
          version: Math.max(version, before?.version ?? 0),
          start: Math.min(start, before?.start ?? start),
          end: Math.max(end, before?.end ?? end),
        };
        soon();
      },
      onTracks(tracks) {
        waiting['chain:tracks'] = { sessionId, tracks };
        soon();
      },
      onFindings(findings, more) {
        waiting['chain:findings'] = { sessionId, findings, more };
        soon();
      },
    },
    release: () => {
      if (state !== 'held') return;
      state = 'open';
      flush();
    },
    stop: () => {
      state = 'stopped';
      clearTimeout(timer);
    },
    reading: () =>
      layers.some(layer => layer.phase === 'waiting' || layer.phase === 'reading') || timer !== undefined,
  };
}

async function endSession(open: OpenSession | undefined): Promise<void> {
  open?.mail.stop();
  if (open !== undefined) await bounded(open.session.close());
}

/** Waits for a close, but not for ever: children have limits of their own. A close that fails has nothing left to do. */
async function bounded(closing: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>(resolve => {
    timer = setTimeout(resolve, CLOSE_LIMIT);
  });
  await Promise.race([closing.catch(() => {}), limit]);
  clearTimeout(timer);
}

function bothConsents(first: Consent, second: Consent | undefined): Consent {
  if (second === undefined) return first;
  return { allow: [...first.allow, ...second.allow], allowAll: first.allowAll || second.allowAll };
}

function superseded(): CowscopeError {
  return new CowscopeError({
    code: 'IPC_SUPERSEDED',
    what: 'Another target was opened before this one was ready',
    subject: '',
    advice: '',
  });
}

function tooLarge(): CowscopeError {
  return new CowscopeError({
    code: 'IPC_TOO_LARGE',
    what: 'the description of this chain is too long for the window',
    subject: '',
    advice: 'cowscope layers prints it; open fewer layers at once',
  });
}

function noSession(): CowscopeError {
  return new CowscopeError({
    code: 'IPC_NO_SESSION',
    what: 'That chain is not open any more',
    subject: '',
    advice: 'open it again',
  });
}
