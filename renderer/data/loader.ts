/**
 * Requests what is on screen. One request is in flight at a time; the next is worked out from the newest view when it
 * has been answered, so views that were passed on the way are never requested.
 *
 * Order: the whole axis (so that nothing is ever blank), exact entries where they are few enough, the tiles on screen,
 * the tiles around it.
 */
import type { ErrorRecord } from '../../shared/error.ts';
import { levelFor, TILE_COLUMNS } from '../../shared/model/tile.ts';
import type { Viewport } from '../axis/viewport.ts';
import type { AxisEntries, AxisSource, AxisTile, EntriesAnswer, TilesAnswer } from './axis-source.ts';
import { ExactRange } from './exact-range.ts';
import { coarsestLevel, type TileSpan, tilesIn, withBuffer } from './level.ts';
import { TileCache } from './tile-cache.ts';

/** What is on screen: the viewport, and how many device columns it and the overview have. */
export interface ViewRequest {
  readonly view: Viewport;
  readonly columns: number;
  readonly overviewColumns: number;
}

/** What the loader of an axis needs. */
export interface LoaderOptions<T extends AxisTile, E extends AxisEntries> {
  readonly source: AxisSource<T, E>;
  /** Something new can be drawn, or the loader came to rest. */
  readonly onData: () => void;
  readonly onError: (error: ErrorRecord) => void;
}

/** A request in flight. `isOnScreen` where what is visible waits for it. */
type Request =
  | { readonly kind: 'tiles'; readonly span: TileSpan; readonly isOnScreen: boolean }
  | { readonly kind: 'entries'; readonly range: Viewport; readonly isOnScreen: true };

/** A range that was read again, and the version from which answers know it. */
interface Change {
  readonly version: number;
  readonly start: number;
  readonly end: number;
}

/** Tells whether a range was read again since the version that an answer has. */
type StaleTest = (start: number, end: number) => boolean;

/** Loads one axis: its tiles and exact entries. */
export class AxisLoader<T extends AxisTile, E extends AxisEntries> {
  readonly tiles: TileCache<T>;
  readonly exact = new ExactRange<E>();
  readonly #options: LoaderOptions<T, E>;
  readonly #size: number;
  #wanted: ViewRequest | undefined;
  #inFlight: Request | undefined;
  /** Changes since the request in flight was sent. */
  #changes: Change[] = [];
  #overviewLevel = 0;
  #overviewRevision = 0;
  #hasFailed = false;
  #isDisposed = false;

