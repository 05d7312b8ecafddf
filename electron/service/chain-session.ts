/**
 * A session: one opened chain, read by its witnesses into the merge worker, and everything that can be asked of it.
 * The window and the command line are both fronts of this.
 */
import { setMaxListeners } from 'node:events';
import { CowscopeError, type ErrorRecord, errorRecord } from '../../shared/error.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import type { QuestionArgs, QuestionName, QuestionReply } from '../../shared/ipc/questions.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import type { TrackInfo } from '../../shared/model/track.ts';
import { type EngineEvents, type MergeClient, startMerge } from '../engine/worker/client.ts';
import { keepSpareWorker } from '../engine/worker/prestarted-worker.ts';
import type { ListRequest, ListSummary } from '../engine/worker/protocol.ts';
import { createExportPool, serversAtOnce } from '../qemu/export-pool.ts';
import { findQemuNbd } from '../qemu/tools.ts';
import { EXTENT_BUDGET } from './extent-estimate.ts';
import { openFiles } from './open-files.ts';
import { openUri } from './open-uri.ts';
import type { LayerFeed, PreparedTarget } from './prepared-target.ts';
import { createUnreadableLog, type UnreadableLog } from './read-errors.ts';
import type { SessionOptions } from './session-options.ts';

/** News from a session. */
export interface SessionEvents extends Required<EngineEvents> {}

/** An error of one layer, by its index. */
export interface LayerError {
  readonly layer: number;
  readonly error: ErrorRecord;
}

/** One opened chain. */
export interface ChainSession {
  readonly chain: ChainInfo;
  readonly tracks: readonly TrackInfo[];
  /** Asks a question of shared/ipc/questions.ts. Rejects with CowscopeError. */
  ask<Q extends QuestionName>(question: Q, args: QuestionArgs<Q>): Promise<QuestionReply<Q>>;
  /** A list as text chunks; the next chunk comes when `take` is done. */
  list(request: ListRequest, take: (text: Uint8Array) => Promise<void> | void): Promise<ListSummary>;
  /** Resolves when every NBD feed has ended, with the errors of those that failed, by layer. */
  fed(): Promise<readonly LayerError[]>;
  /** What the NBD servers could not read or did not give so far; everything around it was read. */
  unreadable(): readonly LayerError[];
  /** Ends reading; what was read stays. */
  cancel(): void;
  /** Takes up again what was cancelled or failed, where it ended. */
  retry(): void;
  /** Ends children, sockets, files and the worker. Safe to call twice. */
  close(): Promise<void>;
}

/** Readies what the next opening would wait for: a thread, and the knowledge of qemu-nbd. */
export function readyToOpen(): void {
  keepSpareWorker();
  void findQemuNbd();
}

/**
 * Opens a target. Rejects with CowscopeError when nothing of it can be opened, and with CANCELLED when the options' signal
 * ended it; then nothing is left behind.
 */
