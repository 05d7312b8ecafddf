/** The L2 tables of all disks of an image, each once however many L1 entries name it, in the order of the file. */
import { CowscopeError } from '../../../shared/error.ts';
import { entryOffset } from '../format/entry.ts';
import { EntryTable } from '../read/entry-table.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { jointOwner, OWNER_ACTIVE, ownerOfSnapshot } from './cluster-uses.ts';
import { LimitPassed, type ReadLimit } from './read-limit.ts';

/** Used L1 entries of all disks together: what a disk of 16 TiB has for each of 500 snapshots. */
const MAX_ENTRIES = 2 ** 24;
/** L1 entries that name no place of a table: an honest image has none. */
const MAX_MISPLACED = 2 ** 16;

/** An L1 table of the active disk or of snapshots; several snapshots may share one. */
export interface L1Reference {
  readonly offset: number;
  readonly entries: number;
  /** Disks that use it, and the owner of what it refers to. */
  readonly times: number;
  readonly owner: number;
  readonly isActive: boolean;
}

/** Something that L1 entries refer to: how many of them, and its owner. */
export interface L2Reference {
  readonly offset: number;
  readonly times: number;
  readonly owner: number;
}

/** L2 tables in ascending order of their offsets. */
export interface L2Tables {
  readonly offsets: Float64Array;
  /** L1 entries of all disks that name the table, and those of the active disk alone. */
  readonly times: Float64Array;
  readonly activeTimes: Uint32Array;
  readonly owners: Uint16Array;
  /** Places where no table can lie. */
  readonly misplaced: readonly L2Reference[];
}

/** Called with a few words for what could not be followed. */
export type OnFault = (what: string) => void;

/** The L1 tables of an image, the active one first. Snapshots without a usable table are left out and reported. */
export function l1References({ header, snapshots }: Qcow2Image, onFault: OnFault): L1Reference[] {
  const places = new Map<string, L1Reference>();
  const add = (offset: number, entries: number, owner: number) => {
    const key = `${offset} ${entries}`;
    const known = places.get(key);
    const place =
      known === undefined
        ? { times: 1, owner, isActive: owner === OWNER_ACTIVE }
        : { times: known.times + 1, owner: jointOwner(known.owner, owner), isActive: known.isActive };
    if (entries > 0) places.set(key, { offset, entries, ...place });
  };
  add(header.l1TableOffset, header.l1Size, OWNER_ACTIVE);
  for (const [index, { l1TableOffset, l1Size, unusable }] of snapshots.entries())
    if (unusable === undefined) add(l1TableOffset, l1Size, ownerOfSnapshot(index));
    else onFault('the L1 table of a snapshot is not usable');
  return [...places.values()];
}

/**
 * Reads the L1 tables and lists the L2 tables they name; what cannot be followed is reported. `fileLength` is the length
 * of the file in bytes. Throws LimitPassed.
 */
export function* listL2Tables(
  { source, geometry: { clusterSize } }: Qcow2Image,
  places: readonly L1Reference[],
  fileLength: number,
  limit: ReadLimit,
  onFault: OnFault,
): SlicedWork<L2Tables> {
  const list = new EntryList(places);
  if (Math.ceil(fileLength / clusterSize) * places.length > Number.MAX_SAFE_INTEGER)
    throw new LimitPassed('the file has too many clusters');
  const misplaced: L2Reference[] = [];
  for (const [index, { offset, entries, times, owner }] of places.entries()) {
    limit.spend(entries * 8);
    const table = new EntryTable(source, offset, entries);
    if (table.count < entries) onFault('the file ends inside an L1 table');
    for (let first = 0; first < table.count; first = table.endOfPart(first)) {
      yield;
      try {
        const end = table.endOfPart(first);
        for (let at = table.nextUsed(first, end); at < end; at = table.nextUsed(at + 1, end)) {
          const l2 = entryOffset(table.hi(at), table.lo(at));
          if (l2 === 0) continue;
          if (l2 % clusterSize === 0 && l2 < fileLength) {
            list.add(l2 / clusterSize, index);
            continue;
          }
          onFault(
            l2 < fileLength
              ? 'an L1 entry is not cluster aligned'
              : 'an L2 table lies past the end of the file',
          );
          if (misplaced.length === MAX_MISPLACED) throw new LimitPassed('too many L1 entries are damaged');
          misplaced.push({ offset: l2, times, owner });
        }
      } catch (error) {
        if (!(error instanceof CowscopeError)) throw error;
        onFault(error.what);
      }
    }
  }
  return { ...list.tables(clusterSize), misplaced };
}

/** Used L1 entries: where their table lies and which L1 table they are from, as one number each. */
class EntryList {
  readonly #places: readonly L1Reference[];
  #keys = new Float64Array(2 ** 10);
  #count = 0;

  constructor(places: readonly L1Reference[]) {
    this.#places = places;
  }

  add(cluster: number, place: number): void {
    if (this.#count === this.#keys.length) {
      if (this.#count >= MAX_ENTRIES) throw new LimitPassed('its disks have too many L2 tables');
      const longer = new Float64Array(2 * this.#count);
      longer.set(this.#keys);
      this.#keys = longer;
    }
    this.#keys[this.#count++] = cluster * this.#places.length + place;
  }

  /** The tables, each once. The list is of no use afterwards. */
  tables(clusterSize: number): Omit<L2Tables, 'misplaced'> {
    const keys = this.#keys.subarray(0, this.#count).sort();
    const clusterOf = (key: number) => Math.floor(key / this.#places.length);
    let distinct = 0;
    for (let i = 0; i < keys.length; i++)
      if (i === 0 || clusterOf(keys[i] as number) !== clusterOf(keys[i - 1] as number)) distinct++;
    const offsets = new Float64Array(distinct);
    const times = new Float64Array(distinct);
    const activeTimes = new Uint32Array(distinct);
    const owners = new Uint16Array(distinct);
    let n = -1;
    for (const key of keys) {
      const offset = clusterOf(key) * clusterSize;
      const place = this.#places[key % this.#places.length] as L1Reference;
      if (n < 0 || offsets[n] !== offset) {
        n++;
        offsets[n] = offset;
        owners[n] = place.owner;
      } else owners[n] = jointOwner(owners[n] as number, place.owner);
      times[n] = (times[n] as number) + place.times;
      if (place.isActive) activeTimes[n] = (activeTimes[n] as number) + 1;
    }
    return { offsets, times, activeTimes, owners };
  }
}
