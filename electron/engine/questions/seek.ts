/** The next (or previous) extent of a kind on one track. */
import { presentBits } from '../../../shared/extent/columns.ts';
import { STATES } from '../../../shared/extent/flags.ts';
import { BITS_OF_STATE } from '../../../shared/extent/parts.ts';
import { type Pyramid, pagePresent } from '../../../shared/extent/pyramid.ts';
import type { SweptPage } from '../../../shared/extent/sweep.ts';
import type { MatchNumber, MatchNumberRequest, SeekRequest } from '../../../shared/ipc/questions.ts';
import type { SeekKind } from '../../../shared/model/statistics.ts';
import { PRESENT } from '../../../shared/model/tile.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { sameExtent, slotStop, slotWord } from './extents.ts';
import { forPages, type Superseded } from './page-loop.ts';

/**
 * The nearest extent of a track that is of the wanted kind and starts after `from` (or before it): its start, or -1.
 * Extents are those of the question `extents`, so one that runs over page borders has one start.
 */
export async function seekIn(
  tables: ChainTables,
  pyramid: Pyramid,
  request: SeekRequest,
  superseded?: Superseded,
): Promise<number> {
  const { track, from, backwards } = request;
  if (track > tables.slotCount) return -1; // asked before a track went away
  const { size } = tables.plan;
  const search = new TrackSearch(tables, pyramid, request);
  if (!backwards) {
    await forPages(tables, Math.max(0, from), size, page => search.forwards(page), { superseded });
    return search.found;
  }
  const back = (page: number) => search.backwards(page);
  await forPages(tables, 0, Math.min(from, size), back, { backwards: true, superseded });
  return search.foundBackwards;
}

/** The number of the match at an offset of a track among all matches of its kind, and how many there are. */
export async function numberIn(
  tables: ChainTables,
  pyramid: Pyramid,
  { track, offset, kind }: MatchNumberRequest,
  superseded?: Superseded,
): Promise<MatchNumber> {
  let [number, total] = [0, 0];
  const count = (start: number) => {
    total++;
    if (start <= offset) number++;
  };
  await forMatches(tables, pyramid, { track, kind }, count, superseded);
  return { number, total };
}

/** Calls `take` with the start of each match of a kind on a track, in ascending order. */
export async function forMatches(
  tables: ChainTables,
  pyramid: Pyramid,
  { track, kind }: Pick<SeekRequest, 'track' | 'kind'>,
  take: (start: number) => void,
  superseded?: Superseded,
): Promise<void> {
  if (track > tables.slotCount) return; // asked before a track went away
  const search = new TrackSearch(tables, pyramid, { track, from: -1, kind });
  const step = (page: number) =>
    search.forEachMatch(page, start => {
      take(start);
      return undefined;
    });
  await forPages(tables, 0, tables.plan.size, step, { superseded });
}

/** One extent of a slot within a page. */
interface SlotExtent {
  readonly start: number;
  readonly word: number;
  readonly stop: number;
}

/** A search that is given the pages of the disk one after the other. */
class TrackSearch {
  readonly #tables: ChainTables;
  readonly #pyramid: Pyramid;
  /** The slot (base first) that the track shows, -1 for the guest's view. */
  readonly #slot: number;
  readonly #from: number;
  /** Bits of PRESENT of which a match has one. */
  readonly #wanted: number;
  /** The extent at the border to the page that comes next, where it may go on. */
  #atBorder: SlotExtent | undefined;
  #found = -1;

  constructor(
    tables: ChainTables,
    pyramid: Pyramid,
    { track, from, kind }: Pick<SeekRequest, 'track' | 'from' | 'kind'>,
  ) {
    this.#tables = tables;
    this.#pyramid = pyramid;
    this.#slot = track === 0 ? -1 : tables.slotCount - track;
    this.#from = from;
    this.#wanted = wantedBits(kind);
  }

  /** The start of the match, -1 while there is none. */
  get found(): number {
    return this.#found;
  }

  /** The same after a search backwards, where a match may begin at the start of the disk. */
  get foundBackwards(): number {
    return this.#found < 0 && this.#atBorder !== undefined ? this.#atBorder.start : this.#found;
  }

  /** Searches the page above the last one. False once there is a match. */
  forwards(page: number): boolean {
    return this.forEachMatch(page, start => {
      if (start <= this.#from) return true;
      this.#found = start;
      return false;
    });
  }

  /** Calls `take` with the start of each match in the page above the last one, until that returns false. */
  forEachMatch(page: number, take: (start: number) => boolean | undefined): boolean {
    let before = this.#atBorder;
    this.#atBorder = undefined;
    if (this.#hasNone(page)) return true;
    for (const extent of this.#extentsOf(page)) {
      const isNew = before === undefined || !runsOn(before, extent);
      before = extent;
      if (isNew && this.#matches(extent) && take(extent.start) === false) return false;
    }
    this.#atBorder = before;
    return true;
  }

  /** Searches the page below the last one. A match at its start may begin in a lower page. False once there is a match. */
  backwards(page: number): boolean {
    const candidate = this.#atBorder;
    this.#atBorder = undefined;
    if (candidate === undefined && this.#hasNone(page)) return true;
    const extents = this.#extentsOf(page).filter(({ start }) => start < this.#from);
    const last = extents.at(-1);
    if (candidate !== undefined && (last === undefined || !runsOn(last, candidate)))
      this.#found = candidate.start;
    else {
      const match = extents.findLast(extent => this.#matches(extent));
      if (match !== undefined && match !== extents[0]) this.#found = match.start;
      else this.#atBorder = match;
    }
    return this.#found < 0;
  }

  #matches({ word }: SlotExtent): boolean {
    return (presentBits(word) & this.#wanted) !== 0;
  }

  /** True if the pyramid shows that a page has no match. */
  #hasNone(page: number): boolean {
    const isRead = this.#pyramid.fresh[page] === 1;
    return isRead && (pagePresent(this.#pyramid, this.#slot + 1, page) & this.#wanted) === 0;
  }

  #extentsOf(page: number): SlotExtent[] {
    const swept: SweptPage = this.#tables.sweep(page);
    const slot = this.#slot;
    const extents: SlotExtent[] = [];
    for (let i = 0; i < swept.count; i++) {
      if (i > 0 && sameExtent(swept, slot, i - 1, i)) continue;
      const start = swept.base + (swept.starts[i] as number);
      extents.push({ start, word: slotWord(swept, slot, i), stop: slotStop(swept, slot, i) });
    }
    return extents;
  }
}

function runsOn(first: SlotExtent, second: SlotExtent): boolean {
  return first.word === second.word && first.stop === second.stop;
}

/** The bits of PRESENT that make an extent a match. Every extent starts with a change. */
const MATCHING_BITS: Readonly<Record<Exclude<SeekKind, object>, number>> = {
  change: -1,
  override: PRESENT.overrides,
  holeOverride: PRESENT.holeOverrides,
  dirty: PRESENT.dirty,
  damaged: PRESENT.damaged | (BITS_OF_STATE[STATES.indexOf('unreadable')] as number),
};

function wantedBits(kind: SeekKind): number {
  return typeof kind === 'object' ? (BITS_OF_STATE[kind.state] ?? 0) : MATCHING_BITS[kind];
}
