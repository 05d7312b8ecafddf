/** Places: extents of the layers that have a mark, as one list over the whole chain. */
import type { ExtentState } from '../extent/flags.ts';
import type { MarkKey } from '../legend.ts';
import type { BitmapChoice } from './context.ts';

/** Longest first, or by where they start: at one offset from the top layer down. */
export const PLACE_ORDERS = ['start', 'length'] as const;

/** How places are ordered. */
export type PlaceOrder = (typeof PLACE_ORDERS)[number];

/** Which places are wanted; what is left out lets all through. */
export interface PlaceFilter {
  readonly kinds?: readonly MarkKey[];
  /** Tracks by their ids. */
  readonly tracks?: readonly number[];
  /** States of the extents. Ranges of a bitmap have none, and pass only without this. */
  readonly states?: readonly ExtentState[];
  /** Of the ranges of bitmaps only those of this one. */
  readonly bitmap?: BitmapChoice;
  /** Bytes that a place has at least. */
  readonly minLength?: number;
}

/** An extent of a layer that has a mark, or a range of a bitmap. Bytes [start, end) of the guest. */
export interface Place {
  readonly kind: MarkKey;
  readonly track: number;
  readonly start: number;
  readonly end: number;
  /** Null for a range of a bitmap, over which the state may change. */
  readonly state: ExtentState | null;
  /** The bitmap's name, untrusted text; empty for other kinds. */
  readonly bitmap: string;
  /** Tracks that it hides somewhere in it; of a hidden place those that hide it. */
  readonly others: readonly number[];
  /** Offset of its first byte in the layer's file, -1 where it has none or that is not known. */
  readonly hostOffset: number;
}

/** Some of the places that a filter lets through. */
export interface PlacePage {
  readonly places: readonly Place[];
  /** How many there are, and the bytes of all of them. */
  readonly total: number;
  readonly bytes: number;
  /** How many of them are listed: the first ones, by where they start. */
  readonly listed: number;
}
