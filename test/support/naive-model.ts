/**
 * The extent model as plainly as it can be written down: one word per unit of the disk, and loops over all of them.
 * It knows the bits of a word but none of the code that works with them, so that the two can be compared.
 */
import {
  ABSENT,
  COMPRESSED,
  DAMAGED,
  DIRTY,
  DIRTY_UNKNOWN,
  type ExtentState,
  HOLE,
  HOLE_OVERRIDES,
  LOCAL,
  OUT_OF_RANGE,
  OVERRIDDEN,
  OVERRIDES,
  RESERVED,
  SHADOWED,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../../shared/extent/flags.ts';

/** Every state, in the order of their index. */
export const STATE_ORDER =
  'data compressed zeroAllocated zeroHole unallocated reserved holeUnknown outOfRange unread unreadable'.split(
    ' ',
  ) as readonly ExtentState[];

/** The kinds of bytes in a column, in the order of their bits: what hides them where something does, then the state. */
export const PART_ORDER = [
  ...'unreadable unread outOfRange unallocated reserved'.split(' '),
  ...'unreadable zeroHole zeroAllocated compressed holeUnknown data'
    .split(' ')
    .map(name => `shadowed ${name}`),
  ...'unreadable zeroHole zeroAllocated compressed holeUnknown data'
    .split(' ')
    .map(name => `overridden ${name}`),
  ...'zeroHole zeroAllocated'.split(' '),
  ...'zeroHole zeroAllocated'.split(' ').map(name => `hidesData ${name}`),
  ...'compressed holeUnknown data'.split(' '),
];

/** The bits of a column's mask after those of the parts. */
const MARK_BITS = [OVERRIDES, HOLE_OVERRIDES, DIRTY, DAMAGED, DIRTY_UNKNOWN];

function has(word: number, bits: number): boolean {
  return (word & bits) === bits;
}

/** The state of a word, from the table of the extent model. */
export function naiveState(word: number): ExtentState {
  if (has(word, UNREADABLE)) return 'unreadable';
  if (has(word, UNREAD)) return 'unread';
  if (has(word, OUT_OF_RANGE)) return 'outOfRange';
  if (has(word, ABSENT) && has(word, RESERVED)) return 'reserved';
  if (has(word, ABSENT)) return 'unallocated';
  if (has(word, COMPRESSED)) return 'compressed';
  if (has(word, HOLE | ZERO | RESERVED)) return 'zeroAllocated';
  if (has(word, HOLE | ZERO)) return 'zeroHole';
  if (has(word, HOLE)) return 'holeUnknown';
  return 'data';
}

/** One layer: a word per unit from its start to its end, and what a bitmap adds to them. */
export interface NaiveLayer {
  readonly words: readonly number[];
  /** Added to the words; undefined where the bitmap was not read. */
  readonly dirty?: readonly (number | undefined)[];
  /** Host offset of each unit, -1 for none. */
  readonly hosts?: readonly number[];
}

/** What holds in one unit of the guest's disk. */
export interface NaiveUnit {
  /** Words of the layers with marks, base first. */
  readonly words: readonly number[];
  /** Where the walk stops; -1 where every layer is absent. */
  readonly stop: number;
  readonly guest: number;
  readonly overridden: readonly number[];
  readonly shadowed: readonly number[];
  readonly host: number;
}

function range(from: number, to: number): number[] {
  const numbers: number[] = [];
  for (let i = from; i < to; i++) numbers.push(i);
  return numbers;
}

/** The walk at one unit over the words of the layers, base first. */
function walk(words: readonly number[]): Omit<NaiveUnit, 'words' | 'guest' | 'host'> & { marks: number[] } {
  const local = (i: number) => has(words[i]!, LOCAL);
  const ended = (i: number) => has(words[i]!, OUT_OF_RANGE);
  const ownZero = (i: number) => local(i) && has(words[i]!, HOLE | ZERO);
  const layers = range(0, words.length);

  let stop = -1;
  for (const i of layers) if (local(i) || ended(i) || !has(words[i]!, ABSENT)) stop = i;

  const above = (i: number) => range(i + 1, words.length);
  const shadowed = layers.filter(i => local(i) && above(i).some(ended));
  const overridden = layers.filter(i => local(i) && !above(i).some(ended) && above(i).some(local));
  const marks = layers.map(i => {
    if (!local(i)) return 0;
    // What the walk would meet below this layer: nothing past the first layer that has ended.
    const lastEnded = range(0, i).filter(ended).at(-1) ?? -1;
    const below = range(lastEnded + 1, i).filter(local);
    let bits = 0;
    if (below.length > 0) bits |= OVERRIDES;
    if (ownZero(i) && below.some(j => !ownZero(j))) bits |= HOLE_OVERRIDES;
    if (shadowed.includes(i)) bits |= SHADOWED;
    if (overridden.includes(i)) bits |= OVERRIDDEN;
    return bits;
  });
  return { stop, overridden, shadowed, marks };
}

/** Every unit of a disk of `size` units that the layers (base first) make up. */
export function naiveSweep(layers: readonly NaiveLayer[], size: number): NaiveUnit[] {
  return range(0, size).map(unit => {
    const own = layers.map(layer => layer.words[unit] ?? OUT_OF_RANGE);
    const { marks, ...found } = walk(own);
    const words = own.map((word, i) => {
      const layer = layers[i]!;
      const inside = unit < layer.words.length;
      const dirty = layer.dirty === undefined || !inside ? 0 : (layer.dirty[unit] ?? DIRTY_UNKNOWN);
      return (word | marks[i]! | dirty) >>> 0;
    });
    const dirty = words.reduce((all, word) => all | (word & (DIRTY | DIRTY_UNKNOWN)), 0);
    const guest = ((found.stop < 0 ? ABSENT | HOLE | ZERO : words[found.stop]!) | dirty) >>> 0;
    return { words, guest, host: naiveHost(layers, found.stop, unit), ...found };
  });
}

/** Host offset of a unit: absent everywhere the base may keep space, past a layer's end the layer above it. */
function naiveHost(layers: readonly NaiveLayer[], stop: number, unit: number): number {
  const found = Math.max(0, stop);
  const hasEnded = unit >= layers[found]!.words.length;
  return layers[hasEnded ? found + 1 : found]?.hosts?.[unit] ?? -1;
}

/** The word that a track shows: track -1 is the guest's, on which nothing is stored past the end of a layer. */
function naiveWord(unit: NaiveUnit, track: number): number {
  if (track >= 0) return unit.words[track]!;
  const dirty = unit.guest & (DIRTY | DIRTY_UNKNOWN);
  return has(unit.guest, OUT_OF_RANGE) ? ABSENT | HOLE | ZERO | dirty : unit.guest;
}

/** Where the walk stops, as the guest's track shows it. */
function naiveStop(unit: NaiveUnit): number {
  return has(unit.guest, OUT_OF_RANGE) ? -1 : unit.stop;
}

/** A run of units in which a track does not change. */
export interface NaiveExtent {
  readonly start: number;
  readonly end: number;
  readonly word: number;
  /** Where the walk stops, for the guest's view; else -1. */
  readonly stop: number;
}

/** The extents of one track within units [from,to). */
export function naiveExtents(
  units: readonly NaiveUnit[],
  track: number,
  from = 0,
  to = units.length,
): NaiveExtent[] {
  const extents: NaiveExtent[] = [];
  for (let unit = from; unit < to; unit++) {
    const word = naiveWord(units[unit]!, track);
    const stop = track < 0 ? naiveStop(units[unit]!) : -1;
    const last = extents.at(-1);
    if (last?.word === word && last.stop === stop) extents[extents.length - 1] = { ...last, end: unit + 1 };
    else extents.push({ start: unit, end: unit + 1, word, stop });
  }
  return extents;
}

/** The part that a word is: what a shorter layer hides, else what a layer above hides, else zeros that hide data. */
function naivePart(word: number): number {
  const variants = [
    [SHADOWED, 'shadowed '],
    [OVERRIDDEN, 'overridden '],
    [HOLE_OVERRIDES, 'hidesData '],
  ] as const;
  const variant = variants.find(([mark]) => has(word, mark))?.[1] ?? '';
  return PART_ORDER.indexOf(`${variant}${naiveState(word)}`);
}

/** The mask of all parts of a state. */
export function naiveStateBits(state: ExtentState): number {
  return PART_ORDER.reduce((bits, name, i) => (name.split(' ').at(-1) === state ? bits + 2 ** i : bits), 0);
}

/** The mask of parts and marks of a word. */
export function naiveBits(word: number): number {
  let bits = 2 ** naivePart(word);
  MARK_BITS.forEach((mark, i) => {
    if (has(word, mark)) bits += 2 ** (PART_ORDER.length + i);
  });
  return bits;
}

/** What lies in one column of a track. */
export interface NaiveColumn {
  present: number;
  /** Units of each part. */
  readonly parts: number[];
  /** Units of each owner. */
  readonly owners: Map<number, number>;
}

/** What lies in a column that holds these units. */
export function naiveColumn(units: readonly NaiveUnit[], track: number): NaiveColumn {
  const column: NaiveColumn = { present: 0, parts: PART_ORDER.map(() => 0), owners: new Map() };
  for (const unit of units) {
    const word = naiveWord(unit, track);
    column.present |= naiveBits(word);
    column.parts[naivePart(word)]! += 1;
    if (track < 0 && has(word, LOCAL) && !has(word, UNREADABLE))
      column.owners.set(unit.stop, (column.owners.get(unit.stop) ?? 0) + 1);
  }
  return column;
}

/** Runs of equal state within units [from,to), by state index. */
export function naiveRuns(units: readonly NaiveUnit[], track: number, from: number, to: number): number[][] {
  const runs: number[][] = STATE_ORDER.map(() => []);
  let last = -1;
  for (const unit of units.slice(from, to)) {
    const state = STATE_ORDER.indexOf(naiveState(naiveWord(unit, track)));
    if (state === last) runs[state]![runs[state]!.length - 1]! += 1;
    else runs[state]!.push(1);
    last = state;
  }
  return runs;
}

/** Units of [from,to) whose word in this track has a bit. */
export function naiveCount(
  units: readonly NaiveUnit[],
  track: number,
  from: number,
  to: number,
  bit: number,
): number {
  return units.slice(from, to).filter(unit => has(naiveWord(unit, track), bit)).length;
}

/** The start of the nearest extent after `from` (or before it) whose mask meets `wanted`, or -1. */
export function naiveSeek(
  units: readonly NaiveUnit[],
  track: number,
  from: number,
  backwards: boolean,
  wanted: number,
): number {
  const starts = naiveExtents(units, track)
    .filter(extent => (naiveBits(extent.word) & wanted) !== 0)
    .map(extent => extent.start);
  return (backwards ? starts.findLast(start => start < from) : starts.find(start => start > from)) ?? -1;
}

/** What a server says of one unit; undefined for a context that was not negotiated. */
export interface NaiveStatus {
  readonly allocation?: number | undefined;
  readonly depth?: number | undefined;
  /** The server could not say anything. */
  readonly unreadable?: boolean;
}

/** The word of one unit served over NBD: one layer alone, a raw file, or a chain by depth. */
export function naiveStatusWord(
  kind: 'isolatedLayer' | 'rawLayer' | 'wholeChain',
  status: NaiveStatus,
): number {
  if (status.unreadable) return UNREADABLE;
  const flags = status.allocation ?? 0;
  const content = (flags % 2 === 1 ? HOLE : 0) + (flags % 4 >= 2 ? ZERO : 0);
  if (kind === 'rawLayer') return content + LOCAL;
  if (status.depth === undefined) return content;
  if (status.depth === 0) return content + ABSENT;
  if (kind === 'isolatedLayer') return content + LOCAL;
  return status.depth > 64 ? content : content + LOCAL + status.depth * 65536;
}

/** The word of one depth of a chain served whole: shallower layers are absent, what an owner hides is not known. */
export function naiveDepthWord(word: number, depth: number): number {
  const owner = Math.floor(word / 65536);
  if (has(word, ABSENT) || owner > depth) return ABSENT | HOLE | ZERO;
  return owner > 0 && owner < depth ? UNREAD : word % 65536;
}
