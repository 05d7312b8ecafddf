/**
 * A session: one opened chain, read by its witnesses into the engine, and everything that can be asked of it. The window
 * and the command line are both fronts of this.
 */
import { CowscopeError } from '../../shared/error.ts';
import {
  MAX_FINDINGS_PER_PAGE,
  type QuestionArgs,
  type QuestionName,
  type QuestionReply,
} from '../../shared/ipc/questions.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { GuestDisk } from '../../shared/model/guest/guest-disk.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import type { TrackInfo } from '../../shared/model/track.ts';
import type { TopLayer } from '../chain/discover.ts';
import { EngineClient, type EngineEvents, startEngine, type TakeChunk } from '../engine/worker/client.ts';
import { keepPrestartedWorker } from '../engine/worker/prestarted-worker.ts';
import type { EnginePlan, ListRequest, ListSummary } from '../engine/worker/protocol.ts';
import { inPlaceThreadFor, mayReadInPlace } from '../engine/worker/small-chains.ts';
import { serversAtOnce } from '../qemu/export-pool.ts';
import { findQemuNbd } from '../qemu/tools.ts';
import type { ContentSource } from './content/content-source.ts';
import { EXTENT_BUDGET } from './extent-estimate.ts';
import { FeedRunner, type LayerError } from './feeds/feed-runner.ts';
import { openFiles } from './open-files.ts';
import type { PreparedTarget } from './prepared-target.ts';
import type { SessionOptions } from './session-options.ts';

/** News from a session. */
export interface SessionEvents extends Required<EngineEvents> {}

