/** The owner's side of an engine: starts its worker, asks it, feeds it, ends it. */
import { CowscopeError, type ErrorRecord, errorRecord } from '../../../shared/error.ts';
import { type StatusBatch, statusBatchBuffers } from '../../../shared/extent/status-batch.ts';
import type { QuestionArgs, QuestionName, QuestionReply } from '../../../shared/ipc/questions.ts';
import type { Finding, FindingSummary } from '../../../shared/model/finding.ts';
import type { LayerProgress } from '../../../shared/model/progress.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';
import type { EngineThread } from './engine-thread.ts';
import { takeWorker } from './prestarted-worker.ts';
import type { EnginePlan, FeedEnd, FromEngine, ListRequest, ListSummary, ToEngine } from './protocol.ts';

/** News from the engine. */
export interface EngineEvents {
  onProgress?(layers: readonly LayerProgress[]): void;
  onChanged?(version: number, start: number, end: number): void;
  onTracks?(tracks: readonly TrackInfo[]): void;
  /** An answer that walks over the whole disk, of `size` bytes, has come up to `offset`. */
  onWalk?(offset: number, size: number): void;
  onFindings?(summary: FindingSummary): void;
  /** The worker is gone without having been asked to; every question fails with this error from now on. */
  onStopped?(error: CowscopeError): void;
}

/** Takes the text of a list chunk by chunk. A chunk may be used until the promise is done. */
export type TakeChunk = (text: Uint8Array) => Promise<void> | void;

interface PendingReply {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly take: TakeChunk | undefined;
}

/** Starts a worker, which compiles its code while its chain is prepared. The caller opens that, and closes the client. */
export function startEngine(events: EngineEvents = {}): EngineClient {
  return new EngineClient(takeWorker(), events);
}

/** A chain held in an engine, as a rule that of a worker. */
export class EngineClient {
  /** Resolves when no layer's metadata is being read any more: the picture is complete, or reading was cancelled. */
  readonly drawn: Promise<void>;
  readonly #opened: Promise<void>;
  readonly #thread: EngineThread;
  readonly #events: EngineEvents;
  readonly #replies = new Map<number, PendingReply>();
  /** The batches that were not acknowledged yet, by layer. */
  readonly #acknowledgements = new Map<number, (error?: CowscopeError) => void>();
  #setOpened = () => {};
  #failOpening: (error: CowscopeError) => void = () => {};
  #setDrawn = () => {};
  #tracks: readonly TrackInfo[] = [];
  #lastId = 0;
  #ended: CowscopeError | undefined;

