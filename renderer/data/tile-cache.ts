/** Tiles that were answered, kept by level and place until room is needed or what they show was read anew. */
import type { TilesReply } from '../../shared/ipc/questions.ts';
import type { TileColumns } from '../../shared/model/tile.ts';
import { tileBytes } from './level.ts';

/** One place of one level: the columns of every track, by track id. */
export interface CachedTile {
  readonly tracks: readonly (TileColumns | undefined)[];
  /** Something was read here since: still good to draw, but to be asked again. */
  stale: boolean;
  used: number;
}

/** A bounded store of tiles. */
export interface TileCache {
  /** The tile, marked as used, or undefined. */
  get(level: number, tile: number): CachedTile | undefined;
  /** Stores a reply. `stale(start, end)` says whether that range was read anew while the reply was under way. */
  put(reply: TilesReply, stale: (start: number, end: number) => boolean): void;
  /** Marks what touches [start, end) as stale. */
  invalidate(start: number, end: number): void;
  /** Levels that hold anything, finest first. */
  levels(): readonly number[];
}

/** Tiles kept: at eleven tracks about 50 MiB. */
const LIMIT = 1000;

/** An empty cache of `limit` tiles. The level `keep()` (the one of the overview) is never thrown out. */
export function createTileCache(keep: () => number, limit = LIMIT): TileCache {
  const byLevel = new Map<number, Map<number, CachedTile>>();
  let clock = 0;
  let count = 0;

  function put(reply: TilesReply, stale: (start: number, end: number) => boolean): void {
    const level = byLevel.get(reply.level) ?? new Map<number, CachedTile>();
    byLevel.set(reply.level, level);
    const bytes = tileBytes(reply.level);
    const places = new Map<number, (TileColumns | undefined)[]>();
    for (const columns of reply.tiles) {
      const tracks = places.get(columns.tile) ?? [];
      tracks[columns.track] = columns;
      places.set(columns.tile, tracks);
    }
    for (const [tile, tracks] of places) {
      if (!level.has(tile)) count++;
      level.set(tile, { tracks, stale: stale(tile * bytes, (tile + 1) * bytes), used: ++clock });
    }
    if (count > limit) evict();
  }

  /** Throws out the least recently used quarter, so that the sort is rare. */
  function evict(): void {
    const all: { level: number; tile: number; used: number }[] = [];
    for (const [level, tiles] of byLevel) {
      if (level === keep()) continue;
      for (const [tile, { used }] of tiles) all.push({ level, tile, used });
    }
    all.sort((a, b) => a.used - b.used);
    for (const { level, tile } of all.slice(0, count - Math.floor(limit * 0.75))) {
      byLevel.get(level)?.delete(tile);
      count--;
    }
    for (const [level, tiles] of byLevel) if (tiles.size === 0) byLevel.delete(level);
  }

  return {
    put,
    get(level, tile) {
      const found = byLevel.get(level)?.get(tile);
      if (found !== undefined) found.used = ++clock;
      return found;
    },
    invalidate(start, end) {
      for (const [level, tiles] of byLevel) {
        const bytes = tileBytes(level);
        for (const [tile, cached] of tiles) {
          if (tile * bytes < end && (tile + 1) * bytes > start) cached.stale = true;
        }
      }
    },
    levels: () => [...byLevel.keys()].sort((a, b) => a - b),
  };
}
