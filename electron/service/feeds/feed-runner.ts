/** Runs the NBD feeds of a session into the engine: some at a time, cancelled and taken up again where they ended. */
import { setMaxListeners } from 'node:events';
import { CowscopeError, type ErrorRecord, errorRecord } from '../../../shared/error.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import type { EngineClient } from '../../engine/worker/client.ts';
import { createExportPool } from '../../qemu/export-pool.ts';
import type { LayerFeed, PreparedTarget } from '../prepared-target.ts';
import { createUnreadableLog, type UnreadableLog } from '../read-errors.ts';

/** An error of one layer, by its index. */
export interface LayerError {
  readonly layer: number;
  readonly error: ErrorRecord;
}

/** A feed and how far it has come. */
interface FeedState {
  readonly feed: LayerFeed;
  /** The layer is drawn from its metadata: this witness confirms it and waits until it is drawn. */
  readonly confirms: boolean;
  /** Where the last batch that was taken ended, in bytes: a retry goes on from there. */
  position: number;
  readonly log: UnreadableLog;
  /** What its server did not give, each once. */
  readonly missing: ErrorRecord[];
}

/** The feeds of one session. */
export class FeedRunner {
  readonly #engine: EngineClient;
  readonly #maxServers: number;
  readonly #feeds: readonly FeedState[];
  readonly #unfinished: Set<FeedState>;
  #abort: AbortController;
  #running: Promise<readonly LayerError[]>;

  /** Starts every feed of the target, `maxServers` at the same time. `opening` is what the target's connections hang on. */
  constructor(target: PreparedTarget, engine: EngineClient, maxServers: number, opening: AbortController) {
    this.#engine = engine;
    this.#abort = opening;
    this.#maxServers = maxServers;
    this.#feeds = target.feeds.map(feed => ({
      feed,
      confirms: target.plans[feed.layer]?.metadata !== undefined,
      position: 0,
      log: createUnreadableLog(),
      missing: [],
    }));
    this.#unfinished = new Set(this.#feeds);
    this.#running = this.#runAll(this.#abort.signal);
  }

  /** Resolves when every feed has ended, with the errors of those that failed. Never rejects. */
  get ended(): Promise<readonly LayerError[]> {
    return this.#running;
  }

  /** What the servers could not read or did not give so far; everything around it was read. */
  unreadable(): readonly LayerError[] {
    return this.#feeds.flatMap(({ feed, log, missing }) =>
      [...missing, ...log.list()].map(error => ({ layer: feed.layer, error })),
    );
  }

  /** Ends the feeds where they are. */
  cancel(): void {
    this.#abort.abort();
  }

  /** Takes up again, where they ended, the feeds that were cancelled or failed. */
  retry(): void {
    this.#abort.abort();
    const next = new AbortController();
    this.#abort = next;
    this.#running = this.#running.then(() => this.#runAll(next.signal));
  }

  async #runAll(signal: AbortSignal): Promise<readonly LayerError[]> {
    const pool = createExportPool(this.#maxServers);
    const failed: LayerError[] = [];
    setMaxListeners(0, signal); // every layer that waits for its turn listens; a chain has tens of them
    const runOne = async (state: FeedState) => {
      const { layer } = state.feed;
      try {
        await pool.run(() => this.#run(state, signal), signal);
        this.#unfinished.delete(state);
        this.#engine.endFeed(layer, {});
      } catch (thrown) {
        const error = errorRecord(thrown);
        if (!signal.aborted) failed.push({ layer, error });
        this.#engine.endFeed(layer, signal.aborted ? { cancelled: true } : { error });
      }
    };
    await Promise.all([...this.#unfinished].map(runOne));
    return failed;
  }

  /** Runs one feed from where it stands. Settles only when no batch is on its way any more, so that a retry can't overlap. */
  async #run(state: FeedState, signal: AbortSignal): Promise<void> {
    const { feed, log, missing } = state;
    let taking: Promise<void> = Promise.resolve();
    const sink = {
      batch: (batch: StatusBatch): Promise<void> => {
        taking = this.#engine.feed(feed.layer, batch).then(() => {
          log.add(batch);
          state.position = batch.offset + batch.covered;
        });
        return taking;
      },
      missing: (error: ErrorRecord): void => {
        if (!missing.some(({ what, subject }) => what === error.what && subject === error.subject))
          missing.push(error);
      },
    };
    try {
      if (state.confirms) await untilAborted(this.#engine.drawn, signal);
      await feed.run(state.position, sink, signal);
    } finally {
      await taking.catch(() => {}); // its failure is that of the run
    }
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
  if (!signal.aborted) return;
  throw new CowscopeError({
    code: 'CANCELLED',
    what: 'reading the layer was cancelled',
    subject: '',
    advice: '',
  });
}
