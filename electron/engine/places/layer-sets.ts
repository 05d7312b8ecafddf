/** Sets of layers by number: few different ones occur, however many places have them. */

/** Numbers sets of layer indexes. Number 0 is the empty set. */
export class LayerSets {
  readonly #sets: (readonly number[])[] = [[]];
  readonly #numbers = new Map<string, number>([['', 0]]);
  readonly #unions = new Map<string, number>();

  /** The set of a number, ascending. */
  at(number: number): readonly number[] {
    return this.#sets[number] ?? [];
  }

  /** The number of a set whose layers ascend. */
  numberOf(layers: readonly number[]): number {
    const key = layers.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#sets.push(layers) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  /** The number of what is in either of two sets. */
  union(a: number, b: number): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const key = `${a} ${b}`;
    const known = this.#unions.get(key);
    if (known !== undefined) return known;
    const both = [...new Set([...this.at(a), ...this.at(b)])].sort((x, y) => x - y);
    const number = this.numberOf(both);
    this.#unions.set(key, number);
    return number;
  }
}
