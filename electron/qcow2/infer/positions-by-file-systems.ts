/**
 * Places of L2 tables by the file systems in them: these number their parts, so that a part says where on the disk it lies. A
 * guest may hold images of disks, and copies of its blocks: where two tables claim one place, or one table two, none is
 * believed.
 */
import { dataViewOf } from '../../../shared/bytes.ts';
import { type NumberedFileSystem, type ReadVolume, UNNUMBERED } from '../../guest/landmarks/landmark.ts';
import { openFileSystem } from '../../guest/landmarks/open-file-system.ts';
import { diskOffset, readerOf } from '../../guest/landmarks/volume.ts';
import { volumesOf } from '../../guest/landmarks/volumes.ts';
import { CONTAINERS } from '../../guest/signatures/containers.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import type { PositionSearch, Root, TablePosition } from './position-search.ts';
import { positionsByAllocation } from './positions-by-allocation.ts';
import { TableData } from './table-data.ts';

/** Bytes of data of one table that are looked through for numbered blocks. */
const MAX_SAMPLED_OF_TABLE_BYTES = 2 ** 22;
/** Bytes of a sampled cluster. */
const SAMPLE_BYTES = 2 ** 16;
/** Bytes at the beginning of a volume that the signatures of containers lie in. */
const CONTAINER_BYTES = 8192;
/** Blocks of metadata begin at multiples of a sector. */
const SECTOR_BYTES = 512;
/** Structures that are looked for: in all tables together, and in one table at least. */
const MAX_LOOKS = 2 ** 16;
const MIN_LOOKS_OF_TABLE = 16;
/** What a table is believed for, and the worth of a structure that lies in one place only, and of one that can be chance. */
const BELIEVED = 2;
const WORTH_OF_PERMANENT = 2;
const WORTH_OF_OTHERS = 1;
/** A table that has so many pieces of evidence is not looked through any further. */
const ENOUGH = 16;
/** Where the beginning of a volume has no table yet, a file system must fill the volume but for a rest. */
const MAX_REST_BYTES = 2 ** 20;
/** Volumes that are looked at, and landmarks of all of them. */
const MAX_VOLUMES = 64;
const MAX_LANDMARKS = 2 ** 18;

/** The places that file systems tell; none twice, and no table twice. Throws QCOW2_READ_FAILED. */
export function* positionsByFileSystems(search: PositionSearch): SlicedWork<TablePosition[]> {
  const { placed, open } = search;
  const roots = yield* findRoots(search);
  if (roots.length === 0) return [];
  const claims = new Claims();
  for (const { index, table, type } of roots.flatMap(root => root.tentative ?? []))
    claims.add(table, index, type, WORTH_OF_PERMANENT);
  const spots = spotsOf(search, roots);
  const looks = Math.max(MIN_LOOKS_OF_TABLE, Math.floor(MAX_LOOKS / Math.max(1, open.length)));
  for (const cluster of open) {
    yield;
    const data = new TableData(search.image, cluster);
    for (const spot of spots.slice(0, looks)) {
      look(data, cluster, spot, claims);
      yield;
    }
    yield* sample({ search, roots, data, cluster, claims });
  }
  const expected = permanentByIndex(spots);
  const isPossible = (place: TablePosition) =>
    place.index < search.entries && !placed.has(place.index) && !isDisproved(search.image, place, expected);
  const found = claims.believed().filter(isPossible);
  if (found.length > 0) return found;
  // The account of space lies in tables, too: these have their places first.
  const byAllocation = yield* positionsByAllocation(search, roots);
  return byAllocation.filter(place => claims.allows(place) && isPossible(place));
}

/** True if a table has a file system at its beginning that fills the disk: it is the first table then. */
export function beginsWholeDisk(image: Qcow2Image, cluster: number): boolean {
  const { size } = image.header;
  const data = new TableData(image, cluster);
  const file = openFileSystem((offset, length) => data.read(offset, length));
  return file !== undefined && file.size <= size && size - file.size < MAX_REST_BYTES;
}

/** True if a table begins as an encrypted disk or a physical volume does. */
export function beginsContainer(image: Qcow2Image, cluster: number): boolean {
  const bytes = new TableData(image, cluster).read(0, CONTAINER_BYTES);
  if (bytes === undefined) return false;
  return CONTAINERS.some(({ magics }) =>
    magics.some(({ at, bytes: magic }) => magic.every((byte, i) => bytes[at + i] === byte)),
  );
}

