/** Looks for the refcount table of an image that lost its header: in cluster 1, and else anywhere near the beginning. */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { MAX_CLUSTER_BITS, MIN_CLUSTER_BITS } from '../format/limits.ts';
import { findLostHeader, type LostHeader, refcountsAt } from '../layout/lost-header.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { type ImageSource, readFully } from '../read/source.ts';

/** Bytes of the file that are looked through where cluster 1 holds none. */
const SEARCHED_BYTES = 2 ** 28;
const STEP_BYTES = 2 ** 18;
/** Tables that are found: one place may fit several sizes of clusters. */
const MAX_FOUND = 4;

/** What refcount tables there may be; none where none is found. Throws QCOW2_READ_FAILED. */
export function* findRefcounts(source: ImageSource): SlicedWork<LostHeader[]> {
  const usual = findLostHeader(source);
  if (usual !== undefined) return [usual];
  const found: LostHeader[] = [];
  const view = dataViewOf(new Uint8Array(STEP_BYTES));
  const end = Math.min(source.size, SEARCHED_BYTES);
  for (let start = 0; start < end && found.length < MAX_FOUND; start += STEP_BYTES) {
    yield;
    readFully(source, new Uint8Array(view.buffer), start);
    for (let at = 0; at < STEP_BYTES && found.length < MAX_FOUND; at += 2 ** MIN_CLUSTER_BITS) {
      const block = uint64At(view, at);
      if (block === 0 || block >= source.size || start + at === 0) continue;
      found.push(...tablesAt(source, start + at, block));
    }
  }
  return found.slice(0, MAX_FOUND);
}

/**
 * The tables that may lie at an offset, those of the largest clusters first. `block` is what its first entry says. Counts
 * of 1 in 8 bits for 64 KiB read as well as counts in 4 bits for 32 KiB of which every second one is free: such readings
 * agree with all that is stored, and are less probable.
 */
function tablesAt(source: ImageSource, table: number, block: number): LostHeader[] {
  const found: LostHeader[] = [];
  for (let bits = MIN_CLUSTER_BITS; bits <= MAX_CLUSTER_BITS; bits++) {
    if (table % 2 ** bits !== 0 || block % 2 ** bits !== 0) break;
    const refcounts = refcountsAt(source, 2 ** bits, table);
    if (refcounts !== undefined) found.unshift(refcounts);
  }
  return found;
}
