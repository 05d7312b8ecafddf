/** Where the extents at one offset begin and end, also where they run over many pages. */
import { segmentAt } from '../../../shared/extent/columns.ts';
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import type { ExtentBounds } from '../../../shared/model/inspection.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { slotStop, slotWord } from './extents.ts';

/** How long the search for bounds goes on, in each direction: pages that are not stored are read again. */
const SEARCH_MS = 100;

/** An extent of one slot whose bounds are being looked for. */
interface OpenExtent {
  readonly word: number;
  readonly stop: number;
  start: number;
  end: number;
  isStartCut: boolean;
  isEndCut: boolean;
}

/**
 * The bounds of the extents that hold `offset`: of the guest's track first, then of the slots from base to top. Extents are
 * those of the question `extents`. A bound is cut where the search took too long: the extent reaches at least so far.
 */
export function boundsAt(tables: ChainTables, offset: number, now = () => performance.now()): ExtentBounds[] {
  const first = Math.floor(offset / tables.pageSpan);
  const swept = tables.sweep(first);
  const at = segmentAt(swept, offset - swept.base);
  const extents = Array.from(
    { length: tables.slotCount + 1 },
    (_, t): OpenExtent => ({
      word: slotWord(swept, t - 1, at),
      stop: slotStop(swept, t - 1, at),
      start: startOf(swept, at),
      end: startOf(swept, at + 1),
      isStartCut: false,
      isEndCut: false,
    }),
  );
  let below = extents.filter((extent, t) => reachesStart(swept, t - 1, extent, at));
  const above = extents.filter((extent, t) => reachesEnd(swept, t - 1, extent, at));
  const slot = new Map(extents.map((extent, t) => [extent, t - 1]));
  const slotOf = (extent: OpenExtent) => slot.get(extent) as number;
  let deadline = now() + SEARCH_MS;
  for (let page = first - 1; page >= 0 && below.length > 0 && now() < deadline; page--) {
    const lower = tables.sweep(page);
    below = below.filter(extent => reachesStart(lower, slotOf(extent), extent, lower.count));
  }
  for (const extent of below) extent.isStartCut = extent.start > 0;
  deadline = now() + SEARCH_MS;
  let open = above;
  for (let page = first + 1; page < tables.pageCount && open.length > 0 && now() < deadline; page++) {
    const upper = tables.sweep(page);
    open = open.filter(extent => reachesEnd(upper, slotOf(extent), extent, -1));
  }
  for (const extent of open) extent.isEndCut = extent.end < tables.plan.size;
  return extents.map(({ start, end, isStartCut, isEndCut }) => ({ start, end, isStartCut, isEndCut }));
}

function startOf(swept: SweptPage, segment: number): number {
  return swept.base + (swept.starts[segment] as number);
}

function isSame(swept: SweptPage, slot: number, { word, stop }: OpenExtent, segment: number): boolean {
  return slotWord(swept, slot, segment) === word && slotStop(swept, slot, segment) === stop;
}

/** Moves the start down from segment `from` as far as the extent goes. True if that is the start of the page. */
function reachesStart(swept: SweptPage, slot: number, extent: OpenExtent, from: number): boolean {
  let i = from;
  while (i > 0 && isSame(swept, slot, extent, i - 1)) i--;
  if (i < swept.count) extent.start = Math.min(extent.start, startOf(swept, i));
  return i === 0;
}

/** Moves the end up from segment `from` as far as the extent goes. True if that is the end of the page. */
function reachesEnd(swept: SweptPage, slot: number, extent: OpenExtent, from: number): boolean {
  let i = from;
  while (i + 1 < swept.count && isSame(swept, slot, extent, i + 1)) i++;
  if (i >= 0) extent.end = Math.max(extent.end, startOf(swept, i + 1));
  return i + 1 === swept.count;
}