/** The file systems at the beginnings of volumes: in a table that has a place, or in the only one that can have it. */
function* findRoots(search: PositionSearch): SlicedWork<Root[]> {
  const { image, placed, open } = search;
  const { size } = image.header;
  const readDisk = diskReader(search);
  const roots: Root[] = [];
  for (const volume of volumesOf(readDisk, size).slice(0, MAX_VOLUMES)) {
    const start = diskOffset(volume, 0, SECTOR_BYTES);
    if (start === undefined || start >= size) continue;
    const index = Math.floor(start / image.geometry.l1Coverage);
    const isPlaced = placed.has(index);
    // A file may hold a disk with a partition in the same place; one of the same size as well is none.
    const rest = isPlaced ? Number.POSITIVE_INFINITY : MAX_REST_BYTES;
    const fits = (file: NumberedFileSystem | undefined): file is NumberedFileSystem =>
      file !== undefined && file.size <= volume.size && volume.size - file.size < rest;
    if (isPlaced) {
      const file = openFileSystem(readerOf(volume, readDisk));
      if (fits(file)) roots.push({ volume, file });
      continue;
    }
    const found: Root[] = [];
    for (const table of open) {
      yield;
      const data = new TableData(image, table);
      const file = openFileSystem(readerOf(volume, diskReader(search, { index, data })));
      if (fits(file)) found.push({ volume, file, tentative: { index, table, type: file.type } });
    }
    const [only] = found;
    if (only !== undefined && found.length === 1) roots.push(only);
  }
  return roots;
}

/** Reads the disk by the tables that have a place, and by one more where it is given. */
function diskReader(
  { image, placed }: PositionSearch,
  more?: { readonly index: number; readonly data: TableData },
): ReadVolume {
  const { l1Coverage } = image.geometry;
  let last: { readonly index: number; readonly data: TableData } | undefined;
  const dataOf = (index: number): TableData | undefined => {
    if (more?.index === index) return more.data;
    if (last?.index === index) return last.data;
    const place = placed.get(index);
    if (place === undefined) return undefined;
    last = { index, data: new TableData(image, place.cluster) };
    return last.data;
  };
  return (offset, length) => {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > image.header.size) return undefined;
    const bytes = new Uint8Array(length);
    for (let at = offset; at < offset + length; ) {
      const index = Math.floor(at / l1Coverage);
      const end = Math.min(offset + length, (index + 1) * l1Coverage);
      const part = dataOf(index)?.read(at - index * l1Coverage, end - at);
      if (part === undefined) return undefined;
      bytes.set(part, at - offset);
      at = end;
    }
    return bytes;
  };
}

/** A place in every table at which landmarks of one kind can lie. */
interface Spot {
  /** Bytes from the beginning of a table's range. */
  readonly offset: number;
  readonly length: number;
  readonly identify: (bytes: Uint8Array) => string | undefined;
  readonly type: string;
  readonly isPermanent: boolean;
  /** By identity, the L1 entries whose range has such a landmark here. */
  readonly indexes: Map<string, number[]>;
}

/** Where landmarks lie in tables, those first that are never anywhere else. */
function spotsOf({ image }: PositionSearch, roots: readonly Root[]): Spot[] {
  const { l1Coverage } = image.geometry;
  const kinds = new Map<Spot['identify'], Map<string, Spot>>();
  let count = 0;
  for (const { file, volume } of roots)
    for (const { at, length, identify, identity, isPermanent } of file.landmarks()) {
      if (++count > MAX_LANDMARKS) break;
      const disk = diskOffset(volume, at, length);
      if (disk === undefined) continue;
      const index = Math.floor(disk / l1Coverage);
      const offset = disk - index * l1Coverage;
      if (offset + length > l1Coverage) continue;
      const kind = kinds.get(identify) ?? new Map<string, Spot>();
      kinds.set(identify, kind);
      const key = `${offset} ${length}`;
      const spot = kind.get(key) ?? {
        offset,
        length,
        identify,
        type: file.type,
        isPermanent,
        indexes: new Map(),
      };
      kind.set(key, spot);
      const indexes = spot.indexes.get(identity) ?? [];
      indexes.push(index);
      spot.indexes.set(identity, indexes);
    }
  const spots = [...kinds.values()].flatMap(kind => [...kind.values()]);
  return spots.sort(
    (a, b) => Number(b.isPermanent) - Number(a.isPermanent) || b.indexes.size - a.indexes.size,
  );
}

/** Looks at one place in a table: what lies there is evidence for the only entry that has it. */
function look(data: TableData, table: number, spot: Spot, claims: Claims): void {
  const bytes = data.read(spot.offset, spot.length);
  if (bytes === undefined) return;
  const identity = spot.identify(bytes);
  const worth = spot.isPermanent ? WORTH_OF_PERMANENT : WORTH_OF_OTHERS;
  const [only, ...others] = (identity === undefined ? undefined : spot.indexes.get(identity)) ?? [];
  if (only !== undefined && others.length === 0) claims.add(table, only, spot.type, worth);
}

/** A landmark that the range of an L1 entry has. */
interface Expected {
  readonly spot: Spot;
  readonly identity: string;
}

/** By L1 entry, the landmarks in its range that are never anywhere else. */
function permanentByIndex(spots: readonly Spot[]): Map<number, Expected[]> {
  const expected = new Map<number, Expected[]>();
  for (const spot of spots)
    for (const [identity, indexes] of spot.isPermanent ? spot.indexes : [])
      for (const index of indexes) {
        const here = expected.get(index) ?? [];
        here.push({ spot, identity });
        expected.set(index, here);
      }
  return expected;
}

