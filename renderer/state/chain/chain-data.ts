/** What is loaded of the opened chain along the guest axis, and the strips that are drawn from it. */
import { clearStrip, createStrip, type Strip } from '../../../shared/draw/column-strip.ts';
import type { Viewport } from '../../axis/viewport.ts';
import { readStrip } from '../../data/read-strip.ts';
import { stripFromTiles } from '../../data/strip-from-tiles.ts';
import { dataOf } from '../axes/axis-data.ts';
import { guestSource } from './guest-source.ts';

const guest = dataOf('guest');
/** By track id. */
let strips: Strip[] = [];
let overviews: Strip[] = [];

/** Loads the chain of a session from now on; its guest axis has `size` bytes. */
export function loadChain(sessionId: number, size: number): void {
  unloadChain();
  guest.open(guestSource(sessionId, size));
}

/** Drops everything that was loaded of the chain. */
export function unloadChain(): void {
  guest.close();
  strips = [];
  overviews = [];
}

/** The strip of a track as it is on screen. Valid until the next call for that track. */
export function stripOf(track: number, view: Viewport, columns: number): Strip {
  const strip = sized(strips, track, columns);
  if (guest.loader !== undefined) readStrip(strip, track, view, guest.loader);
  return strip;
}

/** The strip of a track over the whole axis of `size` bytes. Valid until the next call for that track. */
export function overviewOf(track: number, size: number, columns: number): Strip {
  const { loader } = guest;
  const strip = sized(overviews, track, columns);
  clearStrip(strip);
  if (loader === undefined) return strip;
  const axis = { start: 0, end: size };
  if (loader.exact.covers(axis)) readStrip(strip, track, axis, loader);
  else stripFromTiles(strip, track, axis, loader.tiles, loader.overviewLevel());
  return strip;
}

/** The strip of a track that was drawn last, if any. */
export function drawnStrip(track: number): Strip | undefined {
  return strips[track];
}

function sized(list: Strip[], track: number, columns: number): Strip {
  let strip = list[track];
  if (strip === undefined || strip.width !== columns) {
    strip = createStrip(columns);
    list[track] = strip;
  }
  return strip;
}
