/** What the guest reads, as runs with their owner and host offset: for work that goes over a whole disk in parts. */
import { DAMAGED, UNREAD } from '../../../shared/extent/flags.ts';
import { type GuestRunsReply, type GuestRunsRequest, MAX_GUEST_RUNS } from '../../../shared/ipc/questions.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import type { NumberRows } from '../../formats/chunk-writer.ts';
import { type RowKeys, RowWalk } from '../../formats/row-walk.ts';
import { type ChainTables, NO_BITMAP, type SweepOptions } from '../tables/chain-tables.ts';

/** Longest stretch of work between two turns, in milliseconds. */
const SLICE_MS = 8;
/** Turns before an answer ends early: a disk of many TiB with few runs must not take one answer. */
const MAX_TURNS = 16;

/** The bits of a word that say what is read: all states, which lie below the marks. */
const STATE_BITS = 0x01ff;
const OWNER_SHIFT = 10;
const LOST_BIT = 0x0200;

/** Keys that hold the state that is read and its owner. */
const GUEST_KEYS: RowKeys = {
  keyOf({ shown, shownStops }, combo) {
    const word = shown[combo] as number;
    const lost = word & DAMAGED ? LOST_BIT : 0;
    return (word & STATE_BITS) | lost | (((shownStops[combo] as number) + 1) << OWNER_SHIFT);
  },
};

/** The word and the owner of a key. */
function ofKey(key: number): { word: number; owner: number } {
  const word = (key & STATE_BITS) | (key & LOST_BIT ? DAMAGED : 0);
  // Where nothing is known nothing is held, wherever the walk stopped.
  return { word, owner: word & UNREAD ? -1 : (key >> OWNER_SHIFT) - 1 };
}

/** Gathers rows from an offset on until it is full. */
class RunCollector {
  readonly starts = new Float64Array(MAX_GUEST_RUNS);
  readonly words = new Uint32Array(MAX_GUEST_RUNS);
  readonly owners = new Int16Array(MAX_GUEST_RUNS);
  readonly hosts = new Float64Array(MAX_GUEST_RUNS);
  count = 0;
  /** Start of the first row that found no room; -1 while all did. */
  next = -1;
  /** End of the last row that was taken. */
  end: number;
  readonly #start: number;

  constructor(start: number) {
    this.#start = start;
    this.end = start;
  }

  readonly take = (rows: NumberRows): void => {
    for (let i = 0; i < rows.count && this.next < 0; i++) {
      const rowStart = rows.starts[i] as number;
      const rowEnd = rowStart + (rows.lengths[i] as number);
      if (rowEnd <= this.#start) continue; // the page begins before the range
      const start = Math.max(rowStart, this.#start);
      if (this.count === MAX_GUEST_RUNS) {
        this.next = start;
        return;
      }
      const { word, owner } = ofKey(rows.keys[i] as number);
      const host = rows.hosts[i] as number;
      this.starts[this.count] = start;
      this.words[this.count] = word;
      this.owners[this.count] = owner;
      this.hosts[this.count] = host < 0 ? -1 : host + start - rowStart;
      this.count++;
      this.end = rowEnd;
    }
  };
}

/** Runs from `start` on. Past the end of the disk there are none. */
export async function guestRunsOf(
  tables: ChainTables,
  { start, layer: top }: GuestRunsRequest,
): Promise<GuestRunsReply> {
  const options: SweepOptions = { top, readMissing: true, hosts: true, bitmap: NO_BITMAP };
  const size = tables.sizeOf(top);
  const runs = new RunCollector(start);
  const walk = new RowWalk(GUEST_KEYS, true, runs.take);
  let sliceEnd = performance.now() + SLICE_MS;
  let turns = 0;
  for (let page = Math.floor(start / tables.pageSpan); page * tables.pageSpan < size && runs.next < 0; ) {
    const swept = tables.sweepStretch(page, options);
    page = Math.ceil(swept.end / tables.pageSpan);
    walk.add(swept);
    if (performance.now() < sliceEnd) continue;
    if (++turns === MAX_TURNS) break;
    await nextTurn();
    sliceEnd = performance.now() + SLICE_MS;
  }
  walk.finish();
  const { count } = runs;
  return {
    end: runs.next < 0 ? runs.end : runs.next,
    starts: runs.starts.slice(0, count),
    words: runs.words.slice(0, count),
    owners: runs.owners.slice(0, count),
    hosts: runs.hosts.slice(0, count),
  };
}
