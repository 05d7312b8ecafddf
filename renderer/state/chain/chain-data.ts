/** What belongs to the opened chain but is no state of the window: the loader and the strips it fills. */

import { clearStrip, createStrip, type Strip } from '../../../shared/draw/column-strip.ts';
import type { Viewport } from '../../axis/viewport.ts';
import { invoke } from '../../bridge/bridge.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { createLoader, type Loader } from '../../data/loader.ts';
import { readStrip } from '../../data/read-strip.ts';
import { stripFromTiles } from '../../data/strip-from-tiles.ts';
import { setState } from '../store.ts';

let loader: Loader | undefined;
let strips: Strip[] = [];
let overview: Strip[] = [];
let revision = 0;

/** Begins loading for a session; whatever was loaded before is dropped. */
export function beginSession(sessionId: number, size: number): void {
  endSession();
  loader = createLoader({ sessionId, size, call: invoke, onData, onError: error => setState({ error }) });
}

function onData(): void {
  revision++;
  requestDraw();
}

/** Grows whenever what is loaded changes: what was painted at the same number need not be painted again. */
export function loadedRevision(): number {
  return revision;
}

/** Drops everything that was loaded. */
export function endSession(): void {
  loader?.dispose();
  loader = undefined;
  strips = [];
  overview = [];
  revision++;
}

/** The loader of the opened chain. */
export function currentLoader(): Loader | undefined {
  return loader;
}

/** Grows whenever what the overview shows changes. */
export function overviewRevision(): number {
  return loader?.overviewRevision() ?? 0;
}

/** The strip of a track as it is on screen. Valid until the next call for that track. */
export function stripOf(track: number, view: Viewport, columns: number): Strip {
  const strip = sized(strips, track, columns);
  if (loader !== undefined) readStrip(strip, track, view, loader);
  return strip;
}

/** The strip of a track over the whole axis, from tiles alone. */
export function overviewOf(track: number, size: number, columns: number): Strip {
  const strip = sized(overview, track, columns);
  clearStrip(strip);
  const axis = { start: 0, end: size };
  const exact = loader?.exact.covers(axis) === true;
  if (loader !== undefined && exact) readStrip(strip, track, axis, loader);
  else if (loader !== undefined) stripFromTiles(strip, track, axis, loader.tiles, loader.overviewLevel());
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
