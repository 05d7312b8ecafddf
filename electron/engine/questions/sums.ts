/** Bytes per part of every track over a range: whole bins from the pyramid, the rest from swept pages. */
import { addExtent, addSwept, type Columns, createColumns } from '../../../shared/extent/columns.ts';
import { UNREAD } from '../../../shared/extent/flags.ts';
import { PARTS } from '../../../shared/extent/parts.ts';
import type { Pyramid } from '../../../shared/extent/pyramid.ts';
import type { TrackBytes } from '../../../shared/model/statistics.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { fillColumns } from './tiles.ts';

/** One column that is wider than every disk. */
const WHOLE_AXIS = 2 ** 53;

/** The sums of [start,end) of every track, in the order of their ids. Pages not read yet count as unread. */
export function sumsOf(tables: ChainTables, pyramid: Pyramid, start: number, end: number): TrackBytes[] {
  const { slotCount } = tables;
  const columns = Array.from({ length: slotCount + 1 }, (_, t) => createColumns(1, WHOLE_AXIS, t === 0));
  const stop = Math.min(end, tables.plan.size);
  const { binSpan } = pyramid;
  const firstBin = Math.min(Math.ceil(start / binSpan) * binSpan, stop);
  const lastBin = stop === tables.plan.size ? stop : Math.floor(stop / binSpan) * binSpan;
  addPartOfBins(columns, tables, pyramid, start, firstBin);
  if (firstBin < lastBin) fillColumns(columns, tables, pyramid, firstBin, lastBin);
  addPartOfBins(columns, tables, pyramid, Math.max(firstBin, lastBin), stop);
  const owners = columns[0]?.owners ?? [];
  const readOf = (owner: number) => owners[owner]?.[0] ?? 0;
  return columns
    .map(
      ({ bytes }, t): TrackBytes => ({
        track: t === 0 ? 0 : slotCount + 1 - t,
        parts: PARTS.map((_, part) => bytes.at(0, part)),
        read: t === 0 ? owners.reduce((sum, _, owner) => sum + readOf(owner), 0) : readOf(t - 1),
      }),
    )
    .sort((a, b) => a.track - b.track);
}

/** Adds a stretch that is no longer than a bin, or begins and ends with part of one. */
function addPartOfBins(
  columns: readonly Columns[],
  tables: ChainTables,
  { pageSpan, fresh }: Pyramid,
  start: number,
  end: number,
): void {
  for (let at = start; at < end; ) {
    const page = Math.floor(at / pageSpan);
    const to = Math.min(end, (page + 1) * pageSpan);
    if (fresh[page] === 1) addSwept(columns, 0, tables.sweep(page), at, to);
    else for (const track of columns) addExtent(track, 0, at, to, UNREAD);
    at = to;
  }
}