  constructor(options: LoaderOptions<T, E>) {
    this.#options = options;
    this.#size = options.source.size;
    this.tiles = new TileCache<T>(() => this.#overviewLevel);
  }

  /** Sets what is on screen now. After a failure only another view is requested, not the same in every frame. */
  request(wanted: ViewRequest): void {
    if (wanted.view !== this.#wanted?.view || wanted.columns !== this.#wanted.columns)
      this.#hasFailed = false;
    this.#wanted = wanted;
    this.#overviewLevel = coarsestLevel(this.#size, wanted.overviewColumns);
    this.#sendNext();
  }

  /** Something was read in [start, end): what is loaded of it is stale. */
  invalidate(version: number, start: number, end: number): void {
    this.#changes.push({ version, start, end });
    this.#hasFailed = false;
    this.tiles.invalidate(start, end);
    this.exact.invalidate(start, end);
    this.#sendNext();
  }

  /** Level of the tiles that show the whole axis and are requested again wherever it changed. */
  overviewLevel(): number {
    return this.#overviewLevel;
  }

  /** Grows whenever what is known of the whole axis changes. */
  overviewRevision(): number {
    return this.#overviewRevision;
  }

  /** True while something on screen is on its way. */
  isBusy(): boolean {
    return this.#inFlight?.isOnScreen === true;
  }

  /** Requests nothing more; the answer in flight is dropped. */
  dispose(): void {
    this.#isDisposed = true;
  }

  #sendNext(): void {
    if (this.#inFlight !== undefined) return;
    this.#inFlight = this.#nextRequest();
    if (this.#inFlight === undefined) return;
    this.#changes = [];
    void this.#send(this.#inFlight);
  }

  #nextRequest(): Request | undefined {
    if (this.#wanted === undefined || this.#isDisposed || this.#hasFailed || this.#size === 0)
      return undefined;
    const { view, columns } = this.#wanted;
    const axis = { start: 0, end: this.#size };
    const level = levelFor((view.end - view.start) / columns);
    const isExact = this.exact.covers(view) && !this.exact.stale();
    const first =
      this.#tileRequest(axis, this.#overviewLevel, { isOnScreen: true, refresh: false }) ??
      (isExact ? undefined : this.#entriesRequest(view, level)) ??
      (isExact ? undefined : this.#tileRequest(view, level, { isOnScreen: true, refresh: true }));
    if (first !== undefined) return first;
    // Stale entries that have become too many to request would be drawn for good: the tiles of the view are newer.
    if (!isExact && this.exact.dropStale()) this.#overviewRevision++;
    return (
      this.#tileRequest(axis, this.#overviewLevel, { isOnScreen: true, refresh: true }) ??
      (isExact
        ? undefined
        : this.#tileRequest(withBuffer(view, this.#size), level, { isOnScreen: false, refresh: true }))
    );
  }

  /** The first run of tiles that are missing (or, to `refresh`, stale), at most as many as one request may name. */
  #tileRequest(
    view: Viewport,
    level: number,
    { isOnScreen, refresh }: { readonly isOnScreen: boolean; readonly refresh: boolean },
  ): Request | undefined {
    const { first, count } = tilesIn(view, level);
    const end = first + count;
    const has = (tile: number) => {
      const cached = this.tiles.get(level, tile);
      return cached !== undefined && !(refresh && cached.stale);
    };
    let from = first;
    while (from < end && has(from)) from++;
    if (from === end) return undefined;
    let to = from + 1;
    while (to < end && to - from < this.#options.source.maxTiles && !has(to)) to++;
    return { kind: 'tiles', span: { level, first: from, count: to - from }, isOnScreen };
  }

  /** The exact entries of the view with what is around it, else of the view alone; undefined where both are too many. */
  #entriesRequest(view: Viewport, level: number): Request | undefined {
    for (const part of [withBuffer(view, this.#size), view]) {
      if (!this.exact.isRefused(part) && this.#leastEntries(part, level) <= this.#options.source.maxEntries)
        return { kind: 'entries', range: wholeBytes(part, this.#size), isOnScreen: true };
    }
    return undefined;
  }

  /** A lower bound of the entries in a range, from the finest tiles loaded: each column adds what begins in it. */
  #leastEntries(view: Viewport, level: number): number {
    const loaded = this.tiles.levels().find(candidate => candidate >= level);
    if (loaded === undefined) return 0;
    const { first, count } = tilesIn(view, loaded);
    const columnBytes = 2 ** loaded;
    let sum = 0;
    for (let tile = first; tile < first + count && sum <= this.#options.source.maxEntries; tile++) {
      const origin = tile * TILE_COLUMNS;
      const from = Math.max(0, Math.ceil(view.start / columnBytes) - origin);
      const to = Math.min(TILE_COLUMNS, Math.floor(view.end / columnBytes) - origin);
      for (const track of this.tiles.get(loaded, tile)?.tracks ?? []) {
        if (track === undefined) continue;
        for (let c = from; c < to; c++) sum += Math.max(0, (track.runs[c] as number) - 1);
      }
    }
    return sum;
  }

  async #send(request: Request): Promise<void> {
    const { source, onData, onError } = this.#options;
    let error: ErrorRecord | undefined;
    if (request.kind === 'tiles') {
      const reply = await source.tiles(request.span);
      if (this.#isDisposed) return;
      if (reply.ok) this.#storeTiles(reply.value);
      else error = reply.error;
    } else {
      const reply = await source.entries(request.range);
      if (this.#isDisposed) return;
      if (reply.ok) this.#storeEntries(reply.value, request.range);
      else error = reply.error;
    }
    this.#inFlight = undefined;
    if (error !== undefined) {
      this.#hasFailed = true;
      onError(error);
    }
    this.#sendNext();
    onData();
  }

  #storeTiles(answer: TilesAnswer<T>): void {
    this.tiles.put(answer, this.#staleTest(answer.version));
    if (answer.level === this.#overviewLevel) this.#overviewRevision++;
  }

  #storeEntries(answer: EntriesAnswer<E>, range: Viewport): void {
    const isStale = this.#staleTest(answer.version)(range.start, range.end);
    if (answer.tooMany) {
      // What was read meanwhile may have left few: a refusal that is already outdated would never be requested again.
      if (!isStale) this.exact.refuse(range);
      return;
    }
    this.exact.put(range.start, answer, isStale);
    if (this.exact.covers({ start: 0, end: this.#size })) this.#overviewRevision++;
  }

  #staleTest(version: number): StaleTest {
    return (start, end) =>
      this.#changes.some(change => change.version > version && change.start < end && change.end > start);
  }
}

/** The whole bytes that a viewport touches. */
function wholeBytes(view: Viewport, size: number): Viewport {
  return { start: Math.max(0, Math.floor(view.start)), end: Math.min(size, Math.ceil(view.end)) };
}
