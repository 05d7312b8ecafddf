/** Paints the bodies of a strip: one color a column, or several above each other where states share a column. */
import { STATES } from '../extent/flags.ts';
import type { Pixel } from './color-set.ts';
import { createStack, stackColumn } from './column-stack.ts';
import { MIXED, NOTHING, type Strip } from './column-strip.ts';
import { fillRect, type Raster } from './raster.ts';
import { type ColorTable, colorOf } from './state-colors.ts';

const UNREADABLE = STATES.indexOf('unreadable');

/** What bodies are painted with. Rows and `unit` (a CSS pixel) are device pixels. */
export interface BodyPaint {
  readonly top: number;
  readonly bottom: number;
  readonly unit: number;
  readonly bodies: ColorTable;
  /** Where nothing is known. */
  readonly lane: Pixel;
  readonly corrupt: Pixel;
}

const stack = createStack();
const changes = createRowChanges();
let spare = new Uint32Array(0);

/**
 * Fills rows [top, bottom). One row is kept as it stands and copied down; a mixed column changes it at the rows where
 * one state gives way to the next. So the memory is written in order, whatever the strip holds.
 */
export function paintBodies(raster: Raster, strip: Strip, paint: BodyPaint): void {
  const { width, pixels } = raster;
  const { top, bottom, unit, bodies, lane, corrupt } = paint;
  if (spare.length < width) spare = new Uint32Array(width);
  const row = spare.subarray(0, width);
  changes.clear(bottom - top);
  let spoiled = false;
  for (let c = 0; c < width; c++) {
    const state = strip.state[c] as number;
    const marks = strip.marks[c] as number;
    if (state === MIXED) {
      const count = stackColumn(stack, strip, c, bottom - top, unit);
      for (let i = 0; i < count; i++) {
        const part = stack.states[i] as number;
        changes.add(stack.tops[i] as number, c, colorOf(bodies, part, marks));
        spoiled ||= part === UNREADABLE;
      }
    } else row[c] = state === NOTHING ? lane : colorOf(bodies, state, marks);
  }
  for (let y = top; y < bottom; y++) {
    changes.apply(y - top, row);
    pixels.set(row, y * width);
  }
  if (!spoiled) return;
  // What could not be read is seen at any zoom.
  for (let c = 0; c < width; c++) {
    if (strip.state[c] !== MIXED || strip.shares[c * STATES.length + UNREADABLE] === 0) continue;
    fillRect(raster, c, top, c + 1, bottom, corrupt);
  }
}

/** Changes of single columns by row: linked lists in arrays that grow with the widest picture and are kept. */
function createRowChanges() {
  let heads = new Int32Array(0);
  let columns = new Int32Array(1024);
  let colors = new Uint32Array(1024);
  let nexts = new Int32Array(1024);
  let count = 0;
  return {
    /** Forgets all changes and takes in those of rows [0, rows). */
    clear(rows: number): void {
      if (heads.length < rows) heads = new Int32Array(rows);
      heads.fill(-1, 0, rows);
      count = 0;
    },
    add(row: number, column: number, color: Pixel): void {
      const at = count++;
      if (at === columns.length) {
        columns = grown(columns, new Int32Array(at * 2));
        colors = grown(colors, new Uint32Array(at * 2));
        nexts = grown(nexts, new Int32Array(at * 2));
      }
      columns[at] = column;
      colors[at] = color;
      nexts[at] = heads[row] as number;
      heads[row] = at;
    },
    apply(row: number, pixels: Uint32Array): void {
      for (let at = heads[row] as number; at >= 0; at = nexts[at] as number)
        pixels[columns[at] as number] = colors[at] as number;
    },
  };
}

function grown<T extends Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