/** True if the table holds something else where its place would have a landmark that is never anywhere else. */
function isDisproved(
  image: Qcow2Image,
  { cluster, index }: TablePosition,
  expected: ReadonlyMap<number, readonly Expected[]>,
): boolean {
  const data = new TableData(image, cluster);
  return (expected.get(index) ?? []).some(({ spot, identity }) => {
    const bytes = data.read(spot.offset, spot.length);
    const stored = bytes === undefined ? UNNUMBERED : spot.identify(bytes);
    return stored !== identity && stored !== UNNUMBERED;
  });
}

/** Looks through some of the data of a table for blocks that say where they lie. */
function* sample({
  search: { image, open, sampleBytes },
  roots,
  data,
  cluster,
  claims,
}: {
  readonly search: PositionSearch;
  readonly roots: readonly Root[];
  readonly data: TableData;
  readonly cluster: number;
  readonly claims: Claims;
}): SlicedWork<void> {
  const telling = roots.filter(({ file }) => file.placesOf !== undefined);
  if (telling.length === 0) return;
  const { clusterSize } = image.geometry;
  const most = Math.min(MAX_SAMPLED_OF_TABLE_BYTES, sampleBytes / open.length);
  const length = Math.min(clusterSize, SAMPLE_BYTES);
  const { used } = data;
  const count = Math.min(used.length, Math.max(1, Math.floor(most / length)));
  for (let i = 0; i < count && claims.worth(cluster) < ENOUGH; i++) {
    yield;
    const start = (used[Math.floor((i * used.length) / count)] as number) * clusterSize;
    const bytes = data.read(start, length);
    if (bytes === undefined) continue;
    const view = dataViewOf(bytes);
    for (let at = 0; at < length; at += SECTOR_BYTES)
      for (const { file, volume } of telling)
        for (const place of file.placesOf?.(bytes, view, at) ?? []) {
          const disk = diskOffset(volume, place, SECTOR_BYTES);
          const index = indexOf(image, disk, start + at);
          if (index !== undefined) claims.add(cluster, index, file.type, WORTH_OF_OTHERS);
        }
  }
}

/** The L1 entry whose range has that byte of the disk so far behind its beginning. */
function indexOf({ geometry }: Qcow2Image, disk: number | undefined, offset: number): number | undefined {
  if (disk === undefined || disk % geometry.l1Coverage !== offset) return undefined;
  return Math.floor(disk / geometry.l1Coverage);
}

/** Which places tables claim, and by how much evidence. */
class Claims {
  readonly #tables = new Map<number, Map<number, { worth: number; readonly type: string }>>();

  add(table: number, index: number, type: string, worth: number): void {
    const claims = this.#tables.get(table) ?? new Map<number, { worth: number; readonly type: string }>();
    this.#tables.set(table, claims);
    const claim = claims.get(index) ?? { worth: 0, type };
    claim.worth += worth;
    claims.set(index, claim);
  }

  /** The evidence for the best claim of a table. */
  worth(table: number): number {
    return Math.max(0, ...[...(this.#tables.get(table)?.values() ?? [])].map(({ worth }) => worth));
  }

  /** True if no claim that is to be believed is about the table or the entry. */
  allows({ cluster, index }: TablePosition): boolean {
    return !this.#strong().some(claim => claim.cluster === cluster || claim.index === index);
  }

  /** Claims with enough evidence, whether others contradict them or not. */
  #strong(): TablePosition[] {
    return [...this.#tables].flatMap(([cluster, claims]) =>
      [...claims].flatMap(([index, { worth, type }]) => {
        const how = `what it holds of a file system (${type}) says where that lies`;
        return worth >= BELIEVED ? [{ cluster, index, how }] : [];
      }),
    );
  }

  /** Claims that no other one contradicts; guesses where the guest keeps copies of what they rest on. */
  believed(): TablePosition[] {
    const strong = this.#strong();
    // Where one place is claimed by several tables, the guest keeps copies: the only claim may be that of a copy, too.
    const hasCopies = new Set(strong.map(({ index }) => index)).size < strong.length;
    const count = (key: 'cluster' | 'index') => {
      const counts = new Map<number, number>();
      for (const claim of strong) counts.set(claim[key], (counts.get(claim[key]) ?? 0) + 1);
      return counts;
    };
    const [ofTable, ofIndex] = [count('cluster'), count('index')];
    const alone = strong.filter(
      ({ cluster, index }) => ofTable.get(cluster) === 1 && ofIndex.get(index) === 1,
    );
    if (!hasCopies) return alone;
    return alone.map(({ how, ...place }) => ({
      ...place,
      how: `${how}, or it is a copy: other parts have one`,
      isGuess: true,
    }));
  }
}
