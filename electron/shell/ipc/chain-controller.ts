/** Answers the window's calls about chains: one open chain at a time. */
import { CowscopeError } from '../../../shared/error.ts';
import { QUESTION_CALLS, type QuestionCall } from '../../../shared/ipc/contract.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';
import type { NbdExportInfo } from '../../../shared/model/nbd-export.ts';
import type { Consent, OpenTarget } from '../../../shared/model/target.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import type { ChainSession, openChain } from '../../service/chain-session.ts';
import type { OpenRequest } from '../launch-target.ts';
import { type CallHandler, MAX_MESSAGE_BYTES, messageBytes } from './answer.ts';
import { ConsentGuard } from './consent-guard.ts';
import type { CallHandlers } from './ipc-main.ts';
import { PushGate, type SendPush } from './push-gate.ts';
import { chainForWindow } from './trim-chain-info.ts';

/** The calls answered here. */
export type ChainHandlers = Pick<
  CallHandlers,
  | 'chain:open'
  | 'chain:close'
  | 'chain:subscribe'
  | 'chain:cancel'
  | 'chain:retry'
  | 'guest:partitions'
  | QuestionCall
  | 'nbd:list'
  | 'nbd:cancelList'
>;

/** What the controller uses of a session of the service. */
export type ControlledSession = Pick<
  ChainSession,
  | 'chain'
  | 'tracks'
  | 'ask'
  | 'list'
  | 'content'
  | 'fed'
  | 'drawn'
  | 'unreadable'
  | 'cancel'
  | 'retry'
  | 'partitions'
  | 'changedLayers'
  | 'close'
>;

/** What the controller needs from the rest of the program. */
export interface ChainControllerDeps {
  openChain(...args: Parameters<typeof openChain>): Promise<ControlledSession>;
  listNbdExports(uri: string, options: { readonly signal: AbortSignal }): Promise<readonly NbdExportInfo[]>;
  readonly push: SendPush;
  /** What was said about this target outside the window, such as on the command line. */
  requestFor(target: OpenTarget): OpenRequest | undefined;
  /** A session is about to close: what else reads from it has to end. Never rejects. */
  beforeClose?(): Promise<void>;
  /** What is shown from now on. */
  onOpened(request: OpenRequest): void;
  /** The window closed its chain and shows none. */
  onClosed(): void;
  /** What holds the open chain has crashed: nothing more comes of it. */
  onStopped(request: OpenRequest, error: CowscopeError): void;
  onFailed(target: OpenTarget, error: unknown): void;
}

/** Longest wait for a session to close, in milliseconds. Its children have their own limits. */
const CLOSE_LIMIT_MS = 5000;

const NO_CONSENT: Consent = { allow: [], allowAll: false };

/** An open chain, and what it was opened as. */
export interface OpenedRequest {
  readonly chain: ChainInfo;
  readonly request: OpenRequest;
}

interface OpenSession {
  readonly sessionId: number;
  readonly session: ControlledSession;
  readonly gate: PushGate;
  readonly request: OpenRequest;
}

/** The chains of one window. */
export class ChainController {
  readonly #deps: ChainControllerDeps;
  readonly #consentGuard = new ConsentGuard();
  /** Of several openings only the newest goes on. */
  readonly #openings = new NewestRun();
  readonly #listings = new NewestRun();
  /** The openings that have not ended yet, superseded ones too. */
  readonly #opening = new Set<Promise<unknown>>();
  #lastSessionId = 0;
  #current: OpenSession | undefined;
  /** The session whose files are being looked at, or were found changed. */
  #lastChecked: number | undefined;
  /** The target that was opened before the window asked for it. */
  #ahead: { readonly target: string; readonly opened: Promise<OpenedChain> } | undefined;

  constructor(deps: ChainControllerDeps) {
    this.#deps = deps;
  }

