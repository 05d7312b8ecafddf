/** Tiles that were answered, kept by level and number until room is needed. */

import { tileBytes } from '../../shared/model/tile.ts';
import type { AxisTile, TilesAnswer } from './axis-source.ts';

/** One tile of one level, of every track. */
export interface CachedTile<T extends AxisTile> {
  /** By track id. */
  readonly tracks: readonly (T | undefined)[];
  /** Something in it was read again since: it can still be drawn, but is to be requested again. */
  stale: boolean;
  /** When it was used last, as a count of uses. */
  used: number;
}

/** Tiles kept: at eleven tracks about 50 MiB. */
const MAX_TILES = 1000;

/** A bounded store of tiles. The level that `keptLevel` returns, that of the overview, is never dropped. */
export class TileCache<T extends AxisTile> {
  readonly #keptLevel: () => number;
  readonly #maxTiles: number;
  readonly #byLevel = new Map<number, Map<number, CachedTile<T>>>();
  #uses = 0;
  #count = 0;

  constructor(keptLevel: () => number, maxTiles = MAX_TILES) {
    this.#keptLevel = keptLevel;
    this.#maxTiles = maxTiles;
  }

  /** The tile, marked as used, or undefined. */
  get(level: number, tile: number): CachedTile<T> | undefined {
    const found = this.#byLevel.get(level)?.get(tile);
    if (found !== undefined) found.used = ++this.#uses;
    return found;
  }

  /** Stores an answer. `isStale(start, end)` tells whether that range was read again while the answer was under way. */
  put(answer: TilesAnswer<T>, isStale: (start: number, end: number) => boolean): void {
    const level = this.#byLevel.get(answer.level) ?? new Map<number, CachedTile<T>>();
    this.#byLevel.set(answer.level, level);
    const bytes = tileBytes(answer.level);
    const byTile = new Map<number, (T | undefined)[]>();
    for (const part of answer.tiles) {
      const tracks = byTile.get(part.tile) ?? [];
      tracks[part.track] = part;
      byTile.set(part.tile, tracks);
    }
    for (const [tile, tracks] of byTile) {
      if (!level.has(tile)) this.#count++;
      level.set(tile, { tracks, stale: isStale(tile * bytes, (tile + 1) * bytes), used: ++this.#uses });
    }
    if (this.#count > this.#maxTiles) this.#evict();
  }

  /** Marks what touches [start, end) as stale. */
  invalidate(start: number, end: number): void {
    for (const [level, tiles] of this.#byLevel) {
      const bytes = tileBytes(level);
      for (const [tile, cached] of tiles)
        if (tile * bytes < end && (tile + 1) * bytes > start) cached.stale = true;
    }
  }

  /** Levels that hold anything, finest first. */
  levels(): readonly number[] {
    return [...this.#byLevel.keys()].sort((a, b) => a - b);
  }

  /** Drops the least recently used quarter, so that the sort is rare. */
  #evict(): void {
    const all: { level: number; tile: number; used: number }[] = [];
    for (const [level, tiles] of this.#byLevel) {
      if (level === this.#keptLevel()) continue;
      for (const [tile, { used }] of tiles) all.push({ level, tile, used });
    }
    all.sort((a, b) => a.used - b.used);
    for (const { level, tile } of all.slice(0, this.#count - Math.floor(this.#maxTiles * 0.75))) {
      this.#byLevel.get(level)?.delete(tile);
      this.#count--;
    }
    for (const [level, tiles] of this.#byLevel) if (tiles.size === 0) this.#byLevel.delete(level);
  }
}