export async function openChain(
  target: OpenTarget,
  options: SessionOptions,
  events: Partial<SessionEvents> = {},
): Promise<ChainSession> {
  const abort = new AbortController();
  const giveUp = () => abort.abort();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  if (options.signal?.aborted) giveUp();
  let opened: PreparedTarget | undefined;
  let describing: Promise<ChainInfo> | undefined;
  let merge: MergeClient | undefined;
  try {
    if (abort.signal.aborted) throw CANCELLED;
    opened =
      target.kind === 'nbd'
        ? await openUri(target.uri, options, abort.signal)
        : await openFiles(target, options);
    if (abort.signal.aborted) throw CANCELLED;
    const plan = {
      layers: opened.plans,
      size: opened.plans.at(-1)?.size ?? 0,
      keep: options.keep ?? true,
      extentBudget: options.extentBudget ?? EXTENT_BUDGET,
      ...(opened.baseMissing ? { baseMissing: true } : {}),
      ...(options.interactive === true ? { interactive: true } : {}),
    };
    const merging = startMerge(plan, events); // the worker opens the tables while the chain is described
    describing = opened.describe();
    describing.catch(() => {}); // seen where it is awaited
    merge = await merging;
    if (options.interactive === true) void merge.drawn.then(keepSpareWorker);
    const chain = await describing;
    if (abort.signal.aborted) throw CANCELLED;
    return startSession(opened, chain, merge, abort, serversAtOnce(options.interactive === true));
  } catch (error) {
    await describing?.catch(() => {}); // it reads the files that are closed next
    await merge?.close();
    await opened?.close();
    throw abort.signal.aborted ? CANCELLED : error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
}

/** The session of what was opened; reading begins, `atOnce` servers at a time. `abort` is what the opening hangs on. */
function startSession(
  opened: PreparedTarget,
  chain: ChainInfo,
  merge: MergeClient,
  opening: AbortController,
  atOnce: number,
): ChainSession {
  let abort = opening;
  const feeds = opened.feeds.map(feed => ({
    feed,
    confirms: opened.plans[feed.layer]?.metadata !== undefined,
    position: 0,
    log: createUnreadableLog(),
    missing: [],
  }));
  const unfinished = new Set<FeedState>(feeds);
  let feeding = feedAll(unfinished, merge, abort.signal, atOnce);
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    abort.abort();
    await feeding;
    await merge.close();
    await opened.close();
  }

  return {
    chain,
    get tracks() {
      return merge.tracks;
    },
    ask: (question, args) => merge.ask(question, args),
    list: (request, take) => merge.list(request, take),
    fed: () => feeding,
    unreadable: () =>
      feeds.flatMap(({ feed, log, missing }) =>
        [...missing, ...log.list()].map(error => ({ layer: feed.layer, error })),
      ),
    cancel() {
      abort.abort();
      merge.cancelReading();
    },
    retry() {
      if (closing !== undefined) return;
      abort.abort();
      const next = new AbortController();
      abort = next;
      merge.resumeReading();
      feeding = feeding.then(() => feedAll(unfinished, merge, next.signal, atOnce));
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** A feed and how far it has come. */
interface FeedState {
  readonly feed: LayerFeed;
  /** The layer is drawn from its metadata: this witness comes after the picture, so that it does not hold that up. */
  readonly confirms: boolean;
  /** Where the last batch that was taken ended, in bytes: a retry goes on from there. */
  position: number;
  readonly log: UnreadableLog;
  /** What its server did not give, each once. */
  readonly missing: ErrorRecord[];
}

/** Runs the NBD feeds, so many at once, and takes out those that finish. Never rejects. */
async function feedAll(
  feeds: Set<FeedState>,
  merge: MergeClient,
  signal: AbortSignal,
  atOnce: number,
): Promise<LayerError[]> {
  const pool = createExportPool(atOnce);
  const failed: LayerError[] = [];
  setMaxListeners(0, signal); // every layer that waits for its turn listens; a chain has tens of them
  const one = async (state: FeedState) => {
    const { layer } = state.feed;
    try {
      await pool.run(() => runFeed(state, merge, signal), signal);
      feeds.delete(state);
      merge.endFeed(layer, {});
    } catch (thrown) {
      const error = errorRecord(thrown);
      if (!signal.aborted) failed.push({ layer, error });
      merge.endFeed(layer, signal.aborted ? { cancelled: true } : { error });
    }
  };
  await Promise.all([...feeds].map(one));
  return failed;
}

/** Runs one feed from where it stands. Settles only when no batch is on its way any more, so that a retry can't overlap. */
async function runFeed(state: FeedState, merge: MergeClient, signal: AbortSignal): Promise<void> {
  const { feed, log, missing } = state;
  let taking: Promise<void> = Promise.resolve();
  const sink = {
    batch(batch: StatusBatch): Promise<void> {
      taking = merge.feed(feed.layer, batch).then(() => {
        log.add(batch);
        state.position = batch.offset + batch.covered;
      });
      return taking;
    },
    missing(error: ErrorRecord): void {
      if (!missing.some(({ what, subject }) => what === error.what && subject === error.subject))
        missing.push(error);
    },
  };
  try {
    if (state.confirms) await untilAborted(merge.drawn, signal);
    await feed.run(state.position, sink, signal);
  } finally {
    await taking.catch(() => {}); // its failure is that of the run
  }
}

/** Waits for a promise that never rejects, no longer than until the signal aborts: then rejects with CANCELLED. */
async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = () => {};
  const aborted = new Promise<void>(resolve => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  if (!signal.aborted) await Promise.race([promise, aborted]);
  signal.removeEventListener('abort', stop);
  if (signal.aborted) throw CANCELLED;
}

const CANCELLED = new CowscopeError({
  code: 'CANCELLED',
  what: 'the chain was closed before it was open',
  subject: '',
  advice: '',
});
