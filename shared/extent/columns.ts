/**
 * Columns: what lies in each of a row of equal power-of-two spans, exactly. They are the bins of the pyramid and the
 * pixels of a tile alike: bytes per part, the parts and marks present, and how many extents touch each column.
 */
import { PRESENT, TILE_COLUMNS, type TileColumns } from '../model/tile.ts';
import { DAMAGED, DIRTY, DIRTY_UNKNOWN, HOLE_OVERRIDES, LOCAL, OVERRIDES, UNREADABLE } from './flags.ts';
import { PartBytes } from './part-bytes.ts';
import { PART_BITS, PARTS, partIndexOf, topPart } from './parts.ts';
import type { SweptPage } from './sweep.ts';

/** Columns of one track. */
export interface Columns {
  readonly count: number;
  /** Bytes in one column: a power of two. */
  readonly span: number;
  readonly present: Uint32Array;
  /** Extents that touch the column, at least. */
  readonly runs: Uint32Array;
  readonly bytes: PartBytes;
  /** Guest track: bytes per owner per column, by layer index. Undefined for other tracks. */
  readonly owners: (Float64Array | undefined)[] | undefined;
}

/** Bytes of each part in the column under way. */
const sums = new Float64Array(PARTS.length);

/** Empty columns. `withOwners` for the guest track. */
export function createColumns(count: number, span: number, withOwners: boolean): Columns {
  return {
    count,
    span,
    present: new Uint32Array(count),
    runs: new Uint32Array(count),
    bytes: new PartBytes(count),
    owners: withOwners ? [] : undefined,
  };
}

/** {@link presentBits} of every word seen so far; 0 where it was not seen. */
const BITS_OF = new Int32Array(0x10000);

/** The bits of PRESENT that a word with its marks sets in a column. */
export function presentBits(word: number): number {
  const flags = word & 0xffff;
  const known = BITS_OF[flags] as number;
  if (known !== 0) return known;
  const bits = bitsOfFlags(flags);
  BITS_OF[flags] = bits;
  return bits;
}

function bitsOfFlags(flags: number): number {
  let bits = 1 << partIndexOf(flags);
  if (flags & OVERRIDES) bits |= PRESENT.overrides;
  if (flags & HOLE_OVERRIDES) bits |= PRESENT.holeOverrides;
  if (flags & DIRTY) bits |= PRESENT.dirty;
  if (flags & DAMAGED) bits |= PRESENT.damaged;
  if (flags & DIRTY_UNKNOWN) bits |= PRESENT.dirtyUnknown;
  return bits;
}

/** Adds an extent without an owner to the columns that start at offset `origin`. [start,end) must lie within them. */
export function addExtent(columns: Columns, origin: number, start: number, end: number, word: number): void {
  const { span } = columns;
  let c = Math.floor((start - origin) / span);
  for (let at = start - origin; at < end - origin; c++) {
    const stop = Math.min((c + 1) * span, end - origin);
    addBytes(columns, c, word, stop - at);
    columns.runs[c] = (columns.runs[c] as number) + 1;
    at = stop;
  }
}

function addBytes(columns: Columns, c: number, word: number, count: number): void {
  const bits = presentBits(word);
  columns.present[c] = (columns.present[c] as number) | bits;
  columns.bytes.add(c, topPart(bits), count);
}

function ownerOf(columns: Columns, owner: number): Float64Array {
  const owners = columns.owners as (Float64Array | undefined)[];
  let bytes = owners[owner];
  if (bytes === undefined) {
    bytes = new Float64Array(columns.count);
    owners[owner] = bytes;
  }
  return bytes;
}

/** Clears `count` columns from `first` on. */
export function clearColumns(columns: Columns, first: number, count: number): void {
  const end = first + count;
  columns.present.fill(0, first, end);
  columns.runs.fill(0, first, end);
  columns.bytes.clear(first, end);
  for (const bytes of columns.owners ?? []) bytes?.fill(0, first, end);
}

/**
 * Adds a swept page, clipped to [from,to), to the columns of all its tracks: the guest's view first, then the layers
 * from base to top. The columns start at `origin`. Equal neighbors on a track count as one extent.
 */
