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

/** A strip, and what of the axis it was made from. */
interface MadeStrip {
  readonly strip: ColumnStrip;
  readonly view: Viewport;
  readonly revision: number;
}

/** By track id. */
let strips: MadeStrip[] = [];
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
  const strip = sized(strips[track]?.strip, columns);
  strips[track] = { strip, view, revision: guest.revision };
  if (guest.loader !== undefined) readStrip(strip, track, view, guest.loader);
  return strip;
}

/**
 * The strip of a track over a viewport as it was drawn; made again where nothing has drawn it since the view moved or more
 * was loaded, such as that of a lane that is folded or shown as a table. Undefined where the axis has no columns.
 */
export function currentStrip(track: number, view: Viewport, columns: number): ColumnStrip | undefined {
  const made = strips[track];
  const isCurrent =
    made?.revision === guest.revision && made.view.start === view.start && made.view.end === view.end;
  if (isCurrent) return made.strip;
  const width = columns > 0 ? columns : (made?.strip.width ?? 0);
  return width > 0 ? stripOf(track, view, width) : undefined;
}

/** The strip of a track over the whole axis of `size` bytes. Valid until the next call for that track. */
export function overviewStrip(track: number, size: number, columns: number): ColumnStrip {
  const { loader } = guest;
  const strip = sized(overviews[track], columns);
  overviews[track] = strip;
  clearColumnStrip(strip);
  if (loader === undefined) return strip;
  const axis = { start: 0, end: size };
  if (loader.exact.covers(axis)) readStrip(strip, track, axis, loader);
  else stripFromTiles(strip, track, axis, loader.tiles, loader.overviewLevel());
  return strip;
}

/** The strip of a track that was drawn last, if any. */
export function drawnStrip(track: number): ColumnStrip | undefined {
  return strips[track]?.strip;
}

/** A strip of so many columns: the one at hand, if it has as many. */
function sized(strip: ColumnStrip | undefined, columns: number): ColumnStrip {
  return strip?.width === columns ? strip : createColumnStrip(columns);
}
