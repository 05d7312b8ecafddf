/** The kinds of rows of the merged map: the owner, its word and the layers that it hides. */
import { DIRTY, LOCAL, OVERRIDDEN, RESERVED, SHADOWED, UNREADABLE } from '../../shared/extent/flags.ts';
import type { SweptPage } from '../../shared/extent/sweep.ts';
import { layersWithMark } from '../../shared/extent/swept-view.ts';
import type { RowKeys } from './row-walk.ts';

/** The kind of a row of the merged map. */
export interface MapRowKind {
  /** Layer where the walk stops, -1 where every layer is absent. */
  readonly stop: number;
  /** What the guest sees, with the dirty marks of every bitmap of every layer. */
  readonly word: number;
  /** Layer indexes hidden by the owner and by a shorter layer, base first. */
  readonly overridden: readonly number[];
  readonly shadowed: readonly number[];
  /** Numbers of the bitmaps that are set. */
  readonly dirtyIn: readonly number[];
}

/** Most kinds that are kept: a hostile chain has a different one for each row. */
const MAX_KINDS = 65_536;

/** Numbers the kinds of rows as they occur. */
export class MapRowKinds implements RowKeys {
  readonly #keys = new Map<string, number>();
  readonly #kinds = new Map<number, MapRowKind>();
  #next = 0;

  keyOf(swept: SweptPage, combo: number): number {
    const stop = swept.stops[combo] as number;
    const dirtyIn: number[] = [];
    const word = swept.guest[combo] as number;
    for (const [number, column] of swept.overlays.entries())
      if ((column[combo] as number) & DIRTY) dirtyIn.push(number);
    const overridden = layersWithMark(swept, combo, OVERRIDDEN);
    const shadowed = layersWithMark(swept, combo, SHADOWED);
    const name = `${stop} ${word} ${overridden} ${shadowed} ${dirtyIn}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = this.#next++;
    this.#keys.set(name, key);
    this.#kinds.set(key, { stop, word, overridden, shadowed, dirtyIn });
    return key;
  }

  /** Where a layer owns the row and its data is there, and where a layer that is mapped alone keeps host space. */
  hasHost({ guest }: SweptPage, combo: number): boolean {
    const word = guest[combo] as number;
    return !(word & UNREADABLE) && (word & (LOCAL | RESERVED)) !== 0;
  }

  beginPage(pending: number): void {
    if (this.#kinds.size < MAX_KINDS) return;
    for (const [name, key] of this.#keys) {
      if (key === pending) continue;
      this.#keys.delete(name);
      this.#kinds.delete(key);
    }
  }

  /** The kind with this key. */
  kind(key: number): MapRowKind {
    return this.#kinds.get(key) as MapRowKind;
  }
}
