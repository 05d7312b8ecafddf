/**
 * The picture of a comparison: both disks as the guest reads them, and what they are to each other. All three are tracks
 * of words, so that the code that draws layers draws them. A difference is drawn as a state of that look; its colors are
 * its own (shared/draw/difference-colors.ts).
 */
import type { Relation } from '../../../shared/compare/differences.ts';
import { RELATION_FLAGS } from '../../../shared/compare/relation-flags.ts';
import { addExtent, type Columns, createColumns, toTile } from '../../../shared/extent/columns.ts';
import { UNREAD } from '../../../shared/extent/flags.ts';
import {
  type ExtentsReply,
  type GuestRange,
  MAX_EXACT_EXTENTS,
  type TilesReply,
  type TilesRequest,
} from '../../../shared/ipc/questions.ts';
import { COMPARED_TRACKS } from '../../../shared/model/comparison.ts';
import { TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';
import type { TrackExtents } from '../../../shared/model/track.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import type { ComparedRanges } from './compared-ranges.ts';
import type { RowSide } from './difference-rows.ts';

/** What is drawn: the ranges, and the bytes of the longer disk. */
export interface ComparedPicture {
  readonly ranges: ComparedRanges;
  readonly size: number;
  /** Grows whenever something was compared. */
  readonly version: number;
}

/** Ranges that are added before others have their turn. */
const RANGES_PER_TURN = 20_000;

const TRACKS = Object.values(COMPARED_TRACKS);
const UNKNOWN: RowSide = { word: UNREAD, owner: -1 };

/** Tiles [first, first+count) of the three tracks. What was not compared yet is unread. */
export async function comparedTiles(
  { ranges, size, version }: ComparedPicture,
  { level, first, count }: TilesRequest,
): Promise<TilesReply> {
  const span = 2 ** level;
  const tiles: TileColumns[] = [];
  for (let tile = first; tile < first + count; tile++) {
    const origin = tile * TILE_COLUMNS * span;
    const end = Math.min(origin + TILE_COLUMNS * span, size);
    if (origin >= end) break;
    const columns = TRACKS.map(() => createColumns(TILE_COLUMNS, span, false));
    await fillColumns(columns, ranges, origin, end);
    for (const track of TRACKS) tiles.push(toTile(columns[track] as Columns, track, tile));
  }
  return { level, version, tiles };
}

async function fillColumns(
  columns: readonly Columns[],
  ranges: ComparedRanges,
  origin: number,
  end: number,
): Promise<void> {
  for (let at = origin; at < end; ) {
    let added = 0;
    const from = at;
    ranges.each(from, end, (first, last, kind) => {
      add(columns, origin, first, last, kind.relation, kind);
      at = last;
      return ++added < RANGES_PER_TURN;
    });
    if (added < RANGES_PER_TURN) break;
    await nextTurn();
  }
  const known = Math.max(origin, Math.min(end, ranges.end));
  if (known < end) add(columns, origin, known, end, undefined, { a: UNKNOWN, b: UNKNOWN });
}

function add(
  columns: readonly Columns[],
  origin: number,
  start: number,
  end: number,
  relation: Relation | undefined,
  { a, b }: { readonly a: RowSide; readonly b: RowSide },
): void {
  const word = relation === undefined ? UNREAD : RELATION_FLAGS[relation];
  addExtent(columns[COMPARED_TRACKS.a] as Columns, origin, start, end, a.word);
  addExtent(columns[COMPARED_TRACKS.b] as Columns, origin, start, end, b.word);
  addExtent(columns[COMPARED_TRACKS.difference] as Columns, origin, start, end, word);
}

/** Exact ranges of the three tracks in [start, end), or that there are too many. */
export function comparedExtents(
  { ranges, size, version }: ComparedPicture,
  { start, end }: GuestRange,
): ExtentsReply {
  const stop = Math.min(end, size);
  const lists = TRACKS.map(() => ({
    starts: [] as number[],
    words: [] as number[],
    owners: [] as number[],
  }));
  let total = 0;
  const addAt = (track: number, at: number, { word, owner }: RowSide) => {
    const list = lists[track] as (typeof lists)[number];
    if (list.words.at(-1) === word && list.owners.at(-1) === owner) return;
    list.starts.push(at);
    list.words.push(word);
    list.owners.push(owner);
    total++;
  };
  ranges.each(start, stop, (from, _to, { relation, a, b }) => {
    addAt(COMPARED_TRACKS.a, from, a);
    addAt(COMPARED_TRACKS.b, from, b);
    addAt(COMPARED_TRACKS.difference, from, { word: RELATION_FLAGS[relation], owner: -1 });
    return total <= MAX_EXACT_EXTENTS;
  });
  if (total > MAX_EXACT_EXTENTS) return { tooMany: true, version };
  const known = Math.max(start, Math.min(stop, ranges.end));
  if (known < stop) for (const track of TRACKS) addAt(track, known, UNKNOWN);
  const tracks = lists.map(
    (list, track): TrackExtents => ({
      track,
      starts: Float64Array.from(list.starts),
      words: Uint32Array.from(list.words),
      owners: Int16Array.from(list.owners),
    }),
  );
  return { tooMany: false, version, end: stop, tracks };
}
