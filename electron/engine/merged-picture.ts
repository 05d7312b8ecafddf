/** The merged picture of a chain: the pyramid over all its tracks, brought up to date page by page. */
import { createPyramid, type Pyramid, summarizePage } from '../../shared/extent/pyramid.ts';
import type { GuestRange } from '../../shared/ipc/questions.ts';
import type { ChainTables } from './tables/chain-tables.ts';

/** The source of tiles. */
export class MergedPicture {
  readonly #tables: ChainTables;
  #pyramid: Pyramid;
  #version = 0;

  constructor(tables: ChainTables) {
    this.#tables = tables;
    this.#pyramid = emptyPyramid(tables);
  }

  get pyramid(): Pyramid {
    return this.#pyramid;
  }

  /** Grows with every page that is merged. */
  get version(): number {
    return this.#version;
  }

  /** Sweeps a page over all layers and summarizes it. Returns the guest offsets that it covers. */
  mergePage(page: number): GuestRange {
    const { pageSpan, plan } = this.#tables;
    summarizePage(this.#pyramid, page, this.#tables.sweep(page));
    this.#version++;
    return { start: page * pageSpan, end: Math.min((page + 1) * pageSpan, plan.size) };
  }

  /** Forgets what was merged: the chain has other tracks now. */
  reset(): void {
    this.#pyramid = emptyPyramid(this.#tables);
  }
}

/** A chain that is not read in the background has no pyramid: its pages are read as lists pass over them. */
function emptyPyramid({ plan, pageCount, pageSpan, slotCount }: ChainTables): Pyramid {
  return createPyramid(plan.buildPyramid ? pageCount : 0, pageSpan, slotCount);
}
