/** Paints the bodies of a strip: one colour a column, or several above each other where states share a column. */
import { STATES } from '../../shared/extent/flags.ts';
import { PRESENT } from '../../shared/ipc/contract.ts';
import { MIXED, type Strip } from '../lod/strip.ts';
import { type Ink, mix, type Pixel } from './ink.ts';
import { fillRect, type Raster } from './raster.ts';

/** Mixed columns from the top down: what falls through, then zeros, then content at the bottom. */
const STACK = (
  [
    'unreadable',
    'unread',
    'outOfRange',
    'unallocated',
    'reserved',
    'zeroHole',
    'zeroAllocated',
    'compressed',
    'holeUnknown',
    'data',
  ] as const
).map(state => STATES.indexOf(state));

const NEVER_HIDDEN = (['unallocated', 'reserved', 'outOfRange'] as const).map(state => STATES.indexOf(state));
const OUT_OF_RANGE = STATES.indexOf('outOfRange');
const UNREADABLE = STATES.indexOf('unreadable');

/** The colour of a state's body: paler where something hides it, paler still where others are highlighted. */
export function bodyColour(ink: Ink, state: number, marks: number, faded: readonly boolean[]): Pixel {
  let colour = ink.states[state] ?? ink.lane;
  // Marks of a mixed column are those of its content: what falls through cannot be hidden.
  const hidden = NEVER_HIDDEN.includes(state) ? 0 : marks;
  if (hidden & PRESENT.shadowed) colour = mix(colour, ink.lane, 0.6);
  else if (hidden & PRESENT.overridden) colour = mix(colour, ink.lane, 0.42);
  if (state === OUT_OF_RANGE) colour = mix(colour, ink.lane, 0.75);
  return faded[state] === true ? mix(colour, ink.lane, 0.82) : colour;
}

/**
 * Fills rows [0, bodyEnd). One row is kept as it stands and copied down; a mixed column changes it at the rows where
 * one state gives way to the next. So the memory is written in order, whatever the strip holds.
 */
export function paintBodies(
  raster: Raster,
  strip: Strip,
  bodyEnd: number,
  ink: Ink,
  faded: readonly boolean[],
  shown: number,
): void {
  const { width, pixels } = raster;
  const colours = new Map<number, Pixel>();
  const colourOf = (state: number, marks: number) => {
    const key = state * 0x10000 + (marks & shown);
    let colour = colours.get(key);
    if (colour === undefined) {
      colour = bodyColour(ink, state, marks & shown, faded);
      colours.set(key, colour);
    }
    return colour;
  };
  const row = new Uint32Array(width);
  const changes = new RowChanges(bodyEnd);
  const spoiled: number[] = [];
  let last = -1;
  let lastMarks = -1;
  let colour: Pixel = ink.lane;
  for (let c = 0; c < width; c++) {
    const state = strip.state[c] as number;
    const marks = strip.marks[c] as number;
    if (state === MIXED) {
      stack(strip, c, bodyEnd, (y, s) => changes.add(y, c, colourOf(s, marks)));
      if ((strip.shares[c * STATES.length + UNREADABLE] as number) > 0) spoiled.push(c);
    } else if (state !== last || marks !== lastMarks) {
      colour = state < STATES.length ? colourOf(state, marks) : ink.lane;
    }
    last = state;
    lastMarks = marks;
    row[c] = colour;
  }
  for (let y = 0; y < bodyEnd; y++) {
    changes.apply(y, row);
    pixels.set(row, y * width);
  }
  // What could not be read is seen at any zoom.
  for (const c of spoiled) fillRect(raster, c, 0, c + 1, bodyEnd, ink.corrupt);
}

/** Calls `begin` with the row at which each state of a mixed column begins, top first. */
function stack(strip: Strip, column: number, rows: number, begin: (y: number, state: number) => void): void {
  const at = column * STATES.length;
  let total = 0;
  for (let s = 0; s < STATES.length; s++) total += strip.shares[at + s] as number;
  let sum = 0;
  for (const state of STACK) {
    const share = strip.shares[at + state] as number;
    if (share === 0) continue;
    const from = Math.round((sum / total) * rows);
    sum += share;
    if (Math.round((sum / total) * rows) > from) begin(from, state);
  }
}

/** Changes of single columns by row, as linked lists in arrays that grow. */
class RowChanges {
  private readonly heads: Int32Array;
  private columns = new Int32Array(1024);
  private colours = new Uint32Array(1024);
  private nexts = new Int32Array(1024);
  private count = 0;

  constructor(rows: number) {
    this.heads = new Int32Array(rows).fill(-1);
  }

  add(row: number, column: number, colour: Pixel): void {
    const at = this.count++;
    if (at === this.columns.length) {
      this.columns = grown(this.columns, new Int32Array(at * 2));
      this.colours = grown(this.colours, new Uint32Array(at * 2));
      this.nexts = grown(this.nexts, new Int32Array(at * 2));
    }
    this.columns[at] = column;
    this.colours[at] = colour;
    this.nexts[at] = this.heads[row] as number;
    this.heads[row] = at;
  }

  apply(row: number, pixels: Uint32Array): void {
    for (let at = this.heads[row] as number; at >= 0; at = this.nexts[at] as number)
      pixels[this.columns[at] as number] = this.colours[at] as number;
  }
}

function grown<T extends Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
