/**
 * Something kept for each cluster of a file, in chunks of 65,536 clusters that take memory once one of them is touched.
 *
 * Where a file needs more chunks than are kept, the work is done again for the rest: a pass counts the chunks that it
 * touches first, later passes those that were passed over.
 */

/** Clusters in a chunk. */
export const CHUNK_CLUSTERS = 2 ** 16;

/** The chunks of one file, by number: cluster divided by {@link CHUNK_CLUSTERS}. */
export class ClusterChunks<C> {
  readonly #make: () => C;
  /** Takes what another pass counts. */
  readonly #elsewhere: C;
  readonly #most: number;
  readonly #chunks = new Map<number, C>();
  #live: number[] = [];
  readonly #later = new Set<number>();
  #pass = 1;

  /** `make` makes an empty chunk, `elsewhere` stands for all of other passes, and `most` are kept at once. */
  constructor(make: () => C, elsewhere: C, most: number) {
    this.#make = make;
    this.#elsewhere = elsewhere;
    this.#most = most;
  }

  /** Number of the pass, from 1. */
  get pass(): number {
    return this.#pass;
  }

  /** The chunk of that number: a new one where it was not touched before, `elsewhere` where another pass counts it. */
  enter(id: number): C {
    const held = this.#chunks.get(id);
    if (held !== undefined) return held;
    const isWanted = this.#pass === 1 || this.#later.has(id);
    const chunk = isWanted && this.#live.length < this.#most ? this.#make() : this.#elsewhere;
    if (chunk !== this.#elsewhere) this.#live.push(id);
    else if (this.#pass === 1) this.#later.add(id);
    this.#chunks.set(id, chunk);
    return chunk;
  }

  /** The chunk of that number if this pass counts it and something touched it. */
  live(id: number): C | undefined {
    const chunk = this.#chunks.get(id);
    return chunk === this.#elsewhere ? undefined : chunk;
  }

  /** True if another pass counts the chunk, or may have counted it. */
  isElsewhere(id: number): boolean {
    const chunk = this.#chunks.get(id);
    return chunk === this.#elsewhere || (chunk === undefined && this.#pass > 1);
  }

  /** The chunks of this pass, ascending. */
  *all(): Generator<readonly [id: number, chunk: C]> {
    for (const id of this.#live.sort((a, b) => a - b)) yield [id, this.#chunks.get(id) as C];
  }

  /** Ends a pass and lets its chunks go. True if another one has to follow. */
  nextPass(): boolean {
    for (const id of this.#live) {
      this.#later.delete(id);
      this.#chunks.set(id, this.#elsewhere);
    }
    for (const id of this.#later) this.#chunks.delete(id);
    this.#live = [];
    this.#pass++;
    return this.#later.size > 0;
  }
}
