/**
 * Rows: swept pages turned into the extents that a list prints, coalesced across pages.
 *
 * Each kind of list differs in what it keeps of a segment (its key) and in how a row reads; the walk and the
 * coalescing are here once.
 */
import {
  DIRTY,
  HOLE,
  isOwnZero,
  LOCAL,
  OUT_OF_RANGE,
  OVERRIDDEN,
  SHADOWED,
  UNREAD,
  UNREADABLE,
  ZERO,
} from './flags.ts';
import type { SweptPage } from './sweep.ts';
import { guestWord, layerWord, stopAt } from './view.ts';

/** Takes finished rows. `host` is the host offset of the first byte, -1 for none. */
export type RowSink<Key> = (start: number, length: number, key: Key, host: number) => void;

/** What a list keeps of a segment: a number that is equal where rows may coalesce. SKIP leaves the segment out. */
export type RowKey = (swept: SweptPage, i: number) => number;

/** A segment that the list does not show. */
export const SKIP = -1;

/** A coalescing walk over swept pages given in ascending order. */
export interface RowWalk {
  add(swept: SweptPage): void;
  /** Hands out the last row. */
  finish(): void;
}

/** Rows of number keys; where `withHosts`, rows coalesce only if the host offset runs on. */
export function createRowWalk(keyOf: RowKey, withHosts: boolean, sink: RowSink<number>): RowWalk {
  let key = SKIP;
  let start = 0;
  let end = 0;
  let host = -1;
  return {
    add(swept) {
      const { base, count, starts, hosts } = swept;
      for (let i = 0; i < count; i++) {
        const at = base + (starts[i] as number);
        const stop = base + (starts[i + 1] as number);
        const k = keyOf(swept, i);
        const h = withHosts ? (hosts[i] as number) : -1;
        if (k === key && at === end && (h < 0 ? host < 0 : host >= 0 && host + (at - start) === h)) {
          end = stop;
          continue;
        }
        if (key !== SKIP && end > start) sink(start, end - start, key, host);
        key = k;
        start = at;
        end = stop;
        host = h;
      }
    },
    finish() {
      if (key !== SKIP && end > start) sink(start, end - start, key, host);
      key = SKIP;
    },
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
  return (swept, i) => {
    const stop = stopAt(swept, i);
    const word = guestWord(swept, i);
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

/** The contexts that an NBD export of the whole chain (or of one layer) would answer, as keys. */
export type NbdContextKind = 'allocation' | 'depth' | 'bitmap';

/** Keys of `nbdinfo --map` rows: the context's word as qemu-nbd reports it. Parts that are unreadable or not known are left out. */
export function nbdContextKey(kind: NbdContextKind, layerCount: number, bitmapLayer: number): RowKey {
  if (kind === 'bitmap') return (swept, i) => (layerWord(swept, bitmapLayer, i) & DIRTY ? 1 : 0);
  return (swept, i) => {
    const stop = stopAt(swept, i);
    const word = guestWord(swept, i);
    if (word & (UNREADABLE | UNREAD)) return SKIP;
    if (stop < 0) return kind === 'allocation' ? 3 : 0;
    if (kind === 'depth') return word & LOCAL || word & OUT_OF_RANGE ? layerCount - stop : 0;
    if (word & OUT_OF_RANGE) return 3;
    return (word & HOLE ? 1 : 0) | (word & ZERO ? 2 : 0);
  };
}
