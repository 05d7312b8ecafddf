/**
 * How finely a walk looks for what a server cannot read. qemu answers a whole request with EIO for one bad cluster in it,
 * so the walk halves what failed. This bounds the halving: a dead disk costs few requests, and a server that fails as
 * often as it can ends the search.
 *
 * A failed request costs 1, and as much again for every {@link COST_MS} that it took.
 */

/** Cost of the bad pieces in a row after which the piece doubles. */
const RUN_COST = 256;
/** Cost of all failures up to which the finest pieces are looked for, and of those more after which they double. */
const FINE_COST = 16_384;
const COARSER_COST = 512;
/** Cost of all failures after which everything that is left is given up. */
const MAX_COST = 65_536;
const COST_MS = 16;

/** The search of one walk, also across its connections. */
export class DamageSearch {
  /** The smallest piece looked for, in bytes. */
  readonly finest: number;
  /** Times that the finest piece was doubled: for the whole walk, and in the run of bad pieces under way. */
  #doublings = 0;
  #runDoublings = 0;
  #runCost = 0;
  #cost = 0;

  /** `finest` is a power of two, such as the cluster size. */
  constructor(finest: number) {
    this.finest = finest;
  }

  /** The smallest piece looked for at present, in bytes: a failed range that is no larger is given up. */
  get piece(): number {
    return this.finest * 2 ** Math.max(this.#doublings, this.#runDoublings);
  }

  /** True once everything that is left is to be given up. */
  get isOver(): boolean {
    return this.#cost > MAX_COST;
  }

  /** True if a piece of this length was not looked into: parts of it may be readable. */
  isCoarse(length: number): boolean {
    return length > this.finest;
  }

  /** Notes a request that was answered. */
  succeeded(): void {
    this.#runCost = 0;
    this.#runDoublings = 0;
  }

  /** Notes a request that failed after so many milliseconds. */
  failed(milliseconds: number): void {
    this.#cost += costOf(milliseconds);
    this.#doublings = Math.max(0, 1 + Math.floor((this.#cost - FINE_COST) / COARSER_COST));
  }

  /** Notes a piece that was given up, after a request that took so many milliseconds. */
  gaveUp(milliseconds: number): void {
    this.#runCost += costOf(milliseconds);
    if (this.#runCost < RUN_COST) return;
    this.#runCost = 0;
    this.#runDoublings++;
  }
}

function costOf(milliseconds: number): number {
  return 1 + Math.floor(milliseconds / COST_MS);
}
