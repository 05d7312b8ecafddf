/** Stretches of a file, gathered in any order and listed in ascending order, joined where they touch. */

/** Bytes [start, end) for each pair of places. */
export class Stretches {
  readonly #end: number;
  readonly #most: number;
  #starts = new Float64Array(2 ** 8);
  #ends = new Float64Array(2 ** 8);
  #count = 0;
  #isSorted = true;
  #left = 0;

  /** Nothing past `end` is kept, and at most `most` stretches. */
  constructor(end: number, most: number) {
    this.#end = end;
    this.#most = most;
  }

  /** Bytes that were left out because there were too many stretches. */
  get left(): number {
    return this.#left;
  }

  /** Adds `length` bytes from `start` on. */
  add(start: number, length: number): void {
    const end = Math.min(this.#end, start + length);
    if (start >= end) return;
    const last = this.#count - 1;
    if (last >= 0 && this.#isSorted && start === this.#ends[last]) {
      this.#ends[last] = end;
      return;
    }
    if (this.#count === this.#starts.length && !this.#makeRoom()) {
      this.#left += end - start;
      return;
    }
    if (this.#count > 0 && start < (this.#ends[this.#count - 1] as number)) this.#isSorted = false;
    this.#starts[this.#count] = start;
    this.#ends[this.#count++] = end;
  }

  /** All stretches, ascending, none touching another. */
  *all(): Generator<readonly [start: number, end: number]> {
    this.#join();
    for (let i = 0; i < this.#count; i++) yield [this.#starts[i] as number, this.#ends[i] as number];
  }

  /** Doubles the room, or joins what there is where it is used up. False where there is no more. */
  #makeRoom(): boolean {
    this.#join();
    if (2 * this.#count <= this.#starts.length) return true;
    if (this.#count >= this.#most) return false;
    const starts = new Float64Array(2 * this.#starts.length);
    const ends = new Float64Array(2 * this.#starts.length);
    starts.set(this.#starts.subarray(0, this.#count));
    ends.set(this.#ends.subarray(0, this.#count));
    this.#starts = starts;
    this.#ends = ends;
    return true;
  }

  /** Sorts and joins. */
  #join(): void {
    const order = Array.from({ length: this.#count }, (_, i) => i);
    const starts = this.#starts.slice(0, this.#count);
    const ends = this.#ends.slice(0, this.#count);
    if (!this.#isSorted) order.sort((a, b) => (starts[a] as number) - (starts[b] as number));
    let count = 0;
    for (const i of order) {
      const start = starts[i] as number;
      const end = ends[i] as number;
      const last = count - 1;
      if (last >= 0 && start <= (this.#ends[last] as number)) {
        this.#ends[last] = Math.max(this.#ends[last] as number, end);
        continue;
      }
      this.#starts[count] = start;
      this.#ends[count++] = end;
    }
    this.#count = count;
    this.#isSorted = true;
  }
}
