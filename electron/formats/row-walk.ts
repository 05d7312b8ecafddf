/**
 * Swept pages turned into the rows of a list, coalesced across pages. Formats differ in what they keep of a segment (its
 * key) and in how a row reads; the walk and the coalescing are here once.
 */
import type { SweptPage } from '../../shared/extent/sweep.ts';
import { createRows, type NumberRows } from './chunk-writer.ts';

/** The key of segments that a list does not show. */
export const SKIP = -1;

/** What a format keeps of a segment. */
export interface RowKeys {
  /** The key of a combination of layer words: equal where rows may coalesce, SKIP where there is no row. */
  keyOf(swept: SweptPage, combo: number): number;
  /** Whether rows of a combination carry host offsets, in a list that has them. Default: wherever there is one. */
  hasHost?(swept: SweptPage, combo: number): boolean;
  /** Told before each page: keys other than `pending` are in no row that is still to be written, and may be forgotten. */
  beginPage?(pending: number): void;
}

/** A coalescing walk over swept pages given in ascending order. */
export class RowWalk {
  readonly #keys: RowKeys;
  readonly #withHosts: boolean;
  readonly #sink: (rows: NumberRows) => void;
  #rows = createRows(1);
  #keyOfCombo = new Int32Array(16);
  /** 1 where rows of the combination carry host offsets. */
  #hostOfCombo = new Uint8Array(16);
  // The row under way.
  #key = SKIP;
  #start = 0;
  #end = 0;
  #host = -1;

  /**
   * Hands finished rows to `sink`, as many at once as a page brings. Where `withHosts`, rows carry the host offset of
   * their first byte and coalesce only if it runs on.
   */
  constructor(keys: RowKeys, withHosts: boolean, sink: (rows: NumberRows) => void) {
    this.#keys = keys;
    this.#withHosts = withHosts;
    this.#sink = sink;
  }

  /** Takes the next page. */
  add(swept: SweptPage): void {
    const { base, count, starts, combos, hosts } = swept;
    const keys = this.#keysOf(swept);
    if (this.#rows.keys.length < count) this.#rows = createRows(count * 2);
    const { starts: rowStarts, lengths, keys: rowKeys, hosts: rowHosts } = this.#rows;
    const withHost = this.#hostOfCombo;
    // Offsets that change in fields would be allocated each time.
    let key = this.#key;
    let start = this.#start;
    let end = this.#end;
    let host = this.#host;
    let n = 0;
    for (let i = 0; i < count; i++) {
      const at = base + (starts[i] as number);
      const combo = combos[i] as number;
      const nextKey = keys[combo] as number;
      const nextHost = withHost[combo] === 1 ? (hosts[i] as number) : -1;
      const runsOn = nextHost < 0 ? host < 0 : host >= 0 && host + (at - start) === nextHost;
      if (nextKey !== key || at !== end || !runsOn) {
        if (key !== SKIP && end > start) {
          rowStarts[n] = start;
          lengths[n] = end - start;
          rowKeys[n] = key;
          rowHosts[n] = host;
          n++;
        }
        key = nextKey;
        start = at;
        host = nextHost;
      }
      end = base + (starts[i + 1] as number);
    }
    this.#key = key;
    this.#start = start;
    this.#end = end;
    this.#host = host;
    this.#rows.count = n;
    if (n > 0) this.#sink(this.#rows);
  }

  /** Hands out the last row. */
  finish(): void {
    if (this.#key === SKIP || this.#end === this.#start) return;
    const rows = this.#rows;
    rows.starts[0] = this.#start;
    rows.lengths[0] = this.#end - this.#start;
    rows.keys[0] = this.#key;
    rows.hosts[0] = this.#host;
    rows.count = 1;
    this.#key = SKIP;
    this.#sink(rows);
  }

  /** The key of each combination of a page. */
  #keysOf(swept: SweptPage): Int32Array {
    const { comboCount } = swept;
    this.#keys.beginPage?.(this.#key);
    if (this.#keyOfCombo.length < comboCount) {
      this.#keyOfCombo = new Int32Array(comboCount * 2);
      this.#hostOfCombo = new Uint8Array(comboCount * 2);
    }
    for (let combo = 0; combo < comboCount; combo++) {
      this.#keyOfCombo[combo] = this.#keys.keyOf(swept, combo);
      const hasHost = this.#withHosts && (this.#keys.hasHost?.(swept, combo) ?? true);
      this.#hostOfCombo[combo] = hasHost ? 1 : 0;
    }
    return this.#keyOfCombo;
  }
}