  /** The handlers of every call about a chain. */
  readonly handlers: ChainHandlers = {
    'chain:open': ({ target, consent }) => this.#openForWindow(target, consent),
    'chain:close': ({ sessionId }) => this.#closeForWindow(sessionId),
    'chain:subscribe': ({ sessionId }) => {
      this.#find(sessionId).gate.open();
      return null;
    },
    'chain:cancel': ({ sessionId }) => {
      this.#find(sessionId).session.cancel();
      return null;
    },
    'chain:retry': ({ sessionId }) => {
      this.#find(sessionId).session.retry();
      return null;
    },
    'guest:partitions': ({ sessionId }) => this.#find(sessionId).session.partitions(),
    ...questionHandlers(sessionId => this.#find(sessionId).session),
    'nbd:list': ({ uri }) => {
      const abort = new AbortController();
      this.#listings.begin(() => abort.abort());
      return this.#deps.listNbdExports(uri, { signal: abort.signal });
    },
    'nbd:cancelList': () => {
      this.#listings.end();
      return null;
    },
  };

  /**
   * Opens a target that the window is about to ask for, so that it is read while the renderer loads. The window gets it, or
   * why it could not be opened, when it asks for that target without consent.
   */
  openAhead(target: OpenTarget): void {
    this.#ahead = { target: JSON.stringify(target), opened: this.#open(target, NO_CONSENT) };
  }

  /** True while nothing is open and nothing is being opened. */
  get isVacant(): boolean {
    return this.#opening.size === 0 && this.#current === undefined;
  }

  /** The chain that is open. */
  get chain(): ChainInfo | undefined {
    return this.#current?.session.chain;
  }

  /** The open chain of that number, and how it was opened. Throws IPC_NO_SESSION for one that is not open any more. */
  opened(sessionId: number): OpenedRequest {
    const { session, request } = this.#find(sessionId);
    return { chain: session.chain, request };
  }

  /** The open session of that number. Throws IPC_NO_SESSION for one that is not open any more. */
  session(sessionId: number): ControlledSession {
    return this.#find(sessionId).session;
  }

  /** The questions of consent that the window was asked. */
  get consentGuard(): ConsentGuard {
    return this.#consentGuard;
  }

  /** True while something is being opened or any layer of the open chain is still being read. */
  get isBusy(): boolean {
    return this.#opening.size > 0 || this.#current?.gate.isReading === true;
  }

  /**
   * Looks whether files of the open chain have changed on disk, and tells the window so, once for each chain. A look that
   * a slow disk holds up keeps the next one from beginning.
   */
  async checkFiles(): Promise<void> {
    const open = this.#current;
    if (open === undefined || open.sessionId === this.#lastChecked) return;
    this.#lastChecked = open.sessionId;
    const layers = await open.session.changedLayers();
    if (this.#current !== open) return;
    if (layers.length > 0) open.gate.onFilesChanged(layers);
    else this.#lastChecked = undefined;
  }

  /** Closes the open chain and any that is still opening, with their children. Waits at most 5 seconds. */
  async close(): Promise<void> {
    this.#openings.end();
    this.#listings.end();
    this.#ahead = undefined;
    await Promise.all([this.#closeCurrent(), withinLimit(Promise.allSettled(this.#opening))]);
  }

  async #openForWindow(target: OpenTarget, consent: Consent): Promise<OpenedChain> {
    this.#consentGuard.check(consent);
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const isAhead =
      ahead?.target === JSON.stringify(target) &&
      consent.allow.length === 0 &&
      !consent.allowAll &&
      !consent.forceShare;
    return isAhead ? ahead.opened : this.#open(target, consent);
  }

  async #closeForWindow(sessionId: number): Promise<null> {
    if (this.#current?.sessionId !== sessionId) return null;
    this.#deps.onClosed();
    await this.#closeCurrent();
    return null;
  }

  /** Opens a target in place of what is open. Rejects with IPC_SUPERSEDED once another opening began or all was closed. */
  #open(target: OpenTarget, consent: Consent): Promise<OpenedChain> {
    const abort = new AbortController();
    const isNewest = this.#openings.begin(() => abort.abort());
    const gate = new PushGate(++this.#lastSessionId, this.#deps.push);
    const opened = this.#openSession(target, consent, gate, this.#lastSessionId, { abort, isNewest }).catch(
      (error: unknown) => {
        gate.stop();
        this.#consentGuard.noteFailure(error);
        if (!isNewest()) throw superseded();
        this.#deps.onFailed(target, error);
        throw error;
      },
    );
    this.#opening.add(opened);
    const end = () => this.#opening.delete(opened);
    opened.then(end, end);
    return opened;
  }

  async #openSession(
    target: OpenTarget,
    consent: Consent,
    gate: PushGate,
    sessionId: number,
    run: { readonly abort: AbortController; readonly isNewest: () => boolean },
  ): Promise<OpenedChain> {
    const outside = this.#deps.requestFor(target);
    const options = {
      consent: bothConsents(consent, outside?.consent),
      forceShare: outside?.forceShare === true || consent.forceShare === true,
      // An address that comes from the window may have been pasted: it names no key files without consent.
      allowLocalFiles: outside?.allowLocalFiles === true,
    };
    const { signal } = run.abort;
    const session = await this.#deps.openChain(
      target,
      { ...options, interactive: true, signal },
      {
        ...gate.events,
        onStopped: error => {
          if (this.#current?.sessionId === sessionId) this.#deps.onStopped({ target, ...options }, error);
        },
      },
    );
    const opened = { sessionId, chain: chainForWindow(session.chain), tracks: session.tracks };
    const isTooLarge = messageBytes(opened, MAX_MESSAGE_BYTES) > MAX_MESSAGE_BYTES;
    this.#consentGuard.note(session.chain);
    if (isTooLarge || !run.isNewest()) {
      await withinLimit(session.close());
      throw run.isNewest() ? tooLarge() : superseded();
    }
    const former = this.#current;
    this.#current = { sessionId, session, gate, request: { target, ...options } };
    await this.#closeSession(former);
    if (!run.isNewest()) throw superseded();
    this.#deps.onOpened({ target, ...options });
    return opened;
  }

  /** The open session of that number. Throws IPC_NO_SESSION for one that is not open any more. */
  #find(sessionId: number): OpenSession {
    if (this.#current?.sessionId !== sessionId) throw noSession();
    return this.#current;
  }

  async #closeCurrent(): Promise<void> {
    const former = this.#current;
    this.#current = undefined;
    await this.#closeSession(former);
  }

  async #closeSession(open: OpenSession | undefined): Promise<void> {
    if (open !== undefined) await withinLimit(Promise.resolve(this.#deps.beforeClose?.()));
    await closeSession(open);
  }
}

/** The handlers of every question: each asks the session that `sessionOf` gives for its number. */
function questionHandlers(
  sessionOf: (sessionId: number) => ControlledSession,
): Pick<CallHandlers, QuestionCall> {
  const handlers = [...QUESTION_CALLS].map(([call, question]) => {
    const handler: CallHandler<QuestionCall> = ({ sessionId, ...args }) =>
      sessionOf(sessionId).ask(question, args as never);
    return [call, handler] as const;
  });
  return Object.fromEntries(handlers) as Pick<CallHandlers, QuestionCall>;
}

async function closeSession(open: OpenSession | undefined): Promise<void> {
  open?.gate.stop();
  if (open !== undefined) await withinLimit(open.session.close());
}

/** Waits for a close, at most for CLOSE_LIMIT_MS. A close that fails has nothing left to do. */
async function withinLimit(closing: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>(resolve => {
    timer = setTimeout(resolve, CLOSE_LIMIT_MS);
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
