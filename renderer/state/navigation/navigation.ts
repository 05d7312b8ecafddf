/** Moving over the axis. Every move ends in `show`; places that were rested at go into the history. */

import type { MarkKey } from '../../../shared/legend.ts';
import type { SeekKind } from '../../../shared/model/statistics.ts';
import { PRESENT } from '../../../shared/model/tile.ts';
import {
  around,
  type Bounds,
  bytesPerPx,
  clampViewport,
  panBy,
  reveal,
  type Viewport,
  wholeAxis,
  zoomAt,
} from '../../axis/viewport.ts';
import { invoke } from '../../bridge/bridge.ts';
import { animate, requestDraw } from '../../canvas/frame.ts';
import { overviewOf } from '../chain/chain-data.ts';
import { getState, setState } from '../store.ts';
import { travel, visit } from './history.ts';

/** Milliseconds without motion after which a place counts as visited. */
const SETTLED = 500;
/** Milliseconds of a jump. */
const JUMP = 160;

let settling: ReturnType<typeof setTimeout> | undefined;
let jump = 0;

/** The axis and the lanes' width. */
export function bounds(): Bounds {
  const { chain, width } = getState();
  return { size: chain?.chain.size ?? 0, width: Math.max(width, 1) };
}

/** Shows a viewport at once. */
export function show(view: Viewport, remember = true): void {
  jump++;
  setState({ viewport: clampViewport(view, bounds()) });
  requestDraw();
  clearTimeout(settling);
  if (remember) settling = setTimeout(settle, SETTLED);
}

/** Glides to a viewport; at once where the person asked for less motion. */
export function glideTo(view: Viewport, remember = true): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    show(view, remember);
    return;
  }
  const from = getState().viewport;
  const to = clampViewport(view, bounds());
  const mine = ++jump;
  let begun = 0;
  animate(time => {
    if (mine !== jump) return false;
    if (begun === 0) begun = time;
    const share = Math.min(1, (time - begun) / JUMP);
    if (share === 1) {
      show(to, remember);
      return false;
    }
    setState({ viewport: between(from, to, 1 - (1 - share) ** 3) });
    return true;
  });
}

/** A viewport on the way: the span changes by equal factors, so that a long zoom looks even. */
function between(from: Viewport, to: Viewport, share: number): Viewport {
  const a = from.end - from.start;
  const b = to.end - to.start;
  const span = a * (b / a) ** share;
  const progress = a === b ? share : (span - a) / (b - a);
  const start = from.start + (to.start - from.start) * progress;
  return { start, end: start + span };
}

function settle(): void {
  const { history, viewport } = getState();
  setState({ history: visit(history, viewport) });
}

/** Zooms by a factor (below 1 is in) around an offset; without one around the selection if it is on screen, else the middle. */
export function zoomBy(factor: number, at?: number, smooth = false): void {
  const { viewport, selection } = getState();
  const visible =
    selection !== undefined && selection.offset >= viewport.start && selection.offset < viewport.end;
  const anchor = at ?? (visible ? selection.offset : (viewport.start + viewport.end) / 2);
  const view = zoomAt(viewport, factor, anchor, bounds());
  if (smooth) glideTo(view);
  else show(view);
}

/** Moves by a share of what is on screen (negative is left). */
export function panByShare(share: number): void {
  const { viewport } = getState();
  glideTo(panBy(viewport, (viewport.end - viewport.start) * share, bounds()));
}

/** Moves by CSS pixels at once. */
export function panByPx(px: number): void {
  const { viewport, width } = getState();
  show(panBy(viewport, px * bytesPerPx(viewport, width), bounds()));
}

/** Shows the whole disk. */
export function fitAll(): void {
  glideTo(wholeAxis(bounds()));
}

/** Shows [start, end) with a margin. */
export function fitRange(start: number, end: number): void {
  glideTo(around(start, end, bounds()));
}

/** Shows the stretch of the present length around an offset. */
export function centreOn(offset: number): void {
  const { viewport } = getState();
  const half = (viewport.end - viewport.start) / 2;
  glideTo({ start: offset - half, end: offset + half });
}

/** Moves no further than needed to have an offset on screen. */
export function bringIntoView(offset: number): void {
  const { viewport } = getState();
  const view = reveal(viewport, offset, bounds());
  if (view !== viewport) glideTo(view);
}

/** Goes back (negative) or forward through the places visited. */
export function goInHistory(steps: number): void {
  clearTimeout(settling);
  settle();
  const history = travel(getState().history, steps);
  const place = history?.places[history.at];
  if (history === undefined || place === undefined) return;
  setState({ history });
  glideTo(place, false);
}

/** The start of the next place of a kind on a track, -1 where there is none; undefined where it could not be asked. */
export async function seek(
  track: number,
  from: number,
  kind: SeekKind,
  backwards: boolean,
): Promise<number | undefined> {
  const sessionId = getState().chain?.sessionId;
  if (sessionId === undefined) return undefined;
  const reply = await invoke('chain:seek', { sessionId, track, from: Math.floor(from), kind, backwards });
  if (getState().chain?.sessionId !== sessionId) return undefined;
  if (!reply.ok) {
    if (reply.error.code !== 'CANCELLED') setState({ error: reply.error });
    return undefined;
  }
  return reply.value;
}

/** The first place on the whole axis where a track shows a mark, from what is loaded; undefined where it does not. */
export function firstMarked(track: number, mark: MarkKey): number | undefined {
  const { size, width } = bounds();
  const strip = overviewOf(track, size, Math.round(width * devicePixelRatio));
  const column = strip.marks.findIndex(marks => (marks & PRESENT[mark]) !== 0);
  return column < 0 ? undefined : Math.floor(((column + 0.5) / strip.width) * size);
}
