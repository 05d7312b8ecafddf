/** Merges what comes over NBD for one layer into the picture, or compares it with the metadata, in slices of work. */
import { type ErrorRecord, errorRecord } from '../../../shared/error.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import type { LayerProgress } from '../../../shared/model/progress.ts';
import { PUSH_INTERVAL_MS } from '../pushes.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { NbdTables, StoredLayer } from '../tables/stored-layer.ts';
import { Throttle } from '../throttle.ts';
import type { FeedEnd } from '../worker/protocol.ts';
import { sliceEnd } from './work-loop.ts';

/** What a feed needs of the rest of the engine. */
export interface FeedMergerDeps {
  /** Merges a page of a layer without metadata into the picture. */
  mergePage(page: number): void;
  /** Compares a page of a layer that has metadata with that. */
  comparePage(page: number): void;
  /** The chain has more tracks now: what was merged is forgotten. */
  tracksChanged(): void;
  /** Acknowledges a batch: the next one may come. */
  acknowledge(layer: number, error?: ErrorRecord): void;
  /** Requests a push, because there is something new. */
  requestPush(): void;
  /** Says that pages wait to be merged in further slices. */
  wake(): void;
}

/** Merges the feed of one layer. */
export class FeedMerger {
  readonly #tables: ChainTables;
  readonly #layer: StoredLayer & { readonly nbd: NbdTables };
  readonly #target: FeedMergerDeps;
  /** A long feed of small batches is merged this often, not with every batch. */
  readonly #throttle = new Throttle(PUSH_INTERVAL_MS, () => this.#catchUp());
  /** The first page whose fed extents are not all merged yet. */
  #mergedUpTo = 0;
  /** The byte up to which pages are to be merged, 0 once they are. */
  #targetOffset = 0;
  /** The newest batch is acknowledged once its pages are merged (back-pressure: its extents need memory until then). */
  #pendingAck = false;
  /** How the feed ended: reported once its pages are merged. */
  #pendingEnd: FeedEnd | undefined;
  #progress: Pick<LayerProgress, 'phase' | 'covered' | 'error'> = { phase: 'waiting', covered: 0 };

  constructor(tables: ChainTables, layer: StoredLayer & { readonly nbd: NbdTables }, target: FeedMergerDeps) {
    this.#tables = tables;
    this.#layer = layer;
    this.#target = target;
  }

  /** True while pages wait to be merged. */
  get hasMore(): boolean {
    return this.#targetOffset > 0;
  }

  get progress(): LayerProgress {
    const { index, plan } = this.#layer;
    return { layer: index, witness: 'nbd', ...this.#progress, total: plan.size };
  }

  /** Takes the next batch. It is acknowledged with the error of what could not be taken. */
  takeBatch(batch: StatusBatch): void {
    const { index } = this.#layer;
    let error: ErrorRecord | undefined;
    try {
      if (this.#tables.feed(index, batch)) {
        this.#mergedUpTo = 0;
        this.#target.tracksChanged();
      }
    } catch (thrown) {
      error = errorRecord(thrown);
    }
    this.#setPhase('reading');
    this.#pendingEnd = undefined; // a feed that had ended goes on
    this.#throttle.request();
    this.#pendingAck = this.hasMore && error === undefined && this.#tables.fedOverBudget;
    if (!this.#pendingAck) this.#target.acknowledge(index, error);
  }

  /** The feed is over. Its phase changes once everything that came is merged. */
  end(end: FeedEnd): void {
    this.#throttle.cancel();
    if (!this.#tables.plan.buildPyramid) {
      this.#tables.flush(this.#layer.index);
      this.#finish(end);
      return;
    }
    this.#pendingEnd = end;
    this.#merge();
    if (!this.hasMore) this.#caughtUp(); // also where no page waited
  }

  /** Merges pages until the deadline, by performance.now(), one at least. */
  mergeUntil(deadline: number): void {
    const { pageCount, pageSpan } = this.#tables;
    const covered = this.#layer.nbd.feeder.position;
    while (this.hasMore) {
      const page = this.#mergedUpTo;
      if (page < pageCount && page * pageSpan < this.#targetOffset) {
        if (this.#layer.metadata === undefined) this.#target.mergePage(page);
        else this.#target.comparePage(page);
      }
      if (page < pageCount && (page + 1) * pageSpan <= covered) this.#mergedUpTo = page + 1;
      const isStuck = this.#mergedUpTo === page; // the last page is fed in part
      if (isStuck || this.#mergedUpTo * pageSpan >= this.#targetOffset) this.#caughtUp();
      if (performance.now() >= deadline) return;
    }
  }

  #catchUp(): void {
    if (this.#tables.plan.buildPyramid) this.#merge();
    else {
      if (this.#tables.fedOverBudget) this.#compareWholePages();
      this.#target.requestPush();
    }
  }

  /** Merges as far as one slice goes now, and the rest in further slices. */
  #merge(): void {
    this.#tables.flush(this.#layer.index);
    this.#targetOffset = this.#layer.nbd.feeder.position;
    this.mergeUntil(sliceEnd());
    this.#target.requestPush();
    if (this.hasMore) this.#target.wake();
  }

  /** Compares pages that were fed as a whole with the metadata, so that they need not be kept. */
  #compareWholePages(): void {
    const { pageCount, pageSpan } = this.#tables;
    const { nbd, plan } = this.#layer;
    for (; this.#mergedUpTo < pageCount; this.#mergedUpTo++) {
      if (Math.min((this.#mergedUpTo + 1) * pageSpan, plan.size) > nbd.feeder.position) return;
      this.#target.comparePage(this.#mergedUpTo);
    }
  }

  #caughtUp(): void {
    this.#targetOffset = 0;
    if (this.#pendingAck) this.#target.acknowledge(this.#layer.index);
    this.#pendingAck = false;
    if (this.#pendingEnd !== undefined) this.#finish(this.#pendingEnd);
    this.#pendingEnd = undefined;
  }

  #finish({ error, cancelled }: FeedEnd): void {
    this.#setPhase(error !== undefined ? 'failed' : cancelled === true ? 'cancelled' : 'done', error);
    this.#target.requestPush(); // also where nothing was merged that a push would report
  }

  #setPhase(phase: LayerProgress['phase'], error?: ErrorRecord): void {
    const covered = this.#layer.nbd.feeder.position;
    this.#progress = { phase, covered, ...(error === undefined ? {} : { error }) };
  }
}