export function addSwept(
  tracks: readonly Columns[],
  origin: number,
  swept: SweptPage,
  from: number,
  to: number,
): void {
  const { base, starts, combos } = swept;
  const { span } = tracks[0] as Columns;
  const stop = Math.min(to, swept.end);
  let at = Math.max(from, base);
  if (at >= stop) return;
  // Bytes of each combination in the column under way, and which those are: every track takes its share from these.
  const bytes = new Float64Array(swept.comboCount);
  const found = new Int32Array(swept.comboCount);
  let i = segmentAt(swept, at - base);
  for (let c = Math.floor((at - origin) / span); at < stop; c++) {
    const columnEnd = Math.min(origin + (c + 1) * span, stop);
    const first = i;
    let count = 0;
    let last = i;
    while (at < columnEnd) {
      last = i;
      const combo = combos[i] as number;
      const sum = bytes[combo] as number;
      if (sum === 0) found[count++] = combo;
      const next = base + (starts[i + 1] as number);
      const end = next < columnEnd ? next : columnEnd;
      bytes[combo] = sum + (end - at);
      at = end;
      if (end === next) i++;
    }
    for (let t = 0; t < tracks.length; t++) {
      const columns = tracks[t] as Columns;
      const words = t === 0 ? swept.shown : (swept.words[t - 1] as Uint32Array);
      let present = 0;
      for (let k = 0; k < count; k++) {
        const combo = found[k] as number;
        const bits = presentBits(words[combo] as number);
        const part = topPart(bits);
        present |= bits;
        sums[part] = (sums[part] as number) + (bytes[combo] as number);
      }
      addSums(columns, c, present);
      if (t === 0 && columns.owners !== undefined) addOwners(columns, c, swept, found, count, bytes);
      const stops = t === 0 ? swept.shownStops : undefined;
      columns.runs[c] = (columns.runs[c] as number) + 1 + changesIn(combos, first, last, words, stops);
    }
    for (let k = 0; k < count; k++) bytes[found[k] as number] = 0;
  }
}

/** Adds {@link sums} of the parts in `present` to a column, with the marks beside them, and clears them. */
function addSums(columns: Columns, c: number, present: number): void {
  columns.present[c] = (columns.present[c] as number) | present;
  for (let rest = present & PART_BITS; rest !== 0; rest &= rest - 1) {
    const part = topPart(rest);
    columns.bytes.add(c, part, sums[part] as number);
    sums[part] = 0;
  }
}

/** Adds the bytes of the first `count` combinations to their owners. What cannot be read is read of no layer. */
function addOwners(
  columns: Columns,
  c: number,
  { guest, stops }: SweptPage,
  combos: Int32Array,
  count: number,
  bytes: Float64Array,
): void {
  for (let k = 0; k < count; k++) {
    const combo = combos[k] as number;
    if (((guest[combo] as number) & (LOCAL | UNREADABLE)) !== LOCAL) continue;
    const owned = ownerOf(columns, stops[combo] as number);
    owned[c] = (owned[c] as number) + (bytes[combo] as number);
  }
}

/** How often a track changes from one segment to the next within [first,last]. */
function changesIn(
  combos: Int32Array,
  first: number,
  last: number,
  words: Uint32Array,
  stops: Int16Array | undefined,
): number {
  let changes = 0;
  let before = combos[first] as number;
  for (let i = first + 1; i <= last; i++) {
    const combo = combos[i] as number;
    let differ = (words[combo] as number) ^ (words[before] as number);
    if (stops !== undefined) differ |= (stops[combo] as number) ^ (stops[before] as number);
    changes += differ === 0 ? 0 : 1;
    before = combo;
  }
  return changes;
}

/** Index of the segment that holds `offset` (bytes from the page's base). */
export function segmentAt(swept: SweptPage, offset: number): number {
  let low = 0;
  let high = swept.count - 1;
  while (low < high) {
    const mid = (low + high + 1) >>> 1;
    if ((swept.starts[mid] as number) <= offset) low = mid;
    else high = mid - 1;
  }
  return low;
}

/**
 * Adds source columns [first, first+count) to target columns of a span `ratio` times as wide, where source column
 * `first` falls into target column `at`. Coverage stays exact; runs become a lower bound: what may be one run on both
 * sides of a border is counted once.
 */
