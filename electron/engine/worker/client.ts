/** The owner's side of the merge worker: starts it, asks it, feeds it, ends it. */
import { CowscopeError, type ErrorRecord, errorRecord } from '../../../shared/error.ts';
import { type StatusBatch, statusBatchBuffers } from '../../../shared/extent/status-batch.ts';
import type { QuestionArgs, QuestionName, QuestionReply } from '../../../shared/ipc/questions.ts';
import type { RangeFinding } from '../../../shared/model/finding.ts';
import type { LayerProgress } from '../../../shared/model/progress.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';
import { takeWorker } from './prestarted-worker.ts';
import type { EnginePlan, FromEngine, ListRequest, ListSummary, ToEngine } from './protocol.ts';

/** News from the worker. */
export interface EngineEvents {
  onProgress?(layers: readonly LayerProgress[]): void;
  onChanged?(version: number, start: number, end: number): void;
  onTracks?(tracks: readonly TrackInfo[]): void;
  onFindings?(findings: readonly RangeFinding[], more: number): void;
}

/** A chain held in a worker. */
export interface MergeClient {
  /** As they are now: a whole-chain export may turn out deeper while it is read. */
  readonly tracks: readonly TrackInfo[];
  /** Resolves when no layer's metadata is being read any more: the picture is there, or reading was cancelled. */
  readonly drawn: Promise<void>;
  /** Asks a question. Rejects with CowscopeError. */
  ask<Q extends QuestionName>(question: Q, args: QuestionArgs<Q>): Promise<QuestionReply<Q>>;
  /** Asks for a list; `take` gets its text chunk by chunk, each to be used only until its promise is done. */
  list(request: ListRequest, take: (text: Uint8Array) => Promise<void> | void): Promise<ListSummary>;
  /** Hands a batch of an NBD layer over (its buffers are transferred) and resolves when it was taken; rejects when it could not be. */
  feed(layer: number, batch: StatusBatch): Promise<void>;
  /** Says that a layer's feed is over. */
  endFeed(layer: number, end: { error?: ErrorRecord; cancelled?: boolean }): void;
  /** Ends background reading; what was read stays. */
  cancelReading(): void;
  /** Takes background reading up again. */
  resumeReading(): void;
  /** Ends the worker. Questions under way are rejected with CANCELLED. */
  close(): Promise<void>;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  take?: (text: Uint8Array) => Promise<void> | void;
}

/** Starts a worker with the chain of `plan`. Rejects with the CowscopeError of what could not be opened. */
export async function startMerge(plan: EnginePlan, events: EngineEvents = {}): Promise<MergeClient> {
  const worker = takeWorker();
  const pending = new Map<number, Pending>();
  const feeding = new Map<number, (error?: CowscopeError) => void>();
  let nextId = 1;
  let setDrawn = () => {};
  const drawn = new Promise<void>(resolve => {
    setDrawn = resolve;
  });
  if (!plan.keep) setDrawn();
  let ended: CowscopeError | undefined;
  const post = (message: ToEngine, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer);

  function end(error: CowscopeError): void {
    ended ??= error;
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
    for (const taken of feeding.values()) taken(ended);
    feeding.clear();
    setDrawn();
  }

  let tracks: readonly TrackInfo[] = await new Promise<readonly TrackInfo[]>((resolve, reject) => {
    worker.on('message', (message: FromEngine) => {
      if (message.kind === 'opened') resolve(message.tracks);
      else if (message.kind === 'failed') reject(new CowscopeError(message.error));
      else handle(message);
    });
    worker.on('error', error => {
      const failed = crashed(error);
      reject(failed);
      end(failed);
    });
    worker.on('exit', code => {
      const failed = crashed(new Error(`exit code ${code}`));
      reject(failed);
      end(failed); // without effect after close()
    });
    post({ kind: 'open', plan });
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });

  function handle(message: FromEngine): void {
    switch (message.kind) {
      case 'reply':
        pending.get(message.id)?.resolve(message.value);
        pending.delete(message.id);
        return;
      case 'error':
        pending.get(message.id)?.reject(new CowscopeError(message.error));
        pending.delete(message.id);
        return;
      case 'chunk':
        void takeChunk(message.id, message.text);
        return;
      case 'batchTaken':
        feeding.get(message.layer)?.(message.error && new CowscopeError(message.error));
        feeding.delete(message.layer);
        return;
      case 'progress':
        if (message.layers.every(({ witness, phase }) => witness === 'nbd' || phase !== 'reading'))
          setDrawn();
        events.onProgress?.(message.layers);
        return;
      case 'changed':
        events.onChanged?.(message.version, message.start, message.end);
        return;
      case 'tracks':
        tracks = message.tracks;
        events.onTracks?.(tracks);
        return;
      case 'findings':
        events.onFindings?.(message.findings, message.more);
        return;
    }
  }

  async function takeChunk(id: number, text: Uint8Array<ArrayBuffer>): Promise<void> {
    const asked = pending.get(id);
    try {
      await asked?.take?.(text);
      post({ kind: 'taken', id, memory: text.buffer }, [text.buffer]);
    } catch (error) {
      post({ kind: 'abort', id });
      asked?.reject(error instanceof Error ? error : new Error(String(error)));
      pending.delete(id);
    }
  }

  function expectReply(message: (id: number) => ToEngine, take?: Pending['take']): Promise<unknown> {
    if (ended !== undefined) return Promise.reject(ended);
    const id = nextId++;
    return new Promise((resolve, reject) => {
      pending.set(id, take === undefined ? { resolve, reject } : { resolve, reject, take });
      post(message(id));
    });
  }

  return {
    get tracks() {
      return tracks;
    },
    drawn,
    ask: (question, args) => expectReply(id => ({ kind: 'ask', id, question, args })) as Promise<never>,
    list: (request, take) => expectReply(id => ({ kind: 'list', id, request }), take) as Promise<ListSummary>,
    feed(layer, batch) {
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise((resolve, reject) => {
        feeding.set(layer, error => (error === undefined ? resolve() : reject(error)));
        post({ kind: 'batch', layer, batch }, statusBatchBuffers(batch));
      });
    },
    endFeed: (layer, { error, cancelled }) =>
      post({
        kind: 'fed',
        layer,
        ...(error === undefined ? {} : { error }),
        ...(cancelled === undefined ? {} : { cancelled }),
      }),
    cancelReading: () => post({ kind: 'cancelReading' }),
    resumeReading: () => post({ kind: 'resumeReading' }),
    async close() {
      end(CLOSED);
      await worker.terminate();
    },
  };
}

const CLOSED = new CowscopeError({
  code: 'CANCELLED',
  what: 'the chain was closed',
  subject: '',
  advice: '',
});

function crashed(error: unknown): CowscopeError {
  const record = errorRecord(error);
  const what = `the merge worker stopped: ${record.what}`;
  return new CowscopeError({ ...record, what }, { cause: error });
}
