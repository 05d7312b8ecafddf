/** Asks for the L2 tables of a guest range before they are needed. */
import type { EntryTable } from '../entry-table.ts';
import { l2OffsetAt } from '../l1.ts';
import type { Qcow2Map } from '../map-state.ts';

/**
 * Asks the stage of the map's reader for the tables of guest offsets [start, end), where the map's storage is slow. False
 * where there is no room for all of them.
 */
export function requestTables(
  { l1, geometry, source, reader: { stage }, size }: Qcow2Map,
  start: number,
  end: number,
): boolean {
  if (stage === undefined) return true;
  const { l1Coverage, l2Entries, entrySize } = geometry;
  const last = Math.min(l1.count, Math.ceil(Math.min(end, size) / l1Coverage));
  try {
    for (const table of usedTables(l1, Math.floor(start / l1Coverage), last))
      if (!stage.request(source, table, l2Entries * entrySize)) return false;
  } catch {
    // what cannot be read is reported where it is needed
  }
  return true;
}

/** Offsets of the L2 tables that the L1 entries [first, last) name. Throws where a part of them cannot be read. */
function* usedTables(l1: EntryTable, first: number, last: number): Generator<number> {
  for (let index = first; index < last; ) {
    const partEnd = Math.min(last, l1.endOfPart(index));
    index = l1.nextUsed(index, partEnd);
    if (index < partEnd) yield l2OffsetAt(l1, index++);
  }
}
