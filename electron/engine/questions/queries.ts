/** Answers to what the window asks of a chain: tiles, exact extents, places, statistics. */
import { CowscopeError } from '../../../shared/error.ts';
import {
  addExtent,
  addSwept,
  type Columns,
  clearColumns,
  createColumns,
  presentBits,
  segmentAt,
  toTile,
} from '../../../shared/extent/columns.ts';
import { OVERRIDDEN, SHADOWED, STATES, UNREAD } from '../../../shared/extent/flags.ts';
import { canSum, type Pyramid, pagePresent, sumBins } from '../../../shared/extent/pyramid.ts';
import { createRunCounter } from '../../../shared/extent/statistics.ts';
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import { guestWord, layersWith, layerWord, stopAt } from '../../../shared/extent/swept-view.ts';
import {
  type ExtentsReply,
  MAX_EXACT_EXTENTS,
  type SeekRequest,
  type TilesReply,
  type TilesRequest,
} from '../../../shared/ipc/questions.ts';
import type { SeekKind, TrackStatistics } from '../../../shared/model/statistics.ts';
import { PRESENT, TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';
import type { TrackExtents } from '../../../shared/model/track.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import type { ChainTables } from '../tables/chain-tables.ts';

/** The lane (base first) that a track id shows, -1 for the guest's view. */
export function laneOf(tables: ChainTables, track: number): number {
  return track === 0 ? -1 : tables.laneCount - track;
}

/** Bytes of one tile of one track in a message, with its owners. */
const TILE_BYTES = TILE_COLUMNS * (2 + 4 + STATES.length + 2) + 200;
/** Bytes of tiles in one answer. */
const ANSWER_BYTES = 2 ** 20 - 2 ** 12;

/**
 * Tiles [first, first+count) of every track at columns of 2**level bytes, fewer where so many tracks would not fit into
 * a message of 1 MiB. Pages not read yet count as unread.
 */
export function tilesOf(
  tables: ChainTables,
  pyramid: Pyramid,
  version: number,
  request: TilesRequest,
): TilesReply {
  const tiles: TileColumns[] = [];
  const span = 2 ** request.level;
  const most = Math.max(1, Math.floor(ANSWER_BYTES / (TILE_BYTES * (tables.laneCount + 1))));
  const columns = Array.from({ length: tables.laneCount + 1 }, (_, t) =>
    createColumns(TILE_COLUMNS, span, t === 0),
  );
  for (let tile = request.first; tile < request.first + Math.min(request.count, most); tile++) {
    const origin = tile * TILE_COLUMNS * span;
    const end = Math.min(origin + TILE_COLUMNS * span, tables.plan.size);
    if (origin >= end) break;
    for (const track of columns) clearColumns(track, 0, TILE_COLUMNS);
    fillColumns(columns, tables, pyramid, origin, end);
    columns.forEach((track, t) => {
      tiles.push(toTile(track, t === 0 ? 0 : tables.laneCount + 1 - t, tile));
    });
  }
  return { level: request.level, version, tiles };
}

/** Adds [origin,end) to the columns of every track, the first of which starts at `origin`. */
function fillColumns(
  columns: readonly Columns[],
  tables: ChainTables,
  pyramid: Pyramid,
  origin: number,
  end: number,
): void {
  const { pageSpan } = tables;
  const { span } = columns[0] as Columns;
  const firstPage = Math.floor(origin / pageSpan);
  const lastPage = Math.floor((end - 1) / pageSpan);
  const isFresh = (page: number) => pyramid.fresh[page] === 1;
  for (let page = firstPage, next = page + 1; page <= lastPage; page = next, next++) {
    // Neighbouring pages that are not read, or whose bins are summed, are added in one go.
    if (!isFresh(page) || canSum(pyramid, span))
      while (next <= lastPage && isFresh(next) === isFresh(page)) next++;
    const from = Math.max(origin, page * pageSpan);
    const to = Math.min(end, next * pageSpan);
    if (!isFresh(page)) {
      for (const track of columns) addExtent(track, origin, from, to, UNREAD);
    } else if (canSum(pyramid, span)) {
      columns.forEach((track, t) => {
        sumBins(pyramid, t, from, to, origin, track);
      });
    } else {
      addSwept(columns, origin, tables.sweep(page), from, to);
    }
  }
}

/** Exact extents of every track in [start,end), clipped to the axis, or that there are too many. */
export async function extentsOf(
  tables: ChainTables,
  version: number,
  start: number,
  end: number,
): Promise<ExtentsReply> {
  const { laneCount } = tables;
  const stop = Math.min(end, tables.plan.size);
  const lists = Array.from({ length: laneCount + 1 }, () => ({
    starts: [] as number[],
    words: [] as number[],
    owners: [] as number[],
  }));
  let total = 0;
  const addPage = (page: number): boolean => {
    const swept = tables.sweep(page);
    for (let i = segmentAt(swept, Math.max(0, start - swept.base)); i < swept.count; i++) {
      const at = Math.max(start, swept.base + (swept.starts[i] as number));
      if (at >= stop) break;
      lists.forEach((list, t) => {
        const word = laneWord(swept, t - 1, i);
        const owner = t === 0 ? stopAt(swept, i) : -1;
        if (list.words.at(-1) === word && (t > 0 || list.owners.at(-1) === owner)) return;
        list.starts.push(at);
        list.words.push(word);
        if (t === 0) list.owners.push(owner);
        total++;
      });
      if (total > MAX_EXACT_EXTENTS) return false;
    }
    return true;
  };
  await forPages(tables, start, stop, addPage);
  if (total > MAX_EXACT_EXTENTS) return { tooMany: true, version };
  const tracks = lists.map(
    (list, t): TrackExtents => ({
      track: t === 0 ? 0 : laneCount + 1 - t,
      starts: Float64Array.from(list.starts),
      words: Uint32Array.from(list.words),
      owners: Int16Array.from(list.owners),
    }),
  );
  return { tooMany: false, version, end: stop, tracks: tracks.sort((a, b) => a.track - b.track) };
}

/** The word of a lane in one segment; lane -1 is the guest's view. */
function laneWord(swept: SweptPage, lane: number, i: number): number {
  return lane < 0 ? guestWord(swept, i) : layerWord(swept, lane, i);
}

/** True if two segments belong to one extent of a lane: equal words, and for the guest's view one owner. */
function sameExtent(swept: SweptPage, lane: number, i: number, j: number): boolean {
  return (
    laneWord(swept, lane, i) === laneWord(swept, lane, j) &&
    (lane >= 0 || stopAt(swept, i) === stopAt(swept, j))
  );
}

/** The extent of one track that holds `offset`, within its page, with the segment it was found in. */
export function extentAt(
  tables: ChainTables,
  offset: number,
): { swept: SweptPage; segment: number; bounds(lane: number): { start: number; end: number } } {
  const swept = tables.sweep(Math.floor(offset / tables.pageSpan));
  const segment = segmentAt(swept, offset - swept.base);
  return {
    swept,
    segment,
    bounds(lane) {
      let first = segment;
      let last = segment;
      while (first > 0 && sameExtent(swept, lane, first - 1, segment)) first--;
      while (last + 1 < swept.count && sameExtent(swept, lane, last + 1, segment)) last++;
      return {
        start: swept.base + (swept.starts[first] as number),
        end: swept.base + (swept.starts[last + 1] as number),
      };
    },
  };
}

/** Layers hidden at one segment, as lane indexes: by a LOCAL layer above, and by a shorter one. */
export function hiddenAt(swept: SweptPage, segment: number): { overridden: number[]; shadowed: number[] } {
  return {
    overridden: layersWith(swept, segment, OVERRIDDEN),
    shadowed: layersWith(swept, segment, SHADOWED),
  };
}

/**
 * Runs `step` for each page of [start,end), yielding to other questions every few milliseconds, until it returns false.
 * Rejects with CANCELLED once `superseded` says that nobody waits for the answer any more.
 */
export async function forPages(
  tables: ChainTables,
  start: number,
  end: number,
  step: (page: number) => boolean | undefined,
  { backwards = false, superseded }: { backwards?: boolean; superseded?: Superseded } = {},
): Promise<void> {
  const first = Math.floor(start / tables.pageSpan);
  const count = Math.ceil(end / tables.pageSpan) - first;
  let sliceEnd = performance.now() + 8;
  for (let i = 0; i < count; i++) {
    if (superseded?.() === true) throw SUPERSEDED;
    if (step(backwards ? first + count - 1 - i : first + i) === false) return;
    if (performance.now() > sliceEnd) {
      await nextTurn();
      sliceEnd = performance.now() + 8;
    }
  }
}

/** True once a newer question of the same kind came. */
export type Superseded = () => boolean;

const SUPERSEDED = new CowscopeError({
  code: 'CANCELLED',
  what: 'a newer question took the place of this one',
  subject: '',
  advice: '',
});

/** Statistics of every track over [start,end). */
export async function statisticsOf(
  tables: ChainTables,
  start: number,
  end: number,
  superseded?: Superseded,
): Promise<TrackStatistics[]> {
  const { laneCount } = tables;
  const counters = Array.from({ length: laneCount + 1 }, (_, t) =>
    createRunCounter(t === 0 ? 0 : laneCount + 1 - t),
  );
  await forPages(
    tables,
    start,
    Math.min(end, tables.plan.size),
    page => {
      const swept = tables.sweep(page);
      for (let i = segmentAt(swept, Math.max(0, start - swept.base)); i < swept.count; i++) {
        const from = Math.max(start, swept.base + (swept.starts[i] as number));
        const to = Math.min(end, swept.base + (swept.starts[i + 1] as number));
        if (from >= to) break;
        counters.forEach((counter, t) => {
          counter.add(from, to, laneWord(swept, t - 1, i));
        });
      }
      return undefined;
    },
    newest(superseded),
  );
  return counters.map(counter => counter.finish()).sort((a, b) => a.track - b.track);
}

/**
 * The nearest extent of a track that is of the wanted kind and starts after `from` (or before it): its start, or -1.
 * Extents are those of {@link extentsOf}, so one that runs over page borders has one start.
 */
export async function seekIn(
  tables: ChainTables,
  pyramid: Pyramid,
  request: SeekRequest,
  superseded?: Superseded,
): Promise<number> {
  const { track, from, backwards, kind } = request;
  if (track > tables.laneCount) return -1; // asked before a track went away
  const lane = laneOf(tables, track);
  const wanted = seekBits(kind);
  const { size } = tables.plan;
  const matches = (place: Place) => (presentBits(place.word) & wanted) !== 0;
  const skips = (page: number) =>
    pyramid.fresh[page] === 1 && (pagePresent(pyramid, lane + 1, page) & wanted) === 0;

  let found = -1;
  let beside: Place | undefined; // the extent next to the page that comes next
  const forwards = (page: number): boolean => {
    if (skips(page)) {
      beside = undefined;
      return true;
    }
    for (const place of placesOf(tables.sweep(page), lane)) {
      const isNew = beside === undefined || !runsOn(beside, place);
      beside = place;
      if (isNew && place.start > from && matches(place)) {
        found = place.start;
        return false;
      }
    }
    return true;
  };
  const back = (page: number): boolean => {
    const candidate = beside;
    beside = undefined;
    if (candidate === undefined && skips(page)) return true;
    const places = placesOf(tables.sweep(page), lane).filter(place => place.start < from);
    const last = places.at(-1);
    if (candidate !== undefined && (last === undefined || !runsOn(last, candidate))) found = candidate.start;
    else {
      const first = places.findLast(matches);
      if (first !== undefined && first !== places[0]) found = first.start;
      else beside = first;
    }
    return found < 0;
  };
  if (!backwards) {
    await forPages(tables, Math.max(0, from), size, forwards, newest(superseded));
    return found;
  }
  await forPages(tables, 0, Math.min(from, size), back, { backwards: true, ...newest(superseded) });
  return found < 0 && beside !== undefined ? beside.start : found;
}

function newest(superseded: Superseded | undefined): { superseded?: Superseded } {
  return superseded === undefined ? {} : { superseded };
}

/** One extent of a lane within a page. */
interface Place {
  readonly start: number;
  readonly word: number;
  readonly stop: number;
}

function runsOn(first: Place, second: Place): boolean {
  return first.word === second.word && first.stop === second.stop;
}

function placesOf(swept: SweptPage, lane: number): Place[] {
  const places: Place[] = [];
  for (let i = 0; i < swept.count; i++) {
    if (i > 0 && sameExtent(swept, lane, i - 1, i)) continue;
    const stop = lane < 0 ? stopAt(swept, i) : -1;
    places.push({ start: swept.base + (swept.starts[i] as number), word: laneWord(swept, lane, i), stop });
  }
  return places;
}

/** The bits of PRESENT that make an extent a place of this kind. Every extent starts with a change. */
function seekBits(kind: SeekKind): number {
  if (typeof kind === 'object') return 1 << kind.state;
  switch (kind) {
    case 'change':
      return -1;
    case 'override':
      return PRESENT.overrides;
    case 'holeOverride':
      return PRESENT.holeOverrides;
    case 'dirty':
      return PRESENT.dirty;
    case 'damaged':
      return PRESENT.damaged | (1 << 9);
  }
}
