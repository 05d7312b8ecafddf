/**
 * Asks for what is on screen. One request is under way at a time; the next is worked out from the newest wish when it
 * has been answered, so that places passed over on the way are never asked for.
 *
 * Order: the whole disk (so that nothing is ever blank), exact extents where few enough, what is seen, what is around.
 */
import type { ErrorRecord } from '../../shared/error.ts';
import type { CallArgs, CallName, CallReply } from '../../shared/ipc/contract.ts';
import { type ExtentsReply, MAX_EXACT_EXTENTS, MAX_TILES_PER_CALL } from '../../shared/ipc/questions.ts';
import type { Viewport } from '../axis/viewport.ts';
import { createExactWindow, type ExactWindow } from './exact-range.ts';
import { buffered, coarsestLevel, levelFor, type TileSpan, tilesIn } from './level.ts';
import { createTileCache, type TileCache } from './tile-cache.ts';

/** What is looked at: the viewport, and how many device columns the lanes and the overview have. */
export interface Wish {
  readonly view: Viewport;
  readonly columns: number;
  readonly overviewColumns: number;
}

/** What the loader needs of its session. */
export interface LoaderOptions {
  readonly sessionId: number;
  readonly size: number;
  readonly call: <C extends CallName>(name: C, args: CallArgs<C>) => Promise<CallReply<C>>;
  /** Something new can be drawn, or the loader came to rest. */
  readonly onData: () => void;
  readonly onError: (error: ErrorRecord) => void;
}

/** What is loaded of one session. */
export interface Loader {
  readonly tiles: TileCache;
  readonly exact: ExactWindow;
  /** Says what is looked at now. */
  wish(wish: Wish): void;
  /** Something was read in [start, end). */
  changed(version: number, start: number, end: number): void;
  /** Level of the tiles that show the whole axis, and are asked again wherever it changed. */
  overviewLevel(): number;
  /** Grows whenever what is known of the whole axis changes. */
  overviewRevision(): number;
  /** True while something on screen is on its way. */
  busy(): boolean;
  /** Forgets everything; replies under way are dropped. */
  dispose(): void;
}

type Request =
  | { readonly kind: 'tiles'; readonly span: TileSpan; readonly seen: boolean }
  | { readonly kind: 'extents'; readonly view: Viewport; readonly seen: boolean };

