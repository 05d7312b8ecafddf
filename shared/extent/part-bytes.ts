/** Bytes of each part in a row of columns. Those of one column lie side by side: few cache lines, however many parts occur. */
import { PARTS, type PartIndex } from './parts.ts';

/** A table of columns by parts, with room for the parts that occur. */
export class PartBytes {
  readonly #count: number;
  /** By part: its place in a column, -1 where it has not occurred. */
  readonly #slots = new Int8Array(PARTS.length).fill(-1);
  readonly #parts: PartIndex[] = [];
  #bytes = new Float64Array(0);

  constructor(count: number) {
    this.#count = count;
  }

  /** Bytes of a part in a column. */
  at(column: number, part: PartIndex): number {
    const slot = this.#slots[part] as number;
    return slot < 0 ? 0 : (this.#bytes[column * this.#parts.length + slot] as number);
  }

  /** Adds bytes of a part to a column. */
  add(column: number, part: PartIndex, bytes: number): void {
    let slot = this.#slots[part] as number;
    if (slot < 0) slot = this.#addPart(part);
    const at = column * this.#parts.length + slot;
    this.#bytes[at] = (this.#bytes[at] as number) + bytes;
  }

  /** Adds the sum of columns [first, end) to one column of another table. */
  addSumTo(into: PartBytes, column: number, first: number, end: number): void {
    const room = this.#parts.length;
    for (let slot = 0; slot < room; slot++) {
      let sum = 0;
      for (let at = first * room + slot; at < end * room; at += room) sum += this.#bytes[at] as number;
      if (sum > 0) into.add(column, this.#parts[slot] as number, sum);
    }
  }

  /** Clears columns [first, end). */
  clear(first: number, end: number): void {
    const room = this.#parts.length;
    this.#bytes.fill(0, first * room, end * room);
  }

  #addPart(part: PartIndex): number {
    const before = this.#bytes;
    const slot = this.#parts.length;
    this.#parts.push(part);
    this.#slots[part] = slot;
    this.#bytes = new Float64Array(this.#count * (slot + 1));
    for (let c = 0, from = 0, to = 0; c < this.#count; c++, to++)
      for (let i = 0; i < slot; i++) this.#bytes[to++] = before[from++] as number;
    return slot;
  }
}
