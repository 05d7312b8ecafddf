/** What is loaded of the opened chain along the guest axis, and the strips that are drawn from it. */
import {
  type ColumnStrip,
  clearColumnStrip,
  createColumnStrip,
} from '../../../shared/draw/strip/column-strip.ts';
import { stripFromTiles } from '../../../shared/draw/strip/strip-from-tiles.ts';
import type { Viewport } from '../../axis/viewport.ts';
import { readStrip } from '../../data/read-strip.ts';
import { dataOf } from '../axes/axis-data.ts';
import { guestSource } from './guest-source.ts';

const guest = dataOf('guest');
/** By track id. */
let strips: ColumnStrip[] = [];
let overviews: ColumnStrip[] = [];

/** Loads the chain of a session from now on; its guest axis has `size` bytes. */
export function loadChain(sessionId: number, size: number): void {
  unloadChain();
  guest.open(guestSource(sessionId, size));
}

/** Drops everything that was loaded of the chain. */
export function unloadChain(): void {
  guest.close();
  dataOf('host').close();
  dataOf('compare').close();
  strips = [];
  overviews = [];
}

/** The strip of a track as it is on screen. Valid until the next call for that track. */
export function stripOf(track: number, view: Viewport, columns: number): ColumnStrip {
  const strip = sized(strips, track, columns);
  if (guest.loader !== undefined) readStrip(strip, track, view, guest.loader);
  return strip;
}

/** The strip of a track over the whole axis of `size` bytes. Valid until the next call for that track. */
export function overviewOf(track: number, size: number, columns: number): ColumnStrip {
  const { loader } = guest;
  const strip = sized(overviews, track, columns);
  clearColumnStrip(strip);
  if (loader === undefined) return strip;
  const axis = { start: 0, end: size };
  if (loader.exact.covers(axis)) readStrip(strip, track, axis, loader);
  else stripFromTiles(strip, track, axis, loader.tiles, loader.overviewLevel());
  return strip;
}

/** The strip of a track that was drawn last, if any. */
export function drawnStrip(track: number): ColumnStrip | undefined {
  return strips[track];
}

function sized(list: ColumnStrip[], track: number, columns: number): ColumnStrip {
  let strip = list[track];
  if (strip === undefined || strip.width !== columns) {
    strip = createColumnStrip(columns);
    list[track] = strip;
  }
  return strip;
}