/** A loader that has asked for nothing yet. */
export function createLoader({ sessionId, size, call, onData, onError }: LoaderOptions): Loader {
  let wanted: Wish | undefined;
  let overviewLevel = 0;
  const tiles = createTileCache(() => overviewLevel);
  const exact = createExactWindow();
  let changes: { version: number; start: number; end: number }[] = [];
  let underWay: Request | undefined;
  let disposed = false;
  let failed = false;
  let overviewRevision = 0;

  function next(): Request | undefined {
    if (wanted === undefined || disposed || failed || size === 0) return undefined;
    const { view, columns } = wanted;
    const axis = { start: 0, end: size };
    const level = levelFor((view.end - view.start) / columns);
    const exactSeen = exact.covers(view) && !exact.stale();
    const first = tileRequest(axis, overviewLevel, true, false) ?? extentsRequest(view, level);
    if (first !== undefined) return first;
    const tilesSeen = exactSeen ? undefined : tileRequest(view, level, true, true);
    if (tilesSeen !== undefined) return tilesSeen;
    // What is outdated and cannot be had one by one any more would be drawn for good: the tiles of the view are newer.
    if (!exactSeen && exact.forgetStale()) overviewRevision++;
    return (
      tileRequest(axis, overviewLevel, true, true) ??
      (exactSeen ? undefined : tileRequest(buffered(view, size), level, false, true))
    );
  }

  /** The first run of tiles that are missing (or, where `fresh`, stale), at most one call's worth. */
  function tileRequest(view: Viewport, level: number, seen: boolean, fresh: boolean): Request | undefined {
    const { first, count } = tilesIn(view, level);
    let from = first;
    const has = (tile: number) => {
      const cached = tiles.get(level, tile);
      return cached !== undefined && !(fresh && cached.stale);
    };
    while (from < first + count && has(from)) from++;
    if (from === first + count) return undefined;
    let to = from + 1;
    while (to < first + count && to - from < MAX_TILES_PER_CALL && !has(to)) to++;
    return { kind: 'tiles', span: { level, first: from, count: to - from }, seen };
  }

  function extentsRequest(view: Viewport, level: number): Request | undefined {
    if (exact.covers(view) && !exact.stale()) return undefined;
    const wide = buffered(view, size);
    for (const part of [wide, view]) {
      if (!exact.refused(part) && fewestExtents(part, level) <= MAX_EXACT_EXTENTS)
        return { kind: 'extents', view: part, seen: true };
    }
    return undefined;
  }

  /** A lower bound of the extents in a range, from the finest tiles at hand: each column adds what begins in it. */
  function fewestExtents(view: Viewport, level: number): number {
    const at = tiles.levels().find(candidate => candidate >= level);
    if (at === undefined) return 0;
    const { first, count } = tilesIn(view, at);
    let sum = 0;
    for (let tile = first; tile < first + count && sum <= MAX_EXACT_EXTENTS; tile++) {
      const span = 2 ** at;
      for (const track of tiles.get(at, tile)?.tracks ?? []) {
        if (track === undefined) continue;
        const from = Math.max(0, Math.ceil(view.start / span) - tile * 256);
        const to = Math.min(256, Math.floor(view.end / span) - tile * 256);
        for (let c = from; c < to; c++) sum += Math.max(0, (track.runs[c] as number) - 1);
      }
    }
    return sum;
  }

  function pump(): void {
    if (underWay !== undefined) return;
    underWay = next();
    if (underWay === undefined) return;
    changes = [];
    void answer(underWay);
  }

  async function answer(request: Request): Promise<void> {
    const reply =
      request.kind === 'tiles'
        ? await call('chain:tiles', { sessionId, ...request.span })
        : await call('chain:extents', { sessionId, ...integers(request.view, size) });
    if (disposed) return;
    underWay = undefined;
    if (!reply.ok) {
      failed = true;
      onError(reply.error);
    } else {
      const { version } = reply.value;
      const stale = (start: number, end: number) =>
        changes.some(c => c.version > version && c.start < end && c.end > start);
      if ('tiles' in reply.value) {
        tiles.put(reply.value, stale);
        if (reply.value.level === overviewLevel) overviewRevision++;
      } else storeExact(reply.value, integers((request as { view: Viewport }).view, size), stale);
    }
    pump();
    onData();
  }

  function storeExact(
    reply: ExtentsReply,
    view: Viewport,
    stale: (start: number, end: number) => boolean,
  ): void {
    if (reply.tooMany) {
      // What was read meanwhile may have left few: a refusal that is already outdated would never be asked again.
      if (!stale(view.start, view.end)) exact.refuse(view);
    } else {
      exact.put(view.start, reply, stale(view.start, view.end));
      if (exact.covers({ start: 0, end: size })) overviewRevision++;
    }
  }

  return {
    tiles,
    exact,
    wish(wish) {
      // After a failure only a new wish asks again, not every frame.
      if (wish.view !== wanted?.view || wish.columns !== wanted.columns) failed = false;
      wanted = wish;
      overviewLevel = coarsestLevel(size, wish.overviewColumns);
      pump();
    },
    changed(version, start, end) {
      changes.push({ version, start, end });
      failed = false;
      tiles.invalidate(start, end);
      exact.invalidate(start, end);
      pump();
    },
    overviewLevel: () => overviewLevel,
    overviewRevision: () => overviewRevision,
    busy: () => underWay?.seen === true,
    dispose() {
      disposed = true;
    },
  };
}

function integers(view: Viewport, size: number): Viewport {
  return { start: Math.max(0, Math.floor(view.start)), end: Math.min(size, Math.ceil(view.end)) };
}
