/** What each dirty bitmap says, whichever layer owns what it covers: in columns of a range, and as sums. */
import { DIRTY, DIRTY_UNKNOWN, UNREAD } from '../../../shared/extent/flags.ts';
import { PageWriter, pageStart } from '../../../shared/extent/page.ts';
import { MAX_BITMAP_TRACKS } from '../../../shared/ipc/questions.ts';
import {
  BITMAP_COLUMN,
  type BitmapMarks,
  type BitmapSums,
} from '../../../shared/model/bitmap/bitmap-marks.ts';
import type { BitmapChoice } from '../../../shared/model/context.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import { bitlessStretch } from '../../qcow2/read/bitmap-map.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { bitmapPages, type OverlayPage } from '../tables/merged-pages.ts';
import { SUPERSEDED, type Superseded } from './page-loop.ts';

/** Longest stretch of work between two turns, in milliseconds. */
const SLICE_MS = 8;

/** A range of the guest's axis in columns of equal width. */
interface ColumnRange {
  readonly start: number;
  readonly end: number;
  readonly columns: number;
}

/** The bitmaps that have a track, from the top layer down; of one layer in the order of its directory. */
function shownBitmaps(tables: ChainTables): readonly BitmapChoice[] {
  const layers = tables.layers.map(({ index }) => tables.bitmaps(index));
  return layers.reverse().flat().slice(0, MAX_BITMAP_TRACKS);
}

/** What every bitmap of the chain says in each column of a range. */
export async function bitmapMarksOf(
  tables: ChainTables,
  { start, end, columns }: ColumnRange,
  superseded: Superseded,
): Promise<BitmapMarks[]> {
  const found: BitmapMarks[] = [];
  const perByte = columns / (end - start);
  for (const bitmap of shownBitmaps(tables)) {
    const marks = new Uint8Array(columns);
    const mark = (from: number, to: number, bit: number) => {
      const first = Math.max(0, Math.floor((from - start) * perByte));
      const last = Math.min(columns, Math.ceil((to - start) * perByte));
      for (let c = first; c < last; c++) marks[c] = (marks[c] as number) | bit;
    };
    await forRuns(tables, bitmap, start, end, mark, superseded);
    found.push({ ...bitmap, columns: marks });
  }
  return found;
}

/** How many bytes of the disk every bitmap of the chain marks as changed, and of how many it does not tell. */
export async function bitmapSumsOf(tables: ChainTables, superseded: Superseded): Promise<BitmapSums[]> {
  const found: BitmapSums[] = [];
  for (const bitmap of shownBitmaps(tables)) {
    let [dirty, unknown] = [0, 0];
    const add = (from: number, to: number, bit: number) => {
      if (bit === BITMAP_COLUMN.dirty) dirty += to - from;
      else unknown += to - from;
    };
    await forRuns(tables, bitmap, 0, tables.plan.size, add, superseded);
    found.push({ ...bitmap, dirty, unknown });
  }
  return found;
}

/** Calls `take` with the runs in [start, end) that are not clean, in ascending order; past the layer's end there are none. */
async function forRuns(
  tables: ChainTables,
  { layer, name }: BitmapChoice,
  start: number,
  end: number,
  take: (start: number, end: number, bit: number) => void,
  superseded: Superseded,
): Promise<void> {
  const stored = tables.layers[layer];
  if (stored === undefined) return;
  const limit = Math.min(end, stored.plan.size);
  const map = stored.metadata?.bitmaps.find(bitmap => bitmap.name === name)?.map;
  const { pageSpan } = tables;
  const writer = new PageWriter();
  let sliceEnd = performance.now() + SLICE_MS;
  for (let at = start; at < limit; ) {
    const bitless = map === undefined ? undefined : bitlessStretch(map, at);
    const index = Math.floor(at / pageSpan);
    const next = Math.min(limit, bitless?.end ?? (index + 1) * pageSpan);
    if (bitless === undefined)
      for (const page of bitmapPages(stored, index, pageSpan, writer, name))
        takeRuns(page, index * pageSpan, at, next, take);
    else if (bitless.code === map?.unknown) take(at, next, BITMAP_COLUMN.unknown);
    at = next;
    if (performance.now() < sliceEnd) continue;
    await nextTurn();
    if (superseded()) throw SUPERSEDED;
    sliceEnd = performance.now() + SLICE_MS;
  }
}

/** Hands on the runs of a page within [start, end) that are not clean. A page that was not read is not known. */
function takeRuns(
  { page, words }: OverlayPage,
  base: number,
  start: number,
  end: number,
  take: (start: number, end: number, bit: number) => void,
): void {
  if (page === undefined) {
    take(start, end, BITMAP_COLUMN.unknown);
    return;
  }
  for (let i = 0; i < page.count; i++) {
    const word = words[page.codes[i] as number] ?? UNREAD;
    if ((word & (DIRTY | DIRTY_UNKNOWN | UNREAD)) === 0) continue;
    const from = Math.max(start, base + pageStart(page, i));
    const to = i + 1 < page.count ? Math.min(end, base + pageStart(page, i + 1)) : end;
    if (from < to) take(from, to, word & DIRTY ? BITMAP_COLUMN.dirty : BITMAP_COLUMN.unknown);
  }
}
