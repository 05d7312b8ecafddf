/** What opening a target gives, files and addresses alike: a description, a plan for the engine, and feeds to run. */
import type { ErrorRecord } from '../../shared/error.ts';
import type { StatusBatch } from '../../shared/extent/status-batch.ts';
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { LayerPlan } from '../engine/worker/protocol.ts';
import type { ContentSource } from './content/content-source.ts';

/** What a feed hands its batches to. */
export interface FeedSink {
  /** Resolves when the batch was taken; the next one waits for that. */
  batch(batch: StatusBatch): Promise<void>;
  /** Reports what was asked for and this witness does not give. */
  missing(error: ErrorRecord): void;
}

/** A stream of status batches for one layer. */
export interface LayerFeed {
  readonly layer: number;
  /** Reads the layer from `start` on, in bytes: where the last batch that was taken ended. Rejects with CowscopeError. */
  run(start: number, sink: FeedSink, signal: AbortSignal): Promise<void>;
}

/** An opened target. */
export interface PreparedTarget {
  /** The description, which may take longer than opening: reading need not wait for it. Asked once, before the close. */
  describe(): Promise<ChainInfo>;
  /** The base names a backing file that is not open. */
  readonly baseMissing: boolean;
  /** Base first, as in ChainInfo.layers. */
  readonly plans: readonly LayerPlan[];
  readonly feeds: readonly LayerFeed[];
  /** The data itself, which opening does not read. */
  readonly content: ContentSource;
  /** The layers whose files have changed on disk since they were opened. Never rejects; absent for a server. */
  changedLayers?(): Promise<readonly number[]>;
  /** Closes files, connections and children. */
  close(): Promise<void>;
}