export function sumColumns(source: Columns, first: number, count: number, target: Columns, at: number): void {
  const ratio = target.span / source.span;
  const offset = first % ratio;
  for (let i = 0, c = at; i < count; c++) {
    const stop = Math.min(count, (c - at + 1) * ratio - offset);
    source.bytes.addSumTo(target.bytes, c, first + i, first + stop);
    let present = target.present[c] as number;
    let runs = target.runs[c] as number;
    for (; i < stop; i++) {
      present |= source.present[first + i] as number;
      const goesOn = runs > 0 && mayContinueRun(source.present[first + i - 1], source.present[first + i]);
      runs += (source.runs[first + i] as number) - (goesOn ? 1 : 0);
    }
    target.present[c] = present;
    target.runs[c] = Math.min(0xffffffff, runs);
  }
  source.owners?.forEach((bytes, owner) => {
    if (bytes !== undefined && target.owners !== undefined)
      addArray(bytes, first, count, ownerOf(target, owner), at, ratio, offset);
  });
}

/** True where a run at the end of one column and one at the start of the next can be the same: their masks share a part. */
export function mayContinueRun(before = 0, present = 0): boolean {
  return (before & present & PART_BITS) !== 0;
}

function addArray(
  from: Float64Array,
  first: number,
  count: number,
  to: Float64Array,
  at: number,
  ratio: number,
  offset: number,
): void {
  for (let i = 0, c = at; i < count; c++) {
    const stop = Math.min(count, (c - at + 1) * ratio - offset);
    let sum = to[c] as number;
    for (; i < stop; i++) sum += from[first + i] as number;
    to[c] = sum;
  }
}

/** The tile of the first TILE_COLUMNS columns: shares of 255, never 0 for a part that is present. */
export function toTile(columns: Columns, track: number, tile: number): TileColumns {
  const present = columns.present.slice(0, TILE_COLUMNS);
  const parts = partsIn(present);
  return {
    track,
    tile,
    present,
    parts,
    shares: sharesOf(columns, parts),
    runs: columns.runs.slice(0, TILE_COLUMNS),
    owners: mainOwners(columns),
  };
}

/** The parts in any of these masks, ascending. */
function partsIn(present: Uint32Array): Uint8Array {
  let bits = 0;
  for (const mask of present) bits |= mask & PART_BITS;
  return Uint8Array.from(PARTS.keys()).filter(part => bits & (1 << part));
}

/**
 * A row of shares for each part. Those of a column are what lies between rounded sums, so that none is off by more than
 * one and all sum to 255; a part that would get nothing takes one from the largest.
 */
function sharesOf({ bytes: table }: Columns, parts: Uint8Array): Uint8Array {
  const shares = new Uint8Array(TILE_COLUMNS * parts.length);
  for (let c = 0; c < TILE_COLUMNS; c++) {
    let total = 0;
    for (let k = 0; k < parts.length; k++) total += table.at(c, parts[k] as number);
    if (total === 0) continue;
    const scale = 255 / total;
    let sum = 0;
    let given = 0;
    let lacking = 0;
    let largest = 0;
    for (let k = 0; k < parts.length; k++) {
      const bytes = table.at(c, parts[k] as number);
      if (bytes === 0) continue;
      sum += bytes;
      let share = Math.round(sum * scale) - given;
      given += share;
      if (share === 0) {
        share = 1;
        lacking++;
      }
      const at = k * TILE_COLUMNS + c;
      shares[at] = share;
      if (share > (shares[largest * TILE_COLUMNS + c] as number)) largest = k;
    }
    const most = largest * TILE_COLUMNS + c;
    shares[most] = (shares[most] as number) - lacking;
  }
  return shares;
}

function mainOwners(columns: Columns): Int16Array {
  const owners = columns.owners;
  if (owners === undefined) return new Int16Array(0);
  const main = new Int16Array(TILE_COLUMNS).fill(-1);
  const most = new Float64Array(TILE_COLUMNS);
  owners.forEach((bytes, owner) => {
    if (bytes === undefined) return;
    for (let c = 0; c < TILE_COLUMNS; c++) {
      if ((bytes[c] as number) > (most[c] as number)) {
        most[c] = bytes[c] as number;
        main[c] = owner;
      }
    }
  });
  return main;
}
