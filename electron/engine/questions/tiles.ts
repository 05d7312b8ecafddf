/** Tiles: columns of every track, summed from the pyramid where that is fine enough and from swept pages elsewhere. */
import {
  addExtent,
  addSwept,
  type Columns,
  clearColumns,
  createColumns,
  toTile,
} from '../../../shared/extent/columns.ts';
import { UNREAD } from '../../../shared/extent/flags.ts';
import { PARTS } from '../../../shared/extent/parts.ts';
import { canSum, type Pyramid, sumBins } from '../../../shared/extent/pyramid.ts';
import type { TilesReply, TilesRequest } from '../../../shared/ipc/questions.ts';
import { TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';
import type { ChainTables } from '../tables/chain-tables.ts';

/** Bytes of one tile of one track in a message at most, with its owners. */
const TILE_BYTES = TILE_COLUMNS * (4 + 4 + PARTS.length + 2) + 200;
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
  const most = Math.max(1, Math.floor(ANSWER_BYTES / (TILE_BYTES * (tables.slotCount + 1))));
  const columns = Array.from({ length: tables.slotCount + 1 }, (_, t) =>
    createColumns(TILE_COLUMNS, span, t === 0),
  );
  for (let tile = request.first; tile < request.first + Math.min(request.count, most); tile++) {
    const origin = tile * TILE_COLUMNS * span;
    const end = Math.min(origin + TILE_COLUMNS * span, tables.plan.size);
    if (origin >= end) break;
    for (const track of columns) clearColumns(track, 0, TILE_COLUMNS);
    fillColumns(columns, tables, pyramid, origin, end);
    columns.forEach((track, t) => {
      tiles.push(toTile(track, t === 0 ? 0 : tables.slotCount + 1 - t, tile));
    });
  }
  return { level: request.level, version, tiles };
}

/** Adds [origin,end) to the columns of every track, the first of which starts at `origin`. */
export function fillColumns(
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
    // Neighboring pages that are not read, or whose bins are summed, are added in one go.
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