/** Prepares what the next opening would wait for: a worker, and the version of qemu-nbd. */
export function prepareToOpen(): void {
  keepPrestartedWorker();
  findQemuNbd().catch(() => {}); // said where it is needed
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
  // The first connection to a server hangs on this signal for as long as it lives, and not on that of the options, which
  // ends the opening alone.
  const abort = new AbortController();
  const { signal } = abort;
  const giveUp = () => abort.abort();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  if (options.signal?.aborted) giveUp();
  const throwIfAborted = () => {
    if (signal.aborted) throw CANCELLED;
  };
  let opened: PreparedTarget | undefined;
  let describing: Promise<ChainInfo> | undefined;
  let engine: EngineClient | undefined;
  try {
    throwIfAborted();
    // Where no thread was prestarted, it starts while the files are opened, unless none may be needed.
    const mayBeSmall = mayReadFileInPlace(target, options);
    const startWorker = () => {
      engine ??= startEngine(events);
    };
    if (options.interactive !== true && !mayBeSmall) startWorker();
    const onTop = (top: TopLayer) => mayBeSmall && !mayReadInPlace([top]) && startWorker();
    if (target.kind === 'files') opened = await openFiles(target, options, onTop);
    else {
      const { openUri } = await import('./nbd/open-uri.ts'); // not loaded for files
      opened = await openUri(target.uri, options, signal);
    }
    throwIfAborted();
    const inPlace = mayBeSmall && engine === undefined ? await inPlaceThreadFor(opened.plans) : undefined;
    engine ??= inPlace === undefined ? startEngine(events) : new EngineClient(inPlace, events);
    const opening = engine.open(planOf(opened, options)); // while the chain is described
    describing = opened.describe();
    describing.catch(() => {}); // seen where it is awaited
    await opening;
    if (options.interactive === true) void engine.drawn.then(keepPrestartedWorker);
    const chain = await describing;
    throwIfAborted();
    if (chain.findings.length > 0) engine.addFindings(chain.findings);
    const feeds = new FeedRunner(opened, engine, serversAtOnce(options.interactive === true), abort);
    return new ChainSession(opened, chain, engine, feeds);
  } catch (error) {
    await describing?.catch(() => {}); // it reads the files that are closed next
    await engine?.close();
    await opened?.close();
    throw signal.aborted ? CANCELLED : error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
}

/** Whether an engine in this thread could do for the target, as far as it is known before anything is opened. */
function mayReadFileInPlace(target: OpenTarget, { interactive, witness }: SessionOptions): boolean {
  const isOneFile = target.kind === 'files' && target.files.length === 1;
  return isOneFile && interactive !== true && witness === 'metadata' && mayReadInPlace([]);
}

function planOf(opened: PreparedTarget, options: SessionOptions): EnginePlan {
  const { buildPyramid = true, extentBudget = EXTENT_BUDGET, fedBudget, interactive = false } = options;
  return {
    layers: opened.plans,
    size: opened.plans.at(-1)?.size ?? 0,
    baseMissing: opened.baseMissing,
    buildPyramid,
    extentBudget,
    ...(fedBudget === undefined ? {} : { fedBudget }),
    interactive,
  };
}

/** One opened chain. */
export class ChainSession {
  readonly chain: ChainInfo;
  readonly #opened: PreparedTarget;
  readonly #engine: EngineClient;
  readonly #feeds: FeedRunner;
  readonly #abort = new AbortController();
  #guest: Promise<GuestDisk> | undefined;
  #closing: Promise<void> | undefined;

  /** Takes over the target, the engine and the feeds. */
  constructor(opened: PreparedTarget, chain: ChainInfo, engine: EngineClient, feeds: FeedRunner) {
    this.chain = chain;
    this.#opened = opened;
    this.#engine = engine;
    this.#feeds = feeds;
  }

  /** As they are now: a whole-chain export may turn out deeper while it is read. */
  get tracks(): readonly TrackInfo[] {
    return this.#engine.tracks;
  }

  /** Resolves when the metadata of every layer was read for the picture, or reading was cancelled. */
  get drawn(): Promise<void> {
    return this.#engine.drawn;
  }

  /** Asks a question of shared/ipc/questions.ts. Rejects with CowscopeError. */
  ask<Q extends QuestionName>(question: Q, args: QuestionArgs<Q>): Promise<QuestionReply<Q>> {
    return this.#engine.ask(question, args);
  }

  /** Every finding, ranked, once all tables were read; those of one layer alone, where that is asked for. */
  async allFindings(layer?: number): Promise<Finding[]> {
    const filter = layer === undefined ? {} : { layers: [layer] };
    const all: Finding[] = [];
    for (;;) {
      const page = { skip: all.length, most: MAX_FINDINGS_PER_PAGE, complete: all.length === 0 };
      const { findings, total } = await this.ask('findings', { ...filter, ...page });
      all.push(...findings);
      if (findings.length === 0 || all.length >= total) return all;
    }
  }

  /** A list as text chunks; the next chunk comes when `take` is done. */
  list(request: ListRequest, take: TakeChunk): Promise<ListSummary> {
    return this.#engine.list(request, take);
  }

  /** The data of the chain, to be read while the session is open. */
  get content(): ContentSource {
    return this.#opened.content;
  }

  /**
   * The guest's partitions, read once; notes about them are among the findings from then on. Rejects with CowscopeError
   * where nothing can be read, and with CANCELLED once the session is closed.
   */
  partitions(): Promise<GuestDisk> {
    this.#guest ??= this.#readPartitions().catch((error: unknown) => {
      this.#guest = undefined; // may be tried again
      throw error;
    });
    return this.#guest;
  }

  async #readPartitions(): Promise<GuestDisk> {
    const { signal } = this.#abort;
    if (signal.aborted) throw CANCELLED;
    const { readDisk } = await import('./guest/read-partitions.ts'); // loaded when it is asked for
    const disk = await readDisk(this.#opened.content, signal);
    if (signal.aborted) throw CANCELLED;
    if (disk.findings.length > 0) this.#engine.addFindings(disk.findings);
    return disk;
  }

  /** Resolves when every NBD feed has ended, with the errors of those that failed, by layer. */
  fed(): Promise<readonly LayerError[]> {
    return this.#feeds.ended;
  }

  /** What the NBD servers could not read or did not give so far; everything around it was read. */
  unreadable(): readonly LayerError[] {
    return this.#feeds.unreadable();
  }

  /** The layers whose files have changed on disk since they were opened; none of a server. Never rejects. */
  async changedLayers(): Promise<readonly number[]> {
    return (await this.#opened.changedLayers?.()) ?? [];
  }

  /** Ends reading; what was read stays. */
  cancel(): void {
    this.#feeds.cancel();
    this.#engine.cancelReading();
  }

  /** Takes up again what was cancelled or failed, where it ended. */
  retry(): void {
    if (this.#closing !== undefined) return;
    this.#engine.resumeReading();
    this.#feeds.retry();
  }

  /** Ends children, sockets, files and the worker. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    this.#feeds.cancel();
    await this.#feeds.ended;
    await this.#guest?.catch(() => {}); // it reads the files that are closed next
    await this.#engine.close();
    await this.#opened.close();
  }
}

const CANCELLED = new CowscopeError({
  code: 'CANCELLED',
  what: 'the chain was closed before it was open',
  subject: '',
  advice: '',
});
