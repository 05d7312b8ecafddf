/**
 * Rows: swept pages turned into the extents that a list prints, coalesced across pages.
 *
 * Each kind of list differs in what it keeps of a segment (its key) and in how a row reads; the walk and the
 * coalescing are here once.
 */
import {
  DIRTY_UNKNOWN,
  HOLE,
  isOwnZero,
  LOCAL,
  OUT_OF_RANGE,
  OVERRIDDEN,
  SHADOWED,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../../shared/extent/flags.ts';
import type { SweptPage } from '../../shared/extent/sweep.ts';
import { guestWord, layerWord, stopAt } from '../../shared/extent/swept-view.ts';
import { type ContextRole, contextWithRole } from '../../shared/nbd-contexts.ts';

/** Finished rows, in arrays that are longer than needed and used again for the next ones. */
export interface NumberRows {
  count: number;
  starts: Float64Array;
  lengths: Float64Array;
  keys: Int32Array;
  /** Host offset of each row's first byte, -1 for none. */
  hosts: Float64Array;
}

/** What a list keeps of a combination: a number that is equal where rows may coalesce. SKIP leaves it out. */
export type RowKey = (swept: SweptPage, combo: number) => number;

/** A segment that the list does not show. */
const SKIP = -1;

/** A coalescing walk over swept pages given in ascending order. */
export interface RowWalk {
  add(swept: SweptPage): void;
  /** Hands out the last row. */
  finish(): void;
}

/**
 * Rows of number keys, handed to `sink` as many at once as a page brings; where `withHosts`, rows coalesce only if the
 * host offset runs on.
 */
export function createRowWalk(keyOf: RowKey, withHosts: boolean, sink: (rows: NumberRows) => void): RowWalk {
  const rows = createRows(1);
  let keys = new Int32Array(16);
  // The row under way.
  let key = SKIP;
  let start = 0;
  let end = 0;
  let host = -1;

  function add(swept: SweptPage): void {
    const { base, count, comboCount, starts, combos, hosts } = swept;
    if (keys.length < comboCount) keys = new Int32Array(comboCount * 2);
    for (let combo = 0; combo < comboCount; combo++) keys[combo] = keyOf(swept, combo);
    if (rows.keys.length < count) Object.assign(rows, createRows(count * 2));
    const { starts: rowStarts, lengths, keys: rowKeys, hosts: rowHosts } = rows;
    // Offsets that change in a closure's own variables would take new memory each time.
    let k = key;
    let s = start;
    let e = end;
    let h = host;
    let n = 0;
    for (let i = 0; i < count; i++) {
      const at = base + (starts[i] as number);
      const nextKey = keys[combos[i] as number] as number;
      const nextHost = withHosts ? (hosts[i] as number) : -1;
      const runsOn = nextHost < 0 ? h < 0 : h >= 0 && h + (at - s) === nextHost;
      if (nextKey !== k || at !== e || !runsOn) {
        if (k !== SKIP && e > s) {
          rowStarts[n] = s;
          lengths[n] = e - s;
          rowKeys[n] = k;
          rowHosts[n] = h;
          n++;
        }
        k = nextKey;
        s = at;
        h = nextHost;
      }
      e = base + (starts[i + 1] as number);
    }
    key = k;
    start = s;
    end = e;
    host = h;
    rows.count = n;
    if (n > 0) sink(rows);
  }

  function finish(): void {
    if (key === SKIP || end === start) return;
    rows.starts[0] = start;
    rows.lengths[0] = end - start;
    rows.keys[0] = key;
    rows.hosts[0] = host;
    rows.count = 1;
    key = SKIP;
    sink(rows);
  }

  return { add, finish };
}

function createRows(size: number): NumberRows {
  return {
    count: 0,
    starts: new Float64Array(size),
    lengths: new Float64Array(size),
    keys: new Int32Array(size),
    hosts: new Float64Array(size),
  };
}

/** Hidden layers of one segment of a map, in one comparable form. */
export interface MapRow {
  readonly start: number;
  length: number;
  /** Layer where the walk stops, -1 where every layer is absent. */
  readonly stop: number;
  readonly word: number;
  /** Layer indexes hidden by the owner and by a shorter layer, base first. */
  readonly overridden: readonly number[];
  readonly shadowed: readonly number[];
}

/** Rows of the merged map: they coalesce where owner, word and the hidden layers are equal. */
export function createMapWalk(sink: (row: MapRow) => void): RowWalk {
  let row: MapRow | undefined;
  return {
    add(swept) {
      for (let i = 0; i < swept.count; i++) {
        const at = swept.base + (swept.starts[i] as number);
        const length = (swept.starts[i + 1] as number) - (swept.starts[i] as number);
        const stop = stopAt(swept, i);
        const word = guestWord(swept, i);
        if (row !== undefined && row.stop === stop && row.word === word && sameHidden(row, swept, i)) {
          row.length += length;
          continue;
        }
        if (row !== undefined) sink(row);
        row = {
          start: at,
          length,
          stop,
          word,
          overridden: layersWith(swept, i, OVERRIDDEN),
          shadowed: layersWith(swept, i, SHADOWED),
        };
      }
    },
    finish() {
      if (row !== undefined) sink(row);
      row = undefined;
    },
  };
}

/** Indexes of the layers whose word carries `mark` in segment `i`, base first. */
export function layersWith(swept: SweptPage, i: number, mark: number): number[] {
  const found: number[] = [];
  for (let layer = 0; layer < swept.words.length; layer++)
    if (layerWord(swept, layer, i) & mark) found.push(layer);
  return found;
}

function sameHidden(row: MapRow, swept: SweptPage, i: number): boolean {
  let overridden = 0;
  let shadowed = 0;
  for (let layer = 0; layer < swept.words.length; layer++) {
    const word = layerWord(swept, layer, i);
    if (word & OVERRIDDEN && row.overridden[overridden++] !== layer) return false;
    if (word & SHADOWED && row.shadowed[shadowed++] !== layer) return false;
  }
  return overridden === row.overridden.length && shadowed === row.shadowed.length;
}

const PRESENT_BIT = 1;
const ZERO_BIT = 2;
const DATA_BIT = 4;
const KEY_DEPTH = 8;

/**
 * Keys of `qemu-img map --output=json` rows: depth (counted from the top at the layer where the walk stops; past a
 * shorter layer the layer above it; absent everywhere the deepest), present, zero, data. Parts that are unreadable or not known are left out.
 */
export function qemuImgKey(layerCount: number): RowKey {
  return ({ stops, guest }, combo) => {
    const stop = stops[combo] as number;
    const word = guest[combo] as number;
    if (word & (UNREADABLE | UNREAD)) return SKIP;
    if (stop < 0) return (layerCount - 1) * KEY_DEPTH + ZERO_BIT;
    if (word & OUT_OF_RANGE) return Math.max(0, layerCount - 2 - stop) * KEY_DEPTH + ZERO_BIT;
    const zero = isOwnZero(word);
    return (layerCount - 1 - stop) * KEY_DEPTH + PRESENT_BIT + (zero ? ZERO_BIT : DATA_BIT);
  };
}

/** What qemu-img 7.2 prints for a disk of no bytes. */
export const QEMU_IMG_EMPTY =
  '{ "start": 0, "length": 0, "depth": 0, "present": false, "zero": false, "data": false}';

/** One row as qemu-img 7.2 prints it. */
export function qemuImgRow(start: number, length: number, key: number, host: number): string {
  const present = (key & PRESENT_BIT) !== 0;
  const offset = host < 0 ? '' : `, "offset": ${host}`;
  return `{ "start": ${start}, "length": ${length}, "depth": ${(key - (key % KEY_DEPTH)) / KEY_DEPTH}, "present": ${present}, "zero": ${(key & ZERO_BIT) !== 0}, "data": ${(key & DATA_BIT) !== 0}${offset}}`;
}

/**
 * Keys of `nbdinfo --map` rows: the value that qemu-nbd reports for a context of the whole chain or of one layer. Parts
 * that are unreadable or not known are left out. The values of a bitmap are those of the layer that holds it.
 */
export function nbdContextKey(role: ContextRole, layerCount: number, bitmapLayer: number): RowKey {
  const { ownTable, valueFor } = contextWithRole(role);
  if (ownTable !== undefined)
    return ({ words }, combo) => {
      const word = (words[bitmapLayer] as Uint32Array)[combo] as number;
      return word & DIRTY_UNKNOWN ? SKIP : valueFor(word, 0);
    };
  return ({ stops, guest }, combo) => {
    const stop = stops[combo] as number;
    const word = guest[combo] as number;
    if (word & (UNREADABLE | UNREAD)) return SKIP;
    if (stop < 0) return valueFor(HOLE | ZERO, 0);
    // Past the end of a shorter layer qemu reports zeros, and that layer as their owner.
    if (word & OUT_OF_RANGE) return valueFor(HOLE | ZERO, layerCount - stop);
    return valueFor(word, word & LOCAL ? layerCount - stop : 0);
  };
}