  /** Takes over `thread`, which has no chain yet. */
  constructor(thread: EngineThread, events: EngineEvents) {
    this.#thread = thread;
    this.#events = events;
    this.#opened = new Promise((resolve, reject) => {
      this.#setOpened = resolve;
      this.#failOpening = reject;
    });
    this.#opened.catch(() => {}); // seen where the opening is awaited
    this.drawn = new Promise(resolve => {
      this.#setDrawn = resolve;
    });
    thread.on('message', (message: FromEngine) => this.#handle(message));
    thread.on('error', error => this.#stop(error));
    thread.on('exit', code => this.#stop(new Error(`exit code ${code}`)));
  }

  /** Opens the chain of `plan`; called once. Rejects with the CowscopeError of what could not be opened. */
  open(plan: EnginePlan): Promise<void> {
    if (!plan.buildPyramid) this.#setDrawn();
    this.#post({ kind: 'open', plan });
    return this.#opened;
  }

  /** As they are now: a whole-chain export may turn out deeper while it is read. */
  get tracks(): readonly TrackInfo[] {
    return this.#tracks;
  }

  /** Asks a question. Rejects with CowscopeError. */
  ask<Q extends QuestionName>(question: Q, args: QuestionArgs<Q>): Promise<QuestionReply<Q>> {
    return this.#request(id => ({ kind: 'ask', id, question, args }));
  }

  /** Asks for a list, whose text goes to `take`. Rejects with CowscopeError, or with what `take` rejects with. */
  list(request: ListRequest, take: TakeChunk): Promise<ListSummary> {
    return this.#request(id => ({ kind: 'list', id, request }), take);
  }

  /** Hands over a batch of an NBD layer; its buffers are transferred. Resolves when it was taken, rejects when it was not. */
  feed(layer: number, batch: StatusBatch): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#acknowledgements.set(layer, error => (error === undefined ? resolve() : reject(error)));
      this.#post({ kind: 'batch', layer, batch }, statusBatchBuffers(batch));
    });
  }

  /** Says that a layer's feed is over. */
  endFeed(layer: number, end: FeedEnd): void {
    this.#post({ kind: 'feedEnded', layer, end });
  }

  /** Adds what the discovery of the chain found to the findings. */
  addFindings(findings: readonly Finding[]): void {
    this.#post({ kind: 'chainFindings', findings });
  }

  /** Ends background reading; what was read stays. */
  cancelReading(): void {
    this.#post({ kind: 'cancelReading' });
  }

  /** Takes background reading up again. */
  resumeReading(): void {
    this.#post({ kind: 'resumeReading' });
  }

  /** Ends the worker. Questions under way are rejected with CANCELLED. */
  async close(): Promise<void> {
    this.#end(CLOSED);
    await this.#thread.terminate();
  }

  #post(message: ToEngine, transfer: ArrayBuffer[] = []): void {
    this.#thread.postMessage(message, transfer);
  }

  #request<Reply>(message: (id: number) => ToEngine, take?: TakeChunk): Promise<Reply> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#replies.set(id, { resolve: value => resolve(value as Reply), reject, take });
      this.#post(message(id));
    });
  }

  #handle(message: FromEngine): void {
    switch (message.kind) {
      case 'opened':
        this.#tracks = message.tracks;
        this.#setOpened();
        return;
      case 'failed':
        this.#failOpening(new CowscopeError(message.error));
        return;
      case 'reply':
        this.#settle(message.id)?.resolve(message.value);
        return;
      case 'error':
        this.#settle(message.id)?.reject(new CowscopeError(message.error));
        return;
      case 'chunk':
        void this.#takeChunk(message.id, message.text);
        return;
      case 'batchTaken':
        this.#acknowledge(message.layer, message.error);
        return;
      default:
        this.#tell(message);
    }
  }

  #tell(
    message: Extract<FromEngine, { kind: 'progress' | 'changed' | 'tracks' | 'walked' | 'findings' }>,
  ): void {
    switch (message.kind) {
      case 'progress':
        if (message.layers.every(({ witness, phase }) => witness === 'nbd' || phase !== 'reading'))
          this.#setDrawn();
        this.#events.onProgress?.(message.layers);
        return;
      case 'changed':
        this.#events.onChanged?.(message.version, message.start, message.end);
        return;
      case 'tracks':
        this.#tracks = message.tracks;
        this.#events.onTracks?.(message.tracks);
        return;
      case 'walked':
        this.#events.onWalk?.(message.offset, message.size);
        return;
      case 'findings':
        this.#events.onFindings?.(message.summary);
        return;
    }
  }

  /** The request of that number, which waits for nothing more. */
  #settle(id: number): PendingReply | undefined {
    const pending = this.#replies.get(id);
    this.#replies.delete(id);
    return pending;
  }

  #acknowledge(layer: number, error: ErrorRecord | undefined): void {
    const taken = this.#acknowledgements.get(layer);
    this.#acknowledgements.delete(layer);
    taken?.(error && new CowscopeError(error));
  }

  async #takeChunk(id: number, text: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.#replies.get(id)?.take?.(text);
      this.#post({ kind: 'chunkTaken', id, memory: text.buffer }, [text.buffer]);
    } catch (error) {
      this.#post({ kind: 'abortList', id });
      this.#settle(id)?.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The worker ended by itself: reported once, and not where the chain was closed. */
  #stop(reason: unknown): void {
    if (this.#ended !== undefined) return;
    const error = crashed(reason);
    this.#end(error);
    this.#events.onStopped?.(error);
  }

  /** Fails everything that waits. Only the first reason counts. */
  #end(error: CowscopeError): void {
    this.#ended ??= error;
    this.#failOpening(this.#ended);
    for (const { reject } of this.#replies.values()) reject(this.#ended);
    this.#replies.clear();
    for (const taken of this.#acknowledgements.values()) taken(this.#ended);
    this.#acknowledgements.clear();
    this.#setDrawn();
  }
}

const CLOSED = new CowscopeError({
  code: 'CANCELLED',
  what: 'the chain was closed',
  subject: '',
  advice: '',
});

function crashed(error: unknown): CowscopeError {
  const record = errorRecord(error);
  const what = `the engine's worker stopped: ${record.what}`;
  return new CowscopeError({ ...record, what }, { cause: error });
}
